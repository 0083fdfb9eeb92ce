"""Whether the kernel has killed for want of memory, as far as it says so.

It counts such kills per control group (cgroup v2) and for the whole machine. A script that was
ended by SIGKILL while the count of its own group rose was one of them. Where a group has no count
of its own the machine's is asked.
"""

from __future__ import annotations

import os

from runstore import facts

_MACHINE = "/proc/vmstat"


def kills() -> int | None:
    """The count for this process's control group; None where the kernel tells nothing."""
    for path in (f"{_group()}/memory.events", _MACHINE):
        count = _count(path)
        if count is not None:
            return count
    return None


def _group() -> str:
    for line in _peek("/proc/self/cgroup").split(b"\n"):
        if line.startswith(b"0::"):
            return "/sys/fs/cgroup" + os.fsdecode(line[3:]).rstrip("/")
    return "/sys/fs/cgroup"


def _count(path: str) -> int | None:
    for line in _peek(path).split(b"\n"):
        if line.startswith(b"oom_kill "):
            return int(line[9:])
    return None


def _peek(path: str) -> bytes:
    try:
        return facts.read_bytes(path) or b""
    except OSError:
        return b""
