"""Reading the selected run while its log grows: in threads, one reading at a time."""

from __future__ import annotations

import asyncio
import threading
from asyncio import to_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runstore.errors import BaseError

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

    from homerun.views.live.close_up import CloseUp

_REST_S = 0.15
"""So long a run has to stay selected before its files are opened."""
_PACE_S = 0.1
"""How often a fast log is shown."""


class Near:
    """The run that is seen from near.

    Args:
        app: whose loop and timers are used.
        opened: opens a run by its id; called in a thread.
        shown: called with what was read of the run, in the app's thread.

    Attributes:
        run_id: which run that is; None: none so far.
        follows: whether its log wakes this; else `read` has to be called now and then.
    """

    def __init__(
        self,
        app: App[Any],
        opened: Callable[[str], CloseUp],
        shown: Callable[[dict[str, Any]], None],
    ) -> None:
        self.run_id: str | None = None
        self._wanted: str | None = None
        self._app = app
        self._opened = opened
        self._shown = shown
        self._seen: CloseUp | None = None
        self._timer: Timer | None = None
        self._is_reading = self._reads_again = False
        self._listened = -1
        self._using = threading.Lock()

    @property
    def follows(self) -> bool:
        """Whether it is woken by itself."""
        return self._listened >= 0

    def turn_to(self, run_id: str) -> None:
        """Look at another run, unless it is only passed by."""
        self._wanted = run_id
        if run_id != self.run_id and self._timer is None:
            pause = _PACE_S / 10 if self.run_id is None else _REST_S
            self._timer = self._app.set_timer(pause, self._turn)

    def read(self) -> None:
        """Read what is new; what comes meanwhile is read afterwards, in one go."""
        if self.run_id is None:
            return
        if self._is_reading:
            self._reads_again = True
            return
        self._is_reading = True
        self._listen(None)
        self._app.run_worker(self._reading(self.run_id), group="near")

    async def close(self) -> None:
        """Look at nothing any more."""
        self._listen(None)
        self.run_id = None
        await to_thread(self._let_go)

    def _turn(self) -> None:
        self._timer = None
        if self._wanted != self.run_id:
            self.run_id = self._wanted
            self.read()

    async def _reading(self, run_id: str) -> None:
        wide, high = self._app.size
        try:
            seen = await to_thread(self._look, run_id, 2 * wide, high)
        except (BaseError, OSError) as error:
            seen = {"log": [getattr(error, "message", None) or str(error)]}
        self._is_reading = False
        if run_id == self.run_id:
            self._shown(seen)
        if self._reads_again or run_id != self.run_id:
            self._reads_again = False
            self._app.set_timer(_PACE_S, self.read)
        else:
            self._listen(self._seen)

    def _look(self, run_id: str, wide: int, high: int) -> dict[str, Any]:
        with self._using:
            if self._seen is not None and self._seen.record.id != run_id:
                self._seen.close()
                self._seen = None
            if self._seen is None:
                self._seen = self._opened(run_id)
            return self._seen.read(high, wide)

    def _let_go(self) -> None:
        with self._using:  # a reading that was begun is waited for
            if self._seen is not None:
                self._seen.close()
                self._seen = None

    def _listen(self, seen: CloseUp | None) -> None:
        """Be woken when there is more of it; None: no more."""
        loop = asyncio.get_running_loop()
        if self._listened >= 0:
            loop.remove_reader(self._listened)
        self._listened = -1 if seen is None else seen.fileno()
        if self._listened >= 0:
            loop.add_reader(self._listened, self._woken)

    def _woken(self) -> None:
        self._listen(None)
        self._app.set_timer(_PACE_S, self.read)
