"""Named pipes between a test and a script that it does not start itself.

A supervisor closes every descriptor it inherits, so an anonymous pipe never reaches the script; a
FIFO is opened by path. A `Fifo` carries lines from the script to the test, and its end of file
says that every process that held it is gone. A `Gate` holds scripts back until the test lets go.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.wait import DEADLINE_S, deadline, pause

GO = b"go\n"


class _Pipe:
    """A FIFO and the descriptor by which this process holds it."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        os.mkfifo(path)
        self._fd = os.open(path, flags | os.O_CLOEXEC)

    def close(self) -> None:
        """Close this process's end; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Fifo(_Pipe):
    """Lines from a script. The script: `fifo = open(path, "w", buffering=1)`, then prints to it.

    Whoever inherits the script's end holds it: children by fork do; children by exec only with
    `os.set_inheritable(fifo.fileno(), True)` and `close_fds=False`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, os.O_RDONLY | os.O_NONBLOCK)
        self._pending = b""
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    @property
    def opened(self) -> str:
        """A Python expression by which a script opens its end."""
        return f"open({str(self.path)!r}, 'w', buffering=1)"

    def line(self, timeout_s: float = DEADLINE_S) -> str:
        """The next line, without its end; a writer may come, go, and another one come."""
        left = deadline(timeout_s)
        while b"\n" not in self._pending:
            self._look(left, "wrote a line to")
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def eof(self, timeout_s: float = DEADLINE_S) -> None:
        """Return once the FIFO was held by someone and no process holds it any more."""
        left = deadline(timeout_s)
        while self._look(left, "opened and then left") != select.POLLHUP:
            pass

    def _look(self, left: Callable[[], float], what: str) -> int:
        """Wait for an event and take in what it brings; the event's bits."""
        seconds = left()
        events = self._poll.poll(seconds * 1000)
        if not seconds or not events:
            pytest.fail(f"no process {what} {self.path.name} in time; pending: {self._pending!r}")
        event: int = events[0][1]
        if event & select.POLLIN:
            self._pending += os.read(self._fd, 65536)
        else:
            pause()  # all writers are gone: poll returns at once until another one comes
        return event


class Gate(_Pipe):
    """Where scripts wait for the test. It stays passable for who comes after `open`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, os.O_RDWR)

    @property
    def passed(self) -> str:
        """A Python expression that blocks a script until the gate is open."""
        return f"open({str(self.path)!r}, 'rb', buffering=0).read({len(GO)})"

    def open(self, scripts: int = 1) -> None:
        """Let so many scripts through."""
        os.write(self._fd, GO * scripts)
