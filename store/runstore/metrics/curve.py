"""Curves: all points of a metric along an axis, in the parts that are each one stroke."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from runstore import layout
from runstore.metrics import buckets, steps, sums
from runstore.metrics.buckets import MOST, Bucket
from runstore.metrics.numbers import Numbers
from runstore.metrics.points import STEPS, TIMES, VALUES
from runstore.metrics.sums import Sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.metrics.buckets import Columns, Grid
    from runstore.metrics.points import Metric

STEP = "step"
TIME = "time"
RELATIVE = "relative"
INDEX = "index"
AXES = (STEP, TIME, RELATIVE, INDEX)
"""Steps; UTC seconds since 1970; seconds since the curve's first point, of samples since the first
of them all; a point's number."""
METRIC = "metrics."
"""An axis that begins so is another metric of that name: each point stands at its number."""


class Curve:
    """The points of a metric.

    Args:
        cuts: points with which another part begins, whatever their x.
        falls: those whose x is less than that of the point before, where that is known.

    Attributes:
        axis: along which they stand; `INDEX` where none has the step that was asked for.
        xs: where each stands; in order within each of the segments.
        values: of each.
        segments: the parts that are each one stroke, as the first point and the one behind the
            last: another begins where a script was begun again.
        is_sorted: the points were logged in no order of their steps, and have been put into it.
        left_out: how many points are not in it, as the metric that is its axis has no number there.
    """

    def __init__(
        self,
        xs: array[float],
        known: Sums,
        cuts: Sequence[int] = (),
        axis: str = STEP,
        falls: Sequence[int] | None = None,
        left_out: int = 0,
    ) -> None:
        found = buckets.segments(xs, cuts, buckets.falls_in(xs) if falls is None else falls)
        self.is_sorted = found is None
        if found is None:
            order = sorted(range(len(xs)), key=xs.__getitem__)
            xs = array(xs.typecode, map(xs.__getitem__, order))
            known = Sums(array("d", map(known.values.__getitem__, order)))
            found = [(0, len(xs))]
        self.xs, self.sums, self.segments, self.axis = xs, known, found, axis
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self.xs)

    @property
    def values(self) -> array[float]:
        """The number of each point."""
        return self.sums.values

    def within(self, since: float, until: float) -> list[tuple[int, int]]:
        """The points of each segment from one x to another; a segment without any is left out."""
        found = (
            (bisect_left(self.xs, since, *part), bisect_right(self.xs, until, *part))
            for part in self.segments
        )
        return [part for part in found if part[0] < part[1]]

    def borders(self, part: tuple[int, int], grid: Grid | None) -> Sequence[int]:
        """The points of some with which another bucket begins, and the end of the last one."""
        return range(part[0], part[1] + 1) if grid is None else buckets.borders(self.xs, part, grid)

    def columns(self, part: tuple[int, int], grid: Grid | None) -> Columns:
        """The buckets of points of one segment, in the places of a grid; None: a point is one."""
        ends = self.borders(part, grid)
        if grid is None:
            found = self.sums.points(*part)
            found.x_first = found.x_last = self.xs[part[0] : part[1]].tolist()
            return found
        found = self.sums.gathered(ends)
        place = self.xs.__getitem__
        found.x_first = [*map(place, ends[:-1])]
        found.x_last = [place(behind - 1) for behind in ends[1:]]
        return found

    def gathered(self, part: tuple[int, int], grid: Grid | None) -> Iterator[Bucket]:
        """The same, one by one."""
        return map(Bucket._make, zip(*self.columns(part, grid).lists()))


def read(
    run_folder: str,
    names: Sequence[str],
    x: str = STEP,
    begins: Sequence[float] = (),
    kept_in: str = layout.METRICS,
) -> tuple[list[Curve], int]:
    """The numbers of some metrics along an axis; texts, lists, rows and tables are left out.

    A point without a step stands at the step before it; where none has one, at its number.

    Args:
        begins: when another attempt of the run began, in UTC seconds since 1970.

    Returns:
        A curve for each name, perhaps without points; how many lines of the logs were no points.

    Raises:
        ValueError: there is no such axis.
        OSError: a log is not ours to read.
    """
    if x not in AXES and not x[len(METRIC) :] * x.startswith(METRIC):
        raise ValueError(f"there is no axis {x!r}: {', '.join(AXES)} or {METRIC}NAME")
    with Numbers(run_folder, kept_in) as numbers:
        other = numbers.metric(x[len(METRIC) :]) if x.startswith(METRIC) else None
        # What was sampled together stands at one place, also what has its first number later.
        start = _begun(numbers) if kept_in == layout.SYSTEM and x == RELATIVE else None
        found = [_curve(numbers.metric(name), x, begins, other, start) for name in names]
        return found, numbers.broken


def _begun(numbers: Numbers) -> float | None:
    """The time of the first point of all metrics."""
    times = (numbers.metric(name).column(TIMES) for name in numbers.names())
    return min((own[0] for own in times if own), default=None)


def _curve(
    metric: Metric,
    x: str,
    begins: Sequence[float],
    other: Metric | None,
    start: float | None = None,
) -> Curve:
    times = metric.column(TIMES) if begins or x in (TIME, RELATIVE) else array("d")
    cuts = [bisect_left(times, at) for at in begins]
    if other is not None:
        points = steps.placed_by(metric, other, cuts)
        return Curve(points.xs, Sums(points.values), points.cuts, x, None, points.left_out)
    values = metric.column(VALUES)
    axis, xs = x, _finite(times)
    falls: list[int] = []
    if x == STEP:
        xs = steps.carried_on(metric.column(STEPS))
        axis, falls = (STEP, metric.falls(xs)) if xs else (INDEX, [])
    if x == RELATIVE:
        zero = start if start is not None else next(iter(xs), 0.0)
        xs = _finite(array("d", [at - zero for at in xs]))
    if axis == INDEX:
        xs = array("q", range(len(values)))  # type: ignore[assignment]
    return Curve(xs, sums.known_of(metric, values), cuts, axis, falls)


def _finite(xs: array[float]) -> array[float]:
    """Numbers in order, with the greatest finite one in place of an infinity, of either sign."""
    if not xs or (xs[0] >= -MOST and xs[-1] <= MOST):
        return xs
    return array("d", [min(max(x, -MOST), MOST) for x in xs])
