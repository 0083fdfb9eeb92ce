"""The machine: processors, memory, GPUs."""

from __future__ import annotations

import os
import shutil

from homerun.base.installed import line_for_extra, line_that_installs
from homerun.doctor.diagnosis import MISSING, OK, WARN, Diagnosis
from homerun.doctor.interpreter import is_there
from homerun.system import portable
from homerun.targets.local import cores
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "machine"

_NVIDIA = "/proc/driver/nvidia/gpus"
_AMD = "/sys/class/kfd/kfd/topology/nodes"


def look() -> Iterator[Diagnosis]:
    """What runs can use."""
    yield Diagnosis(AREA, "processors", OK, f"{cores()} for this process")
    yield _memory()
    yield _gpus()


def _memory() -> Diagnosis:
    try:
        size, available = portable.memory()
    except ImportError:
        advice = f"run `{line_that_installs('psutil')}`, which homerun depends on"
        return Diagnosis(AREA, "memory", WARN, "unknown: psutil is not installed", advice)
    told = f"{available / 2**30:.1f} of {size / 2**30:.1f} GiB available"
    return Diagnosis(AREA, "memory", OK, told)


def _gpus() -> Diagnosis:
    models = [_model(f"{_NVIDIA}/{name}/information") for name in _names(_NVIDIA)]
    tool = shutil.which("nvidia-smi")
    if models:
        seen = ", ".join(f"{models.count(one)} x {one}" for one in dict.fromkeys(models))
        if not is_there("pynvml"):
            advice = f"run `{line_for_extra('gpu')}`, so that runs can ask for them (--gpus)"
            return Diagnosis(AREA, "GPUs", WARN, f"{seen}; no nvidia-ml-py", advice)
        return Diagnosis(AREA, "GPUs", OK, seen)
    if os.path.exists("/dev/kfd"):
        return Diagnosis(AREA, "GPUs", OK, "AMD (/dev/kfd)")
    if os.path.exists("/dev/nvidia0"):
        return Diagnosis(AREA, "GPUs", OK, "NVIDIA (/dev/nvidia0), of an unknown kind")
    if tool is not None:
        advice = "load the driver, or give the container the devices (--gpus all)"
        return Diagnosis(AREA, "GPUs", WARN, "nvidia-smi is here, and no GPU", advice)
    return Diagnosis(AREA, "GPUs", MISSING, "none", "nothing to do, unless this machine has one")


def _model(path: str) -> str:
    try:
        text = (atomic.read_bytes(path, follow=True) or b"").decode(errors="replace")
    except OSError:
        return "NVIDIA"
    lines = [line.partition(":")[2].strip() for line in text.split("\n") if "Model" in line]
    return lines[0] if lines else "NVIDIA"


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
