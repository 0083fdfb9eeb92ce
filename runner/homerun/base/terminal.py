"""Texts of others on a terminal: shown, never obeyed.

What runs, files and people have written may hold control sequences that set the clipboard or the
title, clear the screen, or turn the order of a line around. Printable characters pass, all others
are shown as their escapes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_LONGEST = 40
"""A longer sequence is none that is let through."""

_MAY_MOVE = "\n\r\t\b"
"""What draws progress bars, together with colours, and moves by lines and within one."""
_SEQUENCE = rf"\x1b\[[0-9;:]{{0,{_LONGEST}}}[ABCDGKm]"
_BEGUN = rf"\x1b(\[[0-9;:]{{0,{_LONGEST}}})?\Z"


def escaped(text: str, but_for: str = "") -> str:
    """A text in which each character that is not printable is shown as its escape.

    Args:
        but_for: what stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in but_for else escape(one) for one in text)


def escape(character: str) -> str:
    """The escape of a character, as Python writes it."""
    return character.encode("unicode_escape").decode()


class Screen:
    """What a program prints, made fit for a terminal: text, colours and progress bars pass.

    A sequence or a character that is split over two pieces stays whole.
    """

    def __init__(self) -> None:
        import codecs
        import re

        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._begun = re.compile(_BEGUN)
        self._parts = re.compile(f"{_SEQUENCE}|[^ -~{_MAY_MOVE}]")
        self._held = ""

    def show(self, data: bytes, is_last: bool = False) -> str:
        """What a terminal may be given of these bytes; at last also what was held back."""
        text = self._held + self._decoder.decode(data, is_last)
        self._held = ""
        if "\x1b" in text:
            begun = None if is_last else self._begun.search(text, max(0, len(text) - _LONGEST - 2))
            if begun is not None:
                text, self._held = text[: begun.start()], begun[0]
        elif text.translate(_WITHOUT_MOVES).isprintable():
            return text
        return self._parts.sub(_shown, text)


_WITHOUT_MOVES = {8: None, 9: None, 10: None, 13: None}
"""The table by which `str.translate` leaves out what may move the cursor."""


def _shown(found: re.Match[str]) -> str:
    part = found[0]
    return part if len(part) > 1 or part.isprintable() else escape(part)
