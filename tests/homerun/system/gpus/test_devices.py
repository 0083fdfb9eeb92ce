"""GPUs as their drivers tell of them: whole, in parts, fallen off, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.gpus import Machine
from helpers.sources import ROOT
from homerun.system.gpus import amd, nvml, table
from homerun.system.gpus.devices import Device, NoGpus

GIB = 1 << 30


def test_each_device_is_told_with_its_figures_and_its_processes(gpus: Machine) -> None:
    gpus.say(0, name="H200", memory=140 * GIB, used=4 * GIB, percent=97, watts=512.5, celsius=61)
    gpus.say(0, joules=1234.5, computing=[[4711, 3 * GIB]], drawing=[[12, None]])

    first, second = table.readings()

    assert first.device == Device("0", "GPU-0", "H200", 140 * GIB, "CUDA_VISIBLE_DEVICES")
    assert (first.used, first.percent, first.watts) == (4 * GIB, 97.0, 512.5)
    assert (first.celsius, first.joules, first.flaw) == (61, 1234.5, "")
    assert first.processes == {4711: 3 * GIB, 12: None}
    assert first.computing == {4711}
    assert (second.percent, second.watts, second.joules) == (None, None, None)
    assert (second.processes, second.computing) == ({}, set())


def test_a_device_that_was_split_is_told_as_its_parts(gpus: Machine) -> None:
    parts = [{"uuid": "MIG-a", "memory": 10 * GIB}, None, {"uuid": "MIG-b", "memory": 20 * GIB}]
    gpus.say(1, parts=parts, watts=300.0, celsius=50)

    told = [(one.device.index, one.device.uuid, one.watts) for one in table.readings()]

    assert told == [("0", "GPU-0", None), ("1:0", "MIG-a", 300.0), ("1:2", "MIG-b", 300.0)]


def test_a_device_that_falls_off_is_told_as_such_under_its_name(gpus: Machine) -> None:
    table.readings()
    gpus.say(1, lost=True)

    _, lost = table.readings()

    assert lost.device.uuid == "GPU-1"
    assert lost.flaw == "NVML says: GPU is lost"


def test_processes_that_the_driver_does_not_tell_are_not_taken_for_none(gpus: Machine) -> None:
    gpus.say(0, computing=None)

    assert table.readings()[0].computing is None


def test_a_driver_that_does_not_answer_is_asked_again(gpus: Machine) -> None:
    gpus.write(error="Driver Not Loaded")
    with pytest.raises(NoGpus, match="the NVIDIA driver says: Driver Not Loaded"):
        table.readings()
    gpus.write()

    assert len(table.readings()) == 2


def test_a_machine_without_a_device_has_none(gpus: Machine) -> None:
    gpus.devices = []
    gpus.write()

    with pytest.raises(NoGpus, match="the driver knows of none"):
        table.readings()


def test_without_the_package_there_are_none_and_the_line_that_installs_it_is_said() -> None:
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "from homerun.system.gpus import table\n"
        "try: table.readings()\nexcept Exception as error: print(error)\n"
        "print('ctypes' in sys.modules)"
    )
    argv = [sys.executable, "-I", "-S", "-c", code, str(ROOT / "store"), str(ROOT / "runner")]
    done = subprocess.run(argv, capture_output=True, text=True)

    assert done.stdout.splitlines() == [
        f"nvidia-ml-py is not installed: {sys.executable} -m pip install 'nvidia-ml-py>=12'",
        "False",
    ]


def test_a_device_of_amd_is_told_by_the_kernel(tmp_path: Path) -> None:
    def write(path: str, text: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    write("kfd/kfd/topology/nodes/0/gpu_id", "0\n")
    write("kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 16\n")
    write("kfd/kfd/topology/nodes/1/gpu_id", "51234\n")
    write("kfd/kfd/topology/nodes/1/properties", "drm_render_minor 128\nunique_id 255\n")
    write("kfd/kfd/proc/4711/vram_51234", f"{2 * GIB}\n")
    write("kfd/kfd/proc/12/vram_51234", "0\n")
    device = "drm/renderD128/device"
    write(f"{device}/mem_info_vram_total", f"{16 * GIB}\n")
    write(f"{device}/mem_info_vram_used", f"{3 * GIB}\n")
    write(f"{device}/gpu_busy_percent", "42\n")
    write(f"{device}/hwmon/hwmon4/power1_average", "150000000\n")
    write(f"{device}/hwmon/hwmon4/temp1_input", "55000\n")

    (found,) = amd.readings(str(tmp_path))

    assert found.device == Device(
        "0", "AMD-00000000000000ff", "AMD GPU", 16 * GIB, "HIP_VISIBLE_DEVICES"
    )
    assert (found.used, found.percent, found.watts, found.celsius) == (3 * GIB, 42.0, 150.0, 55.0)
    assert (found.processes, found.computing) == ({4711: 2 * GIB}, {4711})


def test_an_early_version_of_the_package_tells_what_it_can(
    gpus: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus.say(0, percent=5, computing=[[11, 7]])
    library = nvml._package()
    for name in ("nvmlDeviceGetMigMode", "nvmlDeviceGetTotalEnergyConsumption"):
        monkeypatch.delattr(library, name)

    first = nvml.readings()[0]

    assert (first.percent, first.processes, first.joules) == (5.0, {11: 7}, None)


def test_names_as_earlier_versions_of_the_package_tell_them_are_text() -> None:
    assert nvml._text(b"GPU-a") == "GPU-a"
