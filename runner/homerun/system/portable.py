"""Processes and memory on any system, by psutil; its only importer in this package.

Where there is a /proc it is asked for what processes use, and for memory only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import psutil

    Seen = tuple[int, bytes, int, int]
    """A pid, the letter of its state, its parent's pid, and when it began, in microseconds."""

    Told = tuple[float, float, int, int, "int | None", "int | None"]
    """What `metrics.usage.process_use.ProcessUse` is made of."""


def seen_processes() -> Iterator[Seen]:
    """Every living process.

    Raises:
        ImportError: psutil is not there.
    """
    import psutil

    for one in psutil.process_iter():
        seen = _seen(one)
        if seen is not None:
            yield seen


def seen_process(pid: int) -> Seen | None:
    """A process as it is now; None: it is gone or a zombie.

    Raises:
        ImportError: psutil is not there.
    """
    import psutil

    try:
        return _seen(psutil.Process(pid))
    except psutil.Error:
        return None


def environment(pid: int) -> list[bytes]:
    """The variables a process was started with; none where it is another user's, or gone.

    Raises:
        ImportError: psutil is not there.
    """
    import psutil

    try:
        variables = psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return []
    return [os.fsencode(f"{name}={value}") for name, value in variables.items()]


def memory() -> tuple[int, int]:
    """The machine's memory, and how much of it a new process can have, in bytes."""
    import psutil

    found = psutil.virtual_memory()
    return found.total, found.available


def processor_time() -> tuple[float, float]:
    """The seconds that the machine's processors were busy since it started, and all of them."""
    import psutil

    found = psutil.cpu_times()
    # A guest's time is in that of its host too.
    whole = sum(found) - getattr(found, "guest", 0.0) - getattr(found, "guest_nice", 0.0)
    return whole - found.idle - getattr(found, "iowait", 0.0), whole


class Handles:
    """Processes that are looked at again and again: to find one costs as much as to look at it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], psutil.Process] = {}

    def told_of(self, pid: int, ticks: int) -> Told | None:
        """What a process has used; None: it is gone, or another user's.

        Args:
            ticks: when it began, by which it is told from another of the same pid.

        Raises:
            ImportError: psutil is not there.
        """
        import psutil

        try:
            one = self._known.get((pid, ticks))
            if one is None:
                one = self._known[pid, ticks] = psutil.Process(pid)
            with one.oneshot():
                told = _told(one) if one.uids().real == os.getuid() else None
            return told if one.is_running() else None
        except (psutil.Error, OSError):
            self._known.pop((pid, ticks), None)
            return None

    def forget_but(self, whom: Collection[tuple[int, int]]) -> None:
        """Keep these by pid and start, and no others."""
        self._known = {key: one for key, one in self._known.items() if key in whom}


def proportional_memory(pid: int) -> int | None:
    """The memory of a process in bytes, with its part of what it shares; None: it is not told.

    The kernel looks at each page for that: some milliseconds for each GiB.

    Raises:
        ImportError: psutil is not there.
    """
    import psutil

    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except (psutil.Error, OSError, AttributeError):
        return None


def _told(one: psutil.Process) -> Told:
    times = one.cpu_times()
    io = one.io_counters() if hasattr(one, "io_counters") else None
    return (
        float(times.user + times.system),
        float(times.children_user + times.children_system),
        int(one.memory_info().rss),
        int(one.num_threads()),
        None if io is None else int(io.read_bytes),
        None if io is None else int(io.write_bytes),
    )


def _seen(one: psutil.Process) -> Seen | None:
    import psutil

    try:
        with one.oneshot():
            state = one.status()
            if state in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return None
            letter = b"D" if state == psutil.STATUS_DISK_SLEEP else b"S"
            return one.pid, letter, one.ppid(), round(one.create_time() * 1e6)
    except psutil.Error:
        return None
