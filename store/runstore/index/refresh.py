"""Bringing the index up to date: what has changed is read, and nothing else.

Each step is a transaction that also notes how far it got. Killed at any point, the index is as it
was before the step.
"""

from __future__ import annotations

import os
import time
from stat import S_ISREG

from runstore import layout, status
from runstore import look as looks
from runstore.errors import RunNotFound
from runstore.fs import atomic
from runstore.index import marks_read, metrics, row
from runstore.index.cache import MADE, MEMORY, TABLES, Cache, remove_older
from runstore.run import cache as run_cache
from runstore.run import identity, ledger
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runstore.look import Look
    from runstore.store import Store

    Looker = Callable[[Record], Look]

_WAITING = (status.QUEUED, status.NOT_STARTED)
CHUNK = 500
"""So many runs are read in one transaction."""


class Refresh:
    """One bringing up to date of an open index, as a query begins."""

    def __init__(self, store: Store, cache: Cache, look: Looker) -> None:
        self.store = store
        self.cache = cache
        self.look = look
        self._parents: dict[str, bool] = {}
        self._is_queue_seen = False

    def run(self) -> None:
        """Do all of it.

        Marks first: a change that is made while we read has a mark that the next query finds.
        """
        is_new = self._check_identity()
        changed = marks_read.taken(self.store.root, self.cache)
        for folder in self.store.experiment_folders():
            self._read_ledger(folder)
        self._read_expected()
        self._read_unknown(changed)
        self._read_unsettled(changed)
        if is_new and self.cache.path != MEMORY:
            remove_older(self.store.root)

    def count_new(self) -> int:
        """How many lines of ledgers were not read yet."""
        known = self.cache.db.execute("SELECT sum(lines) FROM ledgers").fetchone()[0] or 0
        lines = 0
        for folder in self.store.experiment_folders():
            try:
                path = f"{self.store.root}/{folder}/{layout.LEDGER}"
                lines += ledger.count(path)
            except OSError:
                continue
        return max(0, lines - known)

    def _check_identity(self) -> bool:
        """Clear an index of another store (a copied one); forget the times of another boot.

        Returns:
            Whether this is the first look of its store, or of this boot.
        """
        boot = identity.boot_id()
        if (self.cache.fact("store"), self.cache.fact("boot")) == (self.store.id, boot):
            return False
        with self.cache.writing():
            if self.cache.fact("store") not in (MADE, self.store.id):
                for table in TABLES:
                    self.cache.db.execute(f"DELETE FROM {table}")
            # No process that was writing then is writing now: their runs are read once more.
            unsettle = "UPDATE runs SET settled = 0 WHERE id IN (SELECT run FROM writing)"
            self.cache.db.execute(unsettle)
            self.cache.db.execute("DELETE FROM writing")
            self.cache.db.execute("UPDATE expected SET since = ?", (time.monotonic(),))
            self.cache.db.execute("DELETE FROM facts WHERE key = 'verified'")
            self.cache.set_fact("store", self.store.id)
            self.cache.set_fact("boot", boot)
        return True

    def _read_ledger(self, folder: str) -> None:
        """Read the runs that a ledger names since the last time, some hundreds at a time."""
        path = f"{self.store.root}/{folder}/{layout.LEDGER}"
        try:
            seen = os.lstat(path)
        except OSError:
            return
        if not S_ISREG(seen.st_mode):
            return
        select = "SELECT lines, inode FROM ledgers WHERE folder = ?"
        rows = self.cache.db.execute(select, (folder,))
        known, inode = next(rows, (0, seen.st_ino))
        lines = seen.st_size // ledger.WIDTH
        first = known if inode == seen.st_ino and known <= lines else 0
        while first < lines:
            last = min(first + CHUNK, lines)
            with self.cache.writing():
                for line in ledger.between(path, first, last):
                    if not self.read(Record(self.store, folder, line.run_id)):
                        expected = (folder, line.run_id, time.monotonic())
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
                is_read = record.exists() and self.read(record)
            if is_read or time.monotonic() - since > marks_read.PATIENCE_S:
                gone.append((folder, run_id))
        if gone:
            with self.cache.writing():
                remove = "DELETE FROM expected WHERE folder = ? AND id = ?"
                self.cache.db.executemany(remove, gone)

    def _read_unknown(self, changed: set[str]) -> None:
        """Read the marked runs that the index does not know: they were had back from the trash."""
        for run_id in changed:
            if not self.cache.rows("id = ?", run_id):
                record = self.store.get(run_id)
                if record is not None:
                    with self.cache.writing():
                        self.read(record)

    def _read_unsettled(self, changed: set[str]) -> None:
        rows = self.cache.rows("settled = 0")
        for start in range(0, len(rows), CHUNK):
            with self.cache.writing():
                for folder, run_id, stamp, _, was, parent in rows[start : start + CHUNK]:
                    record = Record(self.store, folder, run_id)
                    if run_id in changed or not self._still_waits(record, stamp, was, parent):
                        self.read(record)

    def _still_waits(self, record: Record, stamp: str, was: str, parent: str | None) -> bool:
        """Whether a row is as it was: nothing was written to it, and it has its place in the queue,
        or its parent goes on.
        """
        if was not in _WAITING or run_cache.stamp_of(record.path) != stamp:
            return False
        if was == status.QUEUED:
            # The look at one that waits also keeps the queues going, where a starter was killed.
            is_first, self._is_queue_seen = not self._is_queue_seen, True
            return not is_first and looks.still_queued(record)
        if parent is None:
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

    def read(self, record: Record) -> bool:
        """Read a run into the index, or forget it. False: it is not there, or cannot be read now;
        what was known of it then stays, and is read again by the next query.
        """
        try:
            found = row.summary_of(record, self.look)
        except OSError as error:
            if error.errno in atomic.OUR_OWN:
                raise
            unsettle = "UPDATE runs SET settled = 0 WHERE folder = ? AND id = ?"
            self.cache.db.execute(unsettle, (record.experiment_folder, record.id))
            return False
        if found is None:
            self.cache.remove(record.experiment_folder, record.id)
            return False
        self.cache.put(found)
        return True

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
        for start in range(0, len(rows), CHUNK):
            with self.cache.writing():
                for run, folder, run_id, settled in rows[start : start + CHUNK]:
                    path = f"{self.store.root}/{folder}/{run_id}"
                    metrics.bring_up_to_date(self.cache, run, path)
                    if settled:
                        update = "UPDATE runs SET metered = 1 WHERE run = ?"
                        self.cache.db.execute(update, (run,))
