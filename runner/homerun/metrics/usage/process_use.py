"""What one process has used up to now: by two files of /proc, or by psutil where there is none.

psutil opens six for the same, and to open them is most of what the sampler costs.
"""

from __future__ import annotations

import os

from homerun.system import portable
from runstore.fs import atomic
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_ZOMBIES = (b"Z", b"X")
_PARENT_S = slice(11, 13)
_CHILDREN_S = slice(13, 15)
_THREADS, _START, _RESIDENT = 17, 19, 21
"""Fields of /proc/PID/stat behind the command."""
_READ, _WRITTEN = b"read_bytes", b"write_bytes"


class ProcessUse:
    """What a process has used up to now.

    Attributes:
        cpu_s: seconds of processor time.
        children_cpu_s: those of its children that it has collected, with all below them.
        memory: resident bytes. What processes share counts for each of them.
        threads: how many it has.
        read_bytes, written_bytes: from and to disks, its collected children's too; None: not told.
    """

    __slots__ = ("children_cpu_s", "cpu_s", "memory", "read_bytes", "threads", "written_bytes")

    def __init__(
        self,
        cpu_s: float,
        children_cpu_s: float,
        memory: int,
        threads: int,
        read_bytes: int | None,
        written_bytes: int | None,
    ) -> None:
        self.cpu_s = cpu_s
        self.children_cpu_s = children_cpu_s
        self.memory = memory
        self.threads = threads
        self.read_bytes = read_bytes
        self.written_bytes = written_bytes


class Watched:
    """Processes that are looked at again and again."""

    def __init__(self) -> None:
        self._handles = portable.Handles()
        self._ticks_s = 1 / os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def used_by(self, pid: int, ticks: int) -> ProcessUse | None:
        """What a process of this user has used; None: it is gone, or another user's.

        Args:
            ticks: when it began, by which it is told from another of the same pid.

        Raises:
            ImportError: there is no /proc, and psutil is not there.
        """
        if not identity.has_proc():
            told = self._handles.told_of(pid, ticks)
            return ProcessUse(*told) if told is not None else None
        read, written = _disk_bytes(pid)
        try:
            if os.stat(f"/proc/{pid}").st_uid != os.getuid():
                return None
            data = atomic.read_bytes(f"/proc/{pid}/stat")
        except OSError:  # it went meanwhile, or nothing can be opened now: that costs a sample
            return None
        fields = data[data.rindex(b")") + 2 :].split(None, _RESIDENT + 1) if data else []
        if not fields or int(fields[_START]) != ticks:
            return None
        if fields[0] in _ZOMBIES and fields[_THREADS] in (b"0", b"1"):
            return None
        return ProcessUse(
            sum(map(int, fields[_PARENT_S])) * self._ticks_s,
            sum(map(int, fields[_CHILDREN_S])) * self._ticks_s,
            int(fields[_RESIDENT]) * self._page,
            int(fields[_THREADS]),
            read,
            written,
        )

    def forget_but(self, whom: Collection[tuple[int, int]]) -> None:
        """Keep what is known of these, by pid and start, and of no others."""
        self._handles.forget_but(whom)


def _disk_bytes(pid: int) -> tuple[int | None, int | None]:
    """What a process has read from disks, and written to them; None: it is not told.

    The kernel does not count that for all, and shows it to the process's own user only.
    """
    lines = atomic.read_or_empty(f"/proc/{pid}/io").splitlines()
    found = dict(line.split(b": ", 1) for line in lines)
    read, written = found.get(_READ), found.get(_WRITTEN)
    return None if read is None else int(read), None if written is None else int(written)
