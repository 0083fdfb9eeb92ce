"""Messages to the caller of the SDK on standard error, beside results and errors."""

from __future__ import annotations

import sys
from _thread import get_ident

from homerun.base.terminal import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


_kept: dict[int, list[str]] = {}


class Kept:
    """A context manager: what is told in this thread is kept in a list, and not said.

    Attributes:
        lines: what was told.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __enter__(self) -> Kept:
        _kept[get_ident()] = self.lines
        return self

    def __exit__(self, *_: object) -> None:
        _kept.pop(get_ident(), None)


def tell(lines: list[str]) -> None:
    """Say lines on standard error: standard output belongs to the caller.

    Where there is none, or no room for them, they are lost: words never stop a training.
    """
    if _kept and get_ident() in _kept:
        _kept[get_ident()].extend(lines)
        return
    for line in lines:
        say(line)


def say(line: str) -> None:
    """Say a line on standard error if that can be done; it may lie on the same full disk."""
    try:
        sys.stderr.write(f"homerun: {escaped(line, but_for=chr(10))}\n")
    except (AttributeError, OSError, ValueError):  # there is none, no room for it, or it is closed
        return
