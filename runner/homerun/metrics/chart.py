"""Series of metrics of many runs for a chart, and what is new in them since a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, frexp, inf, nextafter
from typing import Any, NamedTuple

from homerun.base.errors import UserError
from homerun.metrics import curves
from runstore import layout
from runstore.metrics import curve, smoothing
from runstore.metrics.buckets import Bucket, Grid
from runstore.metrics.curve import STEP, Curve
from runstore.run.record import Record

MOST = 200
_MOST_WIDTH = 10_000
_MOST_DIGITS = 18
_MOST_STROKES = 4
"""With more segments than these each of them has fewer buckets."""
_COLUMNS = ("x_first", "x_last", "min", "max", "mean", "last", "count", "nans", "highs", "lows")
_RAW = 0.0
_WIDEST = 2.0**1023


class Wish(NamedTuple):
    """What a chart is to show.

    Attributes:
        width: so many places along the axis at most.
        x: the axis, one of `curve.AXES`.
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


def read(
    records: Sequence[Record], names: Sequence[str], wish: Wish, cursor: str | None = None
) -> dict[str, Any]:
    """The series of each run with each name, in buckets, as columns.

    Args:
        cursor: of the last answer to the same question: only what has changed.

    Raises:
        UserError: there are too many, or an axis, a width or an average that there is not.
    """
    if len(records) * len(names) > MOST:
        raise UserError(f"{len(records) * len(names)} series are too many at once: at most {MOST}")
    if not 1 <= wish.width <= _MOST_WIDTH:
        raise UserError(f"the width is {wish.width}: give 1 to {_MOST_WIDTH}")
    if wish.since != wish.since or wish.until != wish.until:
        raise UserError("since and until are numbers: NaN is before and after none")
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
                row = _row(one, wish, smooth, known[len(places)] if known else None)
                places.append(f"{row['points']}:{row['span']!r}")
                if row["anew"] or row["x_first"]:
                    found.append({"run": record.id, "name": name, "broken": broken, **row})
    except ValueError as error:
        raise UserError(str(error)) from error
    return {"series": found, "cursor": ",".join(places)}


def _row(
    one: Curve, wish: Wish, smooth: smoothing.Smooth | None, known: tuple[int, float] | None
) -> dict[str, Any]:
    """A curve as columns; without any where all of it is known."""
    since, until, span = _scale(one, wish)
    grid = Grid(0.0, span) if span else None
    points = len(one)
    row: dict[str, Any] = {"points": points, "span": span, "x": one.axis, "sorted": one.is_sorted}
    is_new = known is None or known[1] != span or known[0] > points or one.is_sorted
    is_new = is_new or smooth is not None
    parts = one.within(since, until) if is_new or known != (points, span) else []
    strokes = [[*one.gathered(part, grid)] for part in parts]
    shown = [bucket for stroke in strokes for bucket in stroke]
    first = 0 if is_new or known is None else _place(shown, known[0])
    ends = [0]
    for stroke in strokes:
        ends.append(ends[-1] + len(stroke))
    columns = list(zip(*([getattr(b, key) for key in _COLUMNS] for b in shown[first:])))
    row.update({"anew": is_new, "from": first, "cuts": ends[1:-1]})
    row.update(zip(_COLUMNS, map(list, columns or [()] * len(_COLUMNS))))
    row["smooth"] = [] if smooth is None else _smoothed(one, parts, grid, smooth)
    return row


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
    span = _span(least, most, places)
    low = low if low == -inf else floor(least / span) * span
    high = high if high == inf else nextafter((floor(most / span) + 1) * span, -inf)
    return low, high, span


def _span(least: float, most: float, places: int) -> float:
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


def _place(buckets: Sequence[Bucket], points: int) -> int:
    """The bucket that holds the last of the first so many points."""
    place = seen = 0
    while place < len(buckets):
        one = buckets[place]
        seen += one.count + one.nans + one.highs + one.lows
        if seen >= points:
            break
        place += 1
    return place


def _places(cursor: str | None, count: int) -> list[tuple[int, float]]:
    """The points and the width of a place of each series at a cursor; [] if it is not valid."""
    parts = cursor.split(",") if cursor else []
    found = []
    for part in parts:
        points, _, span = part.partition(":")
        if not (points.isdecimal() and len(part) <= 3 * _MOST_DIGITS):
            return []
        try:
            found.append((int(points), float(span)))
        except ValueError:
            return []
    return found if len(found) == count else []
