"""The first picture of `homerun top`, drawn before Textual is loaded, which takes longer than all
that is read of the runs (`make bench ARGS=top`, the first screen).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import time

from homerun.cli.interrupts import Interrupted
from homerun.cli.output.console import CODES
from homerun.cli.top.help import key_line
from homerun.cli.top.pane import Pane
from homerun.cli.top.styles import styles
from homerun.cli.top.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from homerun.cli.top.columns import Line
    from homerun.views.live.watchlist import Watchlist

_LEAST_HIGH = 12
"""Lines between head and foot; where there are fewer there is no pane, unless it is large."""

_BEGIN, _END = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""To the alternate screen, with the cursor hidden, and back."""
_INPUT, _LOCAL = 0, 3
"""Where a terminal's attributes have the flags of its input, and those of the line."""
_SGR = {"bold": 1, "dim": 2, "underline": 4, "reverse": 7}


def heights(high: int) -> tuple[int, int]:
    """The lines of the table and of the pane, of so many between head and foot."""
    pane = 0 if high < _LEAST_HIGH else max(7, min(20, high * 2 // 5))
    return high - pane, pane


def to_height(lines: Sequence[Line], high: int) -> list[Line]:
    """Exactly so many lines."""
    return [*lines, *([[]] * (high - len(lines)))][: max(0, high)]


def screen_lines(watched: Watchlist, goal: str | None, wide: int, high: int) -> list[Line]:
    """The screen from the top, as `app.Top` draws it once nothing was read of the selected run."""
    now = time.time()
    table, pane = Table(goal), Pane()
    table.take(watched.rows or (), watched.counts)
    above, below = heights(high - 2)
    runs = to_height(table.lines(wide, above, now), above)
    return [table.head(wide), *runs, *pane.lines(table.row, wide, below, now), key_line(wide)]


class Picture:
    """What stands on the terminal until Textual draws; a context manager that takes it off again.

    Keys that are pressed meanwhile wait for Textual: they are neither shown nor lost.

    Args:
        colours: whether they are wanted.

    Attributes:
        painted: what was written to the terminal; "": nothing so far.
        attributes: those of the terminal before that.
        is_over: something else draws on the terminal now, and takes it off.

    Raises:
        Interrupted: SIGTERM came while it stood there.
    """

    def __init__(self, colours: bool) -> None:
        self.painted = ""
        self.attributes: list[Any] = []
        self.is_over = False
        self._styles = {name: _sgr(one) for name, one in styles(colours).items()}
        self._on_term: Any = None

    def __enter__(self) -> Picture:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.painted:
            return
        if not self.is_over:
            _write(_END)
        with contextlib.suppress(termios.error):  # its window is gone
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self.attributes)
        signal.signal(signal.SIGTERM, self._on_term)

    def show(self, watched: Watchlist, goal: str | None) -> None:
        """Paint the runs as they are known."""
        size = os.get_terminal_size(sys.stderr.fileno())
        self.attributes = termios.tcgetattr(sys.stdin.fileno())
        drawn = screen_lines(watched, goal, size.columns or 80, size.lines or 24)
        self.painted = "\x1b[H" + "\r\n".join(map(self._painted, drawn))
        self._on_term = signal.signal(signal.SIGTERM, _interrupt)
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, _without_echo(self.attributes))
        _write(_BEGIN + self.painted)

    def _painted(self, line: Line) -> str:
        parts = (f"\x1b[{self._styles.get(name, '')}m{part}" for part, name in line)
        return "".join(parts) + "\x1b[m\x1b[K"


def _without_echo(attributes: list[Any]) -> list[Any]:
    """The same, but keys come one by one, as bytes, and are not shown."""
    found = [*attributes[:6], [*attributes[6]]]
    found[_INPUT] &= ~(termios.ICRNL | termios.INLCR | termios.IXON)
    found[_LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    found[6][termios.VMIN] = 1
    return found


def _interrupt(number: int, _: object) -> None:
    raise Interrupted(number)


def _sgr(style: dict[str, Any]) -> str:
    numbers = [CODES[one] if key == "color" else _SGR[key] for key, one in style.items() if one]
    return ";".join(map(str, numbers))


def _write(what: str) -> None:
    """To where Textual writes."""
    sys.stderr.write(what)
    sys.stderr.flush()
