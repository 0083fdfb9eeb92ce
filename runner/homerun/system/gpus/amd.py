"""AMD's GPUs, as the kernel tells of them below /sys; no package is needed.

A device is what both the driver of the graphics (`/sys/class/drm`) and that of the computing
(`/sys/class/kfd`) know. The latter tells which processes have memory of it.
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.system.gpus.devices import Device, GpuReading
from runstore.fs import atomic

ROOT = "/sys/class"

_CARDS, _NODES, _PROCESSES = "drm", "kfd/kfd/topology/nodes", "kfd/kfd/proc"


def readings(root: str = ROOT) -> list[GpuReading]:
    """One look at each device, in the order in which AMD's own tools count them; [] without any.

    Args:
        root: where the classes of devices are.
    """
    minors = {}
    for card in _names(f"{root}/{_CARDS}"):
        if card.startswith("renderD"):
            minors[card[len("renderD") :]] = f"{root}/{_CARDS}/{card}/device"
    found: list[GpuReading] = []
    for node in sorted(filter(str.isdecimal, _names(f"{root}/{_NODES}")), key=int):
        said = _properties(f"{root}/{_NODES}/{node}/properties")
        gpu_id = _text(f"{root}/{_NODES}/{node}/gpu_id")
        folder = minors.get(said.get("drm_render_minor", ""))
        if folder is not None and gpu_id not in ("", "0"):
            found.append(_read(root, folder, len(found), gpu_id, said))
    return found


def _read(root: str, folder: str, number: int, gpu_id: str, said: dict[str, str]) -> GpuReading:
    unique = _text(f"{folder}/unique_id") or f"{int(said.get('unique_id') or 0):016x}"
    memory = _number(f"{folder}/mem_info_vram_total") or 0
    name = _text(f"{folder}/product_name") or "AMD GPU"
    device = Device(str(number), f"AMD-{unique or gpu_id}", name, memory, environ.HIP_DEVICES)
    found = GpuReading(device)
    found.used = _number(f"{folder}/mem_info_vram_used")
    percent = _number(f"{folder}/gpu_busy_percent")
    found.percent = None if percent is None else float(percent)
    for sensor in _names(f"{folder}/hwmon")[:1]:
        watts = _number(f"{folder}/hwmon/{sensor}/power1_average")
        celsius = _number(f"{folder}/hwmon/{sensor}/temp1_input")
        found.watts = None if watts is None else watts / 1e6
        found.celsius = None if celsius is None else celsius / 1000
    found.computing = set()
    for pid in filter(str.isdecimal, _names(f"{root}/{_PROCESSES}")):
        used = _number(f"{root}/{_PROCESSES}/{pid}/vram_{gpu_id}")
        if used:
            found.processes[int(pid)] = used
            found.computing.add(int(pid))
    return found


def _properties(path: str) -> dict[str, str]:
    words = [line.split(None, 1) for line in _text(path).splitlines()]
    return {one[0]: one[1] for one in words if len(one) == 2}


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _number(path: str) -> int | None:
    text = _text(path)
    return int(text) if text.isdecimal() else None


def _text(path: str) -> str:
    try:
        return (atomic.read_bytes(path, follow=True) or b"").decode("utf-8", "replace").strip()
    except OSError:
        return ""
