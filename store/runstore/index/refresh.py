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
    from collections.abc import Callable, Iterable
    from typing import Any

    from runstore.look import Look
    from runstore.store import Store

    Looker = Callable[[Record], Look]
    Row = tuple[Any, ...]

_WAITING = (status.QUEUED, status.NOT_STARTED)
CHUNK = 500
"""So many runs are read in one transaction."""
SHORT = 100
"""So many where another process may wait for its turn, or a person for the first rows."""

MANY = 5_000
"""So many runs that an index lacks take longer to read than a query should."""

TURN_S = 0.05
"""So long one turn at writing takes: a query waits for its own a second at most."""

_PARTS = 10
"""In so many parts the newest runs are read, each of the experiment that has the latest."""
_NO_LINE = "0"
"""Older than all: what a line that does not parse counts as."""
_ANYWHERE = ""
"""The folder of a run that is expected in any experiment."""

_TELL_EVERY_S = 2.0
_REST = 3
"""A process beside the queries rests a third of the time that it has kept them from writing."""


class Headway:
    """Counts runs of very many that are looked at, and tells a line every two seconds.

    Args:
        tell: told the line; None: nothing is told.
        total: how many runs there are to look at, about.
    """

    def __init__(self, tell: Callable[[str], object] | None, total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0
        self._told_at = time.monotonic()

    def count(self, runs: int) -> None:
        """So many more are done."""
        self._done += runs
        now = time.monotonic()
        if self._tell is not None and now - self._told_at > _TELL_EVERY_S:
            self._told_at = now
            self._tell(f"{min(self._done, self._total):,} of {self._total:,} runs read")


def count_lines(root: str, folders: Iterable[str]) -> int:
    """How many lines the ledgers of some experiments of a store have."""
    lines = 0
    for folder in folders:
        try:
            lines += ledger.count(f"{root}/{folder}/{layout.LEDGER}")
        except OSError:
            continue
    return lines


class LedgerPart:
    """Lines of a ledger to be read, and what is noted of it then: up to where it is read, its
    inode, and which lines below are not read yet.
    """

    __slots__ = ("first", "last", "then")

    def __init__(self, first: int, last: int, then: tuple[int, int, int, int]) -> None:
        self.first = first
        self.last = last
        self.then = then


class Refresh:
    """One bringing up to date of an open index, as a query begins.

    Args:
        headway: counts the runs that are read from ledgers.
        most: at most about so many runs are read from ledgers; None: all.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        look: Looker,
        headway: Headway | None = None,
        most: int | None = None,
    ) -> None:
        self.store = store
        self.cache = cache
        self.look = look
        self.headway = headway or Headway(None, 0)
        self.left = most
        self._parents: dict[str, bool] = {}
        self._just_read: set[str] = set()
        self._rests = False
        self._is_queue_seen = False

    def run(self) -> None:
        """Do all of it.

        Marks first: a change that is made while we read has a mark that the next query finds.
        """
        self._read_unsettled(self._take_in(), self.cache.rows("settled = 0"))

    def feed(self) -> None:
        """The same for a process that asks nothing: what waits in a queue, perhaps 100,000 runs, is
        left to those who ask; the metrics of what is over are read.
        """
        self._rests = True
        changed = self._take_in()
        rows = self.cache.rows("settled = 0 AND status NOT IN (?, ?)", *_WAITING)
        for run_id in changed.difference(one[1] for one in rows):
            rows += self.cache.rows("settled = 0 AND id = ?", run_id)
        self._read_unsettled(changed, rows)
        self._meter("metered = 0 AND settled = 1")

    def _take_in(self) -> set[str]:
        """Read what is new; the runs that are marked as changed."""
        is_new = self._check_identity()
        # Where not all is read, who reads the rest takes the marks: some may be of runs in it.
        is_whole = self.left is None
        changed: set[str] = set()
        if is_whole:
            changed = marks_read.taken(self.store.root, self.cache, self._expect_unknown)
        folders = self.store.experiment_folders()
        if self.left is None:
            for folder in folders:
                while self._read_ledger(folder, self._most()):
                    pass
        else:
            self._read_newest(folders)
        self._read_expected()
        if is_new and self.cache.path != MEMORY:
            remove_older(self.store.root)
        return changed

    def count_new(self) -> int:
        """How many lines of ledgers were not read yet."""
        select = "SELECT sum(lines - unread_to + unread_from) FROM ledgers"
        known = self.cache.db.execute(select).fetchone()[0] or 0
        lines = count_lines(self.store.root, self.store.experiment_folders())
        return max(0, lines - int(known))

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

    def _most(self) -> int:
        return SHORT if self._rests else CHUNK

    def _read_newest(self, folders: Iterable[str]) -> None:
        """Read `left` runs, the newest of all experiments, some at a time: always of the ledger
        whose next line is the latest.
        """
        left = self.left or 0
        most = max(1, left // _PARTS)
        following = {folder: made for folder in folders if (made := self._next_made(folder))}
        while left > 0 and following:
            folder = max(following, key=lambda one: following[one])
            left -= self._read_ledger(folder, min(most, left))
            made = self._next_made(folder)
            following[folder] = made
            if not made:
                del following[folder]

    def _next_made(self, folder: str) -> str:
        """When the next run to be read of a ledger was made; "": there is none."""
        part = self._unread(folder, 1)
        if part is None:
            return ""
        lines = ledger.between(f"{self.store.root}/{folder}/{layout.LEDGER}", part.first, part.last)
        return next((line.made for line in lines), _NO_LINE)

    def _read_ledger(self, folder: str, most: int) -> int:
        """Read runs that a ledger names since the last time, the newest first: an index that is
        still being made has what is asked for most. How many lines were read; 0: none is left.
        """
        if self._unread(folder, most) is None:
            return 0  # a query that finds nothing new does not wait for its turn at writing
        began = time.monotonic()
        with self.cache.writing():
            part = self._unread(folder, most)  # chosen here: two processes share the work
            if part is None:
                return 0
            path = f"{self.store.root}/{folder}/{layout.LEDGER}"
            for line in ledger.between(path, part.first, part.last):
                if not self.read(Record(self.store, folder, line.run_id)):
                    self._expect(folder, line.run_id)
            update = "INSERT OR REPLACE INTO ledgers VALUES (?, ?, ?, ?, ?)"
            self.cache.db.execute(update, (folder, *part.then))
        self._rest(began)
        self.headway.count(part.last - part.first)
        return part.last - part.first

    def _expect(self, folder: str, run_id: str) -> None:
        insert = "INSERT OR IGNORE INTO expected VALUES (?, ?, ?)"
        self.cache.db.execute(insert, (folder, run_id, time.monotonic()))

    def _rest(self, began: float) -> None:
        """Let others write too, whom a busy index would send to the folders."""
        if self._rests:
            time.sleep((time.monotonic() - began) / _REST)

    def _in_turns(self, wanted: list[Any], work: Callable[[Any], object]) -> None:
        """Work on each of these, in transactions that end once they have taken their time."""
        at = 0
        while at < len(wanted):
            began = time.monotonic()
            with self.cache.writing():
                while at < len(wanted):
                    work(wanted[at])
                    at += 1
                    if time.monotonic() - began >= TURN_S:
                        break
            self._rest(began)

    def _unread(self, folder: str, most: int) -> LedgerPart | None:
        """The next part of a ledger to read, at most so many lines; None: there is none."""
        try:
            seen = os.lstat(f"{self.store.root}/{folder}/{layout.LEDGER}")
        except OSError:
            return None
        if not S_ISREG(seen.st_mode):
            return None
        size, inode = seen.st_size // ledger.WIDTH, seen.st_ino
        select = "SELECT lines, inode, unread_from, unread_to FROM ledgers WHERE folder = ?"
        rows = self.cache.db.execute(select, (folder,))
        lines, known, first, last = next(rows, (0, inode, 0, 0))
        if known != inode or lines > size:
            lines = first = last = 0
        if first == last:
            first, last, lines = lines, size, size
        elif lines < size:
            until = min(lines + most, size)
            return LedgerPart(lines, until, (until, inode, first, last))
        start = max(first, last - most)
        return LedgerPart(start, last, (lines, inode, first, start)) if start < last else None

    def _read_expected(self) -> None:
        """Look again for runs whose line was there before their folder: they are being made.

        And for marked ones that the index did not know, once the ledgers are read: what is still
        unknown then was had back from the trash.
        """
        select = "SELECT folder, id, since FROM expected WHERE folder != ? OR ?"
        given = (_ANYWHERE, self.left is None)
        rows = self.cache.db.execute(select, given).fetchall()

        def look(one: Row) -> None:
            folder, run_id, since = one
            is_over = self._is_found(folder, run_id)
            if is_over or time.monotonic() - since > marks_read.PATIENCE_S:
                remove = "DELETE FROM expected WHERE folder = ? AND id = ?"
                self.cache.db.execute(remove, (folder, run_id))

        # Read and put in one go, or what was read could replace what another has read later.
        self._in_turns(rows, look)

    def _is_found(self, folder: str, run_id: str) -> bool:
        """Read an expected run if it is there; False: it is to be looked for again."""
        if folder != _ANYWHERE:
            record = Record(self.store, folder, run_id)
            return record.exists() and self.read(record)
        found = None if self.cache.rows("id = ?", run_id) else self.store.get(run_id)
        return found is None or self.read(found)

    def _expect_unknown(self, changed: set[str]) -> None:
        """Note the marked runs that the index does not know, as their marks are taken: killed
        then, it finds them later.
        """
        for run_id in changed:
            if not self.cache.rows("id = ?", run_id):
                self._expect(_ANYWHERE, run_id)

    def _read_unsettled(self, changed: set[str], rows: list[Row]) -> None:
        """Look again at runs that are not over; what this has read just now is known."""
        rows = [one for one in rows if one[1] not in self._just_read]

        def look(one: Row) -> None:
            folder, run_id, stamp, _, was, parent = one
            record = Record(self.store, folder, run_id)
            if run_id in changed or not self._still_waits(record, stamp, was, parent):
                self.read(record)

        self._in_turns(rows, look)

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
        if not found.is_settled:
            self._just_read.add(record.id)
        return True

    def read_metrics(self, experiment: str | None) -> None:
        """Bring the metrics of all runs, or of one experiment's, up to date."""
        if experiment is None:
            self._meter("metered = 0")
        else:
            self._meter("metered = 0 AND folder = ?", experiment)

    def _meter(self, where: str, *given: str) -> None:
        select = f"SELECT run, folder, id, settled FROM runs WHERE {where}"
        rows = self.cache.db.execute(select, given).fetchall()

        def meter(one: Row) -> None:
            run, folder, run_id, settled = one
            metrics.bring_up_to_date(self.cache, run, f"{self.store.root}/{folder}/{run_id}")
            if settled:
                # One that was marked in the meantime is to be read once more.
                update = "UPDATE runs SET metered = 1 WHERE run = ? AND settled = 1"
                self.cache.db.execute(update, (run,))

        self._in_turns(rows, meter)
