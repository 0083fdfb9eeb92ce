"""The one place in the tests that waits by looking again, and the one deadline.

A test first looks for something that blocks: a Fifo, `Popen.wait`, `wait_gone`. Where nothing
blocks (a file appears, a status changes) it states the condition to `wait_until`. The deadline is
there only to turn a hang into a failure with words; no test passes or fails by how long it took.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

DEADLINE_S = 30.0
PAUSE_S = 0.005

T = TypeVar("T")


def pause() -> None:
    """Give others the CPU before the next look."""
    time.sleep(PAUSE_S)


def now_ns() -> int:
    """A clock that all processes share, to tell what was before what; never how long it took."""
    return time.monotonic_ns()


def deadline(timeout_s: float = DEADLINE_S) -> Callable[[], float]:
    """A function that says how many seconds are left; never below zero."""
    end = time.monotonic() + timeout_s
    return lambda: max(0.0, end - time.monotonic())


def holds_within(condition: Callable[[], T], timeout_s: float) -> T:
    """Look until the condition holds or the time is over; the last thing it returned."""
    left = deadline(timeout_s)
    while True:
        value = condition()
        if value or not left():
            return value
        pause()


def wait_until(condition: Callable[[], T], what: str) -> T:
    """Return the condition's first true value; fail naming `what` if none comes."""
    value = holds_within(condition, DEADLINE_S)
    if not value:
        pytest.fail(f"waited {DEADLINE_S:g} s in vain until {what} (last look: {value!r})")
    return value


def remove_store(folder: Path) -> None:
    """Remove a folder with a store. What asks an interpreter for its packages outlives the runs,
    and may put the answer there meanwhile.
    """

    def is_gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    wait_until(is_gone, f"{folder} is removed")
