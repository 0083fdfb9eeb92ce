"""The root of a store: the folder `.runs/` and its store.json.

A store that is not there yet reads as an empty one; the first write makes it. A store of a newer
format is read, never written. What is known of a store is read again where it cannot be true any
more: objects live longer than files.
"""

from __future__ import annotations

import os

from runstore import layout, names
from runstore.errors import CorruptRecord, FormatTooNew, StoreError, UntrustedStore
from runstore.fs import atomic, facts, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    AnyRoot = TypeVar("AnyRoot", bound="Root")
    _Stamp = tuple[int, int, int]

_NAMELESS = "it has no store.json, and its runs do not say that it is theirs"


class Description:
    """What store.json says.

    Attributes:
        id: the store's; "": it is damaged, or there is none.
        format, lock_kind: as the writer had them.
        damage: what is wrong with it; "": nothing.
        stamp: the file that said so; None: there is none.
    """

    __slots__ = ("damage", "format", "id", "lock_kind", "stamp")

    def __init__(self, store_id: str, stamp: _Stamp | None, damage: str = "") -> None:
        self.id = store_id
        self.stamp = stamp
        self.damage = damage
        self.format = layout.FORMAT
        self.lock_kind = lock.OFD


class Root:
    """A store's folder, for reading; `for_writing()` makes sure that it exists and may be written.

    Attributes:
        is_named: a person named it, and it was not merely found: to act for it is to trust it.
        only_looks: nothing is started, stopped, adopted or published, even if it may be.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.is_named = False
        self.only_looks = False
        self._is_own = self._acts = False
        self._lost_id: str | None = None
        self._known = self._read()

    @property
    def id(self) -> str:
        """The store's id; "" where there is none, or its description is damaged."""
        return self._description().id

    @property
    def format(self) -> int:
        """The number of its format."""
        return self._description().format

    @property
    def lock_kind(self) -> str:
        """The kind of its locks."""
        return self._description().lock_kind

    @property
    def damage(self) -> str:
        """What is wrong with its store.json: then it is read as far as that goes, and not written;
        "": nothing.
        """
        return self._description().damage

    def exists(self) -> bool:
        """Whether there is a store in this folder, whole or damaged, if only since a moment ago."""
        return bool(self.id or self.damage)

    def has_description(self) -> bool:
        """Whether its store.json is there; runs that live on know a store without one."""
        return self._description().stamp is not None

    def has_id(self, store_id: object) -> bool:
        """Whether this is the store of an id: it may have been made again since it was read."""
        if not store_id:
            return False
        if store_id != self.id and self._known.stamp != _stamp_of(self.root):
            self._known, self._is_own, self._acts = self._read(), False, False
        return store_id == self.id

    @property
    def is_newer(self) -> bool:
        """Whether a newer version wrote it: it is read, not written."""
        return self.format > layout.FORMAT

    def for_writing(self: AnyRoot) -> AnyRoot:
        """This store, made if it is not there yet.

        Raises:
            FormatTooNew: a newer version wrote it.
            ReadOnlyStore: it cannot be written, or belongs to another user.
            CorruptRecord: store.json is damaged.
        """
        if not self.has_description():
            self.make()
        if not self._is_own:
            self._check_owner()
            self._is_own = True
        if self.damage:
            raise CorruptRecord(f"{self.root}/{layout.STORE}", self.damage)
        if self.is_newer:
            raise FormatTooNew(self.root, self.format, layout.FORMAT)
        return self

    def for_acting(self: AnyRoot) -> AnyRoot:
        """This store, made if it is not there yet, if it may act for this user; see `trust`.

        Raises:
            FormatTooNew, ReadOnlyStore, CorruptRecord: as `for_writing`.
            UntrustedStore: this user did not make it here and does not trust it.
        """
        store = self.for_writing()
        if not self._acts:
            from runstore.fs import trust  # a script's context does without it

            if store.is_named and trust.trusted_hooks(store.root, store.id) is None:
                trust.trust(store.root, store.id)
            trust.check_trust(self.root, self.id)
            self._acts = True
        return store

    @property
    def may_act(self) -> bool:
        """Whether a look may bring runs up to date, and start those that wait.

        Only a store that may act for this user does; see `trust`. Any other is only read.
        """
        return not (self.only_looks or self.damage or self.is_newer or self.objection())

    def objection(self) -> StoreError | OSError | None:
        """Why this store does not act for this user; None: it does."""
        if not self.exists():
            return UntrustedStore(self.root, _NAMELESS) if self._holds_runs() else None
        if not self._acts:
            from runstore.fs import trust

            try:
                trust.check_trust(self.root, self.id)
            except (StoreError, OSError) as error:
                return error
            self._acts = True
        return None

    @property
    def may_write(self) -> bool:
        """Whether it is there, whole, of a known format, and this user's."""
        if not self.has_description() or self.damage or self.is_newer:
            return False
        try:
            self.for_writing()
        except (StoreError, OSError):
            return False
        return True

    def owns(self, path: str) -> bool:
        """Whether a file of the store belongs to the user whom the store belongs to.

        Raises:
            OSError: it cannot be looked at.
        """
        return os.lstat(path).st_uid == os.stat(self.root).st_uid

    def experiment_name(self, folder: str) -> str:
        """The true name of the experiment in a folder; the folder's own where that is damaged."""
        name = self.stated_name(folder)
        return name if name and names.is_folder_of(folder, name) else folder

    def stated_name(self, folder: str) -> str:
        """The name that an experiment's folder states, "" where it states none."""
        name = (facts.read(f"{self.root}/{folder}", layout.EXPERIMENT) or {}).get("name")
        return name if isinstance(name, str) else ""

    def lost_id(self) -> str:
        """The id of a store whose store.json is gone, as its runs know it; "": nothing tells."""
        return ""

    def make(self, store_id: str = "") -> None:
        """Make the folder and store.json; of several at once one wins, and all then read it.

        The user who makes a store trusts it, but for one that holds runs already: what these say
        may be another's.

        Raises:
            ReadOnlyStore: it cannot be written.
        """
        is_new = not self._holds_runs()
        try:
            if not os.path.isdir(self.root):
                os.makedirs(os.path.dirname(self.root), exist_ok=True)
                atomic.make_folder(self.root)
                _sync_if_readable(os.path.dirname(self.root))
        except OSError as error:
            raise atomic.unwritable(self.root, error) from error
        record: dict[str, object] = {
            "format": layout.FORMAT,
            "store_id": store_id or self.id or os.urandom(8).hex(),
            "lock": lock.best_kind(self.root),
        }
        # A process that finds store.json makes nothing more, so it goes last.
        atomic.publish_bytes(self.root, layout.GITIGNORE, b"*\n", sync=True)
        facts.publish(self.root, layout.STORE, facts.signed(record), sync=True)
        self._known = self._read()
        if not is_new:
            return
        from runstore.fs import trust

        try:
            trust.trust(self.root, self.id)
        except (StoreError, OSError):
            return  # then nothing acts for it until the user says so; `for_acting` tells why

    def _check_owner(self) -> None:
        if os.stat(self.root).st_uid != os.geteuid():
            from runstore.fs import trust

            trust.check_owner(self.root, self.id)

    def _description(self) -> Description:
        """What store.json says: what was read, as long as that names a store.

        Where the file is gone its runs tell the id: else all of them would be copies.
        """
        if self._known.stamp is None or self._known.damage:
            self._known = self._read()
        if self._known.stamp is None and self._holds_runs():
            if self._lost_id is None:
                self._lost_id = self.lost_id()
            self._known.id = self._lost_id
            self._known.lock_kind = lock.best_kind(self.root)
        return self._known

    def _holds_runs(self) -> bool:
        """Whether a folder that is to become a store holds what only a store does."""
        try:
            found = os.listdir(self.root)
        except OSError:
            return False
        return any(
            (name == layout.QUEUE or name[0] != ".") and os.path.isdir(f"{self.root}/{name}")
            for name in found
        )

    def _read(self) -> Description:
        stamp = _stamp_of(self.root)
        data = None if stamp is None else atomic.read_bytes(f"{self.root}/{layout.STORE}")
        if data is None:
            return Description("", None)
        found = facts.parse(data) or {}
        store_id, number, kind = found.get("store_id"), found.get("format"), found.get("lock")
        if type(number) is not int or not isinstance(store_id, str) or not store_id:
            return Description("", stamp, "it is not a store's description")
        if number <= layout.FORMAT and kind not in (lock.OFD, lock.FLOCK):
            said = f"it names no kind of lock that there is: {kind!r}"
            return Description("", stamp, said)
        description = Description(store_id, stamp)
        description.format = number
        description.lock_kind = lock.FLOCK if kind == lock.FLOCK else lock.OFD
        return description


def _stamp_of(root: str) -> _Stamp | None:
    """What changes with another store.json; None: there is none."""
    try:
        found = os.lstat(f"{root}/{layout.STORE}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size


def _sync_if_readable(folder: str) -> None:
    """Let a power cut not take a new store; a folder can be writable and not readable."""
    try:
        atomic.sync_folder(folder)
    except PermissionError:
        return
