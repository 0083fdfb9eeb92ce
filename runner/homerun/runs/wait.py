"""Waiting for a run that another process owns: no busy loop, and no end is missed.

A waiter sleeps on the supervisor's pidfd and on a watch of the run's folder. Both only wake it;
what it believes is the facts, which it reads again each time, and once a second in any case. It
sets up the watch when it has waited for a while: to close one keeps the kernel busy for longer than
many a script runs (5 to 20 ms, until all processors have passed a point of rest).
"""

from __future__ import annotations

import os
import select
import time

from homerun.runs import reconcile
from homerun.system import children, linux
from runstore import layout
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.look import Look
    from runstore.run.record import Record

_PATIENCE_S = 0.5
"""So long a waiter sets up no watch: it looks again after a few milliseconds, and later after a
tenth of the time so far, at most _REST_S."""
_STEP_S = 0.005
_FLOOR_S = 1.0
_WITHOUT_WATCH_S = 0.05
_SLICE_S = 2.0
"""Nothing else ends a thread: a wait that is given up ends with its slice."""
_MOST_WATCHED = 16
"""So many runs of several have a watch of their own: a user may have 128."""
_REST_S = 0.02
"""So long what is written to a log gathers before it is read: lines in one piece, floods in few."""


class Waker:
    """Sleeps until something may have happened to a run; a context manager.

    Make it before reading the facts: what happens between the two then wakes it, or is seen by the
    next look, a few milliseconds later.

    Args:
        log_folder: writes to a file in this folder wake it too.
        at_once: set up the watch now; for who wants a descriptor, or makes one waker after another.
    """

    def __init__(
        self, record: Record, log_folder: str | None = None, *, at_once: bool = False
    ) -> None:
        self._record = record
        self._poll = select.poll()
        self._folder: int | None = None
        self._log_folder = log_folder
        self._log: int | None = None
        self._process: int | None = None
        # The script is waited for once it is an orphan; "process" is an interactive run's owner.
        self._to_watch = ["supervisor", "script", "process"]
        self._since = time.monotonic()
        self._is_watching = False
        if at_once:
            self._watch_folder()
        self._watch_process()

    def __enter__(self) -> Waker:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._folder, self._process):
            if descriptor is not None:
                os.close(descriptor)

    def fileno(self) -> int:
        """What becomes readable when it would wake; -1: nothing does, look again now and then."""
        return -1 if self._folder is None else self._folder

    def watch_log(self) -> None:
        """Watch the log's folder, if that is there by now; what is written after this wakes."""
        if self._log is None and self._log_folder is not None and self._folder is not None:
            self._log = linux.watch_writes(self._folder, self._log_folder)

    def rest(self) -> None:
        """Let what is being written to a log gather, for as long as its process lives."""
        if self._process is None:
            return  # the supervisor touches the log before it says who it is; or all are dead
        poll = select.poll()
        poll.register(self._process, select.POLLIN)
        poll.poll(_REST_S * 1000)

    def sleep(self, at_most: float) -> bool:
        """Sleep until a fact may have appeared, or a process died; at most so many seconds.

        Returns:
            False: only a log was written to.
        """
        so_far = time.monotonic() - self._since
        if not self._is_watching and so_far >= _PATIENCE_S:
            self._watch_folder()
            return True  # what came before the watch wakes no waiter
        floor = _FLOOR_S if self._folder is not None else _WITHOUT_WATCH_S
        if not self._is_watching:
            floor = min(_REST_S, max(_STEP_S, so_far / 10))
        ready = [fd for fd, _ in self._poll.poll(max(0.0, min(at_most, floor)) * 1000)]
        is_only_log = ready == [self._folder]
        if self._process in ready:
            self._poll.unregister(self._process)
            os.close(self._process)
            self._process = None
            self._to_watch.pop(0)
        if self._folder is not None and self._folder in ready:
            is_only_log = linux.watches_woken(self._folder) == {self._log} and is_only_log
        if self._process is None:
            self._watch_process()
        return not is_only_log

    def _watch_folder(self) -> None:
        self._is_watching = True
        self._folder = linux.watch_folder(self._record.path)
        if self._folder is not None:
            self._poll.register(self._folder, select.POLLIN)

    def _watch_process(self) -> None:
        """Wait for a process's death too, as soon as it is on record who it is."""
        started = self._record.fact(layout.STARTED) if self._to_watch else None
        if started is None or not identity.same_place(started):
            return
        while self._process is None and self._to_watch:
            self._process = identity.open_same(started.get(self._to_watch[0]) or {})
            if self._process is not None:
                self._poll.register(self._process, select.POLLIN)
            else:
                self._to_watch.pop(0)


def until_over(record: Record, timeout: float | None = None) -> Look:
    """Wait until the run is over, or the time is; the last look is returned."""
    for seen in looks(record, timeout):
        last = seen
    children.reap()
    return last


async def until_over_async(record: Record) -> None:
    """Wait until the run is over, in a thread of its own."""
    import asyncio

    while not (await asyncio.to_thread(until_over, record, _SLICE_S)).is_over:
        pass


def until_any_is_over(records: Sequence[Record], timeout: float | None = None) -> Record | None:
    """Wait until one of some runs is over; None: none was when the time was.

    Args:
        timeout: seconds; None: without end.
    """
    import contextlib  # a wait for one run does without it

    deadline = None if timeout is None else time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        poll, rest = select.poll(), _FLOOR_S
        for at, record in enumerate(records):
            if at < _MOST_WATCHED:
                waker = stack.enter_context(Waker(record, at_once=True))
                if waker.fileno() >= 0:
                    poll.register(waker.fileno(), select.POLLIN)
                    continue
            rest = _WITHOUT_WATCH_S
        while True:
            for record in records:
                if reconcile.bring_up_to_date(record).is_over:
                    return record
            left = float("inf") if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            for descriptor, _ in poll.poll(min(rest, left) * 1000):
                linux.watches_woken(descriptor)


def looks(
    record: Record,
    timeout: float | None = None,
    pause: float = float("inf"),
    *,
    at_once: bool = False,
) -> Iterator[Look]:
    """Looks at a run until it is over: one whenever something may have changed, and, unless it is
    watched at once, some more at the beginning.

    Args:
        timeout: seconds after which to stop all the same; None: never.
        pause: the most seconds between two looks.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with Waker(record, at_once=at_once) as waker:
        while True:
            seen = reconcile.bring_up_to_date(record)
            yield seen
            left = float("inf") if deadline is None else deadline - time.monotonic()
            if seen.is_over or left <= 0:
                return
            waker.sleep(min(left, pause))
