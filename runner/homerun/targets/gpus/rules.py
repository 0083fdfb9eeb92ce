"""What a target's settings say of GPUs: which of them its runs may have, how many, and when.

    {"gpus": ["0", "1"], "gpus_per_user": 1, "gpu_reservations": ["alice=0@18:00-23:00"]}

They hold for the runs of one store: who shares a machine agrees on them.
"""

from __future__ import annotations

import time
from collections import namedtuple

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

GPUS, PER_USER, RESERVED = "gpus", "gpus_per_user", "gpu_reservations"

_DAY = 24 * 60

Reservation = namedtuple("Reservation", "user device begins ends")
"""A device that is one user's from minute to minute of each day, by this machine's clock."""


class GpuRules:
    """The rules of a target.

    Attributes:
        devices: by number or name, those that its runs may have; (): all.
        per_user: the most that this user has at once, of all stores; 0: no such rule.
        reserved: which are another's, and when.
    """

    __slots__ = ("devices", "per_user", "reserved")

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.devices = tuple(map(str, _list(said, GPUS)))
        per_user = said.get(PER_USER) or 0
        if type(per_user) is not int or per_user < 0:
            raise UserError(f"{PER_USER} is a whole number, not {per_user!r}")
        self.per_user = per_user
        self.reserved = [reservation(str(one)) for one in _list(said, RESERVED)]

    def held_back(self, device: Any, user: str, now: float) -> str:
        """For whom a device is kept from a user now, as a clause; "": it is not."""
        local = time.localtime(now)
        minute = local.tm_hour * 60 + local.tm_min
        for one in self.reserved:
            is_it = one.device in (device.index, device.index.partition(":")[0])
            if not (is_it or device.uuid.startswith(one.device)) or one.user == user:
                continue
            if _is_within(minute, one.begins, one.ends):
                until = "" if one.begins == one.ends else f" until {_clock(one.ends)}"
                return f"is reserved for {one.user}{until}"
        return ""


def reservation(text: str) -> Reservation:
    """One as people write it: `alice=0@18:00-23:00`, or `alice=0` for all day.

    Raises:
        UserError: it is none.
    """
    user, _, rest = text.partition("=")
    device, at, times = rest.partition("@")
    begins, dash, ends = times.partition("-")
    if user.strip() and device.strip() and bool(at) == bool(dash):
        try:
            told = (_minute(begins), _minute(ends)) if at else (0, 0)
            return Reservation(user.strip(), device.strip(), *told)
        except ValueError:
            pass
    raise UserError(
        f"{text!r} is not a reservation: write NAME=GPU@FROM-TO, as alice=0@18:00-23:00"
    )


def check_names(devices: Iterable[str]) -> list[str]:
    """The devices that a person names; of none, all are meant.

    Raises:
        UserError: one of them can be none.
    """
    found = [one.strip() for one in devices]
    for one in found:
        if not (one and all(sign.isalnum() or sign in "-:/" for sign in one)):
            raise UserError(f"{one!r} names no GPU: write numbers or names, as 0,1")
    return found


def _list(said: Mapping[str, Any], key: str) -> list[Any]:
    found = said.get(key) or []
    if not isinstance(found, list):
        raise UserError(f"{key} in the settings is a list, not {found!r}")
    return found


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute or 0)
    if not (0 <= found <= _DAY and 0 <= int(minute or 0) < 60):
        raise ValueError(text)
    return found % _DAY


def _is_within(minute: int, begins: int, ends: int) -> bool:
    if begins < ends:
        return begins <= minute < ends
    return begins == ends or minute >= begins or minute < ends


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
