"""The queue of a target: runs that wait for a slot, as files, and the slots, as locks.

    .queue/<target>/<priority>.<ticket>.<slots>.<run id>    what the run is started with; 0600
    .queue/<target>/<priority>.<ticket>.<slots>of<size>.<run id>     the same, under a limit
    .queue/<target>/<priority>.<ticket>.<slots>g<gpus>m<MiB>.<run id>    the same, with GPUs, each
                                                            whole or, behind m, so much of it
    .queue/<target>/.kept-<run id>                          the same, for a start after a restart
    .queue/<target>/.moved-<ticket>                         where it was moved to, see `order.py`
    .queue/<target>/.tickets                                a byte for each ticket ever given
    .queue/<target>/.paused                                 there: nothing is started
    .queue/<target>/.keeper-<place>                         locked by the process that gives GPUs
    .queue/<target>/.lacking-<place>                        the entries that lack GPUs, as it knows
    .slots/<target>/<number>                                locked by the supervisor that has it

An entry is there before its run can be seen, and goes once the run has started: a run whose entry
is there, that no process answers for and that has not started, is Queued. Entries are started in
the order of their names, but for those that were moved. The kernel frees a slot whose holder dies.
"""

from __future__ import annotations

import os
import time

from runstore import layout
from runstore.errors import RunExists
from runstore.fs import atomic, facts, lock
from runstore.queue import order, place
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.run.record import Record
    from runstore.store import Store

HIGHEST = 9999
"""Priorities are from 0 to this; the highest goes first."""

_YOUNG_S = 60.0
_REMOVED_JUST_NOW = "or was removed just now; try again in a minute, or choose another id"

_PARTS = 4
_OF, _GPUS, _MIB = "of", "g", "m"


class Entry:
    """One run's place in a queue.

    Attributes:
        slots: how many slots the run takes.
        limit: it takes slots with a lower number than this only; None: any.
        gpus: how many GPUs it takes.
        gpu_mib: so many MiB of each of them; None: all of it.
    """

    __slots__ = ("gpu_mib", "gpus", "limit", "name", "path", "run_id", "slots")

    def __init__(
        self,
        folder: str,
        name: str,
        slots: int,
        run_id: str,
        limit: int | None = None,
        gpus: int = 0,
        gpu_mib: int | None = None,
    ) -> None:
        self.name = name
        self.path = f"{folder}/{name}"
        self.slots = slots
        self.limit = limit
        self.gpus = gpus
        self.gpu_mib = gpu_mib
        self.run_id = run_id

    @property
    def priority(self) -> int:
        """The run's priority."""
        return HIGHEST - int(self.name.partition(".")[0])

    def exists(self) -> bool:
        """Whether the run has not started yet."""
        return os.path.lexists(self.path)

    def read(self) -> bytes | None:
        """What the run is to be started with; None where it has started or was ended."""
        return atomic.read_bytes(self.path)

    def remove(self) -> None:
        """Take the run out of the queue: it has started, or will not."""
        atomic.unlink_if_there(self.path)


class Queue:
    """The runs that wait for a target's slots.

    Args:
        root: the store's folder.
        target: the target's name.
    """

    __slots__ = ("_root", "_slots", "folder", "target")

    def __init__(self, root: str, target: str) -> None:
        self._root = root
        self.target = target
        self.folder = f"{root}/{layout.QUEUE}/{target}"
        self._slots = f"{root}/{layout.SLOTS}/{target}"

    # Entries

    def add(
        self,
        run_id: str,
        data: bytes,
        *,
        slots: int = 1,
        priority: int = 0,
        limit: int | None = None,
        gpus: int = 0,
        gpu_mib: int | None = None,
        sync: bool = True,
    ) -> Entry:
        """Add a run at the end of those of its priority; it need not be visible yet.

        Args:
            limit: the run takes slots with a lower number than this only.
            gpus, gpu_mib: how many GPUs it takes, and how much of each; None: all of it.
            sync: whether it survives a power cut once this returns.

        Raises:
            OSError: it cannot be written.
        """
        self._make(layout.QUEUE)
        ticket = self._ticket()
        wanted = f"{slots}" if limit is None else f"{slots}{_OF}{limit}"
        if gpus:  # a version that knows none leaves such an entry alone
            wanted += f"{_GPUS}{gpus}" + ("" if gpu_mib is None else f"{_MIB}{gpu_mib}")
        name = f"{HIGHEST - priority:04d}.{ticket:012d}.{wanted}.{run_id}"
        hidden = f"{self.folder}/{layout.NEW}{run_id}"
        try:
            atomic.write(
                hidden, data, sync=sync, is_secret=True
            )  # a power cut does not end what waits
        except OSError:
            if os.path.exists(hidden):
                os.unlink(hidden)
            raise
        os.rename(hidden, f"{self.folder}/{name}")
        if sync:
            atomic.sync_folder(self.folder)
        return Entry(self.folder, name, slots, run_id, limit, gpus, gpu_mib)

    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing is just being added."""
        try:
            return not (self._is_inside() and atomic.has_visible(self.folder))
        except OSError:
            return True

    def keep(self, run_id: str, data: bytes) -> None:
        """Keep what a run is started with until it is over, beside the entries.

        What is there of a run that had this id and was removed is replaced after a minute: before
        that it may be what another process is about to start a run of this id with.

        Raises:
            RunExists: another run of this id is being made, or was removed just now.
            OSError: it cannot be written.
        """
        self._make(layout.QUEUE)
        path = self.kept(run_id)
        for is_last in (False, True):
            try:
                atomic.write(path, data, sync=True, is_secret=True)
                break
            except FileExistsError:
                if is_last or _is_young(path):
                    raise RunExists(run_id, _REMOVED_JUST_NOW) from None
                atomic.unlink_if_there(path)
        atomic.sync_folder(self.folder)

    def kept(self, run_id: str) -> str:
        """The path of what is kept of a run."""
        return f"{self.folder}/{layout.QUEUE_KEPT}{run_id}"

    def entries(self) -> list[Entry]:
        """The runs that wait, in the order in which they are started."""
        return list(self.in_order())

    def in_order(self) -> Iterator[Entry]:
        """`entries` one by one: a search for the first reads no more of the others."""
        for name in self.names():
            entry = self.entry(name)
            if entry is not None:
                yield entry

    def startable(self, store: Store) -> Iterator[tuple[Entry, Record]]:
        """The entries whose runs may be started now and here, in order, each with its run.

        One whose run has begun or ended is removed: the process that did that was killed before
        it could. One that cannot be read now keeps no other from being started. One that is
        another user's than the store says what that user wants to run, and is left alone.
        """
        for entry in self.in_order():
            try:
                record = store.get(entry.run_id)
                if record is None:
                    continue  # it is being made; its maker looks for slots once it is there
                if place.is_settled(record):
                    entry.remove()
                elif place.may_start_here(record) and are_owners(store, entry, record):
                    yield entry, record
            except OSError:
                continue

    def names(self) -> list[str]:
        """The names of what waits, in the order in which it is started."""
        try:
            names = self._listed()
        except OSError:
            return []
        return order.in_order(self.folder, names)

    def position(self, entry: Entry) -> int:
        """How many are started before an entry, and 1."""
        names = self.names()
        return 1 + (names.index(entry.name) if entry.name in names else len(names))

    def move(self, entry: Entry, before: Entry | None) -> None:
        """Have an entry start in front of another one, or behind all: None.

        Raises:
            FileNotFoundError: one of them is no entry any more; nothing was moved.
            OSError: it cannot be written; nothing was moved.
        """
        listed = self._listed()
        for one in (entry, before):
            if one is not None and one.name not in listed:
                raise FileNotFoundError(one.run_id)
        order.move(self.folder, listed, entry.name, before.name if before else None)

    def entry(self, name: str) -> Entry | None:
        """The entry of a name; None where the name is none of an entry."""
        parts = name.split(".", _PARTS - 1)
        if len(parts) != _PARTS:
            return None
        wanted, m, mib = parts[2].partition(_MIB)
        wanted, g, gpus = wanted.partition(_GPUS)
        slots, of, limit = wanted.partition(_OF)
        numbers = [parts[0], slots, *([limit] if of else []), *([gpus] if g or m else [])]
        if not all(map(str.isdecimal, [*numbers, *([mib] if m else [])])):
            return None
        return Entry(
            self.folder,
            name,
            int(slots),
            parts[3],
            int(limit) if of else None,
            int(gpus) if g else 0,
            int(mib) if m else None,
        )

    def _ticket(self) -> int:
        """A number higher than those of all who came before: the offset of a byte of our own."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = atomic.open_plain(f"{self.folder}/{layout.QUEUE_TICKETS}", flags)
        try:
            os.write(descriptor, b".")
            return os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)

    # Pausing

    @property
    def is_paused(self) -> bool:
        """Whether nothing is started from it for now."""
        return self._is_inside() and os.path.lexists(f"{self.folder}/{layout.QUEUE_PAUSED}")

    def paused_since(self) -> str | None:
        """When it was paused; None: it is not."""
        said = facts.read(self.folder, layout.QUEUE_PAUSED) if self._is_inside() else None
        return None if said is None else str(said.get("time"))

    def pause(self) -> None:
        """Start nothing more; what runs goes on.

        Raises:
            ReadOnlyStore, OSError: it cannot be said.
        """
        try:
            self._make(layout.QUEUE)
        except OSError as error:
            raise atomic.unwritable(self._root, error) from error
        facts.publish(self.folder, layout.QUEUE_PAUSED, facts.signed({}))

    def resume(self) -> None:
        """Let runs start again; the caller starts the next."""
        if not self._is_inside():
            return
        try:
            os.unlink(f"{self.folder}/{layout.QUEUE_PAUSED}")
        except FileNotFoundError:
            return

    # GPUs

    def has_gpu_entries(self) -> bool:
        """Whether a run that waits asks for GPUs."""
        return any(entry.gpus for entry in self.in_order())

    def take_keeper_lock(self) -> int | None:
        """The lock of the process that gives GPUs to runs; None: another process has it.

        Raises:
            OSError: the queue is gone, or there are no locks here.
        """
        self._make(layout.QUEUE)
        return lock.join(f"{self.folder}/{_here(layout.QUEUE_KEEPER)}", alone=True)

    def lacking(self) -> frozenset[str]:
        """The names of the entries that lack GPUs, as far as the process that gives them knows."""
        name = _here(layout.QUEUE_LACKING)
        said = facts.read(self.folder, name) if self._is_inside() else None
        found = (said or {}).get("entries")
        return frozenset(map(str, found)) if isinstance(found, list) else frozenset()

    def note_lacking(self, entries: Sequence[str]) -> None:
        """Let others pass these, and not those that GPUs are there for.

        Raises:
            OSError: it cannot be written.
        """
        import json

        said = json.dumps({"entries": list(entries)}).encode()
        atomic.replace_bytes(f"{self.folder}/{_here(layout.QUEUE_LACKING)}", said)

    # Slots

    def take_slots(self, wanted: int, size: int, kind: str) -> list[int] | None:
        """Take so many free slots: descriptors that hold them; None, and none, if there are fewer.

        Args:
            size: how many slots the target has.
            kind: the store's kind of lock.
        """
        self._make(layout.SLOTS)
        taken: list[int] = []
        for number in range(size):
            if not 0 < wanted - len(taken) <= size - number:
                break  # it has them all, or could not get them any more
            held = lock.take(f"{self._slots}/{number}", kind)
            if held is not None:
                taken.append(held)
        if len(taken) >= wanted:
            return taken
        for held in taken:
            lock.release(held)
        return None

    def is_one_of(self, held: int, size: int) -> bool:
        """Whether a descriptor holds one of the first so many slots."""
        inode = os.fstat(held).st_ino
        for number in range(size):
            try:
                if os.lstat(f"{self._slots}/{number}").st_ino == inode:
                    return True
            except FileNotFoundError:
                continue
        return False

    def busy(self, size: int, kind: str) -> int:
        """How many of the slots are held."""
        if not _is_folder_below(self._root, layout.SLOTS, self.target):
            return 0
        return sum(lock.is_held(f"{self._slots}/{number}", kind) for number in range(size))

    def _listed(self) -> list[str]:
        """All names in its folder.

        Raises:
            OSError: it is not there, or cannot be listed.
        """
        return atomic.names_in(self.folder) if self._is_inside() else []

    def _is_inside(self) -> bool:
        return _is_folder_below(self._root, layout.QUEUE, self.target)

    def _make(self, above: str) -> None:
        if not _is_folder_below(self._root, above, self.target):
            atomic.make_folders(self._root, above, self.target)


def _here(prefix: str) -> str:
    """The name of a file of this machine or container: each gives the GPUs that it has."""
    return f"{prefix}{identity.container_name()}"


def names(root: str) -> Sequence[str]:
    """The targets that have a queue."""
    try:
        return sorted(atomic.names_in(f"{root}/{layout.QUEUE}"))
    except OSError:
        return ()


def _is_folder_below(root: str, above: str, target: str) -> bool:
    """Whether a target has this folder, and no link leads there."""
    try:
        return atomic.is_folder(f"{root}/{above}") and atomic.is_folder(f"{root}/{above}/{target}")
    except OSError:
        return False


def _is_young(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime <= _YOUNG_S
    except FileNotFoundError:
        return False


def are_owners(store: Store, entry: Entry, record: Record) -> bool:
    """Whether the store's owner made the entry and the run."""
    return store.owns(entry.path) and store.owns(record.path)
