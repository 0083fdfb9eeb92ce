"""Following a run's output while it is written: by byte offset, in windows, to its very end."""

from __future__ import annotations

import os

from homerun import wait
from runstore import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.record import Record

_WINDOW = 1 << 20
_PAUSE_S = 0.1
"""Between two looks at the size of a log; a watch would wake up for every write."""


def output(record: Record, offset: int = 0) -> Iterator[bytes]:
    """The script's output from a byte on, as it comes, until the run is over and all was read.

    That of one attempt follows that of another.
    """
    attempt = 1
    for seen in wait.looks(record, pause=_PAUSE_S):
        # What was written before this look is read after it, so nothing is left at the end.
        last = attempts.begun(record.path)
        while True:
            for part in window(f"{record.path}/{attempts.std_log(attempt)}", offset):
                offset += len(part)
                yield part
            if attempt >= last:
                break
            attempt, offset = attempt + 1, 0
        if seen.is_over:
            return


def window(path: str, offset: int) -> Iterator[bytes]:
    """What a file holds from a byte on, in parts of at most 1 MiB."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        while True:
            part = os.pread(descriptor, _WINDOW, offset)
            if not part:
                return
            offset += len(part)
            yield part
    finally:
        os.close(descriptor)


def last_lines(path: str, count: int, at_most: int = 1 << 16) -> str:
    """The last lines of a file as text, from at most so many bytes at its end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, at_most, max(0, size - at_most))
    finally:
        os.close(descriptor)
    lines = data.decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-count:])
