"""Curves: all points of a metric along an axis, in the parts that are each one stroke."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from runstore import layout
from runstore.metrics import buckets
from runstore.metrics.numbers import Numbers
from runstore.metrics.points import NO_STEP, WRITERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from runstore.metrics.buckets import Bucket, Grid

STEP = "step"
TIME = "time"
RELATIVE = "relative"
INDEX = "index"
AXES = (STEP, TIME, RELATIVE, INDEX)
"""Steps; UTC seconds since 1970; seconds since the curve's first point; a point's number."""


class Curve:
    """The points of a metric.

    Args:
        cuts: points with which another part begins, whatever their x.

    Attributes:
        xs: where each stands; in order within each of the segments.
        values: of each.
        segments: the parts that are each one stroke, as the first point and the one behind the
            last: another begins where a script was begun again.
        is_sorted: the points were logged in no order of their steps, and have been put into it.
    """

    def __init__(self, xs: array[float], values: array[float], cuts: Sequence[int] = ()) -> None:
        found = buckets.segments(xs, cuts)
        self.is_sorted = found is None
        if found is None:
            order = sorted(range(len(xs)), key=xs.__getitem__)
            xs = array(xs.typecode, map(xs.__getitem__, order))
            values = array(values.typecode, map(values.__getitem__, order))
            found = [(0, len(xs))]
        self.xs, self.values, self.segments = xs, values, found

    def __len__(self) -> int:
        return len(self.xs)

    def gathered(self, grid: Grid) -> list[list[Bucket]]:
        """The buckets of each segment, in the places of a grid."""
        return [buckets.gathered(self.xs, self.values, part, grid) for part in self.segments]


def read(
    run_folder: str,
    name: str,
    x: str = STEP,
    begins: Sequence[float] = (),
    kept_in: str = layout.METRICS,
) -> Curve:
    """The numbers of a metric along an axis; texts, lists, rows and tables are left out.

    A point without a step stands at the step before it; where none has one, at its number.

    Args:
        begins: when another attempt of the run began, in UTC seconds since 1970.

    Raises:
        ValueError: there is no such axis.
        OSError: a log is not ours to read.
    """
    if x not in AXES:
        raise ValueError(f"there is no axis {x!r}: {', '.join(AXES)}")
    with Numbers(run_folder, kept_in) as found:
        metric = found.metric(name)
        times, values, steps = (metric.column(which) for which in range(WRITERS))
    return Curve(_places(x, times, steps), values, [bisect_left(times, at) for at in begins])


def _places(x: str, times: array[float], steps: array[float]) -> array[float]:
    if x == TIME:
        return times
    if x == RELATIVE:
        return array("d", [at - times[0] for at in times])
    if x == STEP and steps and max(steps) != NO_STEP:
        return _filled(steps)
    return array("q", range(len(times)))  # type: ignore[return-value]


def _filled(steps: array[float]) -> array[float]:
    """Steps, of which each point without one has that of the point before it."""
    if min(steps) != NO_STEP:
        return steps
    former = next(step for step in steps if step != NO_STEP)
    found = array("q")
    for step in steps:
        former = former if step == NO_STEP else step
        found.append(int(former))
    return found  # type: ignore[return-value]
