"""Kinds of values: how a word of the command line is checked and converted.

A kind has a name for people, reads a word (`BadValue` if it is not a valid one), and knows the
valid words, if they can be listed.
"""

from __future__ import annotations

from homerun.cli.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind:
    """Any text.

    Attributes:
        shell: what a shell completes by itself: `file`, or `dir` for a folder; "": nothing.
    """

    name = "text"
    shell = ""

    def read(self, word: str) -> object:
        """The value of a word.

        Raises:
            BadValue: it is not a valid one.
        """
        return word

    def offers(self, begun: str) -> Iterable[str]:
        """The valid words that begin so, if they can be listed."""
        return ()

    def limits(self) -> str:
        """Its limits, for help; "" if it has none."""
        return ""


class FileName(Kind):
    """The path of a file."""

    name = "file"
    shell = "file"


class FolderName(Kind):
    """The path of a folder."""

    name = "folder"
    shell = "dir"


class Decimal(Kind):
    """A number, within limits if these are given."""

    name = "number"

    def __init__(self, least: float | None = None, most: float | None = None) -> None:
        self._least = least
        self._most = most

    def read(self, word: str) -> float:
        """The number; see `Kind`."""
        value = self._parsed(word)
        if self._least is not None and value < self._least:
            raise BadValue(f"{value} is too small: at least {self._least}")
        if self._most is not None and value > self._most:
            raise BadValue(f"{value} is too large: at most {self._most}")
        return value

    def limits(self) -> str:
        """`1 to 999`, `at least 1`."""
        if self._most is not None:
            return f"{self._least} to {self._most}"
        return f"at least {self._least}" if self._least else ""

    def _parsed(self, word: str) -> float:
        value: float | None
        try:
            value = float(word)
        except ValueError:
            value = None
        if value is None or value != value:  # NaN is within any limits, as comparisons go
            raise BadValue(f"{word!r} is not a valid number")
        return value


class Number(Decimal):
    """A whole number, within limits if these are given."""

    name = "whole number"

    def _parsed(self, word: str) -> int:
        try:
            return int(word)
        except ValueError:
            raise BadValue(f"{word!r} is not a valid whole number") from None


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
"""Seconds, minutes, hours, days and weeks, in seconds."""


class Duration(Kind):
    """A time span in seconds: `90`, `90s`, `1.5m`, `2h`, `1d`, `1h30m`."""

    name = "duration"

    def read(self, word: str) -> float:
        """The seconds; see `Kind`."""
        total, rest = 0.0, word.strip()
        if rest[-1:] not in UNITS:
            rest += "s"
        while rest:
            at = next((place for place, letter in enumerate(rest) if letter in UNITS), -1)
            number = rest[:at]
            if at < 1 or not number.replace(".", "", 1).isdecimal() or not number.isascii():
                raise BadValue(f"{word!r} is not a valid duration, e.g. 90s, 30m, 2h or 1d")
            total += float(number) * UNITS[rest[at]]
            rest = rest[at + 1 :]
        return total


class OneOf(Kind):
    """One of some words.

    Args:
        in_any_case: case does not matter: `completed` means `Completed`.
    """

    name = "value"

    def __init__(self, words: Iterable[str], in_any_case: bool = False) -> None:
        self._words = tuple(words)
        self._in_any_case = in_any_case

    def read(self, word: str) -> str:
        """The word as it is spelled; see `Kind`."""
        for known in self._words:
            if self._folded(known) == self._folded(word):
                return known
        raise BadValue(f"{word!r} is not a valid {self.name}: use {', '.join(self._words)}")

    def offers(self, begun: str) -> Iterable[str]:
        """The words that begin so."""
        begun = self._folded(begun)
        return [known for known in self._words if self._folded(known).startswith(begun)]

    def _folded(self, word: str) -> str:
        return word.casefold() if self._in_any_case else word
