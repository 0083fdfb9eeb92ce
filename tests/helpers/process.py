"""Processes as /proc shows them: find them by a mark in their environment, end them for certain.

A process is named by pid and start time, so that a recycled pid is never taken for it, and it is
signalled through a pidfd opened before that name was checked.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from helpers.wait import DEADLINE_S, wait_until

if TYPE_CHECKING:
    from homerun import Run


class Process(NamedTuple):
    """One process at one look."""

    pid: int
    started: int  # clock ticks since boot
    parent: int
    state: str  # R, S, D, T, Z ... as in /proc/<pid>/stat
    command: str

    @property
    def identity(self) -> tuple[int, int]:
        """What stays true of this process and of no other."""
        return self.pid, self.started

    def __str__(self) -> str:
        return f"process {self.pid} ({self.state}): {self.command}"


class Stat(NamedTuple):
    """What one small file tells of a process."""

    pid: int
    started: int  # clock ticks since boot
    parent: int
    state: str
    name: str  # of its main thread


def look(pid: int) -> Process | None:
    """The process as it is now; None if there is none."""
    stat = _stat(pid)
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            command = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if stat is None:
        return None
    return Process(pid, stat.started, stat.parent, stat.state, command[:300] or stat.name)


def everyone() -> list[Process]:
    """Every process of the machine."""
    seen = map(look, _pids())
    return [process for process in seen if process is not None]


def stats() -> list[Stat]:
    """The same with as few calls as can be: each test asks twice."""
    seen = map(_stat, _pids())
    return [stat for stat in seen if stat is not None]


def _stat(pid: int) -> Stat | None:
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        head, _, rest = os.read(file, 4096).rpartition(b")")
    except ProcessLookupError:
        return None
    finally:
        os.close(file)
    fields = rest.split(None, 20)
    name = head.partition(b"(")[2].decode(errors="replace")
    return Stat(pid, int(fields[19]), int(fields[1]), fields[0].decode(), name)


def rename_self(comm: str) -> str:
    """Give this process a name, which children by fork keep until they exec; the former one."""
    with open("/proc/self/comm", "r+") as f:
        former = f.read().rstrip("\n")
        f.seek(0)
        f.write(comm)
    return former


def has_mark(pid: int, mark: bytes) -> bool:
    """Is `NAME=value` in the environment that the process was started with?"""
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return mark in f.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def marked(mark: str) -> list[Process]:
    """Every process started with `NAME=value`, except this one, wherever it hangs in the tree."""
    found = [look(pid) for pid in _pids() if pid != os.getpid() and has_mark(pid, mark.encode())]
    return [process for process in found if process is not None]


def descendants(pid: int) -> list[Process]:
    """The processes below `pid`, dead and not yet reaped ones included."""
    found = [look(one.pid) for one in below(pid, stats())]
    return [process for process in found if process is not None]


def below(pid: int, seen: Iterable[Stat]) -> list[Stat]:
    """Those below `pid`."""
    by_parent: dict[int, list[Stat]] = {}
    for stat in seen:
        by_parent.setdefault(stat.parent, []).append(stat)
    found, todo = [], [pid]
    while todo:
        children = by_parent.get(todo.pop(), [])
        found += children
        todo += [child.pid for child in children]
    return found


def is_alive(pid: int) -> bool:
    """Does a process of that pid run? A zombie does not."""
    process = look(pid)
    return process is not None and process.state not in "ZX"


def wait_gone(pid: int) -> None:
    """Return when the process has ended, whoever its parent is; fail if it does not."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not poll.poll(DEADLINE_S * 1000):
            pytest.fail(f"{look(pid)} did not end within {DEADLINE_S:g} s")
    finally:
        os.close(fd)


def wait_put_away(run: Run) -> None:
    """Return when the supervisor of a run is gone, which puts copies away after the end."""
    wait_gone(run.describe()["process"]["supervisor_pid"])


def send(process: Process, number: int) -> bool:
    """Signal exactly this process; False if it is gone."""
    try:
        fd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        now = look(process.pid)
        if now is None or now.identity != process.identity:
            return False
        signal.pidfd_send_signal(fd, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)


def kill(processes: Iterable[Process]) -> None:
    """SIGKILL each, wait until it is gone, and reap it where it is our child."""
    for process in processes:
        send(process, signal.SIGKILL)
        wait_until(lambda p=process: _reaped(p), f"{process} is gone")  # type: ignore[misc]


def _reaped(process: Process) -> bool:
    """Is the process gone, or at least dead where reaping it is somebody else's duty?"""
    now = look(process.pid)
    if now is None or now.identity != process.identity:
        return True
    if now.parent == os.getpid() and now.state == "Z":
        os.waitpid(process.pid, os.WNOHANG)
        return False
    return now.state in "ZX"


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
