"""What is known of a GPU: the device itself, and one look at it. No library is loaded here."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Device = namedtuple("Device", "index uuid name memory variable")
"""One that a run can be given: its number as `nvidia-smi` shows it (`1`, or `0:2` for a part of
device 0), the name that is its own on every machine, its kind, its memory in bytes, and the
variable by which a program is shown it."""


class GpuReading:
    """One look at a device; None, for each of the figures: it is not told here.

    Attributes:
        device: which one.
        flaw: why it cannot be used now; "": it can.
        used: bytes of its memory, of all processes.
        percent: for how much of the last moments it was busy.
        watts, celsius: power and temperature.
        joules: energy since its driver was loaded.
        processes: all that have memory of it, by pid, each with its bytes or None.
        computing: those that compute; the others only draw, as a desktop does. None: not told.
    """

    __slots__ = (
        *("celsius", "computing", "device", "flaw", "joules", "percent", "processes", "used"),
        "watts",
    )

    def __init__(self, device: Any, flaw: str = "") -> None:
        self.device = device
        self.flaw = flaw
        self.used: int | None = None
        self.percent: float | None = None
        self.watts: float | None = None
        self.celsius: float | None = None
        self.joules: float | None = None
        self.processes: dict[int, int | None] = {}
        self.computing: set[int] | None = None


class NoGpus(Exception):
    """No GPU can be seen here; the text says why, as a clause."""
