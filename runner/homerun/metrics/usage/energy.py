"""The energy of processors that runs use, where the kernel tells it: to root, mostly.

It is counted for whole packages. A run has its share: that of its processor time in all that was
used meanwhile, so what a machine takes that does nothing is left to those that do something.
"""

from __future__ import annotations

import os

from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from homerun.metrics.usage.meter import Usage

POWERCAP = "/sys/class/powercap"
_PACKAGE, _MEMORY = b"package", b"dram"
"""The zones that add up to all: those of cores lie within the first."""

_AGAIN = "mmio"
"""A second way to the counters of the same packages."""

_STAT = "/proc/stat"
_BUSY = 0, 1, 2, 5, 6, 7
"""Fields of processor time that are neither idle nor counted twice: `man 5 proc_stat`."""


class EnergyMeter:
    """Looks at the counters again and again, and adds up the energy of each run.

    Args:
        joules_before: what a run has used by earlier samples, by its mark.
        folder, stat: where the kernel tells of energy, and of processor time.
    """

    def __init__(
        self, joules_before: Callable[[str], float], folder: str = POWERCAP, stat: str = _STAT
    ) -> None:
        self._before = joules_before
        self._stat = stat
        self._zones = _zones(folder)
        self._counted: dict[str, int] = {}
        self._busy_s = 0.0
        self._cpu_s: dict[str, float] = {}
        self._joules: dict[str, float] = {}

    def add_to(self, usages: Mapping[str, Usage]) -> None:
        """Add what runs have used since their first look; nothing where no zone can be read."""
        if not self._zones:
            return
        joules, busy_s = self._spent(), self._busy_since()
        for mark, usage in usages.items():
            if mark not in self._joules:
                self._joules[mark] = self._before(mark)
            used_s = max(0.0, usage.cpu_s - self._cpu_s.get(mark, usage.cpu_s))
            self._joules[mark] += joules * min(1.0, used_s / busy_s) if busy_s > 0 else 0.0
            usage.cpu_joules = self._joules[mark]
        self._cpu_s = {mark: usage.cpu_s for mark, usage in usages.items()}
        self._joules = {mark: self._joules[mark] for mark in usages}

    def _spent(self) -> float:
        """What all zones have counted since the last look; 0 at the first."""
        microjoules = 0
        for path, most in self._zones.items():
            now = _number(f"{path}/energy_uj")
            if now is None:
                continue
            before = self._counted.get(path, now)
            microjoules += now - before if now >= before else now + most - before
            self._counted[path] = now
        return microjoules / 1e6

    def _busy_since(self) -> float:
        """The processor time that all have used since the last look; 0 where it is not told."""
        line = atomic.read_or_empty(self._stat).split(b"\n", 1)[0].split()[1:]
        if len(line) <= _BUSY[-1]:
            return 0.0
        now = sum(int(line[at]) for at in _BUSY) / os.sysconf("SC_CLK_TCK")
        before, self._busy_s = self._busy_s or now, now
        return now - before


def _zones(folder: str) -> dict[str, int]:
    """The zones that add up to all, each with what its counter begins again after."""
    found = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    for name in names:
        path = f"{folder}/{name}"
        is_meant = atomic.read_or_empty(f"{path}/name").startswith((_PACKAGE, _MEMORY))
        most = _number(f"{path}/max_energy_range_uj")
        is_told = most and _number(f"{path}/energy_uj") is not None
        if is_meant and is_told and _AGAIN not in name:
            found[path] = most or 0
    return found


def _number(path: str) -> int | None:
    text = atomic.read_or_empty(path).strip()
    return int(text) if text.isdigit() else None
