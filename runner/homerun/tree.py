"""The processes below a supervisor, and signals to them.

A look at /proc names every descendant, whatever session or group it moved to. The supervisor of
another run, which a script that submits has below it, is left alone with all that is below it.
"""

from __future__ import annotations

import os
import time

from homerun import environ, signals
from runstore import facts, identity

_MEMORY, _ENV_END = 20, 48
"""Fields of /proc/PID/stat behind the command: its virtual memory, and where its variables end."""

_MOST_LOOKS = 200


class Process:
    """A process as one look at /proc saw it."""

    __slots__ = ("pid", "state", "ticks")

    def __init__(self, pid: int, state: bytes, ticks: int) -> None:
        self.pid = pid
        self.state = state
        self.ticks = ticks


def below(root: int, run_id: str) -> list[Process]:
    """Every living process below `root` but other runs' supervisors and what is below those.

    An empty answer is one look and no proof: a chain of forks can hide from many looks.
    """
    children = _children()
    return _walk(list(children.get(root, ())), children, run_id)


def of_run(run_id: str, script: int | None, folder: str = ".") -> list[Process]:
    """The processes of a run whose supervisor is gone: the script, all below it, and whatever else
    has the run in its environment, with all below that. One that cleaned its environment and
    whose parent is gone is missed.

    Args:
        folder: the run's; another store can hold a run of the same id.
    """
    children = _children()
    roots = [
        process
        for siblings in children.values()
        for process in siblings
        if process.pid == script or _belongs_to(process.pid, run_id, folder)
    ]
    found = _walk(roots, children, run_id)
    return [process for process in found if process.pid != os.getpid()]


def send(process: Process, *numbers: int) -> bool:
    """Signal the very process that was seen. False: it is gone, and nobody was signalled.

    Between the look and now its parent may have reaped it and its pid gone to another: hence the
    pidfd first, and the start ticks again.
    """
    try:
        descriptor = identity.open_pidfd(process.pid)
    except ProcessLookupError:
        return False
    try:
        stat = identity.read_stat(process.pid)
        if stat is None or stat[1] != process.ticks:
            return False
        sent = [signals.send(process.pid, descriptor, number) for number in numbers]
        return all(sent)
    except PermissionError:
        return True  # set-uid: it lives, and is not ours to signal
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def _look(pid: int) -> tuple[int, Process] | None:
    """A process and its parent's pid; None: it is gone or a zombie."""
    try:
        data = facts.read_bytes(f"/proc/{pid}/stat")
    except OSError:  # ESRCH: gone between open and read
        return None
    if not data:
        return None
    fields = data[data.rindex(b")") + 2 :].split(None, 20)
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[1]), Process(pid, fields[0], int(fields[19]))


def _children() -> dict[int, list[Process]]:
    """All living processes, by their parent's pid."""
    children: dict[int, list[Process]] = {}
    for pid in _all_pids():
        found = _look(pid)
        if found is not None:
            children.setdefault(found[0], []).append(found[1])
    return children


def _walk(todo: list[Process], children: dict[int, list[Process]], run_id: str) -> list[Process]:
    """The processes and all below them, each once, other runs' supervisors left out."""
    result: dict[int, Process] = {}
    while todo:
        process = todo.pop()
        if process.pid not in result and not _is_of_another(process.pid, run_id):
            result[process.pid] = process
            todo += children.get(process.pid, ())
    return list(result.values())


def _is_of_another(pid: int, run_id: str) -> bool:
    """Whether a process is another run's: its supervisor, or its script after that was killed."""
    marks = (f"{environ.SUPERVISES}=".encode(), f"{environ.RUN_ID}=".encode())
    for part in _environment(pid):
        if part.startswith(marks):
            return part.partition(b"=")[2] != run_id.encode()
    return False


def _belongs_to(pid: int, run_id: str, folder: str) -> bool:
    """Whether a process was started with the mark of this very run."""
    environment = _environment(pid)
    if f"{environ.RUN_ID}={run_id}".encode() not in environment:
        return False
    mark = f"{environ.RUN_FOLDER}=".encode()
    folders = [part[len(mark) :] for part in environment if part.startswith(mark)]
    try:
        return all(os.path.samefile(named, folder) for named in folders)
    except OSError:
        return True  # the store was moved since


def _environment(pid: int) -> list[bytes]:
    """The variables a process was started with; none where it is another user's, or gone.

    A process in the middle of an exec has none for an instant: that is waited out.
    """
    data, is_last = b"", False
    for _ in range(_MOST_LOOKS):
        try:
            data = facts.read_bytes(f"/proc/{pid}/environ") or b""
            if data or is_last:
                break
            is_last = not _is_in_exec(pid)  # it may just have come out of it: hence one more look
        except OSError:
            return []
        if not is_last:
            time.sleep(0.001)
    return data.split(b"\0")


def _is_in_exec(pid: int) -> bool:
    """Whether a process without variables has memory, and no place in it for them yet."""
    data = facts.read_bytes(f"/proc/{pid}/stat") or b") "
    fields = data[data.rindex(b")") + 2 :].split()
    return len(fields) > _ENV_END and fields[_MEMORY] != b"0" and fields[_ENV_END] == b"0"
