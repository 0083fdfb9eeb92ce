"""Whether the kernel has killed for want of memory, as far as it says so.

It counts such kills per control group: a session, a service or a container; outside of any group
nothing is said. A script that was ended by SIGKILL is one of them if the count rose while it died.
The count of a newer kernel's group can be waited for, so what died before is known to be another.
"""

from __future__ import annotations

import os

from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION_2 = ("/sys/fs/cgroup", "memory.events")
_VERSION_1 = ("/sys/fs/cgroup/memory", "memory.oom_control")

_OUTERMOST = 0xEFFFFFFB
"""The inode of the namespace of control groups that the kernel starts with."""

_KILL = 1 << 8
"""SIGKILL in a mask of signals."""


def kills() -> int | None:
    """The count for this process's control group; None where the kernel tells nothing."""
    for path in _counts():
        found = _count(atomic.read_or_empty(path))
        if found is not None:
            return found
    return None


def watch() -> int | None:
    """A descriptor that a poll for POLLPRI wakes when the count may have risen; None: no way."""
    for path in _counts():
        if path.endswith(_VERSION_2[1]):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            if kills_told(descriptor) is not None:
                return descriptor
            os.close(descriptor)
    return None


def kills_told(descriptor: int) -> int | None:
    """The count that a descriptor of `watch` tells; it wakes at the next change."""
    try:
        return _count(os.pread(descriptor, 4096, 0))
    except OSError:
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


def _counts() -> Iterator[str]:
    """The files that may hold the count; a container sees its own group at the top."""
    for line in atomic.read_or_empty("/proc/self/cgroup").split(b"\n"):
        number, _, rest = line.partition(b":")
        controllers, _, group = rest.partition(b":")
        is_second = number == b"0" and not controllers
        if not (is_second or b"memory" in controllers.split(b",")):
            continue
        mount, name = _VERSION_2 if is_second else _VERSION_1
        if group != b"/":
            yield f"{mount}{os.fsdecode(group)}/{name}"
        if is_second or _is_within():
            yield f"{mount}/{name}"


def _is_within() -> bool:
    """Whether this process is in a namespace of control groups of its own."""
    try:
        return os.stat("/proc/self/ns/cgroup").st_ino != _OUTERMOST
    except OSError:
        return False


def _count(told: bytes) -> int | None:
    for line in told.split(b"\n"):
        if line.startswith(b"oom_kill "):
            return int(line[9:])
    return None
