"""What a chart shows of a metric, bucket by bucket."""

from __future__ import annotations

from collections import namedtuple
from math import ceil, floor

from runstore import layout
from runstore.metrics import points
from runstore.metrics.numbers import Numbers
from runstore.metrics.points import COUNT, GAPS, LAST, MAX, MIN, S_LEAST, S_MOST, T_FIRST, T_LAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from runstore.metrics.points import Metric, Row

    Ends = tuple[Optional[float], Optional[float]]

INDEX = "index"
STEP = "step"
TIME = "time"

_AXES = {STEP: (S_LEAST, S_MOST), TIME: (T_FIRST, T_LAST)}
_MOST_CUT = 64
"""So many buckets are looked into at most: a script that was begun again is so a few times only."""
_MOST_FALLS = 8
"""Where the step falls more often within one bucket, it has no order that could be shown."""
Bucket = namedtuple("Bucket", "x_first x_last min max last count gaps")
"""Neighbouring points: least and greatest x (None: no point has a step), least, greatest and last
number, how many points, and how many of those are gaps (NaN). `min` and `max` are None where all
are; `last` may be NaN."""


class Chart:
    """What a chart shows of one metric.

    Attributes:
        buckets: in order; the points themselves where `size` is 1. By step, a bucket in which the
            step falls, since a script was begun again, is cut there, and is several.
        size: how many points a complete bucket has, a power of two.
        points: how many points the metric has in all.
        broken: how many lines of the run's logs were no points.
    """

    __slots__ = ("broken", "buckets", "points", "size")

    def __init__(self, buckets: list[Bucket], size: int, count: int, broken: int) -> None:
        self.buckets = buckets
        self.size = size
        self.points = count
        self.broken = broken


def series(
    run_folder: str,
    name: str,
    width: int = 1000,
    x: str = INDEX,
    since: float | None = None,
    until: float | None = None,
    kept_in: str = layout.METRICS,
) -> Chart:
    """A metric's numbers for a chart; texts, lists, rows and tables are left out.

    Points of several writers are merged by time as `metrics.read` does. A time never runs
    backwards within one writer's points.

    Args:
        width: so many buckets at most.
        x: what `since`, `until` and the ends of the buckets are: the number of a point counted
            from 0, its step, or its time.
        since, until: show these and what lies between. Buckets at the border are whole; points are
            only those within.

    Raises:
        ValueError: there is no such `x`, or no width.
        OSError: a log is not ours to read.
    """
    if x != INDEX and x not in _AXES:
        raise ValueError(f"x is {x!r}: give 'index', 'step' or 'time'")
    if since != since or until != until:
        raise ValueError("since and until are numbers: NaN is before and after none")
    if width < 1:
        raise ValueError(f"width is {width}: give at least 1")
    with Numbers(run_folder, kept_in) as found:
        return _chart(found.metric(name), found.broken, width, x, since, until)


def names(run_folder: str, kept_in: str = layout.METRICS) -> list[str]:
    """The names of a run's metrics that have numbers.

    Raises:
        OSError: a log is not ours to read.
    """
    with Numbers(run_folder, kept_in) as found:
        return [name for name in found.names() if found.metric(name).count]


def _chart(
    metric: Metric, broken: int, width: int, x: str, since: float | None, until: float | None
) -> Chart:
    low = float("-inf") if since is None else since
    high = float("inf") if until is None else until
    is_whole = since is None and until is None
    if is_whole:
        first, last = 0, metric.count
    elif x == INDEX:
        first, last = _clipped(low, high, metric.count)
    else:
        first, last = _span(metric, _AXES[x], low, high)
    size = 1
    while -(-last // size) - first // size > width:
        size *= 2
    buckets = [] if first >= last else _buckets(metric, x, size, first, last)
    if not is_whole and x != INDEX:
        buckets = [one for one in buckets if _overlaps(one.x_first, one.x_last, low, high)]
    return Chart(buckets, size, metric.count, broken)


def _buckets(metric: Metric, x: str, size: int, first: int, last: int) -> list[Bucket]:
    first = first // size * size
    last = min(-(-last // size) * size, metric.count)
    rows = _rows(metric, size, first, last)
    if x == INDEX:
        starts = range(first, last, size)
        ends: list[Ends] = [(at, at + row[COUNT] - 1) for at, row in zip(starts, rows)]
    else:
        axis = _AXES[x]
        ends = [_ends(row, axis) for row in rows]
    found = [_bucket(end, row) for end, row in zip(ends, rows)]
    return _cut_at_falls(metric, size, first, found) if x == STEP and size > 1 else found


def _bucket(ends: Ends, row: Row) -> Bucket:
    return Bucket(*ends, *_extent(row), row[LAST], row[COUNT], row[GAPS])


def _cut_at_falls(metric: Metric, size: int, first: int, buckets: list[Bucket]) -> list[Bucket]:
    """Buckets by step, each cut where its step falls below that of the point before.

    Only the first one, and those that reach below the one before them, can be such.
    """
    found: list[Bucket] = []
    most: float | None = float("inf")
    left = _MOST_CUT
    for at, bucket in enumerate(buckets):
        reaches_below = None not in (most, bucket.x_first) and bucket.x_first < most
        if reaches_below and left:
            left -= 1
            found += _parts(metric, first + at * size, bucket)
        else:
            found.append(bucket)
        most = most if found[-1].x_last is None else found[-1].x_last
    return found


def _parts(metric: Metric, begin: int, bucket: Bucket) -> list[Bucket]:
    """A bucket as several, in each of which the step never falls."""
    times, values, steps = metric.points(begin, begin + bucket.count)
    falls, former = [0], points.NO_STEP
    for at, step in enumerate(steps):
        if points.NO_STEP != step < former:
            falls.append(at)
        former = former if step == points.NO_STEP else step
    if len(falls) > _MOST_FALLS:
        return [bucket]
    found = []
    for low, high in zip(falls, [*falls[1:], bucket.count]):
        (row,) = points.rows_of(times[low:high], values[low:high], steps[low:high], high - low)
        found.append(_bucket(_ends(row, _AXES[STEP]), row))
    return found


def _rows(metric: Metric, size: int, first: int, last: int) -> list[Row]:
    """Sums of some points, so many at a time, from the largest blocks that fit."""
    if size < points.BASE:
        return points.rows_of(*metric.points(first, last), size)
    level = 0
    while points.block_size(level + 1) <= size:
        level += 1
    block = points.block_size(level)
    rows = metric.rows(level, first // block, -(-last // block))
    group = size // block
    return [points.join(rows[at : at + group]) for at in range(0, len(rows), group)]


def _ends(row: Row, axis: tuple[int, int]) -> Ends:
    first, last = row[axis[0]], row[axis[1]]
    return (first, last) if first <= last else (None, None)


def _extent(row: Row) -> tuple[float | None, float | None]:
    return (row[MIN], row[MAX]) if row[GAPS] < row[COUNT] else (None, None)


def _overlaps(first: float | None, last: float | None, low: float, high: float) -> bool:
    return first is not None and last is not None and first <= high and last >= low


def _clipped(low: float, high: float, count: int) -> tuple[int, int]:
    """The points from one number to another, as the first and the one behind the last."""
    first = max(0, ceil(min(max(low, 0), count)))
    return first, max(first, floor(min(max(high, -1), count - 1)) + 1)


def _span(metric: Metric, axis: tuple[int, int], low: float, high: float) -> tuple[int, int]:
    """The first of the points within, and the one behind the last; others may lie in between.

    From the largest blocks down, in the first and in the last one that may hold such a point.
    """
    first, last, above = 0, metric.count, max(1, metric.count)
    for size in (*map(points.block_size, reversed(metric.levels())), 1):
        within = _within(metric, axis, size, (first, min(first + above, last)), low, high)
        first = min(first + within.index(True) * size if any(within) else first + above, last)
        begin = max(first, (last - 1) // above * above)
        within = _within(metric, axis, size, (begin, last), low, high)
        behind = len(within) - within[::-1].index(True) if any(within) else 0
        last = min(begin + behind * size, last)
        above = size
    return first, last


def _within(
    metric: Metric,
    axis: tuple[int, int],
    size: int,
    span: tuple[int, int],
    low: float,
    high: float,
) -> list[bool]:
    """Which blocks of some points may hold one that is within."""
    if span[0] >= span[1]:
        return []
    return [_overlaps(*_ends(row, axis), low, high) for row in _rows(metric, size, *span)]
