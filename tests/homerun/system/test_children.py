"""Processes that we started are collected, and no other ones."""

from __future__ import annotations

import pytest

from helpers.pids import run_apart

pytestmark = pytest.mark.usefixtures("needs_pid_namespace")


def test_a_child_of_the_user_that_got_the_pid_of_ours_is_left_to_the_user() -> None:
    code = """
import os
from helpers.pids import fork_as
from homerun.system import children

first = os.fork()
if not first:
    os._exit(0)
children.started(first)
os.waitpid(-1, 0)
for _edge in range(2):  # of a clock with another phase than that of the start: a whole tick
    ticks = os.times().elapsed
    while os.times().elapsed == ticks:
        os.sched_yield()
if not fork_as(first):
    os._exit(5)
os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
print(children.reap(), os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
"""

    assert run_apart(code) == "0 5\n"
