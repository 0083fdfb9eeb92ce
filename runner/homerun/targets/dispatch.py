"""Starting the runs that wait: who ends a run, or finds that nobody does, starts the next.

Strictly in order: the first entry gets the first free slots. To start a run is to hold its slots
and its lock `alive`; what is true under that lock stays true. Whoever adds an entry looks for free
slots afterwards, and whoever frees slots looks for entries afterwards: one of the two sees both.
"""

from __future__ import annotations

import os
import time

from homerun.base import environ
from homerun.targets import retries
from homerun.targets import target as targets
from homerun.targets.plan import Plan, decode
from runstore import layout, status
from runstore.errors import StoreError
from runstore.fs import atomic, facts, lock
from runstore.queue import place, queue
from runstore.queue.queue import Entry, Queue
from runstore.run.record import Record
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.targets.target import Target

_EVERY_S = 1.0
_MOST_PASSES = 20

_last_wake = float("-inf")


class Claim:
    """A run that this process is about to start: it holds the run's lock and its slots.

    Attributes:
        leaves_slots: whether slots may be free for those behind it.
    """

    __slots__ = ("alive", "leaves_slots", "plan", "record", "slots")

    def __init__(self, record: Record, plan: Plan, alive: int, slots: list[int]) -> None:
        self.record = record
        self.plan = plan
        self.alive = alive
        self.slots = slots
        self.leaves_slots = True

    def release(self) -> None:
        """Let go of this process's copies of the locks."""
        for held in (self.alive, *self.slots):
            lock.release(held)


def start(store: Store, target: str) -> int:
    """Start the runs of a target that can be started now; how many.

    Raises:
        OSError: no process can be started; what is left is still in the queue.
    """
    started = 0
    while (claim := claim_next(store, target)) is not None:
        from homerun.targets import launch

        try:
            launch.supervisor(claim.record.path, claim.plan, claim.alive, slots=claim.slots)
            started += 1
        finally:
            claim.release()
    return started


def wake(store: Store) -> None:
    """Start what waits in any queue; at most once a second, and what goes wrong stops nobody."""
    global _last_wake
    if time.monotonic() - _last_wake < _EVERY_S:
        return
    _last_wake = time.monotonic()
    for name in queue.names(store.root):
        try:
            start(store, name)
        except (OSError, StoreError):
            continue


def claim_next(store: Store, target: str, held: Sequence[int] = ()) -> Claim | None:
    """The first run that waits, with its slots and its lock taken; None: nothing can be started.

    Args:
        held: slots that the caller has; those that are not needed are closed with the claim.
    """
    waiting = Queue(store.root, target)
    found = targets.find(store.root, target)
    if found is None or store.is_newer or store.damage:
        return None
    for _ in range(_MOST_PASSES):
        let_go = False
        if waiting.is_paused:
            return None
        entries = waiting.in_order()
        for entry in entries:
            record = _record(store, entry)
            if record is None:
                continue
            size = found.size_for(entry.limit)
            wanted = min(entry.slots, size)
            # The target may have fewer slots by now, or the entry a limit of its own.
            kept = [one for one in held if waiting.is_one_of(one, size)][:wanted]
            more = _take(waiting, wanted - len(kept), size, store)
            if more is None:
                return None
            claim = _claim(record, entry, [*kept, *more])
            if claim is not None:
                claim.plan.target, claim.plan.slots = target, len(claim.slots)
                if held and len(kept) == len(held):
                    claim.leaves_slots = _fits(waiting, found, next(entries, None), store)
                for left in held:
                    if left not in kept:
                        os.close(left)
                return claim
            for taken in more:
                lock.release(taken)
                let_go = True
        if not let_go:
            return None
        # Who came while they were held has found them taken: it is for us to look for him.
    return None


def _take(waiting: Queue, wanted: int, size: int, store: Store) -> list[int] | None:
    """So many free slots, or None.

    Of several who hold some and lack others, all let go; who then finds enough free tries again.
    """
    if wanted < 1:
        return []
    for _ in range(_MOST_PASSES):
        taken = waiting.take_slots(wanted, size, store.lock_kind)
        if taken is not None or not _some_free(waiting, wanted, size, store):
            return taken
        time.sleep(os.urandom(1)[0] / 1e5)
    return None


def _some_free(waiting: Queue, wanted: int, size: int, store: Store) -> bool:
    return size - waiting.busy(size, store.lock_kind) >= wanted


def _fits(waiting: Queue, found: Target, entry: Entry | None, store: Store) -> bool:
    """Whether there is such an entry, and slots enough for it are free."""
    if entry is None:
        return False
    size = found.size_for(entry.limit)
    return _some_free(waiting, min(entry.slots, size), size, store)


def _record(store: Store, entry: Entry) -> Record | None:
    """The run of an entry, if it may be started now and here."""
    try:
        record = store.get(entry.run_id)
        if record is None:
            return None  # it is being made; its maker looks for slots once it is there
        if _is_settled(record):
            entry.remove()  # whoever started or ended it was killed before this
            return None
        return record if place.may_start_here(record) else None
    except OSError:
        return None  # it cannot be read now; that keeps no other from being started


def end_queued(record: Record) -> bool:
    """End a run that waits, as its stop fact says. False: it does not wait, or is being started."""
    path = place.entry(record)
    if path is None or not os.path.exists(path):
        return False
    alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
    if alive is None:
        return False
    try:
        if place.has_begun(record):
            return False
        _end(record)
        os.unlink(path)
    except FileNotFoundError:
        return False
    finally:
        lock.release(alive)
    return True


def _claim(record: Record, entry: Entry, slots: list[int]) -> Claim | None:
    """Take a run's lock; None: another starts it, or there is nothing to start."""
    try:
        alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
    except OSError:
        return None
    if alive is None:
        return None
    try:
        data = entry.read()
        if data is not None and not _is_settled(record):
            given = _plan(record, entry, data)
            if given is not None and record.fact(layout.STOP) is None:
                return Claim(record, given, alive, slots)
            _end(record)
            entry.remove()
    except OSError:
        pass  # it cannot be read or ended now; that keeps no other from being started
    lock.release(alive)
    return None


def _plan(record: Record, entry: Entry, data: bytes) -> Plan | None:
    """The plan of an entry, for where the store is now: it may have been moved since.

    None: the entry is damaged, and there is nothing to start the run with.
    """
    try:
        given = decode(data)
    except (ValueError, LookupError):
        return None
    given.env = environ.moved(given.env, record.store.root, record.path)
    given.entry = entry.path
    return given


def _is_settled(record: Record) -> bool:
    return place.has_begun(record) or bool(atomic.read_bytes(f"{record.path}/{layout.ENDED}"))


def _end(record: Record) -> None:
    """Put on record that a run is not started: it was stopped, or its entry is damaged."""
    stop = atomic.read_bytes(f"{record.path}/{layout.STOP}")
    kind = str((record.fact(layout.STOP) or {}).get("kind"))
    outcome = status.outcome({}) if stop is None else status.never_started(kind)
    facts.publish(record.path, layout.ENDED, facts.signed(outcome), sync=True)
    retries.forget_plan(record)
