"""Line numbers in a file of any size that may grow: how many lines lie before each MiB."""

from __future__ import annotations

import os
import threading
import time
from array import array
from bisect import bisect_left

from homerun.base.lru import Lru

_BLOCK = 1 << 20


class LineIndex:
    """The lines of one file, as far as they were counted; from any thread.

    Attributes:
        bytes: how far that is.
        lines: how many newlines lie before.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.lines = 0
        self._before: array[int] = array("Q", [0])
        self._counting = threading.Lock()

    def count_on(self, descriptor: int, patience_s: float) -> None:
        """Count on to the end of the file, for so long at most. Another thread's turn is enough."""
        if not self._counting.acquire(timeout=patience_s):
            return
        try:
            until = time.monotonic() + patience_s
            while self._count_block(descriptor) and time.monotonic() < until:
                pass
        finally:
            self._counting.release()

    def number_at(self, descriptor: int, byte: int) -> int | None:
        """The number of the line that begins at a byte, from 1; None: not counted so far."""
        if byte > self.bytes:
            return None
        block = min(byte // _BLOCK, len(self._before) - 1)
        rest = os.pread(descriptor, byte - block * _BLOCK, block * _BLOCK)
        return self._before[block] + rest.count(b"\n") + 1

    def find(self, descriptor: int, line: int, patience_s: float) -> int | None:
        """The byte at which a line begins; that of the last line if there are fewer.

        None: lines up to there could not be counted in that time.
        """
        until = time.monotonic() + patience_s
        while self.lines < line - 1:
            before = self.bytes
            self.count_on(descriptor, min(0.2, patience_s))
            if self.bytes == before and self.bytes >= os.fstat(descriptor).st_size:
                line = max(1, self.lines + 1)
                break
            if self.lines < line - 1 and time.monotonic() > until:
                return None
        block = max(0, bisect_left(self._before, line - 1) - 1)
        data = os.pread(descriptor, _BLOCK, block * _BLOCK)
        at = 0
        for _ in range(line - 1 - self._before[block]):
            at = data.find(b"\n", at) + 1
        return block * _BLOCK + at

    def _count_block(self, descriptor: int) -> bool:
        """Count the rest of a block. False: there is no more."""
        room = _BLOCK - self.bytes % _BLOCK
        data = os.pread(descriptor, room, self.bytes)
        self.lines += data.count(b"\n")
        self.bytes += len(data)
        if len(data) == room:
            self._before.append(self.lines)
        return len(data) == room


class LineIndexes:
    """The line indexes of the files that were asked for last; from any thread."""

    def __init__(self) -> None:
        self._known: Lru[tuple[str, int, int], LineIndex] = Lru(lambda _: LineIndex())

    def of(self, path: str, seen: os.stat_result) -> LineIndex:
        """The index of a file; a new one where it is another file by now, or was cut."""
        key = (path, seen.st_dev, seen.st_ino)
        return self._known.of(key, lambda found: found.bytes <= seen.st_size)
