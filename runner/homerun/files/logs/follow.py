"""Following a log while it is written: all of it, once, until the run is over.

The follower sleeps until something is written or the run changes, and looks now and then in any
case. It is woken by inotify, which costs no thread and reports a thousand writes as one.
"""

from __future__ import annotations

import os

from homerun.base import messages
from homerun.files.logs import names as log_names
from homerun.files.logs.tail import WINDOW, Tail
from homerun.runs import reconcile, wait
from runstore import layout
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.run.record import Record

_BLOCK = 1 << 16


class Following:
    """The bytes of a log; each iteration begins where the last one ended.

    Args:
        record: the run.
        name: a log; None: what its script prints, attempt after attempt.
        attempt, offset: where to begin.
    """

    def __init__(
        self, record: Record, name: str | None = None, attempt: int = 1, offset: int = 0
    ) -> None:
        self._record = record
        self._name = name
        self._attempt = attempt
        self._tail = self._tail_of(name or attempts.std_log(attempt), offset)

    def __iter__(self) -> Iterator[bytes]:
        """What is there and what is written, until the run is over and all was read."""
        try:
            with wait.Waker(self._record, self.folder) as waker:
                is_over = False
                while not is_over:
                    # What was written before this look is read after it: nothing is left behind.
                    is_over = reconcile.bring_up_to_date(self._record).is_over
                    waker.watch_log()
                    yield from self.new()
                    while not is_over and not waker.sleep(float("inf")):
                        waker.rest()
                        yield from self.new()
        finally:
            self.close()

    def close(self) -> None:
        """Close its files; it can still be read on."""
        self._tail.close()

    def new(self) -> Iterator[bytes]:
        """What was written since the last time, without a wait."""
        started = attempts.all_begun(self._record.path)
        yield from self._tail.read()
        if self._name is not None:
            return
        for number in started:
            if number > self._attempt:
                self._attempt = number
                self._tail.close()
                self._tail = self._tail_of(attempts.std_log(number), 0)
                yield from self._tail.read()

    @property
    def folder(self) -> str:
        """The folder that the log lies in, or will lie in."""
        return os.path.dirname(log_names.path_of(self._record, self._name or layout.STD_LOG))

    def _tail_of(self, name: str, offset: int) -> Tail:
        record = self._record

        def opened(one: str) -> int:
            return log_names.opened(record, one)

        def tell(line: str) -> None:
            messages.tell([line])

        return Tail(log_names.path_of(record, name), name, opened, offset, tell)


def logs(record: Record, name: str | None) -> list[tuple[int, str]]:
    """The log of that name alone; None: what the script printed in each of its attempts."""
    if name is not None:
        return [(1, name)]
    return [(number, attempts.std_log(number)) for number in attempts.all_begun(record.path)]


def last(record: Record, name: str | None, count: int) -> tuple[int, int]:
    """Where the last `count` lines begin: an attempt, and a byte in its output."""
    begins = 1, 0
    for number, one in reversed(logs(record, name)):
        offset, lines = _start_of_last(record, one, count)
        begins = number, offset
        count -= lines
        if count <= 0:
            break
    return begins


def written(record: Record, name: str | None, attempt: int, offset: int) -> Iterator[bytes]:
    """What is there now, from an attempt and a byte on; what is written meanwhile is left out.

    Raises:
        FileMissing: the run has no such log.
    """
    for number, one in logs(record, name):
        if number < attempt:
            continue
        try:
            descriptor = log_names.opened(record, one)
        except LookupError:
            if name is not None:
                raise
            continue  # its script has not started yet
        try:
            end = os.fstat(descriptor).st_size
            while part := os.pread(descriptor, min(WINDOW, max(0, end - offset)), offset):
                offset += len(part)
                yield part
        finally:
            os.close(descriptor)
        offset = 0


def _start_of_last(record: Record, name: str, count: int) -> tuple[int, int]:
    """Where the last lines of a log begin, and how many there are; it is read from its end."""
    try:
        descriptor = log_names.opened(record, name)
    except LookupError:
        return 0, 0
    try:
        at = os.fstat(descriptor).st_size
        if count <= 0 or at == 0:
            return at, 0
        found, end = 1, at - 1  # a newline at the very end ends the last line
        while end > 0:
            start = max(0, end - _BLOCK)
            data = os.pread(descriptor, end - start, start)
            place = len(data)
            while (place := data.rfind(b"\n", 0, place)) >= 0:
                if found == count:
                    return start + place + 1, found
                found += 1
            end = start
        return 0, found
    finally:
        os.close(descriptor)
