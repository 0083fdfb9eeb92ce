"""The ladder of a stop: which signal is due when, and how long to sleep between looks. Pure.

rung:    INT for 5 s     TERM for 10 s     KILL, again and again
time:  ──┴───────────────┴─────────────────┴───────────────────────▶
         start           start + 5         start + 15 = `kill_at`
"""

from __future__ import annotations

from homerun.system import signals

_LOOK_S = 0.02
_HURRY_S = 0.005
_RETRY_S = 1.0
ROUNDS_OF_KILL_S = 2.0


class Ladder:
    """Signals with their times, from a moment on.

    Args:
        rungs: the signals before KILL, each with the seconds that it is given.
        start: now, on the clock that all other times here are of.
    """

    def __init__(self, rungs: list[tuple[int, float]], start: float) -> None:
        self._until: list[tuple[int, float]] = []
        for number, seconds in rungs:
            start += seconds
            self._until.append((number, start))
        self.kill_at = start

    def number(self, now: float) -> int:
        """The signal that is due."""
        return next((number for number, until in self._until if now < until), signals.KILL)

    def pause(self, began: float, now: float, *, hurry: bool) -> float:
        """Seconds to sleep before the next look.

        Args:
            began: when the last look began: one that was dear (a machine of many processes) is
                not taken again at once.
            hurry: whether that look found nothing, so that one more may be the last.
        """
        seconds = max(_HURRY_S if hurry or now >= self.kill_at else _LOOK_S, 10 * (now - began))
        if self.late(now) > 0:
            return _RETRY_S
        due = [until - now for _, until in self._until if now < until]
        return min([seconds, *due])

    def late(self, now: float) -> float:
        """Seconds since KILL should have ended everything; below zero before that."""
        return now - self.kill_at - ROUNDS_OF_KILL_S
