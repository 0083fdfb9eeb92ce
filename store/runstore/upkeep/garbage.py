"""Collecting what is not needed any more: what killed processes left, what lay in the trash for
long, and snapshots and interpreters' answers that no run has.

Nothing else of a run is touched but old checkpoints, where it has a rule for them (`keep_last.py`);
nor are the ledgers. Runs may be made, deleted and restored meanwhile, and
a collector may be killed anywhere: what it was removing has a name already that no reader uses, and
the next one goes on with it.
"""

from __future__ import annotations

import os
from stat import S_ISREG
from time import time

from runstore import layout
from runstore.errors import StoreError, words
from runstore.fs import append, atomic, clock, lock, maintenance_lock, mounts, tree
from runstore.names import is_run_id
from runstore.run import deleted
from runstore.run.record import Record
from runstore.run.snapshot_claims import Unclaimed, left, named_by
from runstore.upkeep import check, check_queue, check_versions, check_views, keep_last, trash
from runstore.upkeep.findings import YOUNG_S, age_s, half_made, is_dead, leftovers, names_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runstore.store import Store

    Progress = Callable[[int], object]

TRASH_DAYS = 30.0

SNAPSHOT = "snapshot"
TRASHED = "trash"
LEFT = "left over"
OWNER = "owner"
SERIES = "series"
INTERPRETER = "interpreter"
ROLL = "roll"
CHECKPOINT = "checkpoint"
VIEW = "view"

_DAY_S = 86400.0


class Item:
    """Something that is not needed: what it is, where (relative to the store), and its bytes."""

    __slots__ = ("path", "size", "what")

    def __init__(self, what: str, path: str, size: int) -> None:
        self.what = what
        self.path = path
        self.size = size


class Garbage:
    """What a collection found, and what it left where it is, with the reason.

    Attributes:
        kept: what stays out of caution.
        failed: what could not be removed.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.kept: list[str] = []
        self.failed: list[str] = []

    @property
    def size(self) -> int:
        """The bytes of all of it."""
        return sum(item.size for item in self.items)


class _Used:
    """What the runs of a store still need."""

    def __init__(self) -> None:
        self.snapshots: set[str] = set()
        self.owners: set[str] = set()
        self.unread = ""
        """A run that could not be read: whatever it needs is unknown."""


def collect(
    store: Store,
    *,
    dry_run: bool = False,
    trash_days: float = TRASH_DAYS,
    progress: Progress | None = None,
) -> Garbage:
    """Remove all of it; `dry_run`: only say what would be removed, and change nothing.

    Args:
        trash_days: what was deleted so many days ago is removed for good.
        progress: told how many runs were looked at, now and then.

    Raises:
        FormatTooNew, ReadOnlyStore: the store may not be written.
        LockTimeout: another process repairs or collects.
    """
    found = Garbage()
    if not os.path.isdir(store.root):
        return found
    if dry_run:
        _collect(_Looking(store, found, trash_days, progress))
        return found
    store.for_writing()
    with maintenance_lock.lock(store.root):
        _collect(_Removing(store, found, trash_days, progress))
    return found


class _Looking:
    """A collection that only looks."""

    removes = False

    def __init__(
        self, store: Store, found: Garbage, trash_days: float, progress: Progress | None
    ) -> None:
        self.store = store
        self.found = found
        self.trash_s = trash_days * _DAY_S
        self.progress = progress or (lambda _: None)

    def take(self, what: str, path: str) -> None:
        """Note something that can go."""
        self._note(what, path, tree.usage(path))

    def take_snapshot(self, unclaimed: Unclaimed, name: str) -> None:
        """Note a snapshot."""
        self.take(SNAPSHOT, f"{unclaimed.root}/{name}")

    def take_run(self, record: Record) -> None:
        """Note a run of the trash."""
        self.take(TRASHED, record.path)

    def take_checkpoints(self, record: Record, surplus: keep_last.Surplus) -> None:
        """Note what a run's rule lets go."""
        for path in surplus.paths:
            self.take(CHECKPOINT, f"{record.path}/{path}")

    def keep(self, reason: str) -> None:
        """Say why something stays."""
        self.found.kept.append(reason)

    def _note(self, what: str, path: str, size: int) -> None:
        self.found.items.append(Item(what, os.path.relpath(path, self.store.root), size))


class _Removing(_Looking):
    """A collection that removes what it finds."""

    removes = True

    def take(self, what: str, path: str) -> None:
        """Remove something, and note it."""
        try:
            self._note(what, path, tree.remove(self.store.root, path))
        except OSError as error:
            self._stays(path, error)

    def take_snapshot(self, unclaimed: Unclaimed, name: str) -> None:
        """Remove a snapshot, unless it was claimed meanwhile."""
        path = f"{unclaimed.root}/{name}"
        try:
            size = unclaimed.remove(name)
        except OSError as error:
            self._stays(path, error)
        else:
            if size is not None:
                self._note(SNAPSHOT, path, size)

    def take_run(self, record: Record) -> None:
        """Remove a run of the trash."""
        path = record.path
        try:
            self._note(TRASHED, path, trash.purge(record))
        except (OSError, StoreError) as error:
            self._stays(path, error)

    def take_checkpoints(self, record: Record, surplus: keep_last.Surplus) -> None:
        """Remove what a run's rule lets go, and say so in the run's own log."""
        before = len(self.found.items), self.found.size
        super().take_checkpoints(record, surplus)
        removed = len(self.found.items) - before[0]
        if removed:
            line = surplus.line(removed, self.found.size - before[1])
            _add_to_log(record.path, f"{clock.now()} {line} (store gc)\n")

    def _stays(self, path: str, error: Exception) -> None:
        where = os.path.relpath(path, self.store.root)
        said = getattr(error, "strerror", None) or words(error)
        self.found.failed.append(f"{where} cannot be removed ({said})")


def _collect(work: _Looking) -> None:
    store = work.store
    for path in _left(store):
        work.take(LEFT, path)
    expired = [one for one in deleted.entries(store) if _is_expired(one, work.trash_s)]
    for record in expired:
        work.take_run(record)
    unclaimed = Unclaimed(store, makes=work.removes)
    owners = _dead_owners(store)
    if unclaimed.names() or owners:
        used = _used(store, {one.path for one in expired}, work.progress)
        if used.unread:
            work.keep(f"snapshots and owners are kept: {used.unread}")
        else:
            _snapshots(work, unclaimed, used)
            for name in owners:
                if name not in used.owners:
                    work.take(OWNER, f"{store.root}/{layout.OWNERS}/{name}")
    for record in _with_rules(store):
        for surplus in keep_last.surplus(record.path, record.run):
            work.take_checkpoints(record, surplus)
    for path in _unshared(f"{store.root}/{layout.INTERPRETERS}"):
        work.take(INTERPRETER, path)
    for path in _dead_rolls(store):
        work.take(ROLL, path)
    for path in check_views.deleted_views(store, work.trash_s):
        work.take(VIEW, path)
    series = f"{store.root}/{layout.INDEX}/{layout.SERIES}"
    for run_id in filter(is_run_id, names_or_none(series)):
        if store.get(run_id) is None and not deleted.holds(store, run_id):
            work.take(SERIES, f"{series}/{run_id}")


def _snapshots(work: _Looking, unclaimed: Unclaimed, used: _Used) -> None:
    shared = mounts.is_network(work.store.root)
    for name in sorted(unclaimed.names() - used.snapshots):
        path = f"{unclaimed.root}/{name}"
        if shared and age_s(f"{path}/{layout.SNAPSHOT_USED}") < _DAY_S:
            # Another machine's claim may not be seen from here.
            work.keep(f"{layout.SNAPSHOTS}/{name} stays for a day: other machines share the store")
        else:
            work.take_snapshot(unclaimed, name)


def _used(store: Store, expired: set[str], progress: Progress) -> _Used:
    """What runs need: those of the experiments first, then those of the trash. So a run that is
    deleted meanwhile is seen at least once; one that is had back claims its snapshot.
    """
    used = _Used()
    count = 0
    for record in _all(store):
        if record.path in expired:
            continue
        count += 1
        if count % 256 == 0:
            progress(count)
        try:
            used.snapshots |= _named(record)
            if atomic.read_bytes(f"{record.path}/{layout.ENDED}") is None:
                used.owners.add(str((record.fact(layout.STARTED) or {}).get("owner")))
        except FileNotFoundError:
            continue  # deleted meanwhile: it is in the trash, or gone
        except OSError as error:
            if error.errno in atomic.OUR_OWN:
                raise
            where = os.path.relpath(record.path, store.root)
            used.unread = f"{where} cannot be read ({error.strerror}), and may need any of them"
    progress(count)
    return used


def _with_rules(store: Store) -> Iterator[Record]:
    """The runs that are over, of which nothing lives on, and whose old checkpoints may go."""
    for folder in store.experiment_folders():
        for name in _ids(f"{store.root}/{folder}"):
            record = Record(store, folder, name)
            try:
                said = atomic.read_bytes(f"{record.path}/{layout.RUN}") or b""
                if f'"{keep_last.FIELD}": ['.encode() in said and _is_over(record):
                    yield record
            except (OSError, StoreError):
                continue  # deleted meanwhile, or damaged


def _is_over(record: Record) -> bool:
    if record.fact(layout.ENDED) is None or record.run.get("on_exit") == "leave":
        return False
    lives_on = (record.fact(layout.EXITED) or {}).get("left")
    return not lives_on and keep_last.tag_that_keeps(record.path) is None


def _add_to_log(folder: str, line: str) -> None:
    """Add a line to a run's supervisor.log."""
    try:
        log = append.open_for_append(f"{folder}/{layout.SUPERVISOR_LOG}")
    except OSError:
        return
    try:
        os.write(log, line.encode("utf-8", "replace"))
    except OSError:
        pass  # a full disk
    finally:
        os.close(log)


def _all(store: Store) -> Iterator[Record]:
    for folder in store.experiment_folders():
        for name in _ids(f"{store.root}/{folder}"):
            yield Record(store, folder, name)
    yield from deleted.entries(store)


def _ids(folder: str) -> Iterator[str]:
    try:
        names = atomic.names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return  # an experiment that was removed
    yield from (name for name in names if is_run_id(name) and atomic.is_folder(f"{folder}/{name}"))


def _named(record: Record) -> set[str]:
    """The snapshots of a run; of one whose run.json is damaged, whatever that still says."""
    try:
        named = named_by(record.path)
        if named or os.path.exists(f"{record.path}/{layout.RUN}"):
            return named
    except ValueError:
        pass
    damaged = f"{layout.DAMAGED}{layout.RUN}"
    found = b""
    for name in atomic.names_in(record.path):
        if name == layout.RUN or name.startswith(damaged):
            found += atomic.read_bytes(f"{record.path}/{name}") or b""
    snapshots = names_or_none(f"{record.store.root}/{layout.SNAPSHOTS}")
    return {name for name in snapshots if name.encode() in found}


def _unshared(folder: str) -> Iterator[str]:
    """What no run has a link to. A run that had one meanwhile keeps what it links to."""
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        try:
            seen = os.lstat(path)
        except FileNotFoundError:
            continue
        is_one = S_ISREG(seen.st_mode) and name.endswith(".json")
        if is_one and seen.st_nlink == 1 and age_s(path) > YOUNG_S:
            yield path


def _left(store: Store) -> Iterator[str]:
    """What killed processes left: removals, runs and snapshots half-made, files half-written."""
    yield from trash.half_removed(store)
    yield from left(store)
    findings = [
        *leftovers(store.root, store.root),
        *half_made(store, store.root),
        *check.claims(store),
        *check.half_made_snapshots(store),
        *check_queue.check_queues(store),
        *check_versions.left_versions(store),
        *leftovers(store.root, f"{store.root}/{layout.VIEWS}"),
    ]
    for folder in store.experiment_folders():
        home = f"{store.root}/{folder}"
        findings += [*leftovers(store.root, home), *half_made(store, home)]
    for finding in findings:
        path = f"{store.root}/{finding.path}"
        # A maker makes its lock's file and takes the lock, one after the other.
        if age_s(path) > YOUNG_S:
            yield path


def _dead_owners(store: Store) -> list[str]:
    """Files of owners' locks that no process holds, nor is about to take."""
    folder = f"{store.root}/{layout.OWNERS}"
    found = []
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        pid = name.partition("-")[0]
        if not pid.isdecimal() or not atomic.is_plain(path) or os.lstat(path).st_size > 1:
            continue  # none of ours
        if is_dead(int(pid)) and age_s(path) > YOUNG_S and not lock.is_held(path, store.lock_kind):
            found.append(name)
    return found


def _dead_rolls(store: Store) -> list[str]:
    """Rolls of runs to sample that no process holds, and on which no run goes on."""
    above = f"{store.root}/{layout.SAMPLER}"
    found = []
    for folder in (f"{above}/{name}" for name in names_or_none(above)):
        held = f"{folder}/{layout.SAMPLER_LOCK}"
        if not atomic.is_folder(folder) or age_s(folder) <= YOUNG_S:
            continue
        entries = [name for name in names_or_none(folder) if name != layout.SAMPLER_LOCK]
        if not any(_goes_on(store, name) for name in entries) and not (
            atomic.is_plain(held) and lock.is_held(held, lock.FLOCK)
        ):
            found.append(folder)
    return found


def _goes_on(store: Store, run_id: str) -> bool:
    """Whether a run is there whose end is not on record."""
    record = store.get(run_id) if is_run_id(run_id) else None
    return record is not None and record.fact(layout.ENDED) is None


def _is_expired(record: Record, older_than_s: float) -> bool:
    return time() - deleted.deleted_at(record) >= older_than_s
