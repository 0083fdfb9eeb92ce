"""How far something is that takes long: a line on standard error, for people only."""

from __future__ import annotations

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
    """The items as they are; how many there were is shown."""
    with Progress(what) as tell:
        for number, item in enumerate(items, 1):
            tell(number)
            yield item


class Progress:
    """A bar that appears when something takes longer than half a second; a context manager.

    Args:
        what: what is being done, in a few words.
        total: how much there is to do, about; 0: nobody knows.
    """

    def __init__(self, what: str, total: int = 0) -> None:
        self._what = what
        self._total = total
        self._next = monotonic() + _AFTER_S
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

    def __call__(self, done: int) -> None:
        """Tell how much is done."""
        if not self._is_wanted or monotonic() < self._next:
            return
        self._next = monotonic() + _EVERY_S
        self._is_shown = True
        sys.stderr.write(f"{_CLEAR}{self._what}  {self._bar(done)}")
        sys.stderr.flush()

    def _bar(self, done: int) -> str:
        if not self._total:
            return f"{done:,}"
        part = min(1.0, done / self._total)
        full = int(part * _CELLS)
        return f"[{'#' * full}{' ' * (_CELLS - full)}] {part:4.0%}"


class Waiting:
    """Shows a sentence where something that cannot be counted takes longer; a context manager."""

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
