"""Paging through the logs of a run: the list of logs, and pieces of whole lines of one.

A log of any size is addressed by bytes and never read whole. Line numbers are known as far as lines
were counted; each request counts a little further.
"""

from __future__ import annotations

import os
from typing import Any

from homerun.base import times
from homerun.base.errors import UserError
from homerun.files.logs import names
from homerun.files.logs.line_index import LineIndex, LineIndexes
from homerun.runs import reconcile
from runstore import layout
from runstore.errors import FileMissing
from runstore.run.record import Record

MOST_BYTES = 1 << 20
_MOST_LOGS = 500
_PATIENCE_S = 0.1
"""So long a request may count lines."""
_LONGEST_WAIT_S = 5.0
"""So long a request for a line may count lines."""


class NotCounted(UserError):
    """Lines up to the one that was asked for are not counted yet; asking again goes on with it."""


class Log:
    """An open log; a context manager.

    Args:
        lines: the line indexes of logs that were open before.

    Raises:
        FileMissing: the run has no such log.
        OSError: it cannot be read.
    """

    def __init__(self, record: Record, name: str, lines: LineIndexes | None = None) -> None:
        self.descriptor = -1
        self._lines = lines or LineIndexes()
        self.name = name
        self.descriptor = names.opened(record, name)
        self.path = f"{record.path}/{name}"

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        self.close()

    @property
    def size(self) -> int:
        """How many bytes it has now."""
        return os.fstat(self.descriptor).st_size

    def read(self, start: int, count: int) -> bytes:
        """Some bytes of it."""
        return os.pread(self.descriptor, count, max(0, start))

    def end(self, count: int) -> dict[str, Any]:
        """The last piece."""
        size = self.size
        return self._piece(*self._whole_lines(size - count, size), size)

    def at(self, byte: int, count: int) -> dict[str, Any]:
        """The piece that begins with the line that a byte lies in."""
        size = self.size
        byte = min(max(0, byte), size)
        before = self.read(byte - count, min(byte, count))
        start = byte - len(before) + before.rfind(b"\n") + 1 if b"\n" in before else byte
        start = start if b"\n" in before or byte > count else 0
        return self._piece(start, self._end_of_lines(start, count, size), size)

    def before(self, byte: int, count: int) -> dict[str, Any]:
        """The piece that ends at a byte."""
        size = self.size
        byte = min(max(0, byte), size)
        return self._piece(*self._whole_lines(byte - count, byte), size)

    def line(self, number: int, count: int) -> dict[str, Any]:
        """The piece that begins with a line, counted from 1; the last line if there are fewer.

        Raises:
            NotCounted: lines up to there were not counted in time.
        """
        lines = self._counted()
        found = lines.find(self.descriptor, max(1, number), _LONGEST_WAIT_S)
        if found is None:
            raise NotCounted(
                f"line {number:,} was not reached yet: {lines.lines:,} lines in "
                f"{lines.bytes:,} bytes are counted; ask again"
            )
        return self._piece(found, self._end_of_lines(found, count, self.size), self.size)

    def _whole_lines(self, start: int, end: int) -> tuple[int, int]:
        """From the first line that begins behind a byte; from the byte itself if none does."""
        start = max(0, start)
        if start == 0:
            return 0, end
        data = self.read(start - 1, end - start + 1)
        first = data.find(b"\n", 0, -1)
        return (start if first < 0 else start + first), end

    def _end_of_lines(self, start: int, count: int, size: int) -> int:
        end = min(start + count, size)
        if end == size:
            return end
        last = self.read(start, end - start).rfind(b"\n")
        return end if last < 0 else start + last + 1

    def _piece(self, start: int, end: int, size: int) -> dict[str, Any]:
        data = self.read(start, end - start)
        end = start + len(data)
        lines = self._counted()
        lines.count_on(self.descriptor, _PATIENCE_S)
        is_begun = start == 0 or self.read(start - 1, 1) == b"\n"
        return {
            "name": self.name,
            "size": size,
            "from": start,
            "to": end,
            "text": data.decode("utf-8", "replace"),
            "line": lines.number_at(self.descriptor, start),
            "cut_start": not is_begun,
            "cut_end": end < size and data[-1:] != b"\n",
            "counted": {"bytes": lines.bytes, "lines": lines.lines},
        }

    def _counted(self) -> LineIndex:
        return self._lines.of(self.path, os.fstat(self.descriptor))


def listed(record: Record) -> list[dict[str, Any]]:
    """The logs of a run, the output of the last attempt first."""
    found = []
    is_over = reconcile.bring_up_to_date(record).is_over
    all_names = list(names.log_files(record))
    for name in all_names[:_MOST_LOGS]:
        try:
            descriptor = names.opened(record, name)
        except (OSError, FileMissing):
            continue
        seen = os.fstat(descriptor)
        os.close(descriptor)
        is_live = not is_over and (name == all_names[0] or name.startswith(f"{layout.LOGS}/"))
        row = {"name": name, "size": seen.st_size, "modified": times.instant(seen.st_mtime)}
        found.append({**row, "is_live": is_live})
    return found
