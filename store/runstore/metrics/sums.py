"""Sums of any points of a metric: from the blocks that are summed up already, and the rest."""

from __future__ import annotations

from array import array
from math import isfinite

from runstore.metrics import points
from runstore.metrics.buckets import Bucket, Columns, of_points
from runstore.metrics.points import BASE, MAX, MEAN, MIN, ROW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_PLAIN = 16 * BASE
"""Fewer points are summed up sooner than the blocks that they are in are put together."""


class Sums:
    """The numbers of a metric, with what is known of blocks of them.

    Args:
        levels: of each level the packed rows of the complete blocks, from the first one on.
    """

    def __init__(self, values: array[float], levels: Sequence[bytes] = ()) -> None:
        self.values = values
        self._levels = [memoryview(rows) for rows in levels if rows]

    def points(self, first: int, behind: int) -> Columns:
        """Some points, each of them a bucket."""
        found = Columns()
        shown = self.values[first:behind].tolist()
        total = sum(shown)
        if total - total == 0:
            found.first = found.last = found.min = found.max = found.mean = shown  # type: ignore[assignment]
            found.count = [1] * len(shown)
            return found
        for value in shown:
            found.add(of_points(0, 0, [value]))
        return found

    def gathered(self, ends: Sequence[int]) -> Columns:
        """Points as buckets, of which each begins at a number of these and ends at the next one."""
        found = Columns()
        values = self.values
        is_plain = not self._levels
        add = [one.append for one in (found.first, found.last, found.min, found.max, found.mean)]
        add_first, add_last, add_min, add_max, add_mean = add
        for at, behind in zip(ends, ends[1:]):
            if is_plain or behind - at < _PLAIN:
                some = values[at:behind]
                total = sum(some)
                if total - total == 0:  # a hundred thousand such: as little as can be for each
                    low, high, mean = min(some), max(some), total / (behind - at)
                    add_first(some[0])
                    add_last(some[-1])
                    add_min(low)
                    add_max(high)
                    add_mean(low if mean < low else high if mean > high else mean)
                    found.count.append(behind - at)
                    continue
            found.add(self.of(at, behind))
        return found

    def of(self, first: int, behind: int) -> Bucket:
        """The bucket of some points, at least one; its ends are the numbers of these."""
        ends = first, behind - 1
        if behind - first < _PLAIN or not self._levels:
            return of_points(*ends, self.values[first:behind])
        parts = [*self._parts(len(self._levels) - 1, first, behind)]
        known = [part for part in parts if part.count]
        others = (sum(column) for column in list(zip(*parts))[-3:])
        count = sum(part.count for part in known)
        if not known:
            return Bucket(*ends, None, None, None, None, None, 0, *others)
        low, high = min(part.min for part in known), max(part.max for part in known)
        mean = sum(part.mean * (part.count / count) for part in known)
        return Bucket(
            *(*ends, self._nearest(range(first, behind)), self._nearest(range(behind)[::-1])),
            *(low, high, min(max(mean, low), high), count, *others),
        )

    def _parts(self, level: int, first: int, behind: int) -> Iterator[Bucket]:
        """The points as blocks of a level, and what is left on both sides as smaller ones."""
        if first >= behind:
            return
        if level < 0:
            yield of_points(0, 0, self.values[first:behind])
            return
        size = points.block_size(level)
        low = -(-first // size)
        high = max(low, min(behind // size, len(self._levels[level]) // ROW.size))
        if low >= high:
            yield from self._parts(level - 1, first, behind)
            return
        yield from self._parts(level - 1, first, low * size)
        for at in range(low, high):
            row = ROW.unpack_from(self._levels[level], at * ROW.size)
            if isfinite(row[MEAN]):
                yield Bucket(0, 0, None, None, row[MIN], row[MAX], row[MEAN], size, 0, 0, 0)
            else:
                yield from self._parts(level - 1, at * size, (at + 1) * size)
        yield from self._parts(level - 1, high * size, behind)

    def _nearest(self, places: range) -> float:
        """The first finite number at some places, of which one has it."""
        return next(value for value in map(self.values.__getitem__, places) if isfinite(value))


def known_of(metric: points.Metric, values: array[float]) -> Sums:
    """The sums of a metric whose values these are."""
    levels: list[bytes] = []
    while rows := metric.kept_rows(len(levels)):
        levels.append(rows)
    return Sums(values, levels)
