"""Curves of runs: what a plot shows of metrics, where each place tells of all points in it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from homerun.base import times
from homerun.base.errors import UserError
from runstore import layout
from runstore.fs import facts
from runstore.metrics import buckets, curve
from runstore.metrics.buckets import Bucket, Grid
from runstore.metrics.curve import AXES, INDEX, RELATIVE, STEP, TIME
from runstore.metrics.sums import Sums
from runstore.run import attempts
from runstore.run.record import Record

__all__ = ["AXES", "INDEX", "RELATIVE", "STEP", "TIME", "RunCurve", "curves_of", "grid_of"]

NAN, HIGH, LOW = MARKS = ("nan", "inf", "-inf")
"""What is no number, and above or below all of them."""
_MOST = 200
_LOWEST = float("-inf")


class RunCurve:
    """One metric of one run.

    Args:
        points: at least one.
        is_log: for a logarithmic scale, on which 0 and what is below it are infinitely low.

    Attributes:
        not_above: how many points were no infinities but, for that scale, not above 0.
        whole: all its points as one bucket.
    """

    def __init__(self, run: str, metric: str, points: curve.Curve, is_log: bool = False) -> None:
        self.run = run
        self.metric = metric
        self.points = points
        self.not_above = sum(_LOWEST < one <= 0 for one in points.values) if is_log else 0
        if self.not_above:
            above = array("d", [_LOWEST if one <= 0 else one for one in points.values])
            points.sums = Sums(above)
        self.whole = buckets.of_points(points.xs[0], points.xs[-1], points.values)

    def ends(self) -> Iterator[float]:
        """The least and the greatest x of each of its segments."""
        for first, behind in self.points.segments:
            yield self.points.xs[first]
            yield self.points.xs[behind - 1]

    def gathered(self, grid: Grid) -> list[list[Bucket]]:
        """The buckets of each segment, in the places of a grid."""
        return [[*self.points.gathered(part, grid)] for part in self.points.segments]

    def describe(self, grid: Grid) -> dict[str, Any]:
        """It in the places of a grid, as columns, for each segment."""
        parts = self.gathered(grid)
        columns = [dict(zip(Bucket._fields, map(list, zip(*part)))) for part in parts]
        found = {"run": self.run, "metric": self.metric, "points": len(self.points)}
        told = {"in_order": not self.points.is_sorted, "not_above_zero": self.not_above}
        return {**found, **told, "segments": columns}


def curves_of(
    records: Sequence[Record], names: Sequence[str], x: str, is_log: bool = False
) -> list[RunCurve]:
    """The curves of the runs that have logged numbers as one of these metrics.

    Raises:
        UserError: there are too many at once, or there is no such axis.
        OSError: a log is not ours to read.
    """
    if len(records) * len(names) > _MOST:
        told = f"{len(records)} runs with {len(names)} metrics"
        raise UserError(f"{told} are too many curves at once: at most {_MOST}")
    found = []
    for record in records:
        try:
            known, _ = curve.read(record.path, names, x, [*begins(record)])
        except ValueError as error:
            raise UserError(str(error)) from error
        found += [
            RunCurve(record.id, name, points, is_log)
            for name, points in zip(names, known)
            if len(points)
        ]
    return found


def grid_of(curves: Sequence[RunCurve], places: int) -> Grid:
    """So many places, from the least x of some curves to the greatest."""
    ends = [x for one in curves for x in one.ends()]
    return buckets.over(min(ends), max(ends), places)


def marks(spots: Sequence[Bucket]) -> Iterator[tuple[float, str]]:
    """Where some buckets hold what is no finite number, and what that is."""
    for one in spots:
        counts = one.nans, one.highs, one.lows
        yield from ((one.x_first, mark) for mark, count in zip(MARKS, counts) if count)


def begins(record: Record) -> Iterator[float]:
    """When each further attempt of a run began, in UTC seconds since 1970."""
    for number in attempts.further(record.path):
        fact = facts.read(attempts.folder(record.path, number), layout.STARTED)
        begun = times.unix((fact or {}).get("time"))
        if begun is not None:
            yield begun
