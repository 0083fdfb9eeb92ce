"""Answering a query: by the index where it can be had, else by a look at every run."""

from __future__ import annotations

import os

from runstore import layout, status
from runstore import look as looks
from runstore.fs import atomic
from runstore.index import counts, metrics, pages, row, verify
from runstore.index.cache import Cache, remove
from runstore.index.fields import AREAS, METRICS
from runstore.index.query import THERE, Condition, Query
from runstore.index.refresh import MANY, Headway, Refresh, count_lines
from runstore.run import cache as run_cache
from runstore.run import children, ledger
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from runstore.index.fields import FieldName
    from runstore.index.refresh import Looker

    Best = tuple[float, str, "int | None"]
    from runstore.store import Store

_PAGE = 256
_LONG = 2_000
"""So many lines of a ledger are looked at faster than an index is opened."""

_FILE = f"{layout.INDEX}/{layout.INDEX_FILE}"


def search(
    store: Store,
    query: Query,
    look: Looker = looks.at,
    verify_later: Callable[[], object] | None = None,
    tell: Callable[[str], object] | None = None,
) -> Iterator[Record]:
    """The runs that a query means, in its order, lazily; each was checked against its folder.

    The index is not kept open while the caller is at work: the first runs are fetched, and all the
    others when they are asked for. Runs made in between are left out.

    Args:
        look: how a run that is not over is looked at.
        verify_later: called where all runs of a large store should be looked at again, for a caller
            that does it beside this; None: it is done at once.
        tell: told a line before what takes long: many runs that the index does not know yet.
    """
    most_new = MANY if verify_later is not None and _is_by_age(query) else None
    cache = _open(store, query, look, verify_later, tell, most_new=most_new)
    if cache is None:
        yield from scan(store, query, look, tell)
        return
    yield from _answers(store, query, look, cache)


def _is_by_age(query: Query) -> bool:
    """Whether the newest runs come first, which a look at all of them finds first too."""
    return query.sort.area == "created" and query.is_descending


def _answers(store: Store, query: Query, look: Looker, cache: Cache) -> Iterator[Record]:
    with cache:
        last = cache.last_run()
        first = cache.select(query, last, _PAGE)
    yield from _checked(store, query, look, first)
    if len(first) < _PAGE:
        return
    seen = {candidate[:2] for candidate in first}
    with Cache(store.root) as cache:
        rest = cache.select(query, last)
    yield from _checked(store, query, look, [one for one in rest if one[:2] not in seen])


def newest(
    store: Store,
    query: Query,
    look: Looker = looks.at,
    verify_later: Callable[[], object] | None = None,
) -> Iterator[Record]:
    """The newest runs that have no parent, as `search` gives them.

    By the ledgers, which need no index; where their ends name little but children the index is
    asked, if it is there.
    """
    if _ends_in_children(store, query) and os.path.exists(f"{store.root}/{_FILE}"):
        cache = _open(store, query, look, verify_later, None, most_new=MANY)
        if cache is not None:
            yield from _answers(store, query, look, cache)
            return
    name = None if query.experiment is None else store.experiment_name(query.experiment)
    yield from store.runs(name, children=False)


def _ends_in_children(store: Store, query: Query) -> bool:
    """Whether a ledger that a query concerns has hardly a run without a parent at its end."""
    folders = store.experiment_folders() if query.experiment is None else [query.experiment]
    for folder in folders:
        try:
            rows, on_top = ledger.kinds_at_end(f"{store.root}/{folder}/{layout.LEDGER}", _LONG)
        except OSError:
            continue
        if rows == _LONG and on_top < _PAGE:
            return True
    return False


def count(
    store: Store,
    query: Query,
    look: Looker = looks.at,
) -> int | None:
    """How many runs a query means; None where the index cannot be had, or is far behind."""
    cache = _open(store, query, look, None, None, most_new=MANY, verifies=False)
    if cache is None:
        return None
    import sqlite3

    try:
        with cache:
            return pages.count(cache, query)
    except sqlite3.Error:
        return None


def missing_keys(
    store: Store,
    wanted: Sequence[FieldName],
    folder: str | None = None,
    look: Looker = looks.at,
) -> tuple[list[FieldName], dict[str, set[str]]]:
    """The fields with a key that no run has, or none of an experiment.

    Returns:
        These; and, where there are some, the keys of all runs of the store, by area.
    """
    found = _lacking(_as_it_is(store, ()), wanted, folder)
    if found is None or found[0]:  # what is new may have it
        asked = Query([Condition(one, "", THERE) for one in wanted])
        found = _lacking(_open(store, asked, look, None, None, verifies=False), wanted, folder)
    return found or _lacking_in_runs(store, wanted, folder, look)


def _lacking(
    cache: Cache | None, wanted: Sequence[FieldName], folder: str | None
) -> tuple[list[FieldName], dict[str, set[str]]] | None:
    """The same by an index; None: it cannot be had."""
    import sqlite3

    try:
        if cache is not None:
            with cache:
                found = counts.not_there(cache, wanted, folder)
                return found, counts.all_keys(cache) if found else {}
    except (sqlite3.Error, OSError):
        pass  # busy, damaged, or no room: the runs themselves tell
    return None


def _lacking_in_runs(
    store: Store, wanted: Sequence[FieldName], folder: str | None, look: Looker
) -> tuple[list[FieldName], dict[str, set[str]]]:
    """The same by a look at every run."""
    known: dict[str, set[str]] = {area: set() for area in AREAS}
    of_folder: dict[str, set[str]] = {area: set() for area in AREAS}
    for record in store.runs(children=True):
        run = row.readable(record, look)
        if run is None:
            continue
        for area, keyed in {**run.pairs, METRICS: metrics.values_of_run(record.path)}.items():
            known[area].update(keyed)
            if folder in (None, run.folder):
                of_folder[area].update(keyed)
    found = [
        one for one in wanted if of_folder[one.area].isdisjoint({one.key, one.exact or one.key})
    ]
    return found, known


def summaries(
    store: Store,
    records: Sequence[Record],
    look: Looker = looks.at,
    goal: tuple[str, bool] | None = None,
) -> tuple[dict[str, Any], dict[str, dict[str, int]], dict[str, Best]]:
    """What lists show beside the records: metrics, how many children of which status, the best one.

    Args:
        goal: the metric that tells the best child, and whether more of it is better.

    Returns:
        By run id: last, min, max, mean and count by the metric's name; the number of its direct
        children by their status; the best of these, as `counts.best_below` gives it.
    """
    cache = None
    if not any(map(children.may_have, records)):
        cache = _as_it_is(store, records)
    if cache is None:
        cache = _open(store, Query(), look, None, None, most_new=MANY, verifies=False)
    import sqlite3

    if cache is not None:
        try:
            with cache:
                ids = [one.id for one in records]
                metrics.meter(cache, store.root, pages.rows_of_ids(cache, ids, ()))
                found = {one.id: cache.metrics_of(one.experiment_folder, one.id) for one in records}
                below = counts.below(cache, ids)
                if (
                    goal is None
                    or not below
                    or not metrics.meter_below(cache, store.root, [*below])
                ):
                    return found, below, {}
                return found, below, counts.best_below(cache, [*below], *goal)
        except (sqlite3.Error, OSError):
            pass  # busy, damaged, or no room: the runs themselves tell
    values = {one.id: metrics.values_of_run(one.path) for one in records}
    below = {one.id: _below(one, look) for one in records}
    best = {} if goal is None else {one.id: _best_below(one, look, *goal) for one in records}
    return values, below, {run_id: found for run_id, found in best.items() if found is not None}


def _as_it_is(store: Store, records: Sequence[Record]) -> Cache | None:
    """The index without a look at what has changed; None: it does not know all of these runs.

    It serves for what a look at the runs themselves brings up to date, such as their metrics.
    """
    import sqlite3

    if not store.may_write or not os.path.exists(f"{store.root}/{_FILE}"):
        return None
    cache = None
    try:
        cache = Cache(store.root)
        is_ours = cache.fact("store") == store.id
        if is_ours and all(cache.number(one.experiment_folder, one.id) for one in records):
            return cache
    except (sqlite3.Error, OSError):
        pass  # the whole way finds out what is wrong
    if cache is not None:
        cache.close()
    return None


def _below(record: Record, look: Looker) -> dict[str, int]:
    """How many of a run's children have which status, by a look at each."""
    found: dict[str, int] = {}
    for child in children.below(record):
        seen = look(child).status
        found[seen] = found.get(seen, 0) + 1
    return found


def _best_below(record: Record, look: Looker, metric: str, is_most: bool) -> Best | None:
    """The best of a run's children by the last value of a metric, by a look at each."""
    best: Best | None = None
    for child in children.below(record):
        known = metrics.values_of_run(child.path).get(row.plain(metric))
        value = None if known is None or known["last"] != known["last"] else known["last"]
        if value is None or look(child).status == status.FAILED:
            continue
        if best is None or (value > best[0] if is_most else value < best[0]):
            best = value, child.id, child.run.get("number")
    return best


def _open(
    store: Store,
    query: Query,
    look: Looker,
    verify_later: Callable[[], object] | None,
    tell: Callable[[str], object] | None,
    most_new: int | None = None,
    verifies: bool = True,
) -> Cache | None:
    """The index, up to date; None where it cannot be had (read-only, damaged, or busy).

    Args:
        most_new: None also where it lacks more runs than that.
        verifies: look at all runs again if that is due; not beside a list that did.
    """
    if not store.may_write:
        return None
    import sqlite3

    for is_last in (False, True):
        cache = None
        try:
            cache = Cache(store.root)
            refresh = Refresh(store, cache, look)
            new = refresh.count_new()
            if most_new is not None and new > most_new:
                cache.close()
                if verify_later is not None:
                    verify_later()  # reads them into the index beside this answer
                return None
            if tell is not None and new > MANY:
                tell(f"reading {new:,} runs into the index; this is done once")
                refresh.headway = Headway(tell, new)
            refresh.run()
            if verifies and verify.is_due(cache):
                if verify_later is not None and verify.is_large(cache):
                    verify_later()
                else:
                    verify.all_runs(refresh)
            if query.wants_metrics:
                refresh.read_metrics(query.experiment)
            return cache
        except (sqlite3.Error, OSError) as error:
            if cache is not None:
                cache.close()
            if isinstance(error, OSError) and error.errno in atomic.OUR_OWN:
                raise
            is_damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(
                error, sqlite3.OperationalError
            )
            if is_last or not is_damaged:
                return None
            try:
                remove(store.root)  # damaged: the next query makes another
            except OSError:
                return None
    return None


def _checked(
    store: Store, query: Query, look: Looker, candidates: list[tuple[str, str, str]]
) -> Iterator[Record]:
    stale: list[Record] = []
    try:
        for folder, run_id, stamp in candidates:
            record = Record(store, folder, run_id)
            seen = run_cache.stamp_of(record.path)
            if seen == stamp:
                yield record
                continue
            stale.append(record)
            found = row.readable(record, look) if seen else None
            if found is not None and query.matches(found, _metrics(record, query)):
                yield record
    finally:
        _write_back(store, look, stale)


def _metrics(record: Record, query: Query) -> dict[str, dict[str, float]]:
    return metrics.values_of_run(record.path) if query.wants_metrics else {}


def _write_back(store: Store, look: Looker, stale: list[Record]) -> None:
    """Let the index know what the check of its answers has found.

    Each run is read again under the lock: what was read before it could replace what another
    process has read since.
    """
    if not stale:
        return
    import sqlite3

    try:
        with Cache(store.root, wait_s=0.0) as cache, cache.writing():
            for record in stale:
                found = row.readable(record, look)
                if found is not None:
                    cache.put(found)
                elif not run_cache.stamp_of(record.path):
                    cache.remove(record.experiment_folder, record.id)
    except (sqlite3.Error, OSError):
        return  # the next query finds it again


def scan(
    store: Store, query: Query, look: Looker, tell: Callable[[str], object] | None = None
) -> Iterator[Record]:
    """The same answer by a look at every run; by age, the first ones are there at once."""
    found = _matching(store, query, look, tell)
    if _is_by_age(query):
        for record, _, _ in found:
            yield record
        return
    kept = [(query.key(run, known), record) for record, run, known in found]
    kept.sort(key=lambda pair: (pair[0][1], pair[0][2]), reverse=True)
    there = [pair for pair in kept if pair[0][0] is not None]
    there.sort(key=lambda pair: _sortable(pair[0][0]), reverse=query.is_descending)
    if query.is_descending:  # numbers come first here too
        there.sort(key=lambda pair: isinstance(pair[0][0], str))
    for _, record in there + [pair for pair in kept if pair[0][0] is None]:
        yield record


def _matching(
    store: Store, query: Query, look: Looker, tell: Callable[[str], object] | None
) -> Iterator[tuple[Record, row.Summary, dict[str, dict[str, float]]]]:
    folder = query.experiment
    name = None if folder is None else store.experiment_name(folder)
    folders = store.experiment_folders() if folder is None else [folder]
    headway = Headway(tell, count_lines(store.root, folders))
    for record in store.runs(name, children=query.children):
        headway.count(1)
        run = row.readable(record, look)
        if run is not None:
            known = _metrics(record, query)
            if query.matches(run, known):
                yield record, run, known


def _sortable(value: object) -> tuple[bool, float, str]:
    """Numbers before texts, as SQLite has them."""
    if isinstance(value, (int, float)):
        return False, value, ""
    return True, 0.0, str(value)
