"""Series of metrics of many runs for a chart, and what is new in them since a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from homerun.base.errors import UserError
from runstore import layout
from runstore.metrics.chart import Bucket, series
from runstore.run.record import Record

MOST = 200
_MOST_WIDTH = 10_000
_MOST_DIGITS = 18
_COLUMNS = ("x_first", "x_last", "min", "max", "last", "count", "gaps")


def read(
    records: Sequence[Record],
    names: Sequence[str],
    width: int = 600,
    x: str = "step",
    since: float | None = None,
    until: float | None = None,
    cursor: str | None = None,
    of_system: bool = False,
) -> dict[str, Any]:
    """The series of each run with each name, in buckets, as columns.

    Args:
        cursor: of the last answer to the same question: only what has changed.
        of_system: what runs used of their machine, instead of what they logged.

    Raises:
        UserError: there are too many, or an axis or a width that there is not.
    """
    if len(records) * len(names) > MOST:
        raise UserError(f"{len(records) * len(names)} series are too many at once: at most {MOST}")
    if not 1 <= width <= _MOST_WIDTH:
        raise UserError(f"the width is {width}: give 1 to {_MOST_WIDTH}")
    kept_in = layout.SYSTEM if of_system else layout.METRICS
    wanted = [(record, name) for record in records for name in names]
    known = _places(cursor, len(wanted)) if since is None and until is None else []
    found, places = [], []
    for number, (record, name) in enumerate(wanted):
        try:
            chart = series(record.path, name, width, x, since, until, kept_in)
        except ValueError as error:
            raise UserError(str(error)) from error
        places.append(f"{chart.points}:{chart.size}")
        points, size = known[number] if known else (-1, 0)
        is_new = size != chart.size or points > chart.points
        if not is_new and points == chart.points:
            continue
        first = 0 if is_new else _place(chart.buckets, points // size * size)
        row: dict[str, Any] = {"run": record.id, "name": name, "anew": is_new, "from": first}
        row.update(points=chart.points, size=chart.size, broken=chart.broken)
        shown = chart.buckets[first:]
        columns = zip(*shown) if shown else ([] for _ in _COLUMNS)
        row.update((key, list(column)) for key, column in zip(_COLUMNS, columns))
        found.append(row)
    return {"series": found, "cursor": ",".join(places)}


def _place(buckets: Sequence[Bucket], points: int) -> int:
    """How many buckets the first so many points are."""
    place = seen = 0
    while place < len(buckets) and seen < points:
        seen += buckets[place].count
        place += 1
    return place


def _places(cursor: str | None, count: int) -> list[tuple[int, int]]:
    """The points and the block size of each series at a cursor; [] if it is not valid."""
    parts = cursor.split(",") if cursor else []
    found = []
    for part in parts:
        points, _, size = part.partition(":")
        if not (points.isdecimal() and size.isdecimal() and len(part) <= _MOST_DIGITS * 2):
            return []
        found.append((int(points), max(1, int(size))))
    return found if len(found) == count else []
