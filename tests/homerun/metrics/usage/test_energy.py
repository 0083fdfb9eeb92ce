"""Energy of processors: a run has the share of its processor time, of what the kernel counts."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homerun.metrics.usage.energy import EnergyMeter

MOST = 262_143_328_850
TICKS = os.sysconf("SC_CLK_TCK")


class Kernel:
    """A fake of the two places where the kernel tells of energy and of processor time."""

    def __init__(self, folder: Path) -> None:
        self.zones, self.stat = folder / "powercap", folder / "stat"
        self.zones.mkdir()
        self.busy(0)

    def zone(self, name: str, kind: str, joules: float) -> Path:
        """Say what a zone has counted."""
        zone = self.zones / name
        zone.mkdir(exist_ok=True)
        (zone / "name").write_text(f"{kind}\n")
        (zone / "max_energy_range_uj").write_text(f"{MOST}\n")
        (zone / "energy_uj").write_text(f"{round(joules * 1e6)}\n")
        return zone

    def busy(self, seconds: float) -> None:
        """Say how much processor time all have used."""
        ticks = 1000 + round(seconds * TICKS)
        self.stat.write_text(f"cpu  {ticks} 0 0 99999 77 0 0 0 55 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")

    def meter(self, before: float = 0.0) -> EnergyMeter:
        return EnergyMeter(lambda mark: before, str(self.zones), str(self.stat))


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def look(meter: EnergyMeter, **cpu_s: float) -> dict[str, float | None]:
    """What a look at runs tells, of each of which the processor time so far is given."""
    usages: dict[str, Any] = {
        mark: SimpleNamespace(cpu_s=used, cpu_joules=None) for mark, used in cpu_s.items()
    }
    meter.add_to(usages)
    return {mark: usage.cpu_joules for mark, usage in usages.items()}


def test_a_run_has_its_share_of_what_all_packages_and_their_memory_have_counted(
    kernel: Kernel,
) -> None:
    for name, kind in (("intel-rapl:0", "package-0"), ("intel-rapl:0:1", "dram")):
        kernel.zone(name, kind, 100)
    kernel.zone("intel-rapl:0:0", "core", 90)
    kernel.zone("intel-rapl:1", "psys", 500)
    kernel.zone("intel-rapl-mmio:0", "package-0", 100)
    meter = kernel.meter()
    first = look(meter, a=5.0, b=7.0)
    kernel.zone("intel-rapl:0", "package-0", 160)
    kernel.zone("intel-rapl-mmio:0", "package-0", 160)
    kernel.zone("intel-rapl:0:1", "dram", 120)
    kernel.zone("intel-rapl:0:0", "core", 150)
    kernel.busy(8)

    assert first == {"a": 0.0, "b": 0.0}
    assert look(meter, a=9.0, b=8.0) == {"a": 40.0, "b": 10.0}
    assert look(meter, a=9.0) == {"a": 40.0}


def test_a_counter_that_began_again_loses_nothing(kernel: Kernel) -> None:
    kernel.zone("intel-rapl:0", "package-0", MOST / 1e6 - 3)
    meter = kernel.meter(before=1000.0)
    look(meter, a=0.0)
    kernel.zone("intel-rapl:0", "package-0", 4)
    kernel.busy(2)

    assert look(meter, a=2.0) == {"a": pytest.approx(1007.0)}


def test_no_run_has_more_than_all_whatever_the_clocks_say(kernel: Kernel) -> None:
    kernel.zone("intel-rapl:0", "package-0", 10)
    meter = kernel.meter()
    look(meter, a=0.0)
    kernel.zone("intel-rapl:0", "package-0", 30)
    kernel.busy(1)

    assert look(meter, a=4.0) == {"a": 20.0}


def test_where_nothing_can_be_read_nothing_is_told(kernel: Kernel, tmp_path: Path) -> None:
    zone = kernel.zone("intel-rapl:0", "package-0", 10)
    (zone / "energy_uj").write_text("")
    meters = [kernel.meter(), EnergyMeter(lambda mark: 0.0, str(tmp_path / "none"))]

    assert [look(meter, a=1.0) for meter in meters] == [{"a": None}] * 2
