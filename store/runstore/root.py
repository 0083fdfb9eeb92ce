"""The root of a store: the folder `.runs/` and its store.json.

A store that is not there yet reads as an empty one; the first write makes it. A store of a newer
format is read, never written.
"""

from __future__ import annotations

import os

from runstore import layout, names
from runstore.errors import CorruptRecord, FormatTooNew, StoreError
from runstore.fs import atomic, facts, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    AnyRoot = TypeVar("AnyRoot", bound="Root")


class Root:
    """A store's folder, for reading; `for_writing()` makes sure that it exists and may be written.

    `damage` says what is wrong with its store.json, if anything: then it is read as far as that
    goes, and not written.

    Attributes:
        is_named: a person named it, and it was not merely found: to act for it is to trust it.
        only_looks: nothing is started, stopped, adopted or published, even if it may be.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.is_named = False
        self.only_looks = False
        self._is_own = self._acts = False
        self._read()

    def exists(self) -> bool:
        """Whether there is a store in this folder, whole or damaged, if only since a moment ago."""
        if not self.id and not self.damage:
            self._read()
        return bool(self.id or self.damage)

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
        if not self.exists():
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
        if not self._acts and self.exists():
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
        if not self.exists() or self.damage or self.is_newer:
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

    def make(self, store_id: str = "") -> None:
        """Make the folder and store.json; of several at once one wins, and all then read it.

        Raises:
            ReadOnlyStore: it cannot be written.
        """
        try:
            if not os.path.isdir(self.root):
                os.makedirs(self.root, mode=0o700, exist_ok=True)
                _sync_if_readable(os.path.dirname(self.root))
        except OSError as error:
            raise atomic.unwritable(self.root, error) from error
        record: dict[str, object] = {
            "format": layout.FORMAT,
            "store_id": store_id or os.urandom(8).hex(),
            "lock": lock.best_kind(self.root),
        }
        # A process that finds store.json makes nothing more, so it goes last.
        atomic.publish_bytes(self.root, layout.GITIGNORE, b"*\n", sync=True)
        facts.publish(self.root, layout.STORE, facts.signed(record), sync=True)
        self._read()
        from runstore.fs import trust

        try:
            trust.trust(self.root, self.id)
        except (StoreError, OSError):
            return  # then nothing acts for it until the user says so; `for_acting` tells why

    def _check_owner(self) -> None:
        if os.stat(self.root).st_uid != os.geteuid():
            from runstore.fs import trust

            trust.check_owner(self.root, self.id)

    def _read(self) -> None:
        self.id = self.damage = ""
        self.format = layout.FORMAT
        self.lock_kind = lock.OFD
        data = atomic.read_bytes(f"{self.root}/{layout.STORE}")
        if data is None:
            return
        found = facts.parse(data) or {}
        store_id, number, kind = found.get("store_id"), found.get("format"), found.get("lock")
        if type(number) is not int or not isinstance(store_id, str) or not store_id:
            self.damage = "it is no store's description"
        elif number <= layout.FORMAT and kind not in (lock.OFD, lock.FLOCK):
            self.damage = f"it names no kind of lock that there is: {kind!r}"
        else:
            self.id, self.format = store_id, number
            self.lock_kind = lock.FLOCK if kind == lock.FLOCK else lock.OFD


def _sync_if_readable(folder: str) -> None:
    """Let a power cut not take a new store; a folder can be writable and not readable."""
    try:
        atomic.sync_folder(folder)
    except PermissionError:
        return
