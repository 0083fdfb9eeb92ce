"""Pids that are used again, by force: in a PID namespace the next one can be chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = str(Path(__file__).resolve().parents[1])


def fork_as(pid: int) -> int:
    """Fork a child that has this pid, which no process has; as `os.fork`.

    Only in a namespace that this process is root of. Other forks in it may come in between.
    """
    while True:
        choose(pid)
        made = os.fork()
        if not made and os.getpid() == pid:
            return 0
        if not made:
            os._exit(0)
        if made == pid:
            return made
        os.waitpid(made, 0)


def choose(pid: int) -> None:
    """Have the next process of the namespace get this pid."""
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(pid - 1))


def run_apart(code: str, timeout_s: float = 60) -> str:
    """What a Python prints that is process 1 of a PID namespace, and can import these helpers."""
    begin = f"import sys; sys.path.append({TESTS!r})\n"
    apart = ["unshare", "-rpf", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [*apart, sys.executable, "-c", begin + code],
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
