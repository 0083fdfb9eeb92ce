"""The job's first process, where the supervisor below it is killed."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, signal, sys
from homerun.system.signals import Wakeups
from homerun.targets.engines import guard
child = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})
signal.signal(signal.SIGTERM, lambda number, _: print("passed on to a pid that is gone"))
assert os.WIFEXITED(guard._wait(child))
os.kill(os.getpid(), signal.SIGTERM)
wakeups = Wakeups((signal.SIGTERM, signal.SIGCHLD))
print(signal.SIGTERM in wakeups.take())
"""


def test_a_signal_after_the_supervisors_end_reaches_what_takes_over_and_no_stranger() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )

    assert done.stdout == "True\n"
