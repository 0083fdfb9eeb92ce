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
