"""The exit status of a process that is not our child."""

from __future__ import annotations

import pytest

from helpers.pids import run_apart

pytestmark = pytest.mark.usefixtures("needs_pid_namespace")


def test_a_zombie_of_the_same_pid_tells_nothing_of_the_process() -> None:
    code = """
import os, signal
from helpers.pids import fork_as
from homerun.system import exit_status

exit_status._REAP_WAIT_MS = 0
first = os.fork()
if not first:
    signal.pause()
pidfd = os.pidfd_open(first)
os.kill(first, signal.SIGKILL)
os.waitpid(first, 0)
if not fork_as(first):
    os._exit(0)
os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
found = exit_status.Stranger(first, pidfd, is_open=True).status()
print(found)
"""

    assert run_apart(code) in ("(9, 'exit_record')\n", "None\n")


WITHOUT_PIDFD = """
import os, signal
from homerun.system import exit_status
from runstore.run import identity

pid = os.fork()
if not pid:
    signal.pause()
ticks = identity.read_stat(pid)[1]
identity.open_pidfd = lambda pid: None
own = exit_status.Stranger(pid, None, is_open=True, ticks=ticks)
strange = exit_status.Stranger(pid, None, is_open=True, ticks=ticks + 1)
print(own.has_ended(), strange.has_ended())
os.kill(pid, signal.SIGKILL)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(own.has_ended(), own.status(), strange.status())
os.waitpid(pid, 0)
print(own.has_ended(), own.status())
"""


def test_without_a_pidfd_a_process_is_known_by_its_pid_and_the_tick_of_its_start() -> None:
    assert run_apart(WITHOUT_PIDFD).splitlines() == [
        "False True",
        "True (9, 'zombie') None",
        "True None",
    ]
