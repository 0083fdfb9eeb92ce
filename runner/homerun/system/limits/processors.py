"""The processors that a run is bound to: those that no other run of this user is bound to first.

Who has which is told by locks on single bytes of one file in the user's cache, which the kernel
frees with their process.
"""

from __future__ import annotations

import fcntl
import os
import struct

from homerun.system import caches
from runstore.fs import atomic

_FILE = "homerun/processors"
_RECORD = struct.Struct("hhqqi4x")


class Bound:
    """Some processors.

    Attributes:
        numbers: which.
        shared: how many of them another run is bound to as well.
    """

    def __init__(self, numbers: list[int], shared: int, held: int | None) -> None:
        self.numbers = numbers
        self.shared = shared
        self._held = held

    def release(self) -> None:
        """Let others have them."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def choose(count: int, allowed: set[int]) -> Bound:
    """So many of the allowed processors; all of them where there are no more."""
    order = sorted(allowed)
    if len(order) <= count:
        return Bound(order, 0, None)
    held = _open()
    free: list[int] = []
    for number in order:
        if len(free) < count and (held is None or _take(held, number)):
            free.append(number)
    rest = [number for number in order if number not in free]
    turn = os.getpid() % len(rest)
    others = [*rest[turn:], *rest[:turn]][: count - len(free)]
    return Bound(sorted([*free, *others]), len(others), held)


def _open() -> int | None:
    """The file of locks; None: there can be none, and runs may be bound to the same ones."""
    if not hasattr(fcntl, "F_OFD_SETLK"):
        return None
    path = f"{caches.home()}/{_FILE}"
    try:
        caches.make_cache(os.path.dirname(path))
        return os.open(path, os.O_RDWR | os.O_CREAT | atomic.PLAIN, 0o600)
    except OSError:
        return None


def _take(held: int, number: int) -> bool:
    """Take a processor, unless another process has it."""
    try:
        wanted = _RECORD.pack(fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)
        fcntl.fcntl(held, fcntl.F_OFD_SETLK, wanted)
    except OSError:
        return False
    return True
