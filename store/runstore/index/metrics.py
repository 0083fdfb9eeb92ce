"""What the index knows of metrics: last, min, max and count of each, read on from where it was."""

from __future__ import annotations

import os
from math import inf

from runstore import layout
from runstore.fs import append
from runstore.index.row import plain
from runstore.metrics import log as metric_log
from runstore.metrics.summary import MetricSummary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.index.cache import Cache

_MOST = 1 << 63


def values_of_run(run_folder: str) -> dict[str, dict[str, float]]:
    """All metrics of a run, read from the beginning."""
    found: dict[str, MetricSummary] = {}
    for name, _ in _files(run_folder):
        _read_on(f"{run_folder}/{layout.METRICS}/{name}", 0, found)
    return {name: one.values() for name, one in found.items()}


def bring_up_to_date(cache: Cache, run: int, run_folder: str) -> None:
    """Read what was logged to a run since the last time; within a transaction."""
    select = "SELECT file, offset FROM writers WHERE run = ?"
    offsets = dict(cache.db.execute(select, (run,)))
    files = dict(_files(run_folder))
    if any(files.get(name, 0) < offset for name, offset in offsets.items()):
        offsets = {}  # a log was cut or replaced: count anew
        cache.db.execute("DELETE FROM metrics WHERE run = ?", (run,))
        cache.db.execute("DELETE FROM writers WHERE run = ?", (run,))
    grown = [name for name, size in files.items() if size > offsets.get(name, 0)]
    if not grown:
        return
    found = _known(cache, run)
    for name in grown:
        path = f"{run_folder}/{layout.METRICS}/{name}"
        offset = _read_on(path, offsets.get(name, 0), found)
        cache.db.execute("INSERT OR REPLACE INTO writers VALUES (?, ?, ?)", (run, name, offset))
    cache.db.executemany(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(run, name, one.last, one.min, one.max, one.count, one.at) for name, one in found.items()],
    )
    cache.touch(run)


def is_complete(cache: Cache, run: int, run_folder: str) -> bool:
    """Whether all that was logged to a run is known."""
    select = "SELECT file, offset FROM writers WHERE run = ?"
    return dict(cache.db.execute(select, (run,))) == dict(_files(run_folder))


def _known(cache: Cache, run: int) -> dict[str, MetricSummary]:
    select = "SELECT name, last, min, max, count, at FROM metrics WHERE run = ?"
    found = {}
    for name, last, low, high, count, at in cache.db.execute(select, (run,)):
        found[name] = MetricSummary(last, low, high, count)
        found[name].at = at
    return found


def _files(run_folder: str) -> Iterator[tuple[str, int]]:
    """The logs of a run's writers, and their sizes."""
    try:
        entries = sorted(os.scandir(f"{run_folder}/{layout.METRICS}"), key=lambda one: one.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(layout.APPENDED):
            try:
                yield entry.name, entry.stat().st_size
            except OSError:
                continue


def _read_on(path: str, offset: int, found: dict[str, MetricSummary]) -> int:
    """Count a log's numbers from a byte on; the offset behind the last whole line."""
    try:
        for data, end in append.windows(path, offset):
            for record in append.parse(data)[0]:
                if metric_log.is_point(record):
                    at = _held(record["t"])
                    for value in _numbers(metric_log.untag(record["v"])):
                        found.setdefault(plain(record["n"]), MetricSummary()).add(value, at)
            offset = end
    except OSError:
        return offset  # not ours to read, or a broken disk: what is known stays
    return offset


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
