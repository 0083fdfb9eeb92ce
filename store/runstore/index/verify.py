"""Work on the whole index: a look at all runs for what other programs changed, copied in or
removed; reading what has ended; and a new index.
"""

from __future__ import annotations

import os
import time

from runstore import layout, names
from runstore import look as looks
from runstore.fs import atomic, lock, mounts
from runstore.index import metrics
from runstore.index.cache import Cache, remove
from runstore.index.refresh import CHUNK, Refresh
from runstore.run import cache as run_cache
from runstore.run import ledger
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runstore.index.refresh import Looker
    from runstore.store import Store

EVERY_S = 55.0
_PATIENCE_S = 60.0
"""A process beside the queries waits so long for its turn at writing; no one waits for it."""
SMALL = 2_000
"""So many runs are looked at within a query; more by a process of their own."""


def is_due(cache: Cache) -> bool:
    """Whether all runs' time stamps are to be looked at again."""
    return time.monotonic() - float(cache.fact("verified") or "-inf") > EVERY_S


def is_large(cache: Cache) -> bool:
    """Whether a look at all runs takes longer than a query should."""
    return cache.last_run() > SMALL


def is_at_work(store: Store) -> bool:
    """Whether a process of its own looks at all runs now."""
    return lock.is_held(_verifying(store.root), store.lock_kind)


def all_runs(refresh: Refresh) -> None:
    """Look at all folders, and read what has changed.

    The looking holds no lock: a query that wants to write meanwhile would wait for it.
    """
    store, cache = refresh.store, refresh.cache
    for folder in store.experiment_folders():
        for part in _parts(f"{store.root}/{folder}"):
            changed = [run_id for run_id in part if _has_changed(refresh, folder, run_id)]
            if changed:
                with cache.writing():
                    for run_id in changed:
                        refresh.read(Record(store, folder, run_id))
    _remove_vanished(store, cache)
    with cache.writing():
        cache.set_fact("verified", repr(time.monotonic()))


def alone(store: Store, look: Looker) -> bool:
    """What is new, and `all_runs` if it is due; False: another process is at it."""

    def work(refresh: Refresh) -> None:
        refresh.feed()
        if is_due(refresh.cache):
            all_runs(refresh)

    return in_turn(store, look, work)


def feed(store: Store) -> bool:
    """Read what has ended into the index, so that it is not made at the first question.

    Who ends a run marks it (`change_marks.mark_end`), which costs one append, and once a thousand
    have come together this is done in a process beside the runs: from the folders, and checked as
    ever. Nothing hangs on it: killed, or refused by a full disk, it leaves more to the query. It
    looks at runs and does nothing for them. On a network file system it does nothing: runs end on
    many machines there, and SQLite's log is to be open on one alone.

    Returns:
        False: another process is at it, or the index cannot be had.
    """
    import sqlite3

    if not store.may_write or mounts.is_network(store.root):
        return False
    try:
        return in_turn(store, looks.at, Refresh.feed)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, OSError) and error.errno in atomic.OUR_OWN:
            raise
        return False


def in_turn(store: Store, look: Looker, work: Callable[[Refresh], object]) -> bool:
    """Work beside the queries on the whole index, by one process at a time; False: another does."""
    atomic.make_folders(store.root, layout.INDEX)
    held = lock.take(_verifying(store.root), store.lock_kind)
    if held is None:
        return False
    try:
        with Cache(store.root, wait_s=_PATIENCE_S) as cache:
            work(Refresh(store, cache, look))
    finally:
        lock.release(held)
    return True


def _verifying(root: str) -> str:
    return f"{root}/{layout.INDEX}/{layout.INDEX_VERIFYING}"


def reindex(store: Store) -> int:
    """Make the index again from the folders, and the ledgers whole; how many runs it knows.

    Raises:
        ReadOnlyStore, FormatTooNew: the store may not be written.
    """
    store.for_writing()
    for folder in store.experiment_folders():
        _complete_ledger(store, folder)
    remove(store.root)
    with Cache(store.root) as cache:
        refresh = Refresh(store, cache, looks.at)
        refresh.run()
        all_runs(refresh)
        return cache.last_run()


def _has_changed(refresh: Refresh, folder: str, run_id: str) -> bool:
    """Whether a run, or what was logged to it, is not as the index knows it."""
    path = f"{refresh.store.root}/{folder}/{run_id}"
    select = "SELECT run, stamp, metered FROM runs WHERE folder = ? AND id = ?"
    run, stamp, metered = next(refresh.cache.db.execute(select, (folder, run_id)), (0, None, 0))
    if stamp != run_cache.stamp_of(path):
        return True
    return bool(metered) and not metrics.is_complete(refresh.cache, run, path)


def _remove_vanished(store: Store, cache: Cache) -> None:
    """Forget the runs whose folders are gone."""
    at = -1
    select = "SELECT run, folder, id FROM runs WHERE run > ? ORDER BY run LIMIT ?"
    while rows := cache.db.execute(select, (at, CHUNK)).fetchall():
        at = rows[-1][0]
        gone = [row[1:] for row in rows if not _is_there(store, *row[1:])]
        if gone:
            with cache.writing():
                for folder, run_id in gone:
                    if not _is_there(store, folder, run_id):  # it may have been had back meanwhile
                        cache.remove(folder, run_id)


def _is_there(store: Store, folder: str, run_id: str) -> bool:
    return atomic.is_folder(f"{store.root}/{folder}/{run_id}")


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
                    if len(part) == CHUNK:
                        yield part
                        part = []
    except OSError:
        return  # removed in the meantime
    yield part
