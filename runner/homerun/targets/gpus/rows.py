"""What a run was given of GPUs, as its plan carries it and as its record says it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from homerun.system.gpus.shares import Share

_ALL = 0


def as_texts(gpus: Iterable[Share]) -> list[str]:
    """For a plan: a text for each device."""
    return [text(one.device.index, one.device.uuid, one.device.name, one.mib) for one in gpus]


def text(index: str, uuid: str, name: str, mib: int | None = None) -> str:
    """A device as a plan carries it; `mib` where it is not all of it."""
    return "\t".join([index, uuid, str(mib or _ALL), name])


def read(found: Iterable[str]) -> list[dict[str, object]]:
    """For the record, of such texts; `memory` in bytes where it is not all of the device."""
    told = []
    for row in found:
        index, uuid, mib, name = row.split("\t", 3)
        device: dict[str, object] = {"index": index, "uuid": uuid, "name": name}
        told.append({**device, "memory": int(mib) << 20} if int(mib) != _ALL else device)
    return told
