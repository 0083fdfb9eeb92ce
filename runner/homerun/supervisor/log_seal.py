"""The seal on a script's log: it breaks when the log is emptied while the script runs.

A script that opens its own output again, as `> /dev/stderr`, `tee /dev/stderr` or Python's
`open("/dev/stdout", "w")` do, empties the log. Nothing prevents that where the log is a file; and
a file it has to be: a pipe would need a process that copies all, and a dead one would lose it. So
it is told. The seal is a block far behind the end of the file, which takes no part in its size and
in no copy. Whatever cuts the file off, at any length, gives the block back.
"""

from __future__ import annotations

import fcntl
import os
import sys

TOLD = (
    "this log was emptied while the script ran: `> /dev/stderr`, `tee /dev/stderr` and opening "
    '/dev/stdout with "w" do that; write `>&2`, `tee -a /dev/stderr`, or open it with "a"'
)

_PLACE, _BLOCK = 1 << 40, 4096
"""In bytes. No log is as long; every file system that can reserve a block has files that may be."""

_RESERVE = 0x40305828
"""FS_IOC_RESVSP: fallocate, the size kept; Python has that call for nothing but growing a file."""
_EXTENTS = 0xC020660B
"""FS_IOC_FIEMAP: how many pieces of disk lie in a range."""
_COUNT = slice(20, 24)
"""Where it says that: `fm_mapped_extents`, after a start, a length and the flags."""


def seal(log: int) -> bool:
    """Seal an open file. False: its file system has no way to do that."""
    try:
        fcntl.ioctl(log, _RESERVE, bytes(8) + _numbers(_PLACE, _BLOCK) + bytes(24))
        return _is_there(log)
    except OSError:
        return False


def is_broken(path: str) -> bool:
    """Whether a log that was sealed where that is possible has been emptied since."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _is_there(log) and seal(log)
    except OSError:
        return False
    finally:
        os.close(log)


def unseal(path: str) -> None:
    """Give the block back, once nothing writes to the log any more: the size is set in a second
    call, and what was written since the first would be lost.
    """
    try:
        log = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.ftruncate(log, os.fstat(log).st_size)
    except OSError:
        pass  # it is one block
    finally:
        os.close(log)


def say_in(path: str) -> None:
    """Say in the log itself that its beginning is missing."""
    try:
        log = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        size = os.fstat(log).st_size
        is_at_start = not size or os.pread(log, 1, size - 1) == b"\n"
        os.write(log, f"{'' if is_at_start else chr(10)}homerun: {TOLD}\n".encode())
    except OSError:
        pass  # a full disk: the run's record tells it too
    finally:
        os.close(log)


def _is_there(log: int) -> bool:
    """Whether the file has its block.

    Raises:
        OSError: the file system does not tell.
    """
    try:
        told = fcntl.ioctl(log, _EXTENTS, _numbers(_PLACE, _BLOCK) + bytes(16))
        return any(told[_COUNT])
    except OSError:
        seen = os.fstat(log)  # tmpfs has no such question, and exact counts
        return seen.st_blocks * 512 >= -(-seen.st_size // _BLOCK) * _BLOCK + _BLOCK


def _numbers(*numbers: int) -> bytes:
    """Numbers of 64 bits as the kernel has them. `struct` would take longer to load than all of
    this module, while the script waits for it.
    """
    return b"".join(number.to_bytes(8, sys.byteorder) for number in numbers)
