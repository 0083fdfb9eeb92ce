"""What a supervisor does in addition where others cannot see its lock and its processes.

It touches the run's heartbeat, and looks for stop.json itself: no signal reaches it from another
host. A supervisor at home does neither, and sleeps.
"""

from __future__ import annotations

import os

from homerun.system import linux
from runstore import layout
from runstore.fs import atomic
from runstore.queue import placed

_LOOKS_EVERY_S = 1.0
_HERE = "."


class Beats:
    """The heartbeat of the run whose folder is the current one, and the look for its stop."""

    def __init__(self) -> None:
        self._beats_at = self._looks_at = 0.0
        self._is_stopped = False

    def rest(self, seconds: float | None) -> float | None:
        """How long to sleep at most, of so many seconds: once it is stopped as long as asked."""
        if self._is_stopped:
            return placed.BEATS_EVERY_S if seconds is None else min(seconds, placed.BEATS_EVERY_S)
        return _LOOKS_EVERY_S if seconds is None else min(seconds, _LOOKS_EVERY_S)

    def look(self) -> bool:
        """Let the heart beat when it is time. True: stop.json is there."""
        now = linux.clock()
        try:
            if now >= self._beats_at:
                placed.beat(_HERE)
                self._beats_at = now + placed.BEATS_EVERY_S
            if now >= self._looks_at and not self._is_stopped:
                self._looks_at = now + _LOOKS_EVERY_S
                # A network file system remembers what was not there, until the folder is opened.
                os.close(os.open(_HERE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
                self._is_stopped = atomic.is_at(f"{_HERE}/{layout.STOP}")
        except OSError:
            return self._is_stopped  # the disk does not answer now; the next look is soon
        return self._is_stopped
