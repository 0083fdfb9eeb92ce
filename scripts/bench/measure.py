"""Measuring in pairs: a thing and its floor in turn, medians over many, ratios within one run.

Machines are shared and noisy, so no figure here is compared with one of another day.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

START = [sys.executable, "-I", "-S", "-c", "pass"]


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def one_start() -> float:
    """The unit of the table: a bare interpreter from start to end."""
    return seconds(lambda: subprocess.run(START, check=True))


def in_turn(times: int, *actions: Callable[[], object]) -> list[list[float]]:
    """Each action's durations, taken in turn; one round before them is not counted."""
    for action in actions:
        action()
    rounds = [[seconds(action) for action in actions] for _ in range(times)]
    return [list(column) for column in zip(*rounds, strict=True)]


def median(values: list[float]) -> float:
    """The middle of several measurements."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def row(what: str, figure: str, budget: str) -> None:
    """One line of the table."""
    print(f"{what:<62} {figure:>28}   {budget}", flush=True)


def spread(values: list[float], unit: float = 1e-3) -> str:
    """Median, and the quartiles around it."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{median(values) / unit:.1f} ({low / unit:.1f}-{high / unit:.1f})"


def quiet_environment(cache: str) -> None:
    """Nothing of a surrounding run or of the user's cache takes part."""
    for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
        del os.environ[name]
    os.environ["XDG_CACHE_HOME"] = cache
