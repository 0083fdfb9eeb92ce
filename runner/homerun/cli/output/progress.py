"""Progress of what takes long: one line on standard error, on a terminal only."""

from __future__ import annotations

import os
import sys
from time import monotonic

from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from threading import Event
    from types import TracebackType
    from typing import TypeVar

    Item = TypeVar("Item")

_AFTER_S = 0.5
_EVERY_S = 0.1
_CELLS = 24
_CLEAR = "\r\x1b[K"


def counted(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The items unchanged; how many there were is shown."""
    with Progress(what) as tell:
        for number, item in enumerate(items, 1):
            tell(number)
            yield item


class Progress:
    """A bar that appears when something takes longer than half a second; a context manager.

    Args:
        what: what is being done, in a few words.
        total: how much there is to do, about; 0: it is not known.
        at_once: show it from the first call on.
    """

    def __init__(self, what: str, total: int = 0, *, at_once: bool = False) -> None:
        self._what = what
        self._total = total
        self._next = monotonic() + (0.0 if at_once else _AFTER_S)
        self._is_shown = False
        self._is_wanted = console.is_terminal(sys.stderr) and not console.is_quiet()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def __call__(self, done: int, detail: str = "") -> None:
        """Show how much is done, and behind the bar some more words about it."""
        if not self._is_wanted or monotonic() < self._next:
            return
        self._next = monotonic() + _EVERY_S
        self._is_shown = True
        line = "  ".join(filter(None, (self._what, self._bar(done), detail)))
        sys.stderr.write(_CLEAR + line[: _columns() - 1])
        sys.stderr.flush()

    def _bar(self, done: int) -> str:
        if not self._total:
            return f"{done:,}"
        part = min(1.0, done / self._total)
        full = int(part * _CELLS)
        return f"[{'#' * full}{' ' * (_CELLS - full)}] {part:4.0%}"


def _columns() -> int:
    """How wide the terminal is: a line that it wraps cannot be cleared."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class WaitingLine:
    """Shows a sentence while something that cannot be counted takes long; a context manager."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._over: Event | None = None

    def __enter__(self) -> None:
        if console.is_terminal(sys.stderr) and not console.is_quiet():
            from threading import Event, Thread

            self._over = Event()
            self._thread = Thread(target=self._wait, args=(self._over,), daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        if self._over is not None:
            self._over.set()
            self._thread.join()

    def _wait(self, over: Event) -> None:
        if not over.wait(_AFTER_S):
            sys.stderr.write(f"{_CLEAR}{self._text} …")
            sys.stderr.flush()
            over.wait()
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
