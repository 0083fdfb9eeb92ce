"""Snapshots in use: claims, so that what is about to be used is not collected.

A run names its snapshot in its run.json. Before that can be read, the process that makes the run
has **claimed** the snapshot: it shares the lock of its file `used`, appends a byte to it, and lets
go once the run can be seen. A collector notes the size of that file while no process shares its
lock, looks at all runs, takes the lock alone, and removes the snapshot if the size is the same:
then no process has claimed it since, and what had claimed it before has a run that was seen. No
clock takes part, and a claim ends with its process.
"""

from __future__ import annotations

import errno
import os
from time import sleep

from runstore import layout, names
from runstore.errors import CorruptRecord, LockTimeout
from runstore.fs import atomic, facts, lock, safe_path, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.root import Root
    from runstore.run.record import Record

NONE = -1
"""A claim where there are no locks, or the snapshots cannot be written: nothing is collected."""

KEPT_LATER = "ContentSnapshotId"
"""The property of a run whose code was kept after its beginning."""

_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EROFS, errno.EACCES)
_PAUSES_S = (0.001, 0.002, 0.005, 0.01, 0.03, *[0.1] * 50)


def claim(path: str) -> int:
    """Claim a snapshot, by its folder; `lock.release` ends that, unless it is NONE.

    Raises:
        FileNotFoundError: it is not there, or not any more.
        LockTimeout: a collector that was stopped holds it.
    """
    used = f"{path}/{layout.SNAPSHOT_USED}"
    above = os.path.dirname(path)
    if not (atomic.is_folder(above) and atomic.is_folder(path)):  # no link leads to a snapshot
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    for pause in _PAUSES_S:
        try:
            held = lock.join(used)
        except OSError as error:
            if error.errno in _WITHOUT_LOCKS:
                return NONE
            raise
        if held is not None:
            try:
                _leave_trace(used, held)
            except BaseException:
                lock.release(held)
                raise
            return held
        sleep(pause)  # it is being collected, or looked at for that
    raise LockTimeout(used)


def let_go(claimed: int) -> None:
    """End a claim: the run that names the snapshot can be seen."""
    if claimed != NONE:
        lock.release(claimed)


def claim_of(record: Record) -> list[int]:
    """Claims of the snapshots that a run names, as far as they are there.

    Raises:
        CorruptRecord: what names them is damaged.
    """
    claimed = []
    try:
        named = named_by(record.path)
    except ValueError as error:
        raise CorruptRecord(f"{record.path}/{layout.RUN}", str(error)) from error
    for name in named:
        try:
            claimed.append(claim(f"{record.store.root}/{layout.SNAPSHOTS}/{name}"))
        except FileNotFoundError:
            continue
    return [held for held in claimed if held != NONE]


def named_by(run_folder: str) -> set[str]:
    """The snapshots that a run's folder names.

    Raises:
        OSError: it cannot be read.
        ValueError: what should name it is damaged.
    """
    found = set()
    data = atomic.read_bytes(f"{run_folder}/{layout.RUN}")
    if data is not None:
        run = facts.parse(data)
        if run is None:
            raise ValueError("its run.json is damaged")
        found.add(run.get("snapshot"))
    later = facts.read_own(f"{run_folder}/{layout.PROPERTIES}", KEPT_LATER)
    if later is not None:
        found.add(later.get("value"))
    return {str(name) for name in found if names.is_run_id(name)}  # others are no names


class Unclaimed:
    """The snapshots that no process claims, as a collector saw them before it looked at runs.

    Args:
        makes: leave in each the file that claims are made by; False: change nothing.
    """

    def __init__(self, store: Root, *, makes: bool) -> None:
        self._store = store.root
        self.root = f"{store.root}/{layout.SNAPSHOTS}"
        self._sizes: dict[str, int] = {}
        for name in _snapshots(self.root):
            size = self._look(name, makes)
            if size is not None:
                self._sizes[name] = size

    def names(self) -> set[str]:
        """Their names."""
        return set(self._sizes)

    def remove(self, name: str) -> int | None:
        """Remove one for good if no process has claimed it since; the bytes freed, else None.

        Raises:
            OSError: it cannot be removed.
        """
        path = f"{self.root}/{name}"
        gone = f"{self.root}/{layout.GONE}{os.urandom(8).hex()}"
        try:
            held = lock.join(f"{path}/{layout.SNAPSHOT_USED}", alone=True)
        except FileNotFoundError:
            return None
        if held is None:
            return None
        try:
            if os.fstat(held).st_size != self._sizes[name] or not _is_at(path, held):
                return None
            safe_path.rename(self._store, path, gone)
        finally:
            lock.release(held)
        return tree.remove(self._store, gone)

    def _look(self, name: str, makes: bool) -> int | None:
        used = f"{self.root}/{name}/{layout.SNAPSHOT_USED}"
        if not makes and not os.path.exists(used):
            return 0
        try:
            held = lock.join(used, alone=True)
        except OSError:
            return None  # it is gone, or there are no locks
        if held is None:
            return None
        try:
            return os.fstat(held).st_size
        finally:
            lock.release(held)


def left(store: Root) -> list[str]:
    """The folders of removals whose processes were killed."""
    root = f"{store.root}/{layout.SNAPSHOTS}"
    return [f"{root}/{name}" for name in _names(root) if tree.is_going(name)]


def _snapshots(root: str) -> list[str]:
    """The folders that hold a snapshot, or what is left of one: nothing else is collected."""
    return [name for name in _names(root) if name[:1] != "." and _is_snapshot(f"{root}/{name}")]


def _is_snapshot(path: str) -> bool:
    known = (layout.SNAPSHOT_TREE, layout.SNAPSHOT_MANIFEST, layout.SNAPSHOT_USED)
    try:
        found = atomic.names_in(path)
    except OSError:
        return False
    return bool(found) and set(found) <= set(known)


def _names(root: str) -> list[str]:
    try:
        return atomic.names_in(root)
    except OSError:
        return []


def _leave_trace(used: str, held: int) -> None:
    """The lock first, then the byte: who finds the lock free has the byte in the size he sees."""
    if not os.path.samestat(os.lstat(used), os.fstat(held)):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), used)
    os.write(held, b".")


def _is_at(path: str, held: int) -> bool:
    try:
        return os.path.samestat(os.lstat(f"{path}/{layout.SNAPSHOT_USED}"), os.fstat(held))
    except FileNotFoundError:
        return False
