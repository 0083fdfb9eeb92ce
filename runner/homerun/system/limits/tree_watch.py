"""A watch on the memory and the number of processes of a run, where no control group keeps them.

It looks once a second, so a run may go over its limit in between. What processes share counts once;
the kernel is asked for that only where their plain sum is over the limit, since it looks at each
page then.
"""

from __future__ import annotations

import os

from homerun.system import linux, process_tree
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from homerun.system.process_tree import Process

EVERY_S = 1.0
_REST = 20
"""A look that is dear is followed by a pause so many times as long."""

_THREADS = 17


class TreeWatch:
    """Looks at the processes of one run.

    Args:
        memory, pids: the limits; None: none.

    Attributes:
        due: when the next look is to be.
        peak: the most memory that was seen, in bytes.
        most: the most processes and threads that were seen.
    """

    def __init__(self, memory: int | None, pids: int | None) -> None:
        self.memory = memory
        self.pids = pids
        self.due = linux.clock() + EVERY_S
        self.peak = 0
        self.most = 0

    def look(self, found: Iterable[Process]) -> str:
        """Which limit the processes are over; "" for none."""
        began = linux.clock()
        memory = tasks = 0
        seen: list[Process] = []
        for process in found:
            used = _resident(process.pid), _threads(process.pid)
            if process_tree.still_lives(process):
                seen.append(process)
                memory += used[0]
                tasks += used[1]
        if self.memory is not None and memory > self.memory:
            memory = sum(_shared_once(process.pid) for process in seen)
        self.peak, self.most = max(self.peak, memory), max(self.most, tasks)
        now = linux.clock()
        self.due = now + max(EVERY_S, _REST * (now - began))
        if self.memory is not None and memory > self.memory:
            return "memory"
        return "pids" if self.pids is not None and tasks > self.pids else ""


def _resident(pid: int) -> int:
    """The memory of a process in bytes; 0 where it is gone."""
    fields = atomic.read_or_empty(f"/proc/{pid}/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0


def _shared_once(pid: int) -> int:
    """The same, of what is shared only a part; all of it where the kernel does not tell."""
    for line in atomic.read_or_empty(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)


def _threads(pid: int) -> int:
    data = atomic.read_or_empty(f"/proc/{pid}/stat")
    fields = data[data.rfind(b")") + 2 :].split()
    return int(fields[_THREADS]) if len(fields) > _THREADS else 0
