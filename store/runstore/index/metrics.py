"""What the index knows of metrics: their numbers, read on from where it was."""

from __future__ import annotations

from math import inf

from runstore.index.row import plain
from runstore.metrics import log as metric_log
from runstore.metrics.follower import Logs, Place
from runstore.metrics.summary import MetricSummary, total_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from runstore.index.cache import Cache
    from runstore.index.pages import Row

_MOST = 1 << 63
_MOST_BELOW = 5_000
"""So many logs are read for a line of a list at most."""


def values_of_run(run_folder: str) -> dict[str, dict[str, float]]:
    """All metrics of a run, read from the beginning."""
    found: dict[str, MetricSummary] = {}
    logs = Logs(run_folder)
    try:
        logs.look()
        _count(logs, found)
    except OSError:
        pass  # not ours to read, or a broken disk: what is known counts
    return {name: one.values() for name, one in found.items()}


def bring_up_to_date(cache: Cache, run: int, run_folder: str) -> None:
    """Read what was logged to a run since the last time; within a transaction."""
    logs = Logs(run_folder, _places(cache, run))
    known: dict[str, MetricSummary] = {}
    try:
        if not logs.look():  # a log was cut or replaced: all is counted again
            logs.forget()
            cache.db.execute("DELETE FROM metrics WHERE run = ?", (run,))
            cache.db.execute("DELETE FROM writers WHERE run = ?", (run,))
        if logs.known() == logs.size():
            return
        known = _known(cache, run)
        _count(logs, known)
    except OSError:
        pass  # not ours to read, or a broken disk: what is known stays
    _put(cache, run, logs.places, known)


def meter(cache: Cache, root: str, runs: Iterable[Row]) -> None:
    """Bring the metrics of some runs of the store in `root` up to date."""
    numbers = {row.run: row for row in runs}
    marks = ", ".join("?" * len(numbers))
    sql = f"SELECT run, settled FROM runs WHERE metered = 0 AND run IN ({marks})"
    found = cache.db.execute(sql, list(numbers)).fetchall()
    if not found:
        return
    with cache.writing():
        for run, settled in found:
            row = numbers[run]
            bring_up_to_date(cache, run, f"{root}/{row.folder}/{row.values['id']}")
            if settled:
                cache.db.execute("UPDATE runs SET metered = 1 WHERE run = ?", (run,))


def meter_below(cache: Cache, root: str, ids: Sequence[str]) -> bool:
    """Bring the metrics of the children of some runs up to date; False: they are too many."""
    marks = ", ".join("?" * len(ids))
    sql = (
        "SELECT run, folder, id, settled FROM runs INDEXED BY runs_by_parent "
        f"WHERE metered = 0 AND parent IN ({marks}) LIMIT {_MOST_BELOW + 1}"
    )
    found = cache.db.execute(sql, list(ids)).fetchall()
    if len(found) > _MOST_BELOW:
        return False
    if found:
        with cache.writing():
            for run, folder, run_id, settled in found:
                bring_up_to_date(cache, run, f"{root}/{folder}/{run_id}")
                if settled:
                    cache.db.execute("UPDATE runs SET metered = 1 WHERE run = ?", (run,))
    return True


def is_complete(cache: Cache, run: int, run_folder: str) -> bool:
    """Whether all that was logged to a run is known."""
    logs = Logs(run_folder, _places(cache, run))
    try:
        return logs.look() and logs.known() == logs.size()
    except OSError:
        return False


def _count(logs: Logs, found: dict[str, MetricSummary]) -> None:
    """Count the numbers behind the places of the logs."""
    for _, records, _ in logs.read():
        for record in records:
            if metric_log.is_point(record):
                at = _held(record["t"])
                for value in _numbers(metric_log.untag(record["v"])):
                    found.setdefault(plain(record["n"]), MetricSummary()).add(value, at)


def _places(cache: Cache, run: int) -> dict[str, Place]:
    select = "SELECT file, inode, offset, checked, crc FROM writers WHERE run = ?"
    return {file: Place(*place) for file, *place in cache.db.execute(select, (run,))}


def _known(cache: Cache, run: int) -> dict[str, MetricSummary]:
    select = "SELECT name, last, min, max, count, at, total, numbers FROM metrics WHERE run = ?"
    found = {}
    for name, last, low, high, count, at, total, numbers in cache.db.execute(select, (run,)):
        one = found[name] = MetricSummary(last, low, high, count)
        one.at, one.total, one.numbers = at, total_of(total), numbers
    return found


def _put(cache: Cache, run: int, places: dict[str, Place], found: dict[str, MetricSummary]) -> None:
    cache.db.executemany(
        "INSERT OR REPLACE INTO writers VALUES (?, ?, ?, ?, ?, ?)",
        [(run, file, *place) for file, place in places.items()],
    )
    cache.db.executemany(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(run, name, one.last, one.min, one.max, one.mean, one.count),
                *(one.at, one.total, one.numbers),
            )
            for name, one in found.items()
        ],
    )
    cache.touch(run)


def _numbers(value: Any) -> list[float]:
    """The numbers in a value: of a list all, of a table none."""
    values = value if type(value) is list else [value]
    return [_held(one) for one in values if type(one) is float or type(one) is int]


def _held(number: float) -> float:
    """A number as SQLite can hold it: whole ones of more than 64 bits as the nearest float."""
    if type(number) is float or -_MOST <= number < _MOST:
        return number
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf
