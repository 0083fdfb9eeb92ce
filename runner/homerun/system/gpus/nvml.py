"""NVIDIA's GPUs, by the library of their driver; the only importer of nvidia-ml-py (extra `gpu`).

The driver's library is loaded by the first look, and stays open: to open it can take seconds. A
device of which NVML has made parts (MIG) is told as these parts, since no program can use the rest.
"""

from __future__ import annotations

import sys

from homerun.base import environ, installed
from homerun.system.gpus.devices import Device, GpuReading, NoGpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_LOST = (15, 16)
"""What NVML says of a device that has fallen off, or has to be reset."""

_CELSIUS = 0
_IS_SPLIT = 1

_opened: list[Any] = []
_seen: dict[str, Device] = {}
"""Every device of the last looks by its number: one that has fallen off tells nothing any more."""


def readings() -> list[GpuReading]:
    """One look at each device, those that have fallen off included.

    Raises:
        NoGpus: the package, the library or the driver is not there, or does not answer.
    """
    library = _library()
    try:
        count = int(library.nvmlDeviceGetCount())
    except library.NVMLError as error:
        _opened.clear()  # a driver that was loaded again wants its library opened again
        raise NoGpus(f"the NVIDIA driver says: {error}") from error
    return [one for number in range(count) for one in _at(library, number)]


def _library() -> Any:
    """The package, with the driver's library open."""
    if _opened:
        return _opened[0]
    library = _package()
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        raise NoGpus(f"the NVIDIA driver says: {error}") from error
    _opened.append(library)
    return library


def _package() -> Any:
    folder = environ.nvml_folder()
    if folder:
        sys.path.insert(0, folder)
    try:
        import pynvml
    except ImportError as error:
        line = installed.line_for_extra("gpu")
        raise NoGpus(f"nvidia-ml-py is not installed: {line}") from error
    finally:
        if folder:
            sys.path.remove(folder)
    return pynvml


def _at(library: Any, number: int) -> Iterator[GpuReading]:
    """The device of a number, or the parts that it was split into."""
    try:
        handle = library.nvmlDeviceGetHandleByIndex(number)
        parts = list(_parts(library, handle))
        if not parts:
            yield _read(library, handle, str(number), handle)
        for place, part in parts:
            yield _read(library, part, f"{number}:{place}", handle)
    except library.NVMLError as error:
        known = [one for index, one in _seen.items() if index.partition(":")[0] == str(number)]
        for device in known or [Device(str(number), "", "", 0, environ.CUDA_DEVICES)]:
            yield GpuReading(device, flaw=f"NVML says: {error}")


def _parts(library: Any, handle: Any) -> Iterator[tuple[int, Any]]:
    mode = _told(library, "nvmlDeviceGetMigMode", handle)
    if not mode or mode[0] != _IS_SPLIT:
        return
    for place in range(int(library.nvmlDeviceGetMaxMigDeviceCount(handle))):
        part = _told(library, "nvmlDeviceGetMigDeviceHandleByIndex", handle, place)
        if part is not None:
            yield place, part


def _read(library: Any, handle: Any, index: str, whole: Any) -> GpuReading:
    """Look at a device.

    Args:
        whole: the one that it is a part of, which tells what the parts have in common.
    """
    memory = library.nvmlDeviceGetMemoryInfo(handle)
    uuid, name = library.nvmlDeviceGetUUID(handle), library.nvmlDeviceGetName(handle)
    device = Device(index, _text(uuid), _text(name), int(memory.total), environ.CUDA_DEVICES)
    _seen[index] = device
    found = GpuReading(device)
    found.used = int(memory.used)
    rates = _told(library, "nvmlDeviceGetUtilizationRates", handle)
    found.percent = None if rates is None else float(rates.gpu)
    watts = _told(library, "nvmlDeviceGetPowerUsage", whole)
    found.watts = None if watts is None else watts / 1000
    found.celsius = _told(library, "nvmlDeviceGetTemperature", whole, _CELSIUS)
    energy = _told(library, "nvmlDeviceGetTotalEnergyConsumption", handle)
    found.joules = None if energy is None else energy / 1000
    computing = _told(library, "nvmlDeviceGetComputeRunningProcesses", handle)
    drawing = _told(library, "nvmlDeviceGetGraphicsRunningProcesses", handle)
    for one in (*(drawing or ()), *(computing or ())):
        used = None if one.usedGpuMemory is None else int(one.usedGpuMemory)
        found.processes[int(one.pid)] = used
    found.computing = None if computing is None else {int(one.pid) for one in computing}
    return found


def _told(library: Any, call: str, *given: Any) -> Any:
    """What a call tells; None: not of this device, or an early version of the package has none.

    Raises:
        NVMLError: the device has fallen off.
    """
    try:
        return getattr(library, call)(*given)
    except library.NVMLError as error:
        if error.value in _LOST:
            raise
    except AttributeError:
        pass
    return None


def _text(given: Any) -> str:
    """Earlier versions of the package tell names as bytes."""
    return given.decode() if isinstance(given, bytes) else str(given)
