"""The GPUs that an engine gave a job, as its node's drivers know them: for the run's record.

The job's variables name them, by number or by uuid. Where no library of a driver is there only
that is on record: a run is never kept back for it.
"""

from __future__ import annotations

from homerun.base import environ
from homerun.system.gpus import table
from homerun.targets.gpus import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.system.gpus.devices import Device

_NAMING = (environ.CUDA_DEVICES, environ.HIP_DEVICES, "ROCR_VISIBLE_DEVICES")
_NONE = ("", "-1", "NoDevFiles", "none", "void")


def given(env: Mapping[str, str]) -> list[str]:
    """The devices that the variables of a job name, as a plan carries them."""
    named = next((env[name] for name in _NAMING if env.get(name, "") not in _NONE), "")
    if not named:
        return []
    known = _known()
    return [rows.text(*_found(one.strip(), known)) for one in named.split(",") if one.strip()]


def _found(one: str, known: list[Device]) -> tuple[str, str, str]:
    """Index, uuid and name of a device that goes by one of the former; "": not known."""
    for device in known:
        if one == device.index or (device.uuid and device.uuid.startswith(one)):
            return device.index, device.uuid, device.name
    return (one, "", "") if one.isdigit() else ("", one, "")


def _known() -> list[Device]:
    try:
        return [reading.device for reading in table.readings()]
    except Exception:  # noqa: BLE001 - a driver's library can do anything; the run goes on
        return []
