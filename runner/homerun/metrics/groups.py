"""Several runs as one curve: what they have on average, and how far they lie apart."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from statistics import stdev
from typing import Any, NamedTuple
from zlib import crc32

from homerun.base.errors import UserError
from homerun.metrics import chart, curves
from homerun.metrics.chart import Wish
from runstore import layout
from runstore.metrics import curve, smoothing
from runstore.metrics.buckets import Grid
from runstore.metrics.curve import INDEX, STEP, Curve
from runstore.run.record import Record

STATISTICS = ("mean", "std", "min", "max")
RAW = "raw"
"""Their mean without the average that was asked for."""
MOST_POINTS = 100_000_000
"""In all curves of an answer: so many are read in about half a minute."""
_MOST_KEPT = 1 << 22

_Ends = tuple[str, "tuple[float, float] | None"]


class RunGroup(NamedTuple):
    """Runs that are one curve.

    Attributes:
        values: what they have in common: of each field that they were grouped by.
    """

    values: Sequence[Any]
    records: Sequence[Record]


def read(
    groups: Sequence[RunGroup],
    names: Sequence[str],
    wish: Wish,
    wanted: Sequence[str] = STATISTICS,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Each group with each name, as columns of statistics over its runs.

    At a place a run counts with the mean of its finite numbers there, or with the average that was
    asked for; between two places with what lies on the line between them; before its first and
    behind its last point it does not count. Where a run was begun again its later points count.

    Args:
        wanted: of `STATISTICS`, and `RAW`; how many runs count at each place is there as well, and
            how many points they have.
        cursor: of the last answer to the same question: only the groups that have changed.

    Raises:
        UserError: there are too many, or an axis, a width, an average or a statistic that is none.
    """
    chart.refuse_too_much(wish, sum(len(one.records) for one in groups) * len(names))
    for word in wanted:
        if word not in (*STATISTICS, RAW):
            known_words = ", ".join((*STATISTICS, RAW))
            raise UserError(f"there is no statistic {word!r}: give {known_words}")
    try:
        reader = _Reader(names, wish)
        rows = [row for one in groups for row in _rows(one, names, wish, wanted, reader)]
    except ValueError as error:
        raise UserError(str(error)) from error
    stamps = [f"{crc32(json.dumps(row).encode()):x}" for row in rows]
    known = cursor.split(",") if cursor else []
    is_same = len(known) == len(stamps)
    new = [row for at, row in enumerate(rows) if not is_same or known[at] != stamps[at]]
    return {"groups": new, "cursor": ",".join(stamps)}


class _Reader:
    """The curves of runs, one run after another: all points of many at once may be gigabytes.

    Those of a group are read twice. As long as they are few they are kept in between.
    """

    def __init__(self, names: Sequence[str], wish: Wish) -> None:
        self._names = names
        self._wish = wish
        self._points = 0
        self._kept: dict[str, list[Curve]] = {}

    def first(self, records: Sequence[Record]) -> Iterator[list[Curve]]:
        """Of each run of another group a curve for each name.

        Raises:
            UserError: with those of the groups before they have too many points.
        """
        self._kept, room = {}, _MOST_KEPT
        for record in records:
            found = self._read(record)
            points = sum(map(len, found))
            self._points += points
            if self._points > MOST_POINTS:
                raise UserError(
                    f"the curves have more than {MOST_POINTS:,} points, too many for groups: "
                    "ask for fewer runs or metrics"
                )
            room -= points
            if room >= 0:
                self._kept[record.path] = found
            yield found

    def again(self, records: Sequence[Record]) -> Iterator[list[Curve]]:
        """The same once more; a run that logs may have more by now."""
        for record in records:
            known = self._kept.pop(record.path, None)
            yield self._read(record) if known is None else known

    def _read(self, record: Record) -> list[Curve]:
        kept_in = layout.SYSTEM if self._wish.of_system else layout.METRICS
        begins = [*curves.begins(record)]
        return curve.read(record.path, self._names, self._wish.x, begins, kept_in)[0]


def _rows(
    group: RunGroup, names: Sequence[str], wish: Wish, wanted: Sequence[str], reader: _Reader
) -> Iterator[dict[str, Any]]:
    ends: list[list[_Ends]] = [[] for _ in names]
    for shown in reader.first(group.records):
        for known, one in zip(ends, shown):
            known += [(one.axis, _ends(one, wish))] if len(one) else []
    of_names = [_Statistics(known, wish, RAW in wanted) for known in ends]
    for shown in reader.again(group.records):
        for statistics, one in zip(of_names, shown):
            statistics.add(one)
    runs = [one.id for one in group.records]
    for name, statistics in zip(names, of_names):
        columns = statistics.columns(wanted)
        yield {"values": [*group.values], "runs": runs, "name": name, **columns}


class _Statistics:
    """What some curves have at each place. Of those with and without steps the others are none.

    Args:
        known: of each curve with points its axis, and from where to where it is shown.
        is_raw: what there is without an average is wanted too.
    """

    def __init__(self, known: Sequence[_Ends], wish: Wish, is_raw: bool) -> None:
        self._axis = wish.x if any(axis == wish.x for axis, _ in known) else INDEX
        self._is_counted = self._axis in (STEP, INDEX)
        ends = [end for axis, end in known if axis == self._axis and end is not None]
        self._within, self._span = None, 0.0
        if ends:
            least, most = min(low for low, _ in ends), max(high for _, high in ends)
            self._within, self._span = (least, most), chart.width_of(least, most, wish.width)
            if self._is_counted:
                self._span = max(1.0, self._span)  # between two steps there is none
        self._smooth = smoothing.parse(wish.smooth) if wish.smooth else None
        self._numbers: dict[int, list[float]] = {}
        is_other = is_raw and self._smooth is not None
        self._raw: dict[int, list[float]] = {} if is_other else self._numbers
        self._points = 0

    def add(self, one: Curve) -> None:
        """Count a curve in."""
        if self._within is None or not len(one) or one.axis != self._axis:
            return
        self._points += sum(end - first for first, end in one.within(*self._within))
        self._count(one, self._within, self._smooth, self._numbers)
        if self._raw is not self._numbers:
            self._count(one, self._within, None, self._raw)

    def _count(
        self,
        one: Curve,
        within: tuple[float, float],
        smooth: smoothing.Smooth | None,
        numbers: dict[int, list[float]],
    ) -> None:
        grid = Grid(0.0, self._span)
        first, last = map(grid.place, within)
        for place, value in _filled(_values(one, grid, within, smooth), first, last):
            numbers.setdefault(place, []).append(value)

    def columns(self, wanted: Sequence[str]) -> dict[str, Any]:
        """All of it, place by place."""
        span, places = self._span, sorted(self._numbers)
        middle = (span - 1) / 2 if self._is_counted else span / 2
        grid = Grid(0.0, span)
        found: dict[str, Any] = {"x": self._axis, "span": span}
        found["places"] = [grid.border(place) + middle for place in places]
        found["count"] = [len(self._numbers[place]) for place in places]
        found["points"] = self._points
        of_all = [word for word in wanted if word != RAW]
        told = [_told(self._numbers[place], of_all) for place in places]
        found.update({word: [one[word] for one in told] for word in of_all})
        if RAW in wanted:
            found[RAW] = [_mean(self._raw[at]) if at in self._raw else None for at in places]
        return found


def _told(here: Sequence[float], wanted: Sequence[str]) -> dict[str, float | None]:
    low, high = min(here), max(here)
    known: dict[str, float | None] = {"min": low, "max": high}
    if "mean" in wanted:
        known["mean"] = _mean(here)
    if "std" in wanted:
        known["std"] = _apart(here)
    return {word: known[word] for word in wanted}


def _mean(here: Sequence[float]) -> float:
    found = sum(one / len(here) for one in here)  # their sum may be more than a float holds
    return min(max(found, min(here)), max(here))


def _apart(here: Sequence[float]) -> float | None:
    """The standard deviation of the runs there might be, of which these are some: over n - 1."""
    try:
        return stdev(here) if len(here) > 1 else None
    except OverflowError:
        return None


def _ends(one: Curve, wish: Wish) -> tuple[float, float] | None:
    """The least and the greatest x of what is shown of a curve; None: nothing is."""
    low = float("-inf") if wish.since is None else wish.since
    high = float("inf") if wish.until is None else wish.until
    parts = one.within(low, high)
    if not parts:
        return None
    return min(one.xs[first] for first, _ in parts), max(one.xs[end - 1] for _, end in parts)


def _values(
    one: Curve, grid: Grid, within: tuple[float, float], smooth: smoothing.Smooth | None
) -> Mapping[int, float]:
    """The number of a run by place, from just before a range to just behind it.

    That of a later segment stands in place of an earlier one's.
    """
    found: dict[int, float] = {}
    for whole in one.segments:
        first = max(whole[0], bisect_left(one.xs, within[0], *whole) - 1)
        behind = min(whole[1], bisect_right(one.xs, within[1], *whole) + 1)
        ends = one.borders((first, behind), grid)
        if smooth is None:
            told: Sequence[float | None] = one.sums.gathered(ends).mean
        else:
            told = smooth(one.sums, whole, [end - 1 for end in ends[1:]])
        for at, value in zip(ends, told):
            if value is not None:
                found[grid.place(one.xs[at])] = value
    return found


def _filled(known: Mapping[int, float], first: int, last: int) -> Iterator[tuple[int, float]]:
    """What there is from one place to another, in order, with what lies between."""
    former: tuple[int, float] | None = None
    for place in sorted(known):
        value = known[place]
        if former is not None:
            before, start = former
            for between in range(max(first, before + 1), min(last + 1, place)):
                share = (between - before) / (place - before)
                yield between, start * (1 - share) + value * share
        if first <= place <= last:
            yield place, value
        former = place, value
