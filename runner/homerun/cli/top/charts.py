"""Numbers as characters: sparklines of eight heights, and charts of braille dots."""

from __future__ import annotations

from math import isfinite

from homerun.cli.output.dots import Canvas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[float, float, float]
    """A value, and the least and the largest around it."""

_HEIGHTS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], wide: int) -> str:
    """The course of some numbers in so many characters at most; what is not finite is left out."""
    known = [value for value in values if isfinite(value)]
    if not known or wide < 1:
        return ""
    count = min(wide, len(known))
    parts = [known[len(known) * n // count : len(known) * (n + 1) // count] for n in range(count)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means), max(means)
    if high == low:
        return _HEIGHTS[0] * count
    return "".join(_HEIGHTS[round((one - low) / (high - low) * 7)] for one in means)


def braille(points: Sequence[Point], wide: int, high: int) -> list[str]:
    """A line through points, as `high` lines of `wide` characters; its range fills the height."""
    ends = extent(points)
    if ends is None or wide < 1 or high < 1:
        return [" " * max(0, wide)] * max(0, high)
    low, top = ends
    canvas = Canvas(wide, high)

    def row_of(value: float) -> int:
        part = 0.5 if top == low else (value - low) / (top - low)
        return round((1 - part) * (canvas.rows - 1))

    before: int | None = None
    for column, (value, least, largest) in enumerate(_columns(points, canvas.columns)):
        first, now, last = row_of(largest), row_of(value), row_of(least)
        if before is not None:  # joined with the column to the left, so that it is one line
            first, last = min(first, before + 1), max(last, before - 1)
        canvas.stroke(column, first, last)
        before = now
    return canvas.lines()


def extent(points: Sequence[Point]) -> tuple[float, float] | None:
    """The least and the largest of all points; None: there is none that is finite."""
    known = [value for point in points for value in point if isfinite(value)]
    return (min(known), max(known)) if known else None


def _columns(points: Sequence[Point], columns: int) -> list[Point]:
    """One point for each column: of many their range, between few a straight line."""
    known = [point for point in points if all(map(isfinite, point))]
    count = len(known)
    found: list[Point] = []
    for column in range(columns):
        if count >= columns:
            part = known[count * column // columns : count * (column + 1) // columns]
            least, largest = min(one[1] for one in part), max(one[2] for one in part)
            found.append((part[-1][0], least, largest))
        else:
            at = column * (count - 1) / max(1, columns - 1)
            left, right = known[int(at)], known[min(count - 1, int(at) + 1)]
            value = left[0] + (right[0] - left[0]) * (at - int(at))
            found.append((value, value, value))
    return found
