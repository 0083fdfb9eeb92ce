"""Following the logs of several runs at once: what each of them writes, as it is written.

One watch holds the folders of all that go on, and one process of each is waited for, so an idle
follower looks at one run a second, however many there are.
"""

from __future__ import annotations

import os
import select
from collections import deque

from homerun.files.logs.follow import Following
from homerun.runs import reconcile
from homerun.system import linux
from runstore import layout
from runstore.errors import RunNotFound
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runstore.run.record import Record

    Piece = tuple[Record, "bytes | None"]

_FLOOR_S = 1.0
_WITHOUT_WATCH_S = 0.1
_REST_S = 0.02
"""So long what is written gathers before it is read: lines in one piece, floods in few."""

_SEEK_EVERY = 10
"""Of so many looks that nothing woke for one looks for further runs: other hosts wake no one."""

_LOST = -1
"""In place of the number of a watch: there was more to tell than a queue holds."""


class Together:
    """The logs of several runs; iterating gives pairs of a run and what it wrote; None: its end.

    Args:
        found: gives the runs that are meant, also those that are over, in the order of their logs.
        log_of: gives the log of a run that is followed, from where it is to begin; None: it is
            left out.
        beside: a run in whose experiment further ones appear.
        parent: the run whose end says that none will; None: none will once all are over.
    """

    def __init__(
        self,
        found: Callable[[], Sequence[Record]],
        log_of: Callable[[Record], Following | None],
        beside: Record,
        parent: Record | None = None,
    ) -> None:
        self._found = found
        self._folder = os.path.dirname(beside.path)
        self._log_of = log_of
        self._parent = parent
        self._known: set[str] = set()
        self._live: dict[str, _Live] = {}
        self._turns: deque[str] = deque()
        self._watch: _Watch | None = None
        self._idle = 0

    def __iter__(self) -> Iterator[Piece]:
        """What is there and what is written, until all runs are over and no other can come."""
        with _Watch(self._folder) as self._watch:
            try:
                self._take_new()
                yield from self._look(list(self._live))
                while True:
                    if not self._live and self._is_over():
                        if not self._take_new():
                            return
                        yield from self._look(list(self._live))
                        continue
                    yield from self._wake()
            finally:
                for one in self._live.values():
                    one.log.close()

    def _is_over(self) -> bool:
        return self._parent is None or reconcile.bring_up_to_date(self._parent).is_over

    def _take_new(self) -> list[str]:
        """Follow the runs that were not there before; their ids."""
        new = [record for record in self._found() if record.id not in self._known]
        self._known.update(record.id for record in new)
        for record in new:
            log = self._log_of(record)
            if log is not None:
                self._live[record.id] = _Live(record, log)
                self._turns.append(record.id)
        return [record.id for record in new if record.id in self._live]

    def _wake(self) -> Iterator[Piece]:
        """Sleep, and read what has changed."""
        assert self._watch is not None
        changed, written, is_new = self._watch.sleep(list(self._live.values()))
        is_idle = not changed and not written and not is_new
        self._idle = self._idle + 1 if is_idle else 0
        if is_new or self._idle >= _SEEK_EVERY:
            changed, self._idle = [*changed, *self._take_new()], 0
        for run_id in written:
            if run_id in self._live and run_id not in changed:
                yield from self._new_of(self._live[run_id])
        yield from self._look(changed or ([] if written else self._next()))

    def _next(self) -> list[str]:
        """The runs to look at though nothing woke: one in turn, and those whose end wakes no one.

        Of many that wait one is enough: who looks at it sets their queue going.
        """
        unseen = [run_id for run_id, one in self._live.items() if not one.is_watched]
        if self._turns:
            self._turns.rotate(-1)
            return list(dict.fromkeys([self._turns[0], *unseen]))
        return unseen

    def _look(self, ids: Sequence[str]) -> Iterator[Piece]:
        for run_id in ids:
            one = self._live.get(run_id)
            if one is None:
                continue
            try:
                # What was written before this look is read after it: nothing is left behind.
                is_over = reconcile.bring_up_to_date(one.record).is_over
            except RunNotFound:
                is_over = True
            if not is_over:
                assert self._watch is not None
                self._watch.add(one)
            yield from self._new_of(one)
            if is_over:
                self._let_go(one)
                yield one.record, None

    def _let_go(self, one: _Live) -> None:
        del self._live[one.record.id]
        self._turns.remove(one.record.id)
        one.log.close()
        assert self._watch is not None
        self._watch.forget(one)

    @staticmethod
    def _new_of(one: _Live) -> Iterator[Piece]:
        for piece in one.log.new():
            yield one.record, piece


class _Live:
    """A run that goes on: its log, and what is watched of it."""

    def __init__(self, record: Record, log: Following) -> None:
        self.record = record
        self.log = log
        self.folder: int | None = None
        self.writes: int | None = None
        self.process: int | None = None
        self.is_started = False

    @property
    def is_heard(self) -> bool:
        """Whether something wakes when it changes, or writes."""
        return self.folder is not None and (self.writes is not None or not self.is_started)

    @property
    def is_watched(self) -> bool:
        """Whether something wakes when it dies, too."""
        return self.is_heard and (self.process is not None or not self.is_started)


class _Watch:
    """What wakes a follower of several runs; a context manager."""

    def __init__(self, folder: str) -> None:
        self._poll = select.poll()
        self._deaths = select.poll()
        self._runs: dict[int, tuple[str, bool]] = {}
        """By the number of a watch: the run, and whether its log's folder is meant."""
        self._processes: dict[int, _Live] = {}
        self._descriptor = linux.watch_folder(folder)
        if self._descriptor is not None:
            self._poll.register(self._descriptor, select.POLLIN)

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._descriptor, *self._processes):
            if descriptor is not None:
                os.close(descriptor)

    def add(self, one: _Live) -> None:
        """Watch what there is by now of a run."""
        if self._descriptor is not None and one.folder is None:
            one.folder = self._watched(one, one.record.path, is_log=False)
        if self._descriptor is not None and one.writes is None:
            one.writes = self._watched(one, one.log.folder, is_log=True)
        if one.process is not None or not os.path.exists(f"{one.record.path}/{layout.STARTED}"):
            return
        one.is_started = True
        started = one.record.fact(layout.STARTED) or {}
        if not identity.same_place(started):
            return
        for who in ("supervisor", "script", "process"):
            one.process = identity.open_same(started.get(who) or {})
            if one.process is not None:
                self._processes[one.process] = one
                self._poll.register(one.process, select.POLLIN)
                self._deaths.register(one.process, select.POLLIN)
                return

    def forget(self, one: _Live) -> None:
        """Wait for a run no longer."""
        for number in (one.folder, one.writes):
            if number is not None:
                self._runs.pop(number, None)
        self._release(one)

    def sleep(self, live: Sequence[_Live]) -> tuple[list[str], list[str], bool]:
        """Sleep until something may have happened.

        Returns:
            The runs that may have changed, those that have written, and whether more may be there.
        """
        is_whole = self._descriptor is not None and all(one.is_heard for one in live)
        floor = _FLOOR_S if is_whole else _WITHOUT_WATCH_S
        ready = [descriptor for descriptor, _ in self._poll.poll(floor * 1000)]
        changed = {self._processes[one].record.id: None for one in ready if one in self._processes}
        for one in [self._processes[one] for one in ready if one in self._processes]:
            self._release(one)
        if self._descriptor is None or self._descriptor not in ready:
            return list(changed), [], self._descriptor is None
        written: dict[str, None] = {}
        is_new = self._take(changed, written)
        if written and not changed and not is_new:
            self._deaths.poll(_REST_S * 1000 if self._processes else 0)
            if self._descriptor in [descriptor for descriptor, _ in self._poll.poll(0)]:
                is_new = self._take(changed, written)
        return list(changed), list(written), is_new

    def _take(self, changed: dict[str, None], written: dict[str, None]) -> bool:
        """Take what the watch tells; whether it tells of the folder in which runs appear."""
        assert self._descriptor is not None
        is_new = False
        for number in linux.watches_woken(self._descriptor):
            if number == _LOST:
                changed.update((run_id, None) for run_id, _ in self._runs.values())
            run_id, is_log = self._runs.get(number, ("", False))
            if run_id:
                (written if is_log else changed)[run_id] = None
            is_new = is_new or not run_id
        return is_new

    def _watched(self, one: _Live, folder: str, is_log: bool) -> int | None:
        assert self._descriptor is not None
        number = linux.watch_writes(self._descriptor, folder)
        if number is not None:
            self._runs[number] = one.record.id, is_log
        return number

    def _release(self, one: _Live) -> None:
        if one.process is not None:
            del self._processes[one.process]
            self._poll.unregister(one.process)
            self._deaths.unregister(one.process)
            os.close(one.process)
            one.process = None
