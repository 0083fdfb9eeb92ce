"""The exit status of a process that is not our child, and a note of our own.

A zombie's /proc entry tells it, and after the reap the kernel's exit record does, to a pidfd that
was opened before (Linux ≥ 6.15). The zombie's reads 0 where we may not look at the process, which
is no success: a 0 counts only if the process was open to us while it lived. Where the kernel, or a
sandbox, opens no pidfds, a process is known by its pid and the tick of its start, which its /proc
entry tells together with its state.

Python tells no one which SystemExit ends it: no hook sees it, and what runs at the exit is not
told. The C library tells it to the functions that `on_exit` is given, when all of Python is over.
So none of ours may run then; but `fputc` takes just what they are called with, the status and a
pointer of our choice, and writes it as one byte.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct

from homerun.system import process_tree
from runstore.fs import atomic
from runstore.run import identity

EXIT_RECORD = "exit_record"
ZOMBIE = "zombie"

_GET_INFO = 0xC040FF0B
"""PIDFD_GET_INFO for the first 64 bytes of its structure."""

_WANT_EXIT = 1 << 3
_EXIT_CODE_AT = 60
_REAP_WAIT_MS = 5000
"""For a process 1 that reaps its orphans only now and then; after that it never will."""


class Stranger:
    """A process that is not our child, watched until it ends.

    Args:
        pidfd: opened, and checked to be the process's, while it lived; None: there are none here.
        is_open: whether its /proc entry could be read while it lived, as `is_open` tells.
        ticks: when it was started; asked for only where there is no pidfd.
    """

    def __init__(self, pid: int, pidfd: int | None, is_open: bool, ticks: int = 0) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self._is_open = is_open
        self._ticks = ticks

    def has_ended(self) -> bool:
        """Whether it is dead, reaped or not."""
        if self.pidfd is not None:
            return identity.has_ended(self.pidfd)
        return not identity.lives({"pid": self.pid, "start_ticks": self._ticks})

    def status(self) -> tuple[int, str] | None:
        """The raw wait status and where it comes from, once it has ended; None: it is lost.

        Raises:
            OSError: this process lacks something, such as descriptors: it may be told later.
        """
        zombie = self._zombie_status()
        if zombie is not None:
            return zombie, ZOMBIE
        if self.pidfd is None:
            return None
        poll = select.poll()
        poll.register(self.pidfd, 0)  # wakes at the reap only, when the record is there
        poll.poll(_REAP_WAIT_MS)
        record = _exit_record(self.pidfd)
        return None if record is None else (record, EXIT_RECORD)

    def _zombie_status(self) -> int | None:
        try:
            data = atomic.read_bytes(f"/proc/{self.pid}/stat") or b""
        except OSError as error:
            if error.errno in atomic.OUR_OWN:
                raise
            data = b""
        fields = data[data.rindex(b")") + 2 :].split() if data else []
        if len(fields) < 50 or fields[0] != b"Z":
            return None
        if not self._is_of(fields):
            return None  # it was reaped, and what was read may be another's
        raw = int(fields[49])
        return raw if raw or self._is_open else None

    def _is_of(self, fields: list[bytes]) -> bool:
        """Whether the /proc entry that was read was this process's."""
        if self.pidfd is not None:
            return identity.has_pid(self.pidfd, self.pid)
        return int(fields[19]) == self._ticks


def is_open(pid: int) -> bool:
    """Whether a living process's /proc entry can be read."""
    return any(process_tree.environment(pid))


def leave_own_in(path: str) -> bool:
    """Have this process's exit status written into a file that is there, as its first byte.

    A process that is killed writes nothing.

    Returns:
        False: this system's C library has no such function.

    Raises:
        OSError: the file cannot be opened.
    """
    import ctypes  # only where a process ends with runs that it has left open

    library = ctypes.CDLL(None)
    if not hasattr(library, "on_exit"):
        return False
    library.fdopen.restype = ctypes.c_void_p
    library.fdopen.argtypes = [ctypes.c_int, ctypes.c_char_p]
    library.on_exit.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    file = library.fdopen(atomic.open_plain(path, os.O_WRONLY), b"w")
    put = ctypes.cast(library.fputc, ctypes.c_void_p)
    return bool(file) and library.on_exit(put, file) == 0


def _exit_record(pidfd: int) -> int | None:
    request = bytearray(64)
    struct.pack_into("Q", request, 0, _WANT_EXIT)
    try:
        fcntl.ioctl(pidfd, _GET_INFO, request)
    except OSError:  # an older kernel
        return None
    if not struct.unpack_from("Q", request)[0] & _WANT_EXIT:
        return None
    return int(struct.unpack_from("i", request, _EXIT_CODE_AT)[0])
