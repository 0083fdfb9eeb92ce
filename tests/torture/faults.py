"""Faults from outside: functions of `os` and `fcntl` that fail at the k-th call that can fail so.

They are replaced in one process of a test, never in the product. A process that is armed counts
its calls; a forked child of it is left alone.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import posix
import signal
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KILL = "SIGKILL"
TORN = "SIGKILL in a write"
SHORT = "short write"
ENOSPC = "ENOSPC"
EIO = "EIO"
EACCES = "EACCES"
EMFILE = "EMFILE"
EAGAIN = "EAGAIN"
KINDS = (KILL, TORN, SHORT, ENOSPC, EIO, EACCES, EMFILE, EAGAIN)

_WRITES = {"write", "pwrite"}
_MAKES = {"mkdir", "link", "symlink", "rename"}
_LOOKS = {"stat", "lstat", "readlink", "listdir", "scandir"}
_CHANGES = {"rmdir", "unlink", "chmod", "utime", "chdir"}
_OPENS = {"open", "io.open", "listdir", "scandir", "pipe", "memfd_create", "pidfd_open"}
_ON_OPEN_FILES = {"read", "pread", "fstat", "fsync", "fchmod", "lseek"}
_LOCKS = {"fcntl.fcntl", "fcntl.flock"}
_PROCESSES = {"fork", "posix_spawn", "posix_spawnp"}
_OTHERS = {"close", "kill", "waitpid", "wait4", "waitid", "setpgid", "dup2", "execve"}

_PATHS = {"open", "io.open", "execve"} | _MAKES | _LOOKS | _CHANGES
_CAN = {
    TORN: _WRITES,
    SHORT: _WRITES,
    ENOSPC: {"open", "io.open", "fsync", "memfd_create"} | _WRITES | _MAKES,
    EIO: _PATHS | _WRITES | _ON_OPEN_FILES | _LOCKS,
    EACCES: _PATHS,
    EMFILE: _OPENS,
    EAGAIN: _PROCESSES,
}
_ALL = set().union(*_CAN.values(), _OTHERS)
_MAKING = os.O_CREAT


class Fault:
    """What is to happen, at which call, and whether it lasts from there on.

    Args:
        nth: counted from 1 among the calls that can fail so; 0: none, the calls are only noted.
        lifted_by: a path; a fault that lasts is over as soon as there is a file.
        noted_in: a file that gets a line for each hit, or for each call where none is to be hit.
    """

    def __init__(
        self,
        kind: str = KILL,
        nth: int = 0,
        *,
        lasts: bool = False,
        lifted_by: str = "",
        noted_in: str = "",
    ) -> None:
        self.kind = kind
        self.nth = nth
        self.lasts = lasts
        self.lifted_by = lifted_by
        self.noted_in = noted_in
        self.count = 0
        self.hits: list[str] = []
        self.calls: list[str] = []

    def __str__(self) -> str:
        return f"{self.kind} {'from' if self.lasts else 'at'} {self.nth}"

    def meet(self, name: str, call: Callable[..., Any], args: Any, named: Any) -> Any:
        """A call of an armed process."""
        if self.nth == 0:
            ways = [kind for kind in KINDS if can_fail(kind, name, args)]
            self.calls += ways
            self.note(",".join(ways))
            return call(*args, **named)
        if not can_fail(self.kind, name, args):
            return call(*args, **named)
        self.count += 1
        if self.count < self.nth or (self.count > self.nth and not self.lasts):
            return call(*args, **named)
        if self.lifted_by and _is_there(self.lifted_by):
            return call(*args, **named)
        self.hits.append(f"{name} {args[0] if args else ''}")
        self.note(self.hits[-1])
        return self.strike(call, args, named)

    def note(self, line: str) -> None:
        """Tell somebody who outlives this process."""
        if self.noted_in:
            flags = posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC
            descriptor = posix.open(self.noted_in, flags, 0o600)
            posix.write(descriptor, f"{line}\n".encode())
            posix.close(descriptor)

    def strike(self, call: Callable[..., Any], args: Any, named: Any) -> Any:
        """What the caller gets instead."""
        if self.kind in (TORN, SHORT):
            data = memoryview(args[1]).cast("B")
            written = call(args[0], data[: len(data) // 2], *args[2:], **named)
            if self.kind == SHORT:
                return written
        if self.kind in (KILL, TORN):
            posix.kill(posix.getpid(), signal.SIGKILL)
        number = getattr(errno, self.kind)
        path = args[0] if args and isinstance(args[0], (str, bytes)) else None
        raise OSError(number, os.strerror(number), path)


_armed: list[tuple[int, bool, Fault]] = []


def arm(fault: Fault, *, children: bool = False) -> None:
    """Let this process meet the fault, or, instead, each child that it forks."""
    if not _armed:
        for name in _ALL:
            _replace(name)
    _armed[:] = [(posix.getpid(), children, fault)]


def disarm() -> None:
    """Let this process's calls through again."""
    _armed[:] = [(0, False, Fault())]


def can_fail(kind: str, name: str, args: Any) -> bool:
    """Whether a call can fail in that way."""
    if kind == KILL:
        return True
    if name not in _CAN[kind]:
        return False
    if name in _WRITES:
        is_file = stat.S_ISREG(posix.fstat(args[0]).st_mode)  # a pipe is on no disk
        return is_file and (kind not in (TORN, SHORT) or len(args[1]) > 1)
    if name in ("read", "pread") and not stat.S_ISREG(posix.fstat(args[0]).st_mode):
        return False
    if args and str(args[0]).startswith("/proc/self/"):
        return kind == EMFILE  # nobody is refused what is his own
    if kind == ENOSPC and name == "open":
        return bool(args[1] & _MAKING)
    if kind == ENOSPC and name == "io.open":
        return "w" in str(args[1:2])
    if name == "io.open" and isinstance(args[0], int):
        return False  # the descriptor is there already
    return not (kind == EMFILE and name == "scandir" and args and isinstance(args[0], int))


def _replace(name: str) -> None:
    if name == "io.open":
        setattr(builtins, "open", _Call(name, builtins.open))  # noqa: B010
        return
    module = fcntl if name.startswith("fcntl.") else os
    short = name.rpartition(".")[2]
    if hasattr(module, short):
        setattr(module, short, _Call(name, getattr(module, short)))


class _Call:
    """A function that can fail."""

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name = name
        self.call = call

    def __call__(self, *args: Any, **named: Any) -> Any:
        pid, children, fault = _armed[0]
        if pid == 0 or (pid == posix.getpid()) == children:
            return self.call(*args, **named)
        return fault.meet(self.name, self.call, args, named)


def _is_there(path: str) -> bool:
    try:
        posix.stat(path)
    except OSError:
        return False
    return True
