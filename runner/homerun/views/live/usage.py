"""What runs use of this machine now: processor and memory of each one's whole tree of processes.

Only this user's runs on this host are read. A pid is no process: what was read of one counts only
if the same process still has the pid afterwards.
"""

from __future__ import annotations

import time

from homerun.system import portable, process_tree
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from homerun.system.process_tree import Process

    Seconds = dict[tuple[int, int], float]
    """Seconds of processor time, by pid and start."""


class Usage:
    """What one run uses.

    Attributes:
        cpu_percent: of one processor, since the last look; None: this was the first.
        memory: resident bytes. What processes share counts for each of them.
    """

    __slots__ = ("cpu_percent", "memory")

    def __init__(self, cpu_percent: float | None, memory: int) -> None:
        self.cpu_percent = cpu_percent
        self.memory = memory


class Meter:
    """Looks at runs again and again, and tells what they used in between."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Seconds]] = {}

    def read(self, started: Mapping[str, Mapping[str, Any]]) -> dict[str, Usage]:
        """What some runs use; a run of which nothing can be told is left out.

        Args:
            started: the fact of that name, by the run's mark; {} where there is none.
        """
        here = {mark: fact for mark, fact in started.items() if fact and identity.same_place(fact)}
        try:
            trees = process_tree.trees_of_runs(here) if here else {}
            found = {mark: self._usage(mark, tree) for mark, tree in trees.items()}
        except ImportError:  # no psutil, or a /proc of other processes
            return {}
        self._known = {mark: known for mark, known in self._known.items() if found.get(mark)}
        return {mark: usage for mark, usage in found.items() if usage is not None}

    def _usage(self, mark: str, tree: Iterable[Process]) -> Usage | None:
        now, seconds, memory = time.monotonic(), {}, 0
        for process in tree:
            used = portable.used_by(process.pid)
            if used is not None and process_tree.still_lives(process):
                seconds[process.pid, process.ticks] = used[0]
                memory += used[1]
        if not seconds:
            return None
        before = self._known.get(mark)
        self._known[mark] = now, seconds
        return Usage(None if before is None else _percent(*before, now, seconds), memory)


def _percent(since: float, before: Seconds, now: float, seconds: Seconds) -> float:
    """What was used between two looks, of one processor; a process that is new began in between."""
    used = sum(max(0.0, had - before.get(who, 0.0)) for who, had in seconds.items())
    return 100 * used / max(now - since, 1e-3)
