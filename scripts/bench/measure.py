"""Measuring in pairs: a thing and its floor in turn, medians over many, ratios within one run.

Machines are shared and noisy, so a figure of one day says little about that of another; a ratio
of two things that were measured in turn says more.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

START = [sys.executable, "-I", "-S", "-c", "pass"]
MEMORY = "/dev/shm"  # a file system in memory: a slow disk hides nothing of what is ours


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def processor(times: int, action: Callable[[], object]) -> str:
    """The processor's time for one call, in this process and its children, as a text.

    On a machine that others use too it says more than a duration.
    """
    before = _processor_s()
    for _ in range(times):
        action()
    return f"of the processor: {(_processor_s() - before) / times * 1e3:.2f} ms"


def _processor_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def one_start() -> float:
    """The unit of the table: a bare interpreter from start to end."""
    return seconds(lambda: subprocess.run(START, check=True))


def beside_one_start(times: int = 10) -> str:
    """The unit as a text to stand beside an absolute figure."""
    return f"one start: {median([one_start() for _ in range(times)]) * 1e3:.1f} ms"


def in_turn(times: int, *actions: Callable[[], object]) -> list[list[float]]:
    """Each action's durations, taken in turn; one round before them is not counted."""
    for action in actions:
        action()
    rounds = [[seconds(action) for action in actions] for _ in range(times)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratios(ours: list[float], floor: list[float]) -> list[float]:
    """Round by round, how many times its floor a thing took."""
    return [a / b for a, b in zip(ours, floor, strict=True)]


def scaled(values: list[float], unit: float) -> list[float]:
    """Durations in another unit, such as 1e-3 for milliseconds."""
    return [value / unit for value in values]


def median(values: list[float]) -> float:
    """The middle of several measurements."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


@contextmanager
def place(size: int = 0, files: int = 0) -> Iterator[str]:
    """A folder of its own as the working folder, with nothing of the user's around; then removed.

    It lies in memory where there is room for so many bytes and files.
    """
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=memory(size, files)) as folder:
        quiet_environment(f"{folder}/cache")
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def quiet_environment(cache: str) -> None:
    """Nothing of a surrounding run or of the user's cache takes part."""
    for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
        del os.environ[name]
    os.environ["XDG_CACHE_HOME"] = cache


def memory(size: int, files: int) -> str | None:
    """A folder in memory with so much room, or None."""
    if not os.access(MEMORY, os.W_OK):
        return None
    there = os.statvfs(MEMORY)
    has_room = there.f_bavail * there.f_frsize > size and there.f_favail > files
    return MEMORY if has_room else None
