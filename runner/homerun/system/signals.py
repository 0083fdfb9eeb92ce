"""Signals by number, name and pidfd, without `enum`.

The standard `signal` module pulls `enum` in, which costs a supervisor most of its start; the C
module under it has all that is needed, as plain integers.
"""

from __future__ import annotations

import os

from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping
    from typing import Any, Callable
else:
    try:
        import _signal as signal
    except ImportError:
        import signal

INT = int(signal.SIGINT)
TERM = int(signal.SIGTERM)
KILL = int(signal.SIGKILL)
CONT = int(signal.SIGCONT)
HUP = int(signal.SIGHUP)
CHLD = int(signal.SIGCHLD)
USR1 = int(signal.SIGUSR1)
USR2 = int(signal.SIGUSR2)
XCPU = int(signal.SIGXCPU)
"""What an engine is asked to send ahead of the end of a job's time: TERM stands for a cancel."""

_BY_PYTHON = ("SIGPIPE", "SIGXFSZ", "SIGXFZ")
"""Signals that the interpreter ignores at its start."""

_ALIASES = ("SIGIOT", "SIGCLD", "SIGPOLL")
"""Second names, of SIGABRT, SIGCHLD and SIGIO."""


def name(number: int) -> str:
    """`SIGTERM` for 15; a number that has no name keeps it."""
    for key, value in vars(signal).items():
        is_name = key.startswith("SIG") and not key.startswith("SIG_") and key not in _ALIASES
        if is_name and value == number:
            return key
    return f"signal {number}"


def number(given: object) -> int:
    """15 for `TERM`, `SIGTERM` and 15.

    Raises:
        ValueError: there is no such signal.
    """
    found = given
    if isinstance(given, str):
        found = getattr(signal, "SIG" + given.upper().replace("SIG", "", 1), None)
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < signal.NSIG:
        return int(found)
    raise ValueError(f"{given!r} is not a signal; use names such as INT and TERM")


def send(pid: int, pidfd: int | None, number: int) -> bool:
    """Signal a process whose identity the caller has checked. False: it is gone.

    Where the kernel has no pidfds the pid has to do.
    """
    try:
        if pidfd is None:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


def send_to(
    recorded: Mapping[str, Any], *numbers: int, is_it: Callable[[int], bool] | None = None
) -> None:
    """Signal a process on record, through a pidfd where there is one; one that is gone, or cannot
    be told from others here, is left alone.

    Args:
        is_it: what else has to hold of the pid, asked while it cannot pass to another process.
    """
    pidfd = identity.open_same(recorded)
    if pidfd is None and (identity.proc_flaw() or not identity.lives(recorded)):
        return
    try:
        pid = int(recorded["pid"])
        if is_it is None or is_it(pid):
            for number in numbers:
                send(pid, pidfd, number)
    finally:
        if pidfd is not None:
            os.close(pidfd)


def die_by(number: int) -> None:
    """End by a signal, whatever this process has made of it."""
    if number != KILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # one that does not end a process


def ignore(*numbers: int) -> None:
    """Have signals do nothing to this process."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


class Wakeups:
    """A pipe that becomes readable when a signal of interest comes; a poll of it costs nothing."""

    def __init__(self, numbers: tuple[int, ...], ignored: tuple[int, ...] = ()) -> None:
        self.read_end, self._write_end = os.pipe()
        self._numbers = numbers + ignored
        os.set_blocking(self.read_end, False)
        os.set_blocking(self._write_end, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _note)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        # What came while this program was put in another's place has waited.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)

    def take(self) -> bytes:
        """The signals that came since the last call, one byte each."""
        try:
            return os.read(self.read_end, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Let go of the pipe, in a process that has no more use for it."""
        signal.set_wakeup_fd(-1)
        os.close(self.read_end)
        os.close(self._write_end)

    def undo_in_child(self) -> None:
        """In a forked child: default actions, no mask, and no writing into the parent's pipe."""
        signal.set_wakeup_fd(-1)
        for key in _BY_PYTHON:
            number = getattr(signal, key, None)
            if number is not None:
                signal.signal(number, signal.SIG_DFL)
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _note(number: int, frame: object) -> None:
    """The wake-up pipe has noted the signal; a handler has to be there for that."""
