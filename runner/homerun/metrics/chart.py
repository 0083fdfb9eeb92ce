"""Series of metrics of many runs for a chart, and what is new in them since a cursor."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import floor, frexp, inf, nan, nextafter
from typing import Any, NamedTuple
from zlib import crc32

from homerun.base.errors import UserError
from homerun.metrics import curves
from runstore import layout
from runstore.metrics import curve, smoothing
from runstore.metrics.buckets import Bucket, Columns, Grid
from runstore.metrics.curve import STEP, Curve
from runstore.run.record import Record

MOST = 2_000
_MOST_WIDTH = 10_000
_MOST_PLACES = 400_000
"""In one answer: they are read within a second."""
_MOST_TEXT = 100
_MOST_STROKES = 4
"""With more segments than these each of them has fewer buckets."""
_RAW = 0.0
_WIDEST = 2.0**1023


class Wish(NamedTuple):
    """What a chart is to show.

    Attributes:
        width: so many places along the axis at most.
        x: the axis, one of `curve.AXES`, or `metrics.NAME` for the numbers of another metric.
        since, until: show these and what lies between; buckets at the border are whole.
        smooth: an average to show too, as `smoothing.parse` has it.
        of_system: what runs used of their machine, instead of what they logged.
    """

    width: int = 600
    x: str = STEP
    since: float | None = None
    until: float | None = None
    smooth: str | None = None
    of_system: bool = False


class _Known(NamedTuple):
    """What the asker has of a series: a cursor has one for each.

    Attributes:
        points: how many.
        span: how wide its places are.
        axis: along which they lie.
        behind: how many buckets are before the last one, into which further points may come.
        digest: of those. Others stand there once points of another writer belong before known ones.
    """

    points: int
    span: float
    axis: str
    behind: int
    digest: int

    @classmethod
    def parse(cls, text: str) -> _Known:
        """What `told` has written.

        Raises:
            ValueError: it has not.
        """
        points, span, axis, behind, digest = text[:_MOST_TEXT].split(":")
        return cls(int(points), float(span), axis, int(behind), int(digest))

    def told(self) -> str:
        """It as a part of a cursor."""
        return f"{self.points}:{self.span!r}:{self.axis}:{self.behind}:{self.digest}"

    def is_begin_of(self, shown: Columns, span: float, axis: str) -> bool:
        """Whether buckets are those that are known, and others from the last one on."""
        is_alike = (span, axis) == (self.span, self.axis) and 0 <= self.behind < len(shown)
        return is_alike and _digest(shown, self.behind) == self.digest


def read(
    records: Sequence[Record], names: Sequence[str], wish: Wish, cursor: str | None = None
) -> dict[str, Any]:
    """The series of each run with each name, in buckets, as columns.

    Args:
        cursor: of the last answer to the same question: only what has changed.

    Raises:
        UserError: there are too many, or an axis, a width or an average that there is not.
    """
    refuse_too_much(wish, len(records) * len(names))
    is_whole = wish.since is None and wish.until is None
    known = _places(cursor, len(records) * len(names)) if is_whole else []
    found: list[dict[str, Any]] = []
    places: list[str] = []
    try:
        smooth = smoothing.parse(wish.smooth) if wish.smooth else None
        for record in records:
            kept_in = layout.SYSTEM if wish.of_system else layout.METRICS
            shown, broken = curve.read(
                record.path, names, wish.x, [*curves.begins(record)], kept_in
            )
            for name, one in zip(names, shown):
                row, place = _row(one, wish, smooth, known[len(places)] if known else None)
                places.append(place.told())
                if row is not None:
                    found.append({"run": record.id, "name": name, "broken": broken, **row})
    except ValueError as error:
        raise UserError(str(error)) from error
    return {"series": found, "cursor": ",".join(places)}


def refuse_too_much(wish: Wish, series: int) -> None:
    """Refuse what is too much for one answer, and what there is not.

    Raises:
        UserError: it says what may be asked for.
    """
    if not 1 <= wish.width <= _MOST_WIDTH:
        raise UserError(f"the width is {wish.width}: give 1 to {_MOST_WIDTH}")
    if series > MOST:
        raise UserError(f"{series} series are too many at once: at most {MOST}")
    if series * wish.width > _MOST_PLACES:
        most = _MOST_PLACES // series
        raise UserError(f"{series} series of {wish.width} places are too much: give width={most}")
    if wish.since != wish.since or wish.until != wish.until:
        raise UserError("since and until are numbers: NaN is before and after none")


def _row(
    one: Curve, wish: Wish, smooth: smoothing.Smooth | None, known: _Known | None
) -> tuple[dict[str, Any] | None, _Known]:
    """A curve as columns, None where all of it is known; and what is known after it."""
    since, until, span = _scale(one, wish)
    place = len(one), span, one.axis
    if known is not None and known[:3] == place:
        return None, known
    grid = Grid(0.0, span) if span else None
    parts = one.within(since, until)
    shown, cuts = Columns(), []
    for part in parts:
        cuts.append(len(shown))
        shown.extend(one.columns(part, grid))
    goes_on = known is not None and smooth is None and known.is_begin_of(shown, span, one.axis)
    first = known.behind if known is not None and goes_on else 0
    row: dict[str, Any] = {"points": len(one), "span": span, "x": one.axis, "sorted": one.is_sorted}
    row.update({"left_out": one.left_out, "anew": not goes_on, "from": first, "cuts": cuts[1:]})
    row.update(zip(Bucket._fields, (column[first:] for column in shown.lists())))
    del row["first"]
    row["smooth"] = [] if smooth is None else _smoothed(one, parts, grid, smooth)
    behind = max(0, len(shown) - 1)
    return row, _Known(*place, behind, _digest(shown, behind))


def _smoothed(
    one: Curve, parts: Sequence[tuple[int, int]], grid: Grid | None, smooth: smoothing.Smooth
) -> list[float | None]:
    """The average at the last point of each bucket, over the whole segment that it lies in."""
    found: list[float | None] = []
    for part in parts:
        whole = next(each for each in one.segments if each[0] <= part[0] < each[1])
        ends = one.borders(part, grid)[1:]
        found += smooth(one.sums, whole, [behind - 1 for behind in ends])
    return found


def _scale(one: Curve, wish: Wish) -> tuple[float, float, float]:
    """From where to where a curve is shown, and how wide its places are: 0 for the points.

    Places are of a power of two and begin at a multiple of it, so that none moves when points are
    added; when there are too many, two become one.
    """
    low = -inf if wish.since is None else wish.since
    high = inf if wish.until is None else wish.until
    parts = one.within(low, high)
    if sum(behind - first for first, behind in parts) <= wish.width:
        return low, high, _RAW
    places = max(1, wish.width * _MOST_STROKES // max(_MOST_STROKES, len(parts)))
    least = min(one.xs[first] for first, _ in parts)
    most = max(one.xs[behind - 1] for _, behind in parts)
    span = width_of(least, most, places)
    low = low if low == -inf else floor(least / span) * span
    high = high if high == inf else nextafter((floor(most / span) + 1) * span, -inf)
    return low, high, span


def width_of(least: float, most: float, places: int) -> float:
    """How wide places are, so many of them at most.

    The two beside 0 stay two however wide they are, and none is wider than a float tells.
    """
    gap = (most - least) / places
    if gap == inf:
        gap = min(most / places - least / places, _WIDEST)
    span = 2.0 ** (frexp(gap)[1] - 1) if gap else 1.0
    while span < _WIDEST:
        first, last = floor(least / span), floor(most / span)
        if last - first < places or (first, last) == (-1, 0):
            break
        span *= 2
    return span


def _digest(shown: Columns, behind: int) -> int:
    """What tells the first so many buckets from others."""
    found = crc32(repr([(at, odd) for at, odd in shown.odd.items() if at < behind]).encode())
    for column in shown.lists()[:-3]:
        some = [nan if one is None else one for one in column[:behind]] if shown.odd else column
        found = crc32(array("d", some[:behind]).tobytes(), found)
    return found


def _places(cursor: str | None, count: int) -> list[_Known | None]:
    """What is known of each series at a cursor, None where it says nothing; []: it is not valid."""
    try:
        parts = cursor.split(",") if cursor else []
        found = [_Known.parse(part) if part else None for part in parts]
    except ValueError:
        return []
    return found if len(found) == count else []
