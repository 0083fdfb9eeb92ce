"""The index kept open by a process that asks it often: a server, or something that follows.

It is brought up to date at most so often as is wanted, by one thread at a time; questions are
answered from what it holds. Where the store cannot be written the index is this process's own, and
so it is while another process holds the store's for longer than a moment. While a process beside
the queries is at work on the store's, that is asked as it stands, but for a minute at most.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time

from runstore import look as looks
from runstore.fs import atomic
from runstore.index import metrics as index_metrics
from runstore.index import row as index_row
from runstore.index import verify
from runstore.index.cache import EPOCH, MEMORY, Cache, remove
from runstore.index.refresh import MANY, SHORT, Refresh, count_lines
from runstore.run import cache as run_cache
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from runstore.index.pages import Row
    from runstore.index.refresh import Looker
    from runstore.store import Store


_STANDS_S = 60.0
"""So long an index that stays locked is asked as it stands: its writer may be stopped."""


class Live:
    """The index of a store, kept open.

    Args:
        look: how a run that is not over is looked at.
        verify_later: called where all runs of a large store should be looked at again.

    Attributes:
        unread: while another process reads runs into the index: how many it lacks, and how many
            there are; it answers from those that it has. None: it lacks none.
    """

    def __init__(
        self,
        store: Store,
        look: Looker = looks.at,
        verify_later: Callable[[], object] | None = None,
    ) -> None:
        self.store = store
        self._look = look
        self._verify_later = verify_later
        self._own: Cache | None = None
        self._is_own_for_good = self._is_busy = False
        self._at = self._metered_at = float("-inf")
        self._locked_since: float | None = None
        self.unread: tuple[int, int] | None = None
        self._freshening = threading.Lock()
        self._using = threading.Lock()

    def freshen(self, max_age_s: float = 0.0, metrics: bool = False) -> None:
        """Bring it up to date, unless that was done so recently, or another thread is at it.

        Args:
            max_age_s: 0: it is done now, also where another thread has to be waited for.
            metrics: also the metrics of all runs.

        Raises:
            OSError: this process lacks something, such as descriptors.
        """
        is_first = (self._metered_at if metrics else self._at) == float("-inf")
        if not self._freshening.acquire(blocking=is_first or max_age_s == 0.0):
            return
        try:
            now = time.monotonic()
            if now - (self._metered_at if metrics else self._at) >= max_age_s:
                self._freshen(metrics)
                self._at = now
                self._metered_at = now if metrics else self._metered_at
        finally:
            self._freshening.release()

    def meter(self, runs: Iterable[Row]) -> None:
        """Bring the metrics of some runs up to date."""
        try:
            with self.open() as cache:
                index_metrics.meter(cache, self.store.root, runs)
        except sqlite3.OperationalError:
            self.freshen(metrics=True)  # without the store's index, if that is what is busy

    def meter_below(self, ids: Sequence[str]) -> bool:
        """Bring the metrics of the children of some runs up to date; False: they are too many."""
        try:
            with self.open() as cache:
                return index_metrics.meter_below(cache, self.store.root, ids)
        except sqlite3.OperationalError:
            return False  # the index is busy: without the best one now, with it soon

    def read_ids(self, ids: Iterable[str]) -> None:
        """Read runs that the index lacks so far into it, by their ids."""
        found = [record for record in map(self.store.get, ids) if record is not None]
        if not found:
            return
        try:
            with self.open() as cache, cache.writing():
                refresh = Refresh(self.store, cache, self._look)
                for record in found:
                    refresh.read(record)
        except sqlite3.OperationalError:
            self.freshen()  # as in `meter`

    def open(self) -> Used:
        """The index for one question, as a context manager.

        Raises:
            sqlite3.Error: it is damaged, or busy; the next `freshen` sees to that.
        """
        cache = self._cache()
        return Used(cache, self._using if cache is self._own else None)

    def checked(self, rows: Iterable[tuple[str, str, str]]) -> bool:
        """Whether runs (folder, id, stamp) are as the index says; what is not is read again."""
        stale = [
            (folder, run_id)
            for folder, run_id, stamp in rows
            if run_cache.stamp_of(f"{self.store.root}/{folder}/{run_id}") != stamp
        ]
        if not stale:
            return True
        try:
            with self.open() as cache, cache.writing():
                for folder, run_id in stale:
                    self._read(cache, folder, run_id)
        except sqlite3.OperationalError:
            self.freshen()  # as in `meter`
        return False

    def cursor(self, cache: Cache) -> str:
        """Where the changes stand."""
        return f"{cache.fact(EPOCH)}.{cache.revision()}"

    def close(self) -> None:
        """Let go of an index of its own."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _freshen(self, metrics: bool) -> None:
        """Bring it up to date; replace it where it is damaged, in memory where it is read-only or
        another process holds it.
        """
        self._is_busy = self._is_busy and _is_locked(self.store.root)
        for is_last in (False, True):
            try:
                self._freshen_once(metrics)
                self._locked_since = None
                return
            except sqlite3.OperationalError as error:
                if is_last or self._own is not None:
                    raise
                self._is_busy = "locked" in str(error)
                if self._is_busy and self._stands():
                    self._is_busy = False
                    return
                self._own, self._is_own_for_good = Cache(MEMORY), not self._is_busy
            except sqlite3.DatabaseError:
                if is_last or self._own is not None:
                    raise
                remove(self.store.root)

    def _freshen_once(self, metrics: bool) -> None:
        if not self.store.exists():
            return
        with self.open() as cache:
            refresh = Refresh(self.store, cache, self._look)
            if self._grows(refresh):
                return
            refresh.run()
            self.unread = None
            if verify.is_due(cache):
                if self._verify_later is not None and verify.is_large(cache) and not self._own:
                    self._verify_later()
                else:
                    verify.all_runs(refresh)
            if metrics:
                refresh.read_metrics(None)

    def _stands(self) -> bool:
        """Whether a locked index is asked as it is: a process beside the queries reads into it, and
        soon lets go.
        """
        now = time.monotonic()
        self._locked_since = now if self._locked_since is None else self._locked_since
        if now - self._locked_since > _STANDS_S or not verify.is_at_work(self.store):
            return False
        try:
            with Cache(self.store.root, wait_s=0.0) as cache:
                new = Refresh(self.store, cache, self._look).count_new()
                self.unread = (new, self._lines()) if new else None
                return cache.fact("store") == self.store.id
        except (sqlite3.Error, OSError):
            return False

    def _grows(self, refresh: Refresh) -> bool:
        """Whether the index lacks so many runs that another process reads them, while this one
        answers from those that are there: at first from the newest.
        """
        new = refresh.count_new()
        if new <= MANY or self._verify_later is None or self._own is not None:
            return False
        lines = self._lines()
        self.unread = new, lines
        self._verify_later()
        refresh.left = SHORT
        refresh.run()
        self.unread = refresh.count_new(), lines
        return True

    def _lines(self) -> int:
        return count_lines(self.store.root, self.store.experiment_folders())

    def _cache(self) -> Cache:
        """The index of the store; where there is none, or it cannot be written, our own."""
        if not self._is_own_for_good and not self._is_busy and self._may_write():
            self._own = None  # the store was made in the meantime
            try:
                return Cache(self.store.root)
            except OSError as error:
                if error.errno in atomic.OUR_OWN:
                    raise
                self._is_own_for_good = True
        if self._own is None:
            self._own = Cache(MEMORY)
        return self._own

    def _may_write(self) -> bool:
        store = self.store
        return store.may_write and _writable(store.root)

    def _read(self, cache: Cache, folder: str, run_id: str) -> None:
        found = index_row.readable(Record(self.store, folder, run_id), self._look)
        if found is not None:
            cache.put(found)
        elif not atomic.is_folder(f"{self.store.root}/{folder}/{run_id}"):
            cache.remove(folder, run_id)


class Used:
    """An index in use: closed behind the block, or let go of where it is this process's own."""

    def __init__(self, cache: Cache, lock: threading.Lock | None) -> None:
        self._cache = cache
        self._lock = lock

    def __enter__(self) -> Cache:
        if self._lock is not None:
            self._lock.acquire()
        return self._cache

    def __exit__(self, *_: object) -> None:
        if self._lock is None:
            self._cache.close()
        else:
            self._lock.release()


def _is_locked(root: str) -> bool:
    """Whether another process writes to a store's index just now."""
    try:
        with Cache(root, wait_s=0.0) as cache, cache.writing():
            return False
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except (sqlite3.Error, OSError):
        return False  # bringing it up to date finds out


def _writable(root: str) -> bool:
    return os.access(root, os.W_OK)
