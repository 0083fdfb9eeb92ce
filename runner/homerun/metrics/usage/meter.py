"""What runs use of this machine now: each one's whole tree of processes.

Only this user's runs on this host are read. A pid is no process: what was read of one counts only
if the same process still has the pid afterwards.
"""

from __future__ import annotations

import time

from homerun.metrics.usage.process_use import Watched
from homerun.system import portable, process_tree
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from homerun.metrics.usage.process_use import ProcessUse
    from homerun.system.process_tree import Process

    Looked = dict[tuple[int, int], ProcessUse]
    """What each process of a run has used, by pid and start."""

_LOOKS_PER_PROPORTIONAL = 6
"""What processes share is looked at less often: the kernel walks through all of their pages."""


_LOOKS_PER_ASKING = 12
"""To ask a process whether it is of another run takes as long as to look at what it uses."""

_ABOVE = 0, 0
"""The supervisor, which collects the script and what that left alone."""


class Usage:
    """What one run uses.

    Attributes:
        cpu_percent: of one processor, since the last look; None: this was the first.
        cpu_s: seconds of processor time since the run began, that of what has ended too.
        memory: resident bytes. What processes share counts for each of them.
        shared_once: the same, where what processes share counts once; None: not looked at now.
        threads, processes: how many there are.
        read_bytes, written_bytes: from and to disks, since the run began; None: not told here.
        gpu_percent, gpu_memory, gpu_watts, gpu_celsius, gpu_joules: of the GPUs that it has, if
            it has any and they are looked at (`gpu_use.py`).
        cpu_joules: of the processors, where that is told (`energy.py`).
        pids: its processes.
    """

    __slots__ = (
        *("cpu_joules", "cpu_percent", "cpu_s", "gpu_celsius", "gpu_joules", "gpu_memory"),
        "gpu_percent",
        *("gpu_watts", "memory", "pids", "processes", "read_bytes", "shared_once", "threads"),
        "written_bytes",
    )

    def __init__(self, cpu_percent: float | None, looked: Looked, above: ProcessUse | None) -> None:
        every = looked.values()
        self.cpu_percent = cpu_percent
        self.memory = sum(one.memory for one in every)
        self.shared_once: int | None = None
        self.threads = sum(one.threads for one in every)
        self.processes = len(looked)
        all_of_it = [*every, above] if above is not None else [*every]
        self.cpu_s = sum(one.cpu_s + one.children_cpu_s for one in every)
        self.cpu_s += above.children_cpu_s if above is not None else 0.0
        self.pids = {pid for pid, _ in looked}
        self.cpu_joules: float | None = None
        self.gpu_percent: float | None = None
        self.gpu_memory: int | None = None
        self.gpu_watts: float | None = None
        self.gpu_celsius: float | None = None
        self.gpu_joules: float | None = None
        self.read_bytes = _sum(one.read_bytes for one in all_of_it)
        self.written_bytes = _sum(one.written_bytes for one in all_of_it)


class Meter:
    """Looks at runs again and again, and tells what they used in between.

    Args:
        is_thorough: whether what processes share is looked at too, now and then.
    """

    def __init__(self, *, is_thorough: bool = False) -> None:
        self._clocks: dict[str, _Clock] = {}
        self._is_thorough = is_thorough
        self._looks = 0
        self._processes = Watched()
        self._looked_at: set[tuple[int, int]] = set()
        self._seen: set[tuple[int, int]] = set()
        self._own: set[tuple[int, int]] = set()

    def read(self, started: Mapping[str, Mapping[str, Any]]) -> dict[str, Usage]:
        """What some runs use; a run of which nothing can be told is left out.

        Args:
            started: the fact of that name, by the run's mark; {} where there is none.
        """
        here = {mark: fact for mark, fact in started.items() if fact and identity.same_place(fact)}
        try:
            trees = process_tree.trees_of_runs(here, self._own) if here else {}
            found = {mark: self._usage(mark, here[mark], tree) for mark, tree in trees.items()}
        except ImportError:  # no psutil, or a /proc of other processes
            return {}
        self._looks += 1
        self._processes.forget_but(self._looked_at)
        seen = {(one.pid, one.ticks) for tree in trees.values() for one in tree}
        # Asked twice, since one that was just forked may exec; and now and then again.
        self._own = self._seen & seen if self._looks % _LOOKS_PER_ASKING else set()
        self._seen = seen
        self._looked_at.clear()
        self._clocks = {mark: clock for mark, clock in self._clocks.items() if found.get(mark)}
        return {mark: usage for mark, usage in found.items() if usage is not None}

    def _usage(self, mark: str, fact: Mapping[str, Any], tree: Iterable[Process]) -> Usage | None:
        looked: Looked = {}
        for process in tree:
            used = self._used_by(process.pid, process.ticks)
            if used is not None:
                looked[process.pid, process.ticks] = used
        if not looked:
            return None
        above = self._used_by_recorded(fact.get("supervisor") or {})
        clock = self._clocks.setdefault(mark, _Clock())
        usage = Usage(clock.percent(looked, above, time.monotonic()), looked, above)
        if self._is_thorough and self._looks % _LOOKS_PER_PROPORTIONAL == 0 and len(looked) > 1:
            usage.shared_once = _sum(portable.proportional_memory(pid) for pid, _ in looked)
        return usage

    def _used_by(self, pid: int, ticks: int) -> ProcessUse | None:
        self._looked_at.add((pid, ticks))
        return self._processes.used_by(pid, ticks)

    def _used_by_recorded(self, process: Mapping[str, Any]) -> ProcessUse | None:
        """What a recorded process has used; None where it is gone."""
        return self._used_by(int(process.get("pid", 0)), int(process.get("start_ticks", 0)))


class _Clock:
    """The processor time of one run, from look to look.

    A process that ended is in none of the looks, and its time is told by the one that collects it,
    all of it at once: what was counted of it before is owed, and taken off then.
    """

    def __init__(self) -> None:
        self._at: float | None = None
        self._own: dict[tuple[int, int], float] = {}
        self._collected: dict[tuple[int, int], float] = {}
        self._owed = 0.0

    def percent(self, looked: Looked, above: ProcessUse | None, now: float) -> float | None:
        """What was used since the last look, of one processor."""
        own = {who: used.cpu_s for who, used in looked.items()}
        collected = {who: used.children_cpu_s for who, used in looked.items()}
        above_s = self._collected.get(_ABOVE, 0.0) if above is None else above.children_cpu_s
        collected[_ABOVE] = above_s
        is_first = self._at is None
        used = _grown(self._own, own)
        told = _grown(self._collected, collected)
        self._owed += sum(_gone(self._own, own)) + sum(_gone(self._collected, collected))
        used += max(0.0, told - self._owed)
        self._owed = max(0.0, self._owed - told)
        elapsed = now - (self._at or 0.0)
        self._at, self._own, self._collected = now, own, collected
        return None if is_first else 100 * used / max(elapsed, 1e-3)


def _grown(before: Mapping[Any, float], now: Mapping[Any, float]) -> float:
    return sum(max(0.0, had - before.get(who, 0.0)) for who, had in now.items())


def _gone(before: Mapping[Any, float], now: Mapping[Any, float]) -> Iterable[float]:
    return (had for who, had in before.items() if who not in now)


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
