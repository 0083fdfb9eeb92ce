"""A guardian: it holds one command and all that comes of it, and ends both with its own input.

The command runs in a PID namespace of its own, as on a machine of its own: none of its processes
outlives it. The guardian is no process of the tests, which look for what is left below them.

    ray_guardian.py COMMAND …        says the pid of the namespace's first process on a line
    crash                        as when the machine loses its power; answers with a line
"""

from __future__ import annotations

import os
import subprocess
import sys

ALONE = ("unshare", "-rpf", "--kill-child", "--mount-proc")


def main() -> None:
    """Serve until the input ends, then end the command."""
    if os.fork():
        os._exit(0)
    os.setsid()
    with open("head.out", "ab") as out:
        held = subprocess.Popen(
            [*ALONE, *sys.argv[1:]], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    print(held.pid, flush=True)
    for _ in sys.stdin:
        held.kill()
        held.wait()
        print("crashed", flush=True)
    held.kill()
    held.wait()


if __name__ == "__main__":
    main()
