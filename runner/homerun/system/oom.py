"""Whether the kernel has killed for want of memory, as far as it says so.

It counts such kills per control group. A script that was ended by SIGKILL while the count of the
group rose that its supervisor was started in was one of them, or died beside one: a group is a
session, a service or a container. Outside of any group nothing is said.
"""

from __future__ import annotations

import os

from runstore.fs import atomic

_VERSION_2 = ("/sys/fs/cgroup", "memory.events")
_VERSION_1 = ("/sys/fs/cgroup/memory", "memory.oom_control")


def kills() -> int | None:
    """The count for this process's control group; None where the kernel tells nothing."""
    for line in atomic.read_or_empty("/proc/self/cgroup").split(b"\n"):
        number, _, rest = line.partition(b":")
        controllers, _, group = rest.partition(b":")
        is_second = number == b"0" and not controllers
        if group == b"/" or not (is_second or b"memory" in controllers.split(b",")):
            continue
        mount, name = _VERSION_2 if is_second else _VERSION_1
        count = _count(f"{mount}{os.fsdecode(group)}/{name}")
        if count is not None:
            return count
    return None


def _count(path: str) -> int | None:
    for line in atomic.read_or_empty(path).split(b"\n"):
        if line.startswith(b"oom_kill "):
            return int(line[9:])
    return None
