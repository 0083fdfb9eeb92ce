"""Standard output: its width, whether it takes colours, and the pager."""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.cli.output import console

UNBOUNDED = 4096
"""The columns of what is not a terminal: nothing is cut."""


def columns() -> int:
    """The width of a line."""
    return _size()[0] if console.is_terminal(sys.stdout) else UNBOUNDED


def takes_colours() -> bool:
    """Whether to colour what goes to standard output."""
    return console.is_terminal(sys.stdout) and console.may_colour()


def put(text: str, encoding: str | None = None) -> None:
    """Write a text to standard output; what cannot be encoded becomes its escape.

    Args:
        encoding: None: that of standard output.
    """
    if sys.stdout is None:
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(encoding or sys.stdout.encoding, "backslashreplace"))


def put_paged(text: str, wanted: bool = True, encoding: str | None = None) -> None:
    """Write a text; one that is longer than the terminal goes to the user's pager."""
    at_terminal = console.is_terminal(sys.stdout) and console.is_terminal(sys.stdin)
    pager = environ.pager()
    if not wanted or not at_terminal or pager == "cat" or text.count("\n") < _size()[1]:
        put(text, encoding)
        return
    import click

    os.environ["PAGER"] = pager
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager(text.removesuffix("\n"), color=takes_colours())


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal."""
    try:
        wide, high = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        wide, high = 0, 0
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        wide = int(said)
    return wide or 80, high or 24
