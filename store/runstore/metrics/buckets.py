"""Points gathered by where they stand: what a place of a chart shows of all points within it.

All that is said of a bucket is said of every point in it: none is skipped. NaN and the infinities
are counted apart, so that one of them hides none of the numbers beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import namedtuple
from itertools import compress, islice
from itertools import count as numbers
from math import floor, isfinite
from operator import gt
from sys import float_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from typing import Any

Bucket = namedtuple("Bucket", "x_first x_last first last min max mean count nans highs lows")
"""Points side by side: least and greatest x; of the finite numbers the first, the last, the least,
the greatest, the mean and how many (None and 0: there is none); how many are NaN, inf and -inf."""

MOST = float_info.max
"""The greatest finite number."""
MOST_FALLS = 64
"""Where x falls more often, it has no order: a script is begun again a few times only."""


class Grid:
    """Places of one width along an axis.

    Args:
        low: where the first place begins.
        span: how wide each of them is, above 0.
    """

    def __init__(self, low: float, span: float) -> None:
        self.low = low
        self.span = span

    def place(self, x: float) -> int:
        """The number of the place in which an x lies, counted from 0."""
        found = (x - self.low) / self.span
        if not isfinite(found):  # they are further apart than a float tells
            found = x / self.span - self.low / self.span
        return floor(found)

    def border(self, place: int) -> float:
        """Where a place begins."""
        return self.low + place * self.span


def over(low: float, high: float, places: int) -> Grid:
    """So many places from one x to another, of which the outer two have these as their middles."""
    others = max(1, places - 1)
    span = (high - low) / others
    if span > MOST:
        span = min(high / others - low / others, MOST)
    if span <= 0:
        return Grid(low - 0.5, 1.0)
    return Grid(max(low - span / 2, -MOST), span)


def falls_in(xs: array[float], first: int = 0) -> list[int]:
    """The points from one on whose x is less than that of the point before; not all of too many."""
    begin = max(0, first - 1)
    shown = xs[begin:] if begin else xs  # `islice` would walk up to there
    pairs = map(gt, shown, islice(shown, 1, None))
    return list(islice(compress(numbers(begin + 1), pairs), MOST_FALLS + 1))


def segments(
    xs: array[float], cuts: Sequence[int], falls: Sequence[int]
) -> list[tuple[int, int]] | None:
    """The parts in which x never falls, as the first and the one behind the last; None: too many.

    Args:
        cuts: points with which another part begins, whatever their x.
    """
    if len(falls) > MOST_FALLS:
        return None
    begins = sorted({0, *falls, *(at for at in cuts if 0 < at < len(xs))})
    return [pair for pair in zip(begins, [*begins[1:], len(xs)]) if pair[0] < pair[1]]


def borders(xs: array[float], part: tuple[int, int], grid: Grid) -> list[int]:
    """The points of one segment with which another place of a grid begins, and its end."""
    at, end = part
    low, span = grid.low, grid.span
    found = [at]
    reach = 1
    while at < end:
        place = (xs[at] - low) / span
        number = floor(place) if place - place == 0 else grid.place(xs[at])
        border = low + (number + 1) * span
        # The next place most often holds about as many points as this one.
        near = min(end, at + 2 * reach)
        behind = bisect_left(xs, border, at + 1, near)
        if behind == near < end:
            behind = bisect_left(xs, border, near, end)
        at, reach = behind, behind - at
        found.append(at)
    return found


class Columns:
    """Buckets side by side: a list for each thing that a bucket says.

    Attributes:
        odd: by the place of a bucket how many of its points are NaN, inf and -inf, where any is.
    """

    __slots__ = ("count", "first", "last", "max", "mean", "min", "odd", "x_first", "x_last")

    def __init__(self) -> None:
        self.x_first: list[float] = []
        self.x_last: list[float] = []
        self.first: list[float | None] = []
        self.last: list[float | None] = []
        self.min: list[float | None] = []
        self.max: list[float | None] = []
        self.mean: list[float | None] = []
        self.count: list[int] = []
        self.odd: dict[int, tuple[int, int, int]] = {}

    def __len__(self) -> int:
        return len(self.count)

    def add(self, one: Bucket) -> None:
        """One more bucket; its places are told elsewhere."""
        if one.nans or one.highs or one.lows:
            self.odd[len(self.count)] = one.nans, one.highs, one.lows
        self.first.append(one.first)
        self.last.append(one.last)
        self.min.append(one.min)
        self.max.append(one.max)
        self.mean.append(one.mean)
        self.count.append(one.count)

    def extend(self, others: Columns) -> None:
        """The buckets of another stroke too."""
        begin = len(self)
        self.odd.update((begin + at, counts) for at, counts in others.odd.items())
        for key in _LISTS:
            getattr(self, key).extend(getattr(others, key))

    def lists(self) -> list[list[Any]]:
        """A list for each field of a bucket."""
        odd: list[list[Any]] = [[0] * len(self) for _ in range(3)]
        for at, counts in self.odd.items():
            for column, count in zip(odd, counts):
                column[at] = count
        return [*(getattr(self, key) for key in _LISTS), *odd]


_LISTS = Bucket._fields[:-3]


def of_points(x_first: float, x_last: float, values: Sequence[float]) -> Bucket:
    """The bucket of some points."""
    total, count = sum(values), len(values)
    if total - total == 0:
        low, high = min(values), max(values)
        return Bucket(
            *(x_first, x_last, values[0], values[-1], low, high),
            *(_between(total / count, low, high), count, 0, 0, 0),
        )
    known = [one for one in values if isfinite(one)]
    nans = sum(one != one for one in values)
    highs = sum(one == float("inf") for one in values)
    others = nans, highs, count - len(known) - nans - highs
    if not known:
        return Bucket(x_first, x_last, None, None, None, None, None, 0, *others)
    low, high = min(known), max(known)
    mean = sum(one / len(known) for one in known)  # a plain sum may be more than a float holds
    ends = x_first, x_last, known[0], known[-1], low, high
    return Bucket(*ends, _between(mean, low, high), len(known), *others)


def _between(mean: float, low: float, high: float) -> float:
    """A mean is never outside its numbers, however it was rounded."""
    return min(max(mean, low), high)
