"""Full-screen mode of the terminal: key presses in, frames of lines out.

However the block ends (return, error, Ctrl-C, SIGTERM), the terminal is restored; so it is by
Ctrl-Z, until the command is in the foreground again.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from socket import socketpair

from homerun.cli.interrupts import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket
    from types import FrameType
    from typing import Any

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_SIGNALS = (signal.SIGTERM, signal.SIGTSTP, signal.SIGWINCH)

UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
ENTER, ESCAPE, BACK = "enter", "escape", "back"
_SEQUENCES = {
    "\x1b[A": UP,
    "\x1b[B": DOWN,
    "\x1bOA": UP,
    "\x1bOB": DOWN,
    "\x1b[5~": PAGE_UP,
    "\x1b[6~": PAGE_DOWN,
    "\x1b[H": HOME,
    "\x1b[F": END,
    "\x1b[1~": HOME,
    "\x1b[4~": END,
}
_SINGLE = {"\r": ENTER, "\n": ENTER, "\x1b": ESCAPE, "\x7f": BACK, "\b": BACK}


class FullScreen:
    """The terminal; a context manager.

    Attributes:
        size: columns and lines.
    """

    def __init__(self) -> None:
        self.size = (80, 24)
        self._input = sys.stdin.fileno()
        self._shown: list[str] = []
        self._before: dict[int, Any] = {}
        self._mode: list[Any] = []
        self._wake: socket | None = None
        self._woken: socket | None = None

    def __enter__(self) -> FullScreen:
        self._woken, self._wake = socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        handlers = dict(zip(_SIGNALS, (self._end, self._suspend, self._resized)))
        for number, handler in handlers.items():
            self._before[number] = signal.signal(number, handler)
        self._mode = termios.tcgetattr(self._input)
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        # A signal that comes now would leave the terminal half restored.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        self._give_back()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        for end in (self._woken, self._wake):
            if end is not None:
                end.close()
        self._wake = None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))

    def wake(self) -> None:
        """End the wait in `keys`; from any thread."""
        try:
            if self._wake is not None:
                self._wake.send(b"\0")
        except OSError:  # it is awake already, or closed
            return

    def keys(self, seconds: float, *others: int) -> Iterator[str]:
        """The keys that were pressed: names of the special ones, else characters.

        Args:
            seconds: wait at most this long.
            others: descriptors that end the wait too.
        """
        assert self._woken is not None
        ready, _, _ = select.select([self._input, self._woken, *others], [], [], seconds)
        if self._woken in ready:
            self._woken.recv(4096)
        if self._input in ready:
            data = sys.stdin.buffer.raw.read(4096)  # type: ignore[union-attr]
            if not data:
                raise Interrupted(signal.SIGHUP)  # the terminal is gone
            yield from _named(data.decode("utf-8", "replace"))

    def paint(self, lines: list[str]) -> None:
        """Show a frame; only the lines that differ from the last one are written."""
        written = [
            f"\x1b[{at + 1};1H{line}\x1b[0m\x1b[K"
            for at, line in enumerate(lines)
            if at >= len(self._shown) or self._shown[at] != line
        ]
        self._shown = list(lines)
        self._write("".join(written))

    def _take(self) -> None:
        tty.setcbreak(self._input, termios.TCSADRAIN)  # keys typed before are kept
        self._shown = []
        self._measure()
        self._write(_ENTER)

    def _give_back(self) -> None:
        try:
            self._write(_LEAVE)
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._mode)
        except (OSError, termios.error):
            return  # the terminal is gone

    def _measure(self) -> None:
        try:
            wide, high = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            wide, high = 0, 0
        self.size = wide or 80, high or 24

    def _write(self, text: str) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace"))
        sys.stdout.buffer.flush()

    def _end(self, number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        self._measure()
        self._shown = []

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # stops here until it is continued
        signal.signal(number, self._suspend)
        self._take()


def _named(text: str) -> Iterator[str]:
    while text:
        for sequence, name in _SEQUENCES.items():
            if text.startswith(sequence):
                yield name
                text = text[len(sequence) :]
                break
        else:
            if text[0] == "\x1b" and len(text) > 1:
                return  # an unknown key
            yield _SINGLE.get(text[0], text[0])
            text = text[1:]
