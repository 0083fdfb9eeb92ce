"""Bringing the index up to date: what has changed is read, and nothing else.

Each step is a transaction that also notes how far it got. Killed at any point, the index is as it
was before the step.
"""

from __future__ import annotations

import os
import time

from runstore import facts, identity, layout, ledger, lock, marks, names, stamps, status
from runstore.errors import RunNotFound
from runstore.index import meters, summary
from runstore.index.cache import MADE, TABLES, Cache
from runstore.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runstore.looks import Look
    from runstore.store import Store

    Looker = Callable[[Record], Look]

VERIFY_EVERY_S = 55.0
SMALL = 2_000
"""So many runs are verified within a query; more by a process of their own."""

_CHUNK = 500
_PATIENCE_S = 3600.0
_MARKS_FULL = 1 << 20
_HEAD = 64
"""Bytes of a file of marks that tell it from another: a writer's name is random."""


class Refresh:
    """One bringing up to date of an open index, as a query begins."""

    def __init__(self, store: Store, cache: Cache, look: Looker) -> None:
        self.store = store
        self.cache = cache
        self.look = look
        self._parents: dict[str, bool] = {}

    def run(self) -> None:
        """Do all of it.

        Marks first: a change that is made while we read has a mark that the next query finds.
        """
        self._check_identity()
        marked = self._marked()
        for folder in self.store.experiment_folders():
            self._read_ledger(folder)
        self._read_expected()
        self._read_unknown(marked)
        self._read_unsettled(marked)

    def count_new(self) -> int:
        """How many lines of ledgers were not read yet."""
        known = self.cache.db.execute("SELECT sum(lines) FROM ledgers").fetchone()[0] or 0
        lines = 0
        for folder in self.store.experiment_folders():
            try:
                path = f"{self.store.root}/{folder}/{layout.LEDGER}"
                lines += os.stat(path).st_size // ledger.WIDTH
            except OSError:
                continue
        return max(0, lines - known)

    def is_due(self) -> bool:
        """Whether all runs' time stamps are to be looked at again."""
        return _now() - float(self.cache.fact("verified") or "-inf") > VERIFY_EVERY_S

    def is_large(self) -> bool:
        """Whether a look at all runs takes longer than a query should."""
        return self.cache.last_run() > SMALL

    # The steps

    def _check_identity(self) -> None:
        """Clear an index of another store (a copied one); forget the times of another boot."""
        boot = identity.boot_id()
        if (self.cache.fact("store"), self.cache.fact("boot")) == (self.store.id, boot):
            return
        with self.cache.writing():
            if self.cache.fact("store") not in (MADE, self.store.id):
                for table in TABLES:
                    self.cache.db.execute(f"DELETE FROM {table}")
            # Nobody who was writing then is writing now: their runs are read once more.
            unsettle = "UPDATE runs SET settled = 0 WHERE id IN (SELECT run FROM writing)"
            self.cache.db.execute(unsettle)
            self.cache.db.execute("DELETE FROM writing")
            self.cache.db.execute("UPDATE expected SET since = ?", (_now(),))
            self.cache.db.execute("DELETE FROM facts WHERE key = 'verified'")
            self.cache.set_fact("store", self.store.id)
            self.cache.set_fact("boot", boot)

    def _marked(self) -> set[str]:
        """The runs that writers have marked since the last time, or are writing to now."""
        folder = f"{self.store.root}/{layout.INDEX}"
        found: set[str] = set()
        seen: set[str] = set()
        with self.cache.writing():
            for name in _listed(folder):
                if name.startswith(layout.INDEX_MARKS):
                    seen.add(self._read_marks(f"{folder}/{name}", found))
            self._forget_marks(seen)
            now = _now()
            forget = "DELETE FROM writing WHERE ? - since > ?"
            self.cache.db.execute(forget, (now, _PATIENCE_S))
            found.update(row[0] for row in self.cache.db.execute("SELECT run FROM writing"))
            marked = [(run_id,) for run_id in found]
            unsettle = "UPDATE runs SET settled = 0, metered = 0 WHERE id = ?"
            self.cache.db.executemany(unsettle, marked)
        return found

    def _read_marks(self, path: str, found: set[str]) -> str:
        """Read a file of marks on; what it is known by: an inode alone may be another's by now."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return ""
        try:
            seen = os.fstat(descriptor)
            file = f"{seen.st_ino} {os.pread(descriptor, _HEAD, 0)!r}"
            rows = self.cache.db.execute("SELECT offset FROM marks WHERE file = ?", (file,))
            offset = next((int(at) for (at,) in rows), 0)
            data = os.pread(descriptor, max(0, seen.st_size - offset), offset)
        finally:
            os.close(descriptor)
        data = data[: data.rfind(b"\n") + 1]
        for run_id, writer, what in marks.parse(data):
            found.add(run_id)
            if what == marks.BEGIN:
                row = (run_id, writer, _now())
                self.cache.db.execute("INSERT OR REPLACE INTO writing VALUES (?, ?, ?)", row)
            else:
                self.cache.db.execute("DELETE FROM writing WHERE writer = ?", (writer,))
        if data:
            read = (file, offset + len(data))
            self.cache.db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", read)
        if _turn_over(path, seen):
            self.cache.db.execute("DELETE FROM marks WHERE file = ?", (file,))
        return file

    def _forget_marks(self, seen: set[str]) -> None:
        """Marks that somebody removed may have been of changes: all runs are looked at again."""
        known = [str(row[0]) for row in self.cache.db.execute("SELECT file FROM marks")]
        gone = [(file,) for file in known if file not in seen]
        if gone:
            self.cache.db.executemany("DELETE FROM marks WHERE file = ?", gone)
            self.cache.db.execute("DELETE FROM facts WHERE key = 'verified'")

    def _read_ledger(self, folder: str) -> None:
        """Read the runs that a ledger names since the last time, some hundreds at a time."""
        path = f"{self.store.root}/{folder}/{layout.LEDGER}"
        try:
            seen = os.stat(path)
        except OSError:
            return
        select = "SELECT lines, inode FROM ledgers WHERE folder = ?"
        rows = self.cache.db.execute(select, (folder,))
        known, inode = next(rows, (0, seen.st_ino))
        lines = seen.st_size // ledger.WIDTH
        first = known if inode == seen.st_ino and known <= lines else 0
        while first < lines:
            last = min(first + _CHUNK, lines)
            with self.cache.writing():
                for line in ledger.between(path, first, last):
                    if not self._read(Record(self.store, folder, line.run_id)):
                        expected = (folder, line.run_id, _now())
                        insert = "INSERT OR IGNORE INTO expected VALUES (?, ?, ?)"
                        self.cache.db.execute(insert, expected)
                update = "INSERT OR REPLACE INTO ledgers VALUES (?, ?, ?)"
                self.cache.db.execute(update, (folder, last, seen.st_ino))
            first = last

    def _read_expected(self) -> None:
        """Look again for runs whose line was there before their folder: they are being made."""
        rows = self.cache.db.execute("SELECT folder, id, since FROM expected").fetchall()
        gone = []
        for folder, run_id, since in rows:
            record = Record(self.store, folder, run_id)
            # Read and put in one go, or what was read could replace what another has read later.
            with self.cache.writing():
                is_read = record.exists() and self._read(record)
            if is_read or _now() - since > _PATIENCE_S:
                gone.append((folder, run_id))
        if gone:
            with self.cache.writing():
                remove = "DELETE FROM expected WHERE folder = ? AND id = ?"
                self.cache.db.executemany(remove, gone)

    def _read_unknown(self, marked: set[str]) -> None:
        """Read the marked runs that the index does not know: they were had back from the trash."""
        for run_id in marked:
            if not self.cache.rows("id = ?", run_id):
                record = self.store.get(run_id)
                if record is not None:
                    with self.cache.writing():
                        self._read(record)

    def _read_unsettled(self, marked: set[str]) -> None:
        rows = self.cache.rows("settled = 0")
        for start in range(0, len(rows), _CHUNK):
            with self.cache.writing():
                for folder, run_id, stamp, _, was, parent in rows[start : start + _CHUNK]:
                    record = Record(self.store, folder, run_id)
                    if run_id in marked or not self._still_waits(record, stamp, was, parent):
                        self._read(record)

    def _still_waits(self, record: Record, stamp: str, was: str, parent: str | None) -> bool:
        """Whether a row is as it was: nothing was written to it, and its parent goes on."""
        if was != status.NOT_STARTED or parent is None or stamps.of(record.path) != stamp:
            return False
        goes_on = self._parents.get(parent)
        if goes_on is None:
            goes_on = self._parents[parent] = self._goes_on(record, parent)
        return goes_on

    def _goes_on(self, record: Record, parent: str) -> bool:
        above = Record(self.store, record.experiment_folder, parent)
        try:
            return not self.look(above).is_over
        except RunNotFound:
            return False

    def _read(self, record: Record) -> bool:
        """Read a run into the index, or forget it. False: it is not there, or cannot be read now;
        what was known of it then stays, and is read again by the next query.
        """
        try:
            found = summary.of(record, self.look)
        except OSError as error:
            if error.errno in facts.OUR_OWN:
                raise
            unsettle = "UPDATE runs SET settled = 0 WHERE folder = ? AND id = ?"
            self.cache.db.execute(unsettle, (record.experiment_folder, record.id))
            return False
        if found is None:
            self.cache.remove(record.experiment_folder, record.id)
            return False
        self.cache.put(found)
        return True

    # Metrics

    def read_metrics(self, experiment: str | None) -> None:
        """Bring the metrics of all runs, or of one experiment's, up to date."""
        where, given = (
            ("metered = 0", [])
            if experiment is None
            else (
                "metered = 0 AND folder = ?",
                [experiment],
            )
        )
        select = f"SELECT run, folder, id, settled FROM runs WHERE {where}"
        rows = self.cache.db.execute(select, given).fetchall()
        for start in range(0, len(rows), _CHUNK):
            with self.cache.writing():
                for run, folder, run_id, settled in rows[start : start + _CHUNK]:
                    path = f"{self.store.root}/{folder}/{run_id}"
                    meters.bring_up_to_date(self.cache, run, path)
                    if settled:
                        update = "UPDATE runs SET metered = 1 WHERE run = ?"
                        self.cache.db.execute(update, (run,))

    # All runs

    def verify(self) -> None:
        """Look at all folders: read what was changed, copied in or removed by anybody."""
        for folder in self.store.experiment_folders():
            for part in _parts(f"{self.store.root}/{folder}"):
                with self.cache.writing():
                    self._verify_part(folder, part)
        with self.cache.writing():
            self._remove_vanished()
            self.cache.set_fact("verified", repr(_now()))

    def _verify_part(self, folder: str, part: list[str]) -> None:
        for run_id in part:
            path = f"{self.store.root}/{folder}/{run_id}"
            rows = self.cache.db.execute(
                "SELECT run, stamp, metered FROM runs WHERE folder = ? AND id = ?", (folder, run_id)
            )
            run, stamp, metered = next(rows, (0, None, 0))
            if stamp != stamps.of(path):
                self._read(Record(self.store, folder, run_id))
            elif metered and not meters.is_complete(self.cache, run, path):
                self.cache.db.execute("UPDATE runs SET metered = 0 WHERE run = ?", (run,))

    def _remove_vanished(self) -> None:
        """Forget the runs whose folders are gone."""
        at = -1
        select = "SELECT run, folder, id FROM runs WHERE run > ? ORDER BY run LIMIT ?"
        while rows := self.cache.db.execute(select, (at, _CHUNK)).fetchall():
            at = rows[-1][0]
            for _, folder, run_id in rows:
                if not os.path.isdir(f"{self.store.root}/{folder}/{run_id}"):
                    self.cache.remove(folder, run_id)


def reindex(store: Store) -> int:
    """Make the index anew from the folders, and the ledgers whole; how many runs it knows.

    Raises:
        ReadOnlyStore, FormatTooNew: the store may not be written.
    """
    store.for_writing()
    for folder in store.experiment_folders():
        _complete_ledger(store, folder)
    remove(store)
    with Cache(store.root) as cache:
        refresh = Refresh(store, cache, Record.look)
        refresh.run()
        refresh.verify()
        return cache.last_run()


def remove(store: Store) -> None:
    """Remove the index; the next query makes another."""
    folder = f"{store.root}/{layout.INDEX}"
    for end in ("-wal", "-shm", ""):
        try:
            os.unlink(f"{folder}/{layout.INDEX_FILE}{end}")
        except FileNotFoundError:
            continue


def verify_alone(store: Store, look: Looker) -> bool:
    """`Refresh.verify` by one process at a time; False: another is at it."""
    held = lock.take(f"{store.root}/{layout.INDEX}/{layout.INDEX_VERIFYING}", store.lock_kind)
    if held is None:
        return False
    try:
        with Cache(store.root) as cache:
            refresh = Refresh(store, cache, look)
            if refresh.is_due():
                refresh.verify()
    finally:
        lock.release(held)
    return True


def _complete_ledger(store: Store, folder: str) -> None:
    """Add a line for each folder that has none: it was copied in."""
    home = f"{store.root}/{folder}"
    path = f"{home}/{layout.LEDGER}"
    listed = {line.run_id for line in ledger.newest_first(path)}
    missing = []
    for part in _parts(home):
        missing += [Record(store, folder, run_id) for run_id in part if run_id not in listed]
    for record in sorted((one for one in missing if one.run), key=lambda one: one.created):
        made = f"{record.created[:19]}Z"
        ledger.add(path, record.id, made, child=bool(record.run.get("parent")))


def _parts(folder: str) -> Iterator[list[str]]:
    """The ids of an experiment's runs, some hundreds at a time."""
    part: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if names.is_run_id(entry.name) and entry.is_dir(follow_symlinks=False):
                    part.append(entry.name)
                    if len(part) == _CHUNK:
                        yield part
                        part = []
    except OSError:
        return  # removed in the meantime
    yield part


def _listed(folder: str) -> list[str]:
    """The files of the index; [] where there is none, as in a store that cannot be written."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _turn_over(path: str, seen: os.stat_result) -> bool:
    """Begin a new file of marks where this one is long; remove an old one. True: it is removed.

    A writer opens the file for one line, so an hour after its turn nobody has it open.
    """
    name = os.path.basename(path)
    try:
        if name == layout.INDEX_MARKS:
            if seen.st_size > _MARKS_FULL:
                os.rename(path, f"{path}.{os.urandom(4).hex()}")
        elif time.time() - seen.st_mtime > _PATIENCE_S:
            os.unlink(path)
            return True
    except OSError:
        return False  # another query was faster, or this process may only read
    return False


def _now() -> float:
    """A clock that several processes of one boot share, and nobody sets."""
    return time.monotonic()
