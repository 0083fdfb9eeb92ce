"""Retries: which failures a run is started again after, and when."""

from __future__ import annotations

import os

from runstore import status
from runstore.queue import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runstore.run.record import Record

EXIT = "exit:"
CAUSES = (status.EXIT_CODE, status.SIGNAL, status.OUT_OF_MEMORY, status.HOST_RESTARTED)
USUAL = CAUSES[:3]
"""What a run is retried after where nothing is said."""

LONGEST_S = 3600.0


def is_wanted(most: int, on: Sequence[str], attempt: int, outcome: Mapping[str, Any]) -> bool:
    """Whether an attempt that ended so is followed by another one."""
    if attempt > most or outcome.get("status") != status.FAILED:
        return False
    cause, code = outcome.get("cause"), outcome.get("exit_code")
    return cause in (*on, status.RULE) or (cause == status.EXIT_CODE and f"{EXIT}{code}" in on)


def delay(first_s: float, attempt: int) -> float:
    """Seconds between the end of an attempt and the next: twice as many each time, at most 1 h."""
    return min(first_s * 2.0 ** min(attempt - 1, 30), max(first_s, LONGEST_S))


def keeps_plan(run: Mapping[str, Any]) -> bool:
    """Whether what a run is started with is kept until it is over."""
    return bool(run.get("max_retries")) and status.HOST_RESTARTED in (run.get("retry_on") or ())


def forget_plan(record: Record) -> None:
    """Remove what was kept of a run that is over."""
    if keeps_plan(record.run):
        try:
            os.unlink(place.kept_plan(record))
        except OSError:
            return  # another process has, or `store check` finds it
