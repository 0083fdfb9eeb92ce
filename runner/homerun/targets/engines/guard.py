"""What stays above a supervisor in a job of an engine, and takes over where that is killed.

At home a process that looks at the run finds that its supervisor is gone, and starts an adopter. In
a job none looks: the engine takes the job for over, and what the script has left on the host may go
on unseen. So the job's first process waits here. It holds the run's lock too; orphans of the
supervisor become its children, so that the end of the script is told to it and to no other.
"""

from __future__ import annotations

import os
import signal
import sys

from homerun.base import environ
from homerun.system import children, exit_status, linux, spawn
from homerun.targets import plan
from homerun.targets.plan import PLAN_DESCRIPTOR, SCRIPT_DESCRIPTOR
from runstore import layout, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from runstore.run.record import Record

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU)
"""What an engine sends to a job's first process is meant for the run."""


def stay_above(record: Record, argv: list[str]) -> NoReturn:
    """Start the supervisor, which inherits the descriptors, and end as it does.

    Where the kernel gives no orphans to this process, it becomes the supervisor itself.

    Args:
        argv: the supervisor's command.
    """
    env = environ.for_supervisor(record.mark)
    if not linux.become_subreaper():
        os.execve(sys.executable, argv, env)
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    pid = spawn.start(sys.executable, argv, env, [])  # a fork would close the lock
    for number in _PASSED_ON:
        signal.signal(number, lambda number, _: _pass_on(pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    ended = _wait(pid)
    if not os.WIFSIGNALED(ended):
        os._exit(os.WEXITSTATUS(ended))
    print(f"homerun: the supervisor was ended by signal {os.WTERMSIG(ended)}", flush=True)
    _take_over(record, argv, env)


def _pass_on(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it was collected just now


def _wait(supervisor: int) -> int:
    """The wait status of the supervisor. Orphans are collected after it: one may be the script.

    From its end on signals wait: its pid may be another process's next, and what takes over is to
    get them, which has handlers for them before it lets them in (`signals.Wakeups`).
    """
    os.waitid(os.P_PID, supervisor, os.WEXITED | os.WNOWAIT)
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    return os.waitpid(supervisor, 0)[1]


def _take_over(record: Record, argv: list[str], env: dict[str, str]) -> NoReturn:
    """Become the adopter of the script, unless the run is over or nothing of it began."""
    ended, started = record.fact(layout.ENDED), record.fact(layout.STARTED)
    if ended is not None or started is None:
        os._exit(0 if (ended or {}).get("status") == status.COMPLETED else 1)
    pidfd = _child(started.get("script"))
    is_open = None if pidfd is None else exit_status.is_open(started["script"]["pid"])
    given = plan.for_adoption(record, is_open, has_pidfd=pidfd is not None)
    os.dup2(children.nameless_file(given.encode()), PLAN_DESCRIPTOR)
    if pidfd is not None:
        os.dup2(pidfd, SCRIPT_DESCRIPTOR)
    os.execve(sys.executable, argv, env)


def _child(script: object) -> int | None:
    """A pidfd of the script, if it is a child of this process: alive, or not yet collected."""
    pid = script.get("pid") if isinstance(script, dict) else None
    if type(pid) is not int:
        return None
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return os.pidfd_open(pid)  # its pid is no other's: it is not collected
    except (AttributeError, OSError):
        return None
