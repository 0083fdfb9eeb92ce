"""A guardian: it holds one command and all that comes of it, and ends both with its own input.

The command runs in a PID namespace of its own, as on a machine of its own: none of its processes
outlives it. The guardian is no process of the tests, which look for what is left below them.

    ray_guardian.py COMMAND …    `SESSION` in it becomes a new folder
    start                        start the command; answers with the pid of its namespace
    crash                        as when the machine loses its power; answers with 0
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

ALONE = ("unshare", "-rpf", "--kill-child", "--mount-proc")


def main() -> None:
    """Serve until the input ends, then end the command."""
    if os.fork():
        os._exit(0)
    os.setsid()
    held = None
    for line in sys.stdin:
        _end(held)
        held = _start() if line == "start\n" else None
        print(held.pid if held is not None else 0, flush=True)
    _end(held)


def _start() -> subprocess.Popen[bytes]:
    session = tempfile.mkdtemp(prefix="s", dir=".")
    command = [os.path.abspath(session) if one == "SESSION" else one for one in sys.argv[1:]]
    with open("head.out", "ab") as out:
        return subprocess.Popen(
            [*ALONE, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


def _end(held: subprocess.Popen[bytes] | None) -> None:
    if held is not None:
        held.kill()
        held.wait()


if __name__ == "__main__":
    main()
