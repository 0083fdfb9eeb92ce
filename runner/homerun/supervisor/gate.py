"""The gate: a script's process exists, and started.json names it, before any of its code runs.

The child of the fork waits on a pipe. One byte opens the gate and it becomes the script; the end
of the pipe (the supervisor died, or a stop request came in time) makes it exit, and nothing ran.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR

from homerun.supervisor import log_line
from homerun.system.signals import Wakeups
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CANNOT_EXEC = 127


class Gate:
    """A forked child that waits to become the script.

    Args:
        kept: descriptors that the script has too.
        inherited: what it has besides its environment (`system/inherited.py`); "": what we have.

    Raises (from the constructor): OSError when no process can be forked.
    """

    def __init__(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        log: str,
        wakeups: Wakeups,
        inherited: str = "",
        kept: Iterable[int] = (),
    ) -> None:
        held, self._opener = os.pipe()
        self._failure, failure = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._opener)
                _leave_supervisor(wakeups)
                output = _opened(log)
                _inherit(inherited)
                for descriptor in kept:
                    os.set_inheritable(descriptor, True)
                _wait(held)
                _become(argv, env, cwd, output)
            except BaseException as error:  # noqa: BLE001 - nothing may return into the supervisor
                os.write(failure, reason(error).encode("utf-8", "replace"))
            finally:
                os._exit(_CANNOT_EXEC)
        os.close(held)
        os.close(failure)
        try:
            os.setpgid(self.pid, self.pid)  # also here, so that no signal to the group is too early
        except OSError:
            return  # it is gone, or has made the group itself

    def open(self) -> None:
        """Let the script begin."""
        try:
            os.write(self._opener, b"g")
        except BrokenPipeError:
            pass  # it was killed at the gate: its wait status tells
        finally:
            os.close(self._opener)

    def close(self) -> None:
        """Send the child away; nothing of the script has run."""
        os.close(self._opener)
        os.close(self._failure)

    def failure(self) -> str | None:
        """Why the script could not be started, once its process is over; None: it was started."""
        reason = os.read(self._failure, 4096).decode("utf-8", "replace")
        os.close(self._failure)
        return reason or None


def reason(error: BaseException) -> str:
    """Why no process could be started, for people."""
    if isinstance(error, OSError) and error.errno == errno.EAGAIN:
        return "no more processes are allowed here: see `ulimit -u`, and a container's pids limit"
    return str(getattr(error, "strerror", None) or error)


def _leave_supervisor(wakeups: Wakeups) -> None:
    """Become a process like any other first: a signal at the gate is the child's own."""
    os.setpgid(0, 0)
    wakeups.undo_in_child()


def _wait(held: int) -> None:
    if os.read(held, 1) != b"g":
        os._exit(_CANNOT_EXEC)  # not 0: nothing ran, and an adopter could take that for a success


def _opened(log: str) -> int:
    """The script's output; made while the gate is shut, which takes no time from the script."""
    folder = os.lstat(os.path.dirname(log)).st_mode
    if not S_ISDIR(folder):  # an attempt before this one has planted it
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), log)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if atomic.is_of_group(folder):
        os.fchmod(output, atomic.group_readable(0o600))
    from homerun.supervisor import log_seal  # while the parent publishes started.json

    log_seal.seal(output)
    return output


def _inherit(inherited: str) -> None:
    """Have what the submitter's own processes have; what is not granted is in supervisor.log."""
    if inherited:
        from homerun.system import inherited as kernel  # only of a run that waited

        for line in kernel.adopt(inherited):
            log_line.write(line)


def _become(argv: list[str], env: dict[str, str], cwd: str, output: int) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(cwd)
    os.execve(argv[0], argv, env)
