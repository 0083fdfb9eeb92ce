"""A guardian: it holds one command and all that comes of it, and ends both with its own input.

The command runs in a PID namespace of its own, as on a machine of its own, where that is wanted.
As a subreaper the guardian keeps whatever it leaves: none of its processes outlives it. It is no
process of the tests, which look for what is left below them.

    ray_guardian.py far|near COMMAND …    `SESSION` in it becomes a new folder
    start                                 start the command; answers with its pid
    crash                                 as when the machine loses its power; answers with 0
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile

_SUBREAPER = 36
_ALONE = ("unshare", "-rpf", "--kill-child", "--mount-proc")


def main() -> None:
    """Serve until the input ends, then end the command."""
    if os.fork():
        os._exit(0)
    os.setsid()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    held = None
    for line in sys.stdin:
        _end(held)
        held = _start() if line == "start\n" else None
        print(held.pid if held is not None else 0, flush=True)
    _end(held)


def _start() -> subprocess.Popen[bytes]:
    session = tempfile.mkdtemp(prefix="s", dir=".")
    command = [os.path.abspath(session) if one == "SESSION" else one for one in sys.argv[2:]]
    alone = _ALONE if sys.argv[1] == "far" else ()
    with open("head.out", "ab") as out:
        return subprocess.Popen(
            [*alone, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


def _end(held: subprocess.Popen[bytes] | None) -> None:
    if held is not None:
        held.kill()
        held.wait()
    while _has_children():
        for pid in _below(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _has_children() -> bool:
    """Whether a process is left below this one; those that are over are collected."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _below(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(entry)}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (ValueError, OSError):
            continue
        children.setdefault(parent, []).append(int(entry))
    found, todo = [], [root]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


if __name__ == "__main__":
    main()
