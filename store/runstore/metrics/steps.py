"""The steps of points, some of which have none; and where a metric stands by another's numbers."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from itertools import compress
from math import isfinite, nan

from runstore.metrics import buckets
from runstore.metrics.points import NO_STEP, STEPS, TIMES, VALUES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.metrics.points import Metric

_TOP = 7 if sys.byteorder == "little" else 0
"""Which byte of a step is the highest: that of none is 0x80, as of no other above -2^62."""


def carried_on(steps: array[float]) -> array[float]:
    """Steps, of which each point without one has that of the point before it; empty: all have none.

    The first ones have that of the first point with a step.
    """
    if steps.tobytes()[_TOP::8].find(b"\x80") < 0:  # much faster than to compare each of them
        return steps
    found = array("q")
    former = next((step for step in steps if step != NO_STEP), None)
    for step in steps if former is not None else ():
        former = former if step == NO_STEP else step
        found.append(int(former or 0))
    return found  # type: ignore[return-value]


class PlacedPoints:
    """The points that have a place, and where.

    Attributes:
        xs, values: of each.
        cuts: the points with which another part begins, counted as they are here.
        left_out: how many points have none.
    """

    def __init__(
        self, xs: array[float], values: array[float], cuts: Sequence[int], left_out: int
    ) -> None:
        self.xs, self.values, self.cuts, self.left_out = xs, values, cuts, left_out


def placed_by(metric: Metric, other: Metric, cuts: Sequence[int] = ()) -> PlacedPoints:
    """The points of a metric by the numbers of another.

    A point goes with the last point of the other at its step or before, in the same attempt of the
    run; without steps with that of the same number if there are as many, else with the last one
    before it. It has no place where there is none, or where that is no finite number.
    """
    xs = _xs(metric, other)
    values = metric.column(VALUES)
    total = sum(xs)
    if total - total == 0:
        return PlacedPoints(xs, values, cuts, 0)
    is_there = [isfinite(x) for x in xs]
    kept = [sum(is_there[:at]) for at in cuts]
    found = [array("d", compress(column, is_there)) for column in (xs, values)]
    return PlacedPoints(found[0], found[1], kept, is_there.count(False))


def _xs(metric: Metric, other: Metric) -> array[float]:
    """The number of the other for each point; NaN where there is none."""
    places = other.column(VALUES)
    own, others = (carried_on(one.column(STEPS)) for one in (metric, other))
    if metric.count == other.count and own == others:  # both with steps, or both without
        return places
    times = other.column(TIMES)
    if own and others:
        parts = buckets.segments(others, (), other.falls(others))
        if parts:
            own_times = metric.column(TIMES)
            again = [own_times[at] for at in metric.falls(own)]
            ats = _by_step(own_times, own, again, times, others, parts)
            return array("d", [nan if at is None else places[at] for at in ats])
    ends = (bisect_right(times, time) for time in metric.column(TIMES))
    return array("d", [places[end - 1] if end else nan for end in ends])


def _by_step(
    times: array[float],
    own: array[float],
    again: Sequence[float],
    others_times: array[float],
    others: array[float],
    parts: Sequence[tuple[int, int]],
) -> Iterator[int | None]:
    """The point of the other for each point, by steps that never fall within a part.

    Args:
        again: when the metric's own step fell, as where a script was begun again.
    """
    begins = [first for first, _ in parts]
    for time, step in zip(times, own):
        latest = max(0, bisect_right(others_times, time) - 1)
        part = bisect_right(begins, latest) - 1
        first, behind = parts[part]
        begun = bisect_right(again, time) - 1
        is_over = latest == behind - 1 and part + 1 < len(parts)
        if is_over and begun >= 0 and again[begun] > others_times[latest]:
            # Another attempt, in which the other metric has not been logged before this point.
            yield behind if others[behind] == step else None
            continue
        at = bisect_right(others, step, first, behind) - 1
        yield at if at >= first else None
