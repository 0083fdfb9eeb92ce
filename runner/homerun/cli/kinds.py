"""Kinds of values: what a word on the command line has to be, and what becomes of it.

A kind has a name for people, reads a word (`BadValue` where it is none), and knows which words
there are, if they can be counted.
"""

from __future__ import annotations

from homerun.cli.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind:
    """Any text."""

    name = "text"

    def read(self, word: str) -> object:
        """The value of a word.

        Raises:
            BadValue: it has none.
        """
        return word

    def offers(self, begun: str) -> Iterable[str]:
        """The words that begin so, of those that can be counted."""
        return ()


class Number(Kind):
    """A whole number, between two others where these are given."""

    name = "whole number"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least = least
        self._most = most

    def read(self, word: str) -> int:
        """The number; see `Kind`."""
        try:
            value = int(word)
        except ValueError:
            raise BadValue(f"{word!r} is no whole number") from None
        _check_between(value, self._least, self._most)
        return value


class Decimal(Kind):
    """A number, with a fraction or without."""

    name = "number"

    def __init__(self, least: float | None = None) -> None:
        self._least = least

    def read(self, word: str) -> float:
        """The number; see `Kind`."""
        try:
            value = float(word)
        except ValueError:
            raise BadValue(f"{word!r} is no number") from None
        _check_between(value, self._least, None)
        return value


class Choice(Kind):
    """One of some words.

    Args:
        in_any_case: `completed` is as good as `Completed`.
    """

    name = "choice"

    def __init__(self, words: Iterable[str], in_any_case: bool = False) -> None:
        self._words = tuple(words)
        self._in_any_case = in_any_case

    def read(self, word: str) -> str:
        """The word as it is spelled; see `Kind`."""
        for known in self._words:
            if self._folded(known) == self._folded(word):
                return known
        raise BadValue(f"{word!r} is none; there are {', '.join(self._words)}")

    def offers(self, begun: str) -> Iterable[str]:
        """The words that begin so."""
        begun = self._folded(begun)
        return [known for known in self._words if self._folded(known).startswith(begun)]

    def _folded(self, word: str) -> str:
        return word.casefold() if self._in_any_case else word


def _check_between(value: float, least: float | None, most: float | None) -> None:
    if least is not None and not value >= least:
        raise BadValue(f"{value} is too small: at least {least}")
    if most is not None and not value <= most:
        raise BadValue(f"{value} is too large: at most {most}")
