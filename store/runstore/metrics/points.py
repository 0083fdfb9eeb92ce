"""The numbers of one metric: columns of points, and rows that sum up blocks of 32, 256, 2,048, ….

A block begins at a multiple of its size, so that it is complete once and for all. What a file
(`cache_file`) holds of the points is read from there, piece by piece; the rest is here.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from itertools import repeat
from operator import mul

from runstore.metrics.buckets import falls_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    Row = tuple[float, float, int, int, float, float, float, int, float, int]

    class Stored(Protocol):
        """What a file holds of a metric."""

        count: int
        falls: list[int]

        def column(self, which: int, first: int, last: int) -> array[float]:
            """Some of its times, values, steps or writers."""

        def rows(self, level: int, first: int, last: int) -> bytes:
            """Some of its rows, packed; of complete blocks."""


TIMES, VALUES, STEPS, WRITERS = range(4)
CODES = "ddqi"
"""The types of the columns."""

NO_STEP = -(1 << 63)
_MOST_STEP = (1 << 63) - 1
BASE = 32
FACTOR = 8

ROW = struct.Struct("=ddqqdddqd")
"""Of a block: first and last time, least and greatest step, min, max, last, gaps, mean.

The least step is above the greatest where there is none, min and max are NaN where all are gaps.
The mean is not finite where one of the points is not.
"""
T_FIRST, T_LAST, S_LEAST, S_MOST, MIN, MAX, LAST, GAPS, MEAN, COUNT = range(10)


def block_size(level: int) -> int:
    """How many points a complete block of a level has."""
    return BASE * int(FACTOR**level)


class Part:
    """The new points of one writer, in its order; a clock that was set back stands still.

    Args:
        latest: the time of the writer's last point before.
    """

    __slots__ = ("latest", "steps", "times", "values")

    def __init__(self, latest: float) -> None:
        self.latest = latest
        # Arrays, not lists of objects: of large logs there is a lot, and this is a third less.
        self.times = array("d")
        self.values = array("d")
        self.steps = array("q")

    def add(self, value: float, step: object) -> None:
        """Add a point at the latest time."""
        self.times.append(self.latest)
        self.values.append(value)
        fits = type(step) is int and NO_STEP < step <= _MOST_STEP
        self.steps.append(step if fits else NO_STEP)  # type: ignore[arg-type]


class Metric:
    """All points of a metric, in their order: by time, and of each writer as it wrote them.

    Attributes:
        count: how many.
        kept: how many of them, from the first, are as the file has them.
    """

    __slots__ = ("_rows", "_stored", "columns", "count", "kept")

    def __init__(self, stored: Stored | None) -> None:
        self._stored = stored
        self._rows: dict[int, list[Row]] = {}
        self.count = self.kept = 0 if stored is None else stored.count
        self.columns: tuple[array[float], ...] = tuple(array(code) for code in CODES)

    def extend(self, parts: list[tuple[int, Part]], order: list[int]) -> None:
        """Add new points by their writers' numbers, before anything is asked; once.

        Points of another writer may belong before some that are known: then less is taken from the
        file as it is.

        Args:
            order: each writer's rank at one and the same time.
        """
        parts = [(writer, part) for writer, part in parts if part.times]
        if not parts:
            return
        first = min(part.times[0] for _, part in parts)
        kept = self.kept
        if self._is_before_end(first, {writer for writer, _ in parts}):
            kept = min(kept, bisect_left(_Times(self), first))
        new = [self._column(which, kept, self.count) for which in range(len(CODES))]
        for writer, part in parts:
            new[TIMES].extend(part.times)
            new[VALUES].extend(part.values)
            new[STEPS].extend(part.steps)
            new[WRITERS].extend(repeat(writer, len(part.times)))
        if len(set(new[WRITERS])) > 1:
            keys = [(time, order[int(by)]) for time, by in zip(new[TIMES], new[WRITERS])]
            ranks = sorted(range(len(keys)), key=keys.__getitem__)
            new = [array(column.typecode, [column[i] for i in ranks]) for column in new]
        self.columns = tuple(new)
        self.kept = kept
        self.count = kept + len(new[TIMES])

    def points(self, first: int, last: int) -> tuple[array[float], array[float], array[int]]:
        """Times, values and steps of some points."""
        times, values, steps = (self._column(which, first, last) for which in range(WRITERS))
        return times, values, steps  # type: ignore[return-value]

    def rows(self, level: int, first: int, last: int) -> list[Row]:
        """Rows of some blocks of a level; that of the very last block may be incomplete."""
        size = block_size(level)
        kept = self.kept // size
        found: list[Row] = []
        if first < min(last, kept) and self._stored is not None:
            packed = self._stored.rows(level, first, min(last, kept))
            found = [(*row, size) for row in ROW.iter_unpack(packed)]
        if last > kept:
            found += self._new_rows(level)[max(0, first - kept) : last - kept]
        return found

    def packed_rows(self, level: int) -> bytes:
        """The rows of all complete blocks of a level."""
        size = block_size(level)
        stored = self.kept // size
        head = self._stored.rows(level, 0, stored) if self._stored and stored else b""
        return head + b"".join(
            ROW.pack(*row[:COUNT]) for row in self.rows(level, stored, self.count // size)
        )

    def falls(self, xs: array[float]) -> list[int]:
        """The points whose step, filled up, is less than that of the point before.

        Args:
            xs: their steps, filled up.
        """
        if self._stored is None or self.kept < self._stored.count:
            return falls_in(xs)
        return [*self._stored.falls, *falls_in(xs, self.kept)]

    def kept_rows(self, level: int) -> bytes:
        """The rows of the complete blocks of a level that the file has, packed."""
        blocks = self.kept // block_size(level)
        return self._stored.rows(level, 0, blocks) if self._stored and blocks else b""

    def column(self, which: int) -> array[float]:
        """A column whole."""
        return self._column(which, 0, self.count)

    def blocks(self, level: int) -> int:
        """How many blocks a level has, the incomplete one among them."""
        return -(-self.count // block_size(level))

    def levels(self) -> range:
        """The levels that have a complete block."""
        level = 0
        while block_size(level) <= self.count:
            level += 1
        return range(level)

    def _new_rows(self, level: int) -> list[Row]:
        """The rows of all blocks that the file does not have, made once."""
        if level not in self._rows:
            first = self.kept // block_size(level)
            if level:
                lower = self.rows(level - 1, first * FACTOR, self.blocks(level - 1))
                starts = range(0, len(lower), FACTOR)
                self._rows[level] = [join(lower[at : at + FACTOR]) for at in starts]
            else:
                self._rows[level] = rows_of(*self.points(first * BASE, self.count), BASE)
        return self._rows[level]

    def _column(self, which: int, first: int, last: int) -> array[float]:
        found: array[float] = array(CODES[which])
        if first < self.kept and self._stored is not None:
            found = self._stored.column(which, first, min(last, self.kept))
        if last > self.kept:
            found += self.columns[which][max(0, first - self.kept) : last - self.kept]
        return found

    def _is_before_end(self, first: float, writers: set[int]) -> bool:
        """Whether new points may belong before known ones: not those of the only writer."""
        if not self.count or first > self._column(TIMES, self.count - 1, self.count)[0]:
            return False
        return len(writers | set(self._column(WRITERS, 0, self.count))) > 1


class _Times:
    """The times as a sequence to search in."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def __len__(self) -> int:
        return self._metric.count

    def __getitem__(self, at: int) -> float:
        return self._metric.points(at, at + 1)[TIMES][0]


def rows_of(times: array[float], values: array[float], steps: array[int], size: int) -> list[Row]:
    """Points summed up, so many at a time; the last row may be of fewer."""
    found: list[Row] = []
    has_steps = bool(steps) and max(steps) != NO_STEP
    for at in range(0, len(values), size):
        part = values[at : at + size]
        gaps = 0
        total = sum(part)
        if total == total:
            low, high = min(part), max(part)
        else:  # NaN, or infinities of both signs
            numbers = [value for value in part if value == value]
            gaps = len(part) - len(numbers)
            low, high = _extremes(numbers, numbers)
        least, most = _MOST_STEP, NO_STEP
        if has_steps:
            known = [step for step in steps[at : at + size] if step != NO_STEP]
            if known:
                least, most = min(known), max(known)
        end = at + len(part) - 1
        ends = times[at], times[end], least, most
        mean = min(max(total / len(part), low), high) if total - total == 0 else total
        found.append((*ends, low, high, part[-1], gaps, mean, len(part)))
    return found


def join(rows: list[Row]) -> Row:
    """Neighbouring blocks as one."""
    if len(rows) == 1:
        return rows[0]
    columns = list(zip(*rows))
    low, high = min(columns[MIN]), max(columns[MAX])
    if any(columns[GAPS]):
        whole = [row for row in rows if row[MIN] == row[MIN]]
        low, high = _extremes([row[MIN] for row in whole], [row[MAX] for row in whole])
    return (
        columns[T_FIRST][0],
        columns[T_LAST][-1],
        min(columns[S_LEAST]),
        max(columns[S_MOST]),
        low,
        high,
        columns[LAST][-1],
        sum(columns[GAPS]),
        sum(map(mul, columns[MEAN], columns[COUNT])) / sum(columns[COUNT]),
        sum(columns[COUNT]),
    )


def _extremes(lows: list[float], highs: list[float]) -> tuple[float, float]:
    if not lows:
        return float("nan"), float("nan")
    return min(lows), max(highs)
