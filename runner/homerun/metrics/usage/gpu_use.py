"""What runs use of GPUs: of those that they were given, and of those on which processes of theirs
are. Where no GPU can be seen nothing is told, and nothing is loaded again.
"""

from __future__ import annotations

from homerun.system.gpus import table
from homerun.system.gpus.devices import NoGpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from homerun.metrics.usage.meter import Usage
    from homerun.system.gpus.devices import GpuReading

_LOOKS_PER_TRY = 60
"""A driver that does not answer is asked again, and seldom."""


class GpuMeter:
    """Looks at the GPUs again and again, and adds up the energy of each run.

    Args:
        joules_before: what a run has used by earlier samples, by its mark.
    """

    def __init__(self, joules_before: Callable[[str], float]) -> None:
        self._before = joules_before
        self._counted: dict[tuple[str, str], float] = {}
        self._joules: dict[str, float] = {}
        self._untold = 0

    def add_to(self, usages: Mapping[str, Usage], live: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the figures of GPUs to what runs use.

        Args:
            live: of each run that goes on its fact `started`, by its mark.
        """
        readings = self._look()
        counted: dict[tuple[str, str], float] = {}
        for mark, usage in usages.items():
            given = {str(one.get("uuid")) for one in live[mark].get("gpus") or ()}
            held = [one for one in readings if _is_used(one, given, usage.pids)]
            if not held:
                continue
            usage.gpu_percent = _sum(one.percent for one in held)
            usage.gpu_memory = _sum(_memory(one, given, usage.pids) for one in held)
            usage.gpu_watts = _sum(one.watts for one in held)
            usage.gpu_celsius = max((one.celsius for one in held if one.celsius), default=None)
            told = {(mark, one.device.uuid): one.joules for one in held if one.joules is not None}
            counted.update(told)
            if told:
                usage.gpu_joules = self._add_up(mark, told)
        self._counted = counted
        self._joules = {mark: known for mark, known in self._joules.items() if mark in live}

    def _look(self) -> list[GpuReading]:
        if self._untold:
            self._untold -= 1
            return []
        try:
            return [one for one in table.readings() if not one.flaw]
        except NoGpus:
            self._untold = _LOOKS_PER_TRY
            return []

    def _add_up(self, mark: str, told: Mapping[tuple[str, str], float]) -> float:
        if mark not in self._joules:
            self._joules[mark] = self._before(mark)
        for key, joules in told.items():
            # A counter that is lower than before began again, with its driver.
            self._joules[mark] += max(0.0, joules - self._counted.get(key, joules))
        return self._joules[mark]


def _is_used(one: GpuReading, given: Collection[str], pids: Collection[int]) -> bool:
    return one.device.uuid in given or any(pid in pids for pid in one.processes)


def _memory(one: GpuReading, given: Collection[str], pids: Collection[int]) -> int | None:
    """The memory that a run has of a device.

    Where the driver tells no pids (in a container), or none of ours, what is used of a device that
    the run alone was given is the run's.
    """
    own = [used for pid, used in one.processes.items() if pid in pids]
    if own:
        memory: int | None = _sum(own)
        return memory
    return one.used if one.device.uuid in given and not one.processes else 0


def _sum(parts: Iterable[Any]) -> Any:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
