"""Curves in the terminal: of braille dots, with letters that say whose each of them is."""

from __future__ import annotations

from math import log10
from string import ascii_letters

from homerun.cli.output import text
from homerun.cli.output.console import bold, coloured
from homerun.cli.output.dots import Canvas
from homerun.metrics import curves
from homerun.metrics.curves import HIGH, LOW, NAN, grid_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from homerun.metrics.curves import RunCurve
    from runstore.metrics.buckets import Bucket

_INKS = ("cyan", "yellow", "magenta", "green", "blue", "red")
_LEAST_WIDE, _MOST_WIDE, _HIGH = 10, 100, 13
_LETTERS_EACH = 3
_MOST_DIGITS = 17
_LONGEST_NAME = 40
_SIGNS = {HIGH: "▲", LOW: "▼", NAN: "✕"}


class Plot:
    """A chart: the curves of one metric over each other, with the ends of both axes.

    Each column tells of all points in it: from the least to the greatest. What is not finite has
    its sign above or below.

    Args:
        shown: the curves, at least one.
        labels: of each run, by its id.
        of_x: how a place is written.
        is_log: on a logarithmic scale.
    """

    def __init__(
        self,
        title: str,
        shown: Sequence[RunCurve],
        labels: Mapping[str, str],
        of_x: Callable[[float], str],
        is_log: bool = False,
    ) -> None:
        self._title = title
        self._curves = shown
        self._labels = [text.printable(labels[one.run]) for one in shown]
        self._of_x = of_x
        self._is_log = is_log
        known = [end for one in shown if one.whole.count for end in (one.whole.min, one.whole.max)]
        self._ends = (min(known), max(known)) if known else None

    def lines(self, room: int) -> list[str]:
        """It in lines of this width, though none is wider than people read."""
        room = min(room, _MOST_WIDE)
        marks = self._marks()
        before = max(map(text.width, marks.values()), default=0) + 1
        canvas = Canvas(max(_LEAST_WIDE, room - before), _HIGH)
        signs = self._paint(canvas)
        drawn = canvas.lines() if self._ends else []
        made = [bold(text.shortened(text.printable(self._title), room))]
        made += [_row(signs[HIGH], before)] if signs[HIGH] else []
        made += [f"{_right(marks.get(at, ''), before - 1)} {one}" for at, one in enumerate(drawn)]
        made += [_row(signs[sign], before) for sign in (LOW, NAN) if signs[sign]]
        made += self._axis(before, canvas.columns // 2)
        made += _wrapped(self._names(room), room) if len(self._curves) > 1 else []
        return [line.rstrip() for line in [*made, *_wrapped(self._left_out(), room)]]

    def _marks(self) -> dict[int, str]:
        """What stands beside the first, the middle and the last line."""
        if self._ends is None:
            return {}
        low, high = self._ends
        middle = (low * high) ** 0.5 if self._is_log else low / 2 + high / 2
        if self._is_log and not 0 < middle < float("inf"):
            middle = 10 ** (log10(low) / 2 + log10(high) / 2)
        if low == high:
            return {_HIGH // 2: _told([low])[0]}
        return dict(zip((0, _HIGH // 2, _HIGH - 1), _told([high, middle, low])))

    def _paint(self, canvas: Canvas) -> dict[str, dict[int, str]]:
        """Draw the curves; the signs of what is not finite, by the characters they stand at."""
        grid = grid_of(self._curves, canvas.columns)
        signs: dict[str, dict[int, str]] = {sign: {} for sign in _SIGNS}
        for number, one in enumerate(self._curves):
            spots = []
            for part in one.gathered(grid):
                placed = [
                    (_clamped(grid.place(spot.x_first), canvas.columns), spot) for spot in part
                ]
                self._stroke(canvas, placed, _ink(number))
                spots += [found for found in placed if found[1].count]
                for x, sign in curves.marks(part):
                    place = _clamped(grid.place(x), canvas.columns) // 2
                    signs[sign][place] = coloured(_SIGNS[sign], _ink(number))
            if len(self._curves) > 1:
                self._put_letters(canvas, spots, number)
        return signs

    def _stroke(self, canvas: Canvas, placed: Sequence[tuple[int, Bucket]], ink: str) -> None:
        """One stroke; where there is no finite number it has a gap."""
        former: tuple[int, int] | None = None
        for column, spot in placed:
            if not spot.count:
                former = None
                continue
            first, last, least, most = (
                self._dot(canvas, one) for one in (spot.first, spot.last, spot.min, spot.max)
            )
            canvas.join(former or (column, first), (column, first), ink)
            canvas.stroke(column, least, most, ink)
            former = column, last

    def _put_letters(
        self, canvas: Canvas, spots: Sequence[tuple[int, Bucket]], number: int
    ) -> None:
        """The letter of a curve, at places where those of the others are not."""
        for at in range(_LETTERS_EACH) if spots else ():
            share = (at + (number + 1) / (len(self._curves) + 1)) / _LETTERS_EACH
            column, spot = spots[int(len(spots) * share)]
            canvas.letter(column, self._dot(canvas, spot.last), _letter(number), _ink(number))

    def _dot(self, canvas: Canvas, value: float) -> int:
        """The row of dots that a number is drawn in."""
        low, high = self._ends or (0.0, 0.0)
        if low == high:
            return canvas.rows // 2
        if self._is_log:
            low, high, value = log10(low), log10(high), log10(value)
        # Halves: the distance of two numbers may be more than a float holds.
        part = (high / 2 - value / 2) / (high / 2 - low / 2)
        return round(part * (canvas.rows - 1))

    def _axis(self, before: int, wide: int) -> list[str]:
        """Where the horizontal axis begins and ends."""
        found = [end for one in self._curves for end in one.ends()]
        left, right = self._of_x(min(found)), self._of_x(max(found))
        if min(found) == max(found):
            return [" " * before + left]
        gap = wide - text.width(left) - text.width(right)
        if gap < 1:
            return [left, _right(right, before + wide)]
        return [" " * before + left + " " * gap + right]

    def _names(self, room: int) -> Iterator[tuple[str, str | None]]:
        for number, label in enumerate(self._labels):
            name = text.shortened(label, min(_LONGEST_NAME, room - 2))
            yield f"{_letter(number)} {name}", _ink(number)

    def _left_out(self) -> Iterator[tuple[str, str | None]]:
        """What the signs are, how many points have one, and what else is not as it was logged."""
        not_above = sum(one.not_above for one in self._curves)
        whole = [(one.whole.nans, one.whole.highs, one.whole.lows) for one in self._curves]
        for sign, count in zip(curves.MARKS, map(sum, zip(*whole))):
            count -= not_above if sign == LOW else 0
            if count:
                yield f"{_SIGNS[sign]} {count:,} {sign}", None
        if not_above:
            yield f"{_SIGNS[LOW]} {not_above:,} not above 0", None
        if len(self._curves) > len(ascii_letters):
            yield f"each letter is of several runs: there are {len(ascii_letters)}", None
        if any(one.points.is_sorted for one in self._curves):
            yield "sorted: the steps were logged in no order", None


def _told(values: Sequence[float]) -> list[str]:
    """Numbers with as many digits as tell them apart, six at least."""
    for digits in range(6, _MOST_DIGITS):
        found = [f"{one:.{digits}g}" for one in values]
        if len(set(found)) == len(set(values)):
            return found
    return [*map(repr, values)]


def _letter(number: int) -> str:
    return ascii_letters[number % len(ascii_letters)]


def _ink(number: int) -> str:
    return _INKS[number % len(_INKS)]


def _clamped(place: int, columns: int) -> int:
    """A place of a grid as a column: rounding may leave the outer ones by a hair."""
    return min(max(place, 0), columns - 1)


def _right(shown: str, wide: int) -> str:
    return " " * (wide - text.width(shown)) + shown


def _row(signs: Mapping[int, str], before: int) -> str:
    """A line with signs at their places."""
    return " " * before + "".join(signs.get(at, " ") for at in range(max(signs) + 1))


def _wrapped(words: Iterable[tuple[str, str | None]], room: int) -> list[str]:
    """Words in lines of this width, each in its colour."""
    lines: list[list[str]] = []
    used = 0
    for word, ink in words:
        wide = text.width(word) + 2
        if not lines or used + wide - 2 > room:
            lines.append([])
            used = 0
        lines[-1].append(coloured(word, ink))
        used += wide
    return ["  ".join(line) for line in lines]
