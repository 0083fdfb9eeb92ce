"""The terminal as a place to write: verbosity, colours, lines on standard error."""

from __future__ import annotations

import os
import sys

from homerun.base import terminal
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

COLOURS = {
    status.COMPLETED: "green",
    status.FAILED: "red",
    status.CANCELED: "yellow",
    status.CANCEL_REQUESTED: "yellow",
    status.NOT_RESPONDING: "magenta",
    status.RUNNING: "cyan",
    status.FINALIZING: "cyan",
    status.PREPARING: "blue",
    status.QUEUED: "blue",
}

CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}
"""The number of each colour, as terminals know it."""

_quiet = False
_plain_only = False
_debug = False
_command = "homerun"
_in_colour = False


def manners(quiet: bool = False, plain_only: bool = False, debug: bool = False) -> None:
    """Set verbosity and colour for this command.

    Args:
        quiet: print errors only.
        plain_only: print no colours.
        debug: print errors with their traceback.
    """
    global _quiet, _plain_only, _debug
    _quiet, _plain_only, _debug = quiet, plain_only, debug


def begin_command(command: str) -> None:
    """Begin this command, with the default verbosity and colour."""
    global _command
    _command = command
    manners()


def command_name() -> str:
    """The current command, as it is typed."""
    return _command


def is_debugging() -> bool:
    """Whether errors are printed with their traceback."""
    return _debug


def is_quiet() -> bool:
    """Whether only errors are printed."""
    return _quiet


def may_colour() -> bool:
    """Whether the user wants colours."""
    terminal = os.environ.get("TERM")
    return not _plain_only and not os.environ.get("NO_COLOR") and terminal != "dumb"


def inform(line: str, colour: str | None = None) -> None:
    """Print one line on standard error: standard output holds results only."""
    if not _quiet:
        complain(line, colour)


def complain(line: str, colour: str | None = None) -> None:
    """Print one line on standard error, even if only errors are to be printed."""
    if sys.stderr is None:
        return
    line = terminal.escaped(line, but_for="\n")
    if colour is not None and may_colour() and is_terminal(sys.stderr):
        line = painted(line, colour)
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)  # nothing reads it; the result and the exit code still count


def colours_as(wanted: bool) -> None:
    """Switch `bold` and `coloured` on or off."""
    global _in_colour
    _in_colour = wanted


def bold(text: str) -> str:
    """A text in bold, if colours are on."""
    return f"\x1b[1m{text}\x1b[0m" if _in_colour else text


def coloured(text: str, colour: str | None) -> str:
    """A text in a colour, if colours are on."""
    return text if colour is None or not _in_colour else painted(text, colour)


def painted(text: str, colour: str) -> str:
    """A text in a colour, even if colours are off."""
    return f"\x1b[{CODES[colour]}m{text}\x1b[0m"


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; a closed one is None."""
    return stream is not None and stream.isatty()


def discard(stream: IO[Any]) -> None:
    """Point a stream whose reader has gone at /dev/null, so that the exit does not fail on it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def fresh_line(last: bytes) -> None:
    """On a terminal, end the line that a script's output left open."""
    if last not in (b"", b"\n") and is_terminal(sys.stderr):
        sys.stderr.write("\n")
