"""A forked child that gets a real SIGKILL at its n-th system call, of whatever kind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

_TRACE_ME, _SYSCALL, _SET_OPTIONS = 0, 24, 0x4200
_GOOD, _EXIT_KILL = 0x1, 0x100000
_STOP_OF_CALL = signal.SIGTRAP | 0x80


def killed_at(count: int, task: Callable[[], object]) -> bool:
    """Run `task` in a forked child that SIGKILL ends as it enters its `count`-th system call.

    The kernel stops the child at each call (ptrace), so that none is left out: not those of the
    C library, and not those of the interpreter. False: the task was over before.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            _ptrace(_TRACE_ME, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)  # the tracer takes over
            task()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never return into pytest
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.waitpid(pid, 0)
    _ptrace(_SET_OPTIONS, pid, _GOOD | _EXIT_KILL)
    return _drive(pid, count)


def can_trace() -> bool:
    """Whether the kernel lets a process trace its own child here."""
    try:
        return killed_at(1, lambda: None)
    except OSError:
        return False


def _drive(pid: int, count: int) -> bool:
    entered, is_inside, passed_on = 0, False, 0
    while True:
        _ptrace(_SYSCALL, pid, passed_on)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            assert code == 0, f"the child failed with {code}"
            return False
        sign = os.WSTOPSIG(status)
        passed_on = 0 if sign == _STOP_OF_CALL else sign
        if sign != _STOP_OF_CALL:
            continue
        is_inside = not is_inside
        entered += is_inside
        if entered == count:
            os.kill(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert code == -signal.SIGKILL, f"the child ended with {code}"
            return True


def _ptrace(request: int, pid: int, data: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
