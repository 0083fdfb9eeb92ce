"""A fake NVML, at the seam of the library: what nvidia-ml-py calls, told by a JSON file beside it.

    {"error": "Driver Not Loaded",
     "devices": [{"uuid": "GPU-a", "name": "Fake", "memory": 80e9, "used": 0, "percent": 50,
                  "watts": 300, "celsius": 60, "joules": 1000, "lost": false,
                  "computing": [[pid, bytes]], "drawing": [[pid, bytes]],
                  "parts": [{"uuid": "MIG-a", …}]}]}

Each call reads the file again, so a test changes the machine by writing it.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_NOT_FOUND = 6
NVML_ERROR_DRIVER_NOT_LOADED = 9
NVML_ERROR_GPU_IS_LOST = 15
NVML_ERROR_RESET_REQUIRED = 16

_TEXTS = {3: "Not Supported", 6: "Not Found", 9: "Driver Not Loaded", 15: "GPU is lost"}


class NVMLError(Exception):
    """Every error of the library."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return _TEXTS.get(self.value, str(self.value))


def _machine() -> dict[str, Any]:
    with open(os.path.join(os.environ["HOMERUN_NVML"], "machine.json")) as file:
        found: dict[str, Any] = json.load(file)
        return found


class _Handle:
    def __init__(self, number: int, part: int | None = None) -> None:
        self.number = number
        self.part = part

    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = _machine()["devices"][self.number]
        if found.get("lost"):
            raise NVMLError(NVML_ERROR_GPU_IS_LOST)
        if self.part is None:
            return found
        part: dict[str, Any] = found["parts"][self.part]
        return part


def _value(handle: _Handle, name: str) -> Any:
    value = handle.said().get(name)
    if value is None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return value


def nvmlInit() -> None:  # noqa: N802
    if _machine().get("error"):
        raise NVMLError(NVML_ERROR_DRIVER_NOT_LOADED)


def nvmlDeviceGetCount() -> int:  # noqa: N802
    nvmlInit()
    return len(_machine()["devices"])


def nvmlDeviceGetHandleByIndex(number: int) -> _Handle:  # noqa: N802
    handle = _Handle(number)
    handle.said()
    return handle


def nvmlDeviceGetUUID(handle: _Handle) -> str:  # noqa: N802
    return str(_value(handle, "uuid"))


def nvmlDeviceGetName(handle: _Handle) -> str:  # noqa: N802
    return str(handle.said().get("name", "Fake GPU"))


def nvmlDeviceGetMemoryInfo(handle: _Handle) -> SimpleNamespace:  # noqa: N802
    said = handle.said()
    return SimpleNamespace(total=int(said.get("memory", 80 << 30)), used=int(said.get("used", 0)))


def nvmlDeviceGetUtilizationRates(handle: _Handle) -> SimpleNamespace:  # noqa: N802
    return SimpleNamespace(gpu=_value(handle, "percent"), memory=0)


def nvmlDeviceGetPowerUsage(handle: _Handle) -> int:  # noqa: N802
    return int(_value(handle, "watts") * 1000)


def nvmlDeviceGetTemperature(handle: _Handle, sensor: int) -> int:  # noqa: N802
    return int(_value(handle, "celsius"))


def nvmlDeviceGetTotalEnergyConsumption(handle: _Handle) -> int:  # noqa: N802
    return int(_value(handle, "joules") * 1000)


def nvmlDeviceGetComputeRunningProcesses(handle: _Handle) -> list[SimpleNamespace]:  # noqa: N802
    return _processes(handle, "computing")


def nvmlDeviceGetGraphicsRunningProcesses(handle: _Handle) -> list[SimpleNamespace]:  # noqa: N802
    return _processes(handle, "drawing")


def _processes(handle: _Handle, kind: str) -> list[SimpleNamespace]:
    said = handle.said().get(kind, [])
    if said is None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in said]


def nvmlDeviceGetMigMode(handle: _Handle) -> list[int]:  # noqa: N802
    if "parts" not in handle.said():
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return [1, 1]


def nvmlDeviceGetMaxMigDeviceCount(handle: _Handle) -> int:  # noqa: N802
    return 7


def nvmlDeviceGetMigDeviceHandleByIndex(handle: _Handle, place: int) -> _Handle:  # noqa: N802
    if place >= len(handle.said()["parts"]) or handle.said()["parts"][place] is None:
        raise NVMLError(NVML_ERROR_NOT_FOUND)
    return _Handle(handle.number, place)
