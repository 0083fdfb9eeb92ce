"""Whether the kernel has killed for want of memory, as far as it says so.

It counts such kills per control group: a session, a service, a container, or the group of a run
that has limits. Outside of any group nothing is said. A script that was ended by SIGKILL is one of
them if the count rose while it died. The count can be waited for, so what died before is known to
be another.
"""

from __future__ import annotations

import os
import select
import time

from homerun.system import linux
from homerun.system.limits import own_group
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_LOCAL, _ALL_BELOW, _FIRST = "memory.events.local", "memory.events", "memory.oom_control"
_REGISTER = "cgroup.event_control"

_KILL = 1 << 8
"""SIGKILL in a mask of signals."""

_LOOKS, _LOOK_S = 5, 0.01
"""A group of version 1 tells that it is about to kill; then it kills, and counts."""


class Kills:
    """The kernel's count of the processes of one group that it killed.

    Args:
        path: the file that holds it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._is_first = os.path.basename(path) == _FIRST
        self.wakes_on = select.POLLIN if self._is_first else select.POLLPRI
        """What a poll of the descriptor of `watch` waits for."""

    def count(self) -> int | None:
        """The kills up to now; None: the group is gone."""
        return _count(atomic.read_or_empty(self.path))

    def watch(self) -> int | None:
        """A descriptor that wakes a poll when the count may have risen; None: no way."""
        if self._is_first:
            return self._registered()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        self.told(descriptor, 0)
        return descriptor

    def told(
        self, descriptor: int, before: int, sleep: Callable[[float], object] = time.sleep
    ) -> int | None:
        """The count, once a descriptor of `watch` has woken; that wakes at the next change.

        Args:
            before: what was counted before; a group of version 1 is given a moment to count more.
        """
        try:
            if not self._is_first:
                return _count(os.pread(descriptor, 4096, 0))
            os.read(descriptor, 8)
        except OSError:
            return None
        for _ in range(_LOOKS):
            found = self.count()
            if found is None or found > before:
                return found
            sleep(_LOOK_S)
        return self.count()

    def _registered(self) -> int | None:
        """A counter of events that a group of version 1 has been told to raise."""
        events = linux.event_counter()
        if events is None:
            return None
        try:
            asked = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                write_to(f"{os.path.dirname(self.path)}/{_REGISTER}", f"{events} {asked}")
            finally:
                os.close(asked)
        except OSError:  # a container's files are read-only
            os.close(events)
            return None
        return events


def of_own_group() -> Kills | None:
    """The count of the group that this process is in; None where the kernel tells nothing."""
    place = own_group.of_memory()
    return of_group(place.folder, is_first=place.is_first) if place else None


def of_group(folder: str, *, is_first: bool = False) -> Kills | None:
    """The count of a group; None: it has none.

    The processes of groups below do not count, where the kernel tells them apart.
    """
    for name in (_FIRST,) if is_first else (_LOCAL, _ALL_BELOW):
        found = Kills(f"{folder}/{name}")
        if found.count() is not None:
            return found
    return None


def is_dying(pid: int) -> bool:
    """Whether a process is about to end by SIGKILL, or is a zombie."""
    for line in atomic.read_or_empty(f"/proc/{pid}/status").splitlines():
        name, _, value = line.partition(b":")
        if name == b"State" and value.split()[0] in (b"Z", b"X"):
            return True
        if name in (b"SigPnd", b"ShdPnd") and int(value, 16) & _KILL:
            return True
    return False


def write_to(path: str, text: str) -> None:
    """Write to a file of a control group.

    Raises:
        OSError: the kernel does not take it.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _count(told: bytes) -> int | None:
    for line in told.split(b"\n"):
        if line.startswith(b"oom_kill "):
            return int(line[9:])
    return None
