"""What runs use of GPUs: those that they were given, and those that processes of theirs are on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.gpus import Machine
from helpers.wait import wait_until
from homerun import Run, Workspace
from homerun.metrics.usage.gpu_use import GpuMeter

GIB = 1 << 30


def usage(*pids: int) -> Any:
    names = ("gpu_percent", "gpu_memory", "gpu_watts", "gpu_celsius", "gpu_joules")
    return SimpleNamespace(pids=set(pids), **dict.fromkeys(names))


def figures(of: Any) -> tuple[Any, ...]:
    return of.gpu_percent, of.gpu_memory, of.gpu_watts, of.gpu_celsius, of.gpu_joules


def given(*uuids: str) -> dict[str, Any]:
    return {"gpus": [{"uuid": uuid} for uuid in uuids]}


@pytest.fixture
def meter(gpus: Machine) -> GpuMeter:
    gpus.say(0, percent=90, watts=300.0, celsius=60, joules=1000.0, computing=[[11, 8 * GIB]])
    gpus.say(1, percent=50, watts=200.0, celsius=70, joules=500.0, used=GIB)
    return GpuMeter(lambda mark: 0.0)


def test_a_run_uses_the_devices_that_its_processes_are_on(meter: GpuMeter) -> None:
    found = {"a": usage(11, 12), "b": usage(13)}
    meter.add_to(found, {"a": {}, "b": {}})

    assert figures(found["a"]) == (90.0, 8 * GIB, 300.0, 60, 0.0)
    assert figures(found["b"]) == (None,) * 5


def test_a_device_that_was_given_counts_before_the_run_uses_it(meter: GpuMeter) -> None:
    found = {"a": usage(11)}
    meter.add_to(found, {"a": given("GPU-0", "GPU-1")})

    assert figures(found["a"]) == (140.0, 9 * GIB, 500.0, 70, 0.0)


def test_the_energy_of_a_run_is_what_its_devices_have_counted_while_it_had_them(
    gpus: Machine, meter: GpuMeter
) -> None:
    told = []
    for joules in (1000.0, 1600.0, 100.0, 150.0):  # the driver is loaded again in between
        gpus.say(0, joules=joules)
        found = {"a": usage(11)}
        meter.add_to(found, {"a": {}})
        told.append(found["a"].gpu_joules)

    assert told == [0.0, 600.0, 600.0, 650.0]


def test_a_sampler_that_follows_another_goes_on_counting_energy(gpus: Machine) -> None:
    gpus.say(0, joules=5.0, computing=[[11, None]])
    found = {"a": usage(11)}
    GpuMeter({"a": 700.0}.__getitem__).add_to(found, {"a": {}})

    assert found["a"].gpu_joules == 700.0
    assert found["a"].gpu_memory is None


def test_a_device_that_has_fallen_off_tells_nothing(gpus: Machine, meter: GpuMeter) -> None:
    gpus.say(0, lost=True)
    found = {"a": usage(11)}
    meter.add_to(found, {"a": given("GPU-0")})

    assert figures(found["a"]) == (None,) * 5


def test_where_no_gpu_can_be_seen_nothing_is_told(gpus: Machine, meter: GpuMeter) -> None:
    gpus.write(error="Driver Not Loaded")
    found = {"a": usage(11)}
    meter.add_to(found, {"a": given("GPU-0")})

    assert figures(found["a"]) == (None,) * 5


def test_the_gpus_of_a_run_are_sampled_and_summed_up_in_its_record(
    gpus: Machine, submit: Callable[[str], Run], workspace_dir: Path, gate: Any, fifo: Any
) -> None:
    root = Path(Workspace.from_config().store.for_writing().root)
    (root / "settings.json").write_text(json.dumps({"sample_s": 0.5}))
    door, up = gate("door"), fifo("up")
    run = submit(f"import os\nprint(os.getpid(), file={up.opened}, flush=True)\n{door.passed}")
    gpus.say(1, percent=80, watts=250.0, joules=10.0, computing=[[int(up.line()), 2 * GIB]])
    wait_until(lambda: "system/gpu_joules" in run.get_system_metrics(), "its GPU is sampled")
    gpus.say(1, joules=400.0)
    wait_until(lambda: run.describe()["usage"].get("gpu_joules") == 390.0, "its energy is counted")
    door.open()
    run.wait_for_completion()

    used = run.describe()["usage"]
    assert used["gpu_percent"] == {"mean": 80, "max": 80}
    assert used["gpu_memory"]["max"] == 2 * GIB
    assert used["gpu_joules"] == 390.0
