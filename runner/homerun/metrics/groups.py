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
        wanted: of `STATISTICS`; how many runs count at each place is there as well.
        cursor: of the last answer to the same question: only the groups that have changed.

    Raises:
        UserError: there are too many, or an axis, a width, an average or a statistic that is none.
    """
    chart.refuse_too_much(wish, sum(len(one.records) for one in groups) * len(names))
    for word in wanted:
        if word not in STATISTICS:
            raise UserError(f"there is no statistic {word!r}: give {', '.join(STATISTICS)}")
    try:
        rows = [row for one in groups for row in _rows(one, names, wish, wanted)]
    except ValueError as error:
        raise UserError(str(error)) from error
    stamps = [f"{crc32(json.dumps(row).encode()):x}" for row in rows]
    known = cursor.split(",") if cursor else []
    is_same = len(known) == len(stamps)
    new = [row for at, row in enumerate(rows) if not is_same or known[at] != stamps[at]]
    return {"groups": new, "cursor": ",".join(stamps)}


def _rows(
    group: RunGroup, names: Sequence[str], wish: Wish, wanted: Sequence[str]
) -> Iterator[dict[str, Any]]:
    kept_in = layout.SYSTEM if wish.of_system else layout.METRICS
    each = [
        curve.read(one.path, names, wish.x, [*curves.begins(one)], kept_in)[0]
        for one in group.records
    ]
    runs = [one.id for one in group.records]
    for at, name in enumerate(names):
        columns = _statistics([shown[at] for shown in each], wish, wanted)
        yield {"values": [*group.values], "runs": runs, "name": name, **columns}


def _statistics(all_of_them: Sequence[Curve], wish: Wish, wanted: Sequence[str]) -> dict[str, Any]:
    """What some curves have at each place. Of those with and without steps the others are none."""
    there = [one for one in all_of_them if len(one)]
    axis = wish.x if any(one.axis == wish.x for one in there) else INDEX
    ends = [_ends(one, wish) for one in there if one.axis == axis]
    known = [end for end in ends if end is not None]
    found: dict[str, Any] = {"x": axis, "span": 0.0, "places": [], "count": []}
    found.update({word: [] for word in wanted})
    if not known:
        return found
    least, most = min(low for low, _ in known), max(high for _, high in known)
    span = chart.width_of(least, most, wish.width)
    if axis in (STEP, INDEX):
        span = max(1.0, span)  # between two steps there is none
    smooth = smoothing.parse(wish.smooth) if wish.smooth else None
    grid = Grid(0.0, span)
    numbers: dict[int, list[float]] = {}
    for one in there:
        if one.axis == axis:
            values = _values(one, grid, (least, most), smooth)
            for place, value in _filled(values, grid.place(least), grid.place(most)):
                numbers.setdefault(place, []).append(value)
    middle = (span - 1) / 2 if axis in (STEP, INDEX) else span / 2
    found["span"] = span
    for place in sorted(numbers):
        here = numbers[place]
        found["places"].append(grid.border(place) + middle)
        found["count"].append(len(here))
        for word, told in _told(here, wanted).items():
            found[word].append(told)
    return found


def _told(here: Sequence[float], wanted: Sequence[str]) -> dict[str, float | None]:
    low, high = min(here), max(here)
    known: dict[str, float | None] = {"min": low, "max": high}
    if "mean" in wanted:
        mean = sum(one / len(here) for one in here)  # their sum may be more than a float holds
        known["mean"] = min(max(mean, low), high)
    if "std" in wanted:
        known["std"] = _apart(here)
    return {word: known[word] for word in wanted}


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
