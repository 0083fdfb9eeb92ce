"""Pictures of braille dots: characters of two columns and four rows of dots."""

from __future__ import annotations

from homerun.cli.output.console import coloured

_EMPTY = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of the dots of a character, from the top, left and right."""


class Canvas:
    """Characters to draw on; each has the colour of what was drawn in it last."""

    def __init__(self, wide: int, high: int) -> None:
        self.columns, self.rows = 2 * wide, 4 * high
        self._bits = [[0] * wide for _ in range(high)]
        self._inks: list[list[str | None]] = [[None] * wide for _ in range(high)]
        self._letters: dict[tuple[int, int], str] = {}

    def stroke(self, column: int, first: int, last: int, ink: str | None = None) -> None:
        """Dots in a column, from one row to another; what lies outside is left out."""
        for row in range(max(0, min(first, last)), min(self.rows - 1, max(first, last)) + 1):
            self._bits[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
            self._inks[row // 4][column // 2] = ink

    def join(self, start: tuple[int, int], end: tuple[int, int], ink: str | None = None) -> None:
        """A straight line between two dots."""
        (left, first), (right, last) = start, end
        steps = max(abs(right - left), abs(last - first), 1)
        for step in range(steps + 1):
            row = first + round((last - first) * step / steps)
            self.stroke(left + round((right - left) * step / steps), row, row, ink)

    def letter(self, column: int, row: int, letter: str, ink: str | None = None) -> None:
        """A letter in place of the character that holds a dot."""
        self._letters[row // 4, column // 2] = coloured(letter, ink)

    def lines(self) -> list[str]:
        """It as lines, which end in blanks where nothing is."""
        return [
            "".join(
                self._letters.get((high, wide))
                or (coloured(chr(_EMPTY + bits), self._inks[high][wide]) if bits else " ")
                for wide, bits in enumerate(row)
            )
            for high, row in enumerate(self._bits)
        ]
