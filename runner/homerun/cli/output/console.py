"""Words for people: times, durations, numbers, colours. Light: for the summary after a run."""

from __future__ import annotations

import os
import sys

from homerun.base import times
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

NONE = "-"

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

_CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}

_STEPS = (("d", 86400), ("h", 3600), ("m", 60))

_quiet = False
_plain_only = False
_debug = False
_command = "homerun"
_in_colour = False


def manners(quiet: bool = False, plain_only: bool = False, debug: bool = False) -> None:
    """How this command speaks.

    Args:
        quiet: errors only.
        plain_only: without colours.
        debug: errors with the places in the program that they come from.
    """
    global _quiet, _plain_only, _debug
    _quiet, _plain_only, _debug = quiet, plain_only, debug


def begin(command: str) -> None:
    """Speak as this command, with no manners of another one left."""
    global _command
    _command = command
    manners()


def command() -> str:
    """The command that goes on, as it is typed."""
    return _command


def is_debugging() -> bool:
    """Whether errors are to be told with their places in the program."""
    return _debug


def is_quiet() -> bool:
    """Whether only errors are to be told."""
    return _quiet


def may_colour() -> bool:
    """Whether the user wants colours."""
    terminal = os.environ.get("TERM")
    return not _plain_only and not os.environ.get("NO_COLOR") and terminal != "dumb"


def say(line: str, colour: str | None = None) -> None:
    """One line to the person, on standard error: standard output holds results only."""
    if not _quiet:
        complain(line, colour)


def complain(line: str, colour: str | None = None) -> None:
    """One line that is said also where only errors are to be told."""
    if sys.stderr is None:
        return
    if colour is not None and may_colour() and is_terminal(sys.stderr):
        line = painted(line, colour)
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        forget(sys.stderr)  # nobody hears it; the result and the exit code count all the same


def colours_as(wanted: bool) -> None:
    """Whether `bold` and `coloured` mark what they are given."""
    global _in_colour
    _in_colour = wanted


def bold(text: str) -> str:
    """A text in bold, where it goes to a terminal."""
    return f"\x1b[1m{text}\x1b[0m" if _in_colour else text


def coloured(text: str, colour: str | None) -> str:
    """A text in a colour, where it goes to a terminal."""
    return text if colour is None or not _in_colour else painted(text, colour)


def painted(text: str, colour: str) -> str:
    """A text in a colour, also where nothing shows colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def is_terminal(stream: Any) -> bool:
    """Whether a person sees what is written to a stream; one that is closed is None."""
    return stream is not None and stream.isatty()


def forget(stream: IO[Any]) -> None:
    """Nobody takes what is written to a stream: keep the interpreter from failing at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def fresh_line(last: bytes) -> None:
    """On a terminal, end the line that a script's output has left open."""
    if last not in (b"", b"\n") and is_terminal(sys.stderr):
        sys.stderr.write("\n")


def plain(value: object) -> str:
    """A text that cannot steer a terminal: what is not printable is shown as its escape."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def number(value: object) -> str:
    """A metric's value, short: six digits of a float are enough to read."""
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else plain(value)


def last(value: Any) -> str:
    """The last value of a metric, short; an image is the name of its file."""
    if isinstance(value, dict):
        return f"a table of {', '.join(map(plain, value))}"
    if isinstance(value, list):
        value = value[-1] if value else None
    return number(value)


def tags(row: dict[str, Any]) -> str:
    """A run's tags as `a=1 b`."""
    pairs = (row.get("tags") or {}).items()
    return " ".join(plain(k) if v is None else f"{plain(k)}={plain(v)}" for k, v in pairs)


def duration(seconds: float | None) -> str:
    """`0.04 s`, `1.4 s`, `12 s`, `3m 12s`, `2h 5m`, `3d 4h`."""
    if seconds is None:
        return NONE
    if seconds < 0.995:
        return f"{max(0.0, seconds):.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    rest = round(seconds)
    parts: list[str] = []
    for unit, size in (*_STEPS, ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def ago(time: object, now: float) -> str:
    """How long ago a recorded time was, as `5s ago`, `3m ago`, `2h ago`, `6d ago`, or its date."""
    at = times.unix(time)
    if at is None:
        return NONE
    seconds = max(0.0, now - at)
    if seconds > 30 * 86400:
        return str(time)[:10]
    for unit, size in _STEPS:
        if seconds >= size:
            return f"{seconds // size:.0f}{unit} ago"
    return f"{seconds:.0f}s ago"


def took(row: dict[str, Any], now: float | None = None) -> float | None:
    """How many seconds a run took, or has taken up to now; None where it never started, or where
    nobody here knows whether it goes on.
    """
    elapsed = (row.get("outcome") or {}).get("elapsed_s")
    if isinstance(elapsed, (int, float)):
        return float(elapsed)
    begun, end = times.unix(row.get("start_time_utc")), times.unix(row.get("end_time_utc"))
    if begun is None:
        return None
    if end is None and row.get("status") != status.NOT_RESPONDING:
        end = now
    return None if end is None else max(0.0, end - begun)
