"""The processes that a case of the torture plays with: forked, killed, and waited for by name."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 60.0


class Cast:
    """The children of one case; what goes wrong with them is among its breaks."""

    def __init__(self, folder: Path, breaks: list[str]) -> None:
        self._folder = folder
        self._breaks = breaks
        self._pids: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._pids

    def fork(self, name: str, task: Callable[[], object]) -> None:
        """Start a child that does this and ends."""
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._pids[name] = pid
            return
        code = 1
        try:
            error = os.open(self._folder / f"{name}.error", os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(error, 2)
            task()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never return into the lane
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)

    def lives(self, name: str) -> bool:
        """Whether a child has not ended yet."""
        pid = self._pids.get(name)
        if pid is None:
            return False
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill(self, name: str) -> bool:
        """Kill and reap a child; False: it had ended before."""
        lived = self.lives(name)
        os.kill(self._pids[name], signal.SIGKILL)
        self._reap(name)
        return lived

    def join(self, name: str) -> None:
        """Wait for a child to end by itself, if there is one."""
        pid = self._pids.get(name)
        if pid is None:
            return
        pidfd = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(PATIENCE_S * 1000):
            self._breaks.append(f"the {name} hangs")
            os.kill(pid, signal.SIGKILL)
        os.close(pidfd)
        self._reap(name)

    def join_all(self) -> None:
        """Wait for all of them."""
        for name in list(self._pids):
            self.join(name)

    def kill_all(self) -> None:
        """End all of them at once."""
        for name in list(self._pids):
            self.kill(name)

    def _reap(self, name: str) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(self._pids.pop(name), 0)[1])
        if code not in (0, -signal.SIGKILL):
            said = (self._folder / f"{name}.error").read_text()[-1500:]
            self._breaks.append(f"the {name} ended with {code}: {said}")


def tick(ms: float) -> float:
    """Let some time go by; the moments of the kills are times, there is nothing to wait for."""
    select.poll().poll(ms)
    return ms
