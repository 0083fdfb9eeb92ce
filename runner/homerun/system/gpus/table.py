"""All GPUs of this machine, of all makers."""

from __future__ import annotations

from homerun.system.gpus import amd, nvml
from homerun.system.gpus.devices import NoGpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.system.gpus.devices import GpuReading


def readings() -> list[GpuReading]:
    """One look at each GPU, those that cannot be used now included.

    Raises:
        NoGpus: there is none, or none can be seen from this process.
    """
    found = amd.readings()
    try:
        found = [*nvml.readings(), *found]
    except NoGpus:
        if not found:
            raise
    if not found:
        raise NoGpus("the driver knows of none")
    return found
