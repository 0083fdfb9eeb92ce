"""A guardian: the parent of a cluster's daemons, which ends all of them with its own input.

It is a program that reads commands, one a line, and answers each with a line:

    start NAME       start a daemon (again)            ok PID
    kill NAME        SIGKILL to a daemon               ok
    crash NODE       SIGKILL to a node's daemon and to all that it has started, as when a
                     machine loses its power           ok

As a subreaper it keeps whatever the daemons leave: a cluster ends with its test session, however
that ends, and nothing of it lives on.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys

_SUBREAPER = 36
MARK = "SLURM_TEST_DAEMON"
"""The variable that names a daemon to the processes that it starts itself; jobs do not have it."""

_daemons: dict[str, subprocess.Popen[bytes]] = {}


def main() -> None:
    """Serve until the input ends, then end what is left."""
    with open(sys.argv[1], encoding="utf-8") as file:
        commands = json.load(file)
    if os.fork():
        os._exit(0)  # no process of the tests: what is left of a test is looked for below them
    os.setsid()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, _reap)
    try:
        for line in sys.stdin:
            verb, name = line.split()
            answer = {"start": _start, "kill": _kill, "crash": _crash}[verb](name, commands)
            print(answer, flush=True)
    finally:
        while below := _below(os.getpid()):
            _end(below)


def _start(name: str, commands: dict[str, list[str]]) -> str:
    with open(f"{name}.out", "ab") as out:
        _daemons[name] = subprocess.Popen(
            commands[name],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, MARK: name},
            start_new_session=True,
        )
    return f"ok {_daemons[name].pid}"


def _kill(name: str, _: object) -> str:
    _end([_daemons[name].pid])
    return "ok"


def _crash(name: str, _: object) -> str:
    while found := [pid for pid in _below(os.getpid()) if _is_of(pid, name)]:
        _end([one for pid in found for one in (pid, *_below(pid))])
    return "ok"


def _is_of(pid: int, name: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{MARK}={name}".encode() in file.read().split(b"\0")
    except OSError:
        return False


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


def _reap(*_: object) -> None:
    """Collect what ended: daemons, and what was re-parented to this process."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _end(pids: list[int]) -> None:
    """Kill processes, and wait until they are gone."""
    watched = []
    for pid in pids:
        try:
            watched.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for pidfd in watched:
        select.select([pidfd], [], [])
        os.close(pidfd)


if __name__ == "__main__":
    main()
