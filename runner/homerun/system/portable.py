"""Processes and memory on any system, by psutil; its only importer in this package.

Where there is a /proc it is asked for what processes use, and for memory only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil

    Seen = tuple[int, bytes, int, int]
    """A pid, the letter of its state, its parent's pid, and when it began, in microseconds."""


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


def used_by(pid: int) -> tuple[float, int] | None:
    """The seconds of processor time that a process of this user has had, and its resident memory in
    bytes; None: it is gone, or another user's.

    Raises:
        ImportError: psutil is not there.
    """
    import psutil

    try:
        one = psutil.Process(pid)
        with one.oneshot():
            if one.uids().real != os.getuid():
                return None
            times = one.cpu_times()
            return times.user + times.system, one.memory_info().rss
    except psutil.Error:
        return None


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
