"""Start the runs that wait: a process that ends a run, or finds one dead, starts the next.

Strictly in order: the first entry gets the first free slots. To start a run is to hold its slots
and its lock `alive`; what is true under that lock stays true. A process that adds an entry looks
for free slots afterwards, and one that frees slots looks for entries: one of the two sees both.

GPUs are given by one process of a queue, its keeper (`gpus/keeper.py`), which the others start
where a run that waits asks for some. One that lacks GPUs is passed by those that ask for none: they
may be the children of a run that has the GPUs. One that lacks slots only is passed by none.
"""

from __future__ import annotations

import os
import time

from homerun.base import environ
from homerun.targets import registry, retries
from homerun.targets.plan import Plan, decode_for
from runstore import layout, look, status
from runstore.errors import StoreError
from runstore.fs import atomic, lock
from runstore.queue import place, placed, queue
from runstore.queue.queue import Entry, Queue
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.system.gpus.shares import Share
    from homerun.targets.gpus.grants import Giver
    from homerun.targets.target import Target

_EVERY_S = 1.0
_MOST_PASSES = 20

_last_wake = float("-inf")


class Claim:
    """A run that this process is about to start: it holds the run's lock and its slots.

    Attributes:
        leaves_slots: whether slots may be free for those behind it.
        gpus: what it has of GPUs.
    """

    def __init__(
        self,
        target: Target,
        record: Record,
        plan: Plan,
        alive: int,
        slots: list[int],
        gpus: Sequence[Share] = (),
    ) -> None:
        self.target = target
        self.record = record
        self.plan = plan
        self.alive = alive
        self.slots = slots
        self.gpus = gpus
        self.leaves_slots = True

    def release(self) -> None:
        """Let go of this process's copies of the locks."""
        for held in (self.alive, *self.slots):
            lock.release(held)
        for share in self.gpus:
            share.close()


def start(store: Store, target: str, giver: Giver | None = None) -> int:
    """Start the runs of a target that can be started now; how many.

    Args:
        giver: gives GPUs; None: this process does not, and the queue's keeper does.

    Raises:
        OSError: no process can be started; what is left is still in the queue.
    """
    found = registry.find(store.root, target)
    if found is not None and found.places:
        return found.place(store) if store.may_act else 0
    started = 0
    while found is not None and (claim := _claim_next(store, found, giver=giver)) is not None:
        try:
            gpus = [share.descriptor for share in claim.gpus]
            claim.target.start(claim.record.path, claim.plan, claim.alive, claim.slots, gpus)
            started += 1
        finally:
            claim.release()
    return started


def wake(store: Store) -> None:
    """Start what waits in any queue, at most once a second; what fails in one is left to others."""
    global _last_wake
    if not store.may_act:
        return
    if time.monotonic() - _last_wake < _EVERY_S:
        return
    _last_wake = time.monotonic()
    for name in queue.names(store.root):
        try:
            start(store, name)
        except (OSError, StoreError):
            continue


def claim_next(
    store: Store, target: str, held: Sequence[int] = (), giver: Giver | None = None
) -> Claim | None:
    """The first run that waits, with its slots and its lock taken; None: nothing can be started.

    Args:
        held: slots that the caller has; those that are not needed are closed with the claim.
        giver: as for `start`.
    """
    found = registry.find(store.root, target)
    return None if found is None else _claim_next(store, found, held, giver)


def _claim_next(
    store: Store, found: Target, held: Sequence[int] = (), giver: Giver | None = None
) -> Claim | None:
    if found.places or not store.may_act or identity.proc_flaw():
        return None
    waiting = Queue(store.root, found.name)
    for _ in range(_MOST_PASSES):
        if waiting.is_paused:
            return None
        claim, has_let_go = _claim_first(store, found, waiting, held, giver)
        if claim is not None or not has_let_go:
            return claim
        # Slots were held for a run that another process starts. A process that looked for slots
        # meanwhile has found them taken, so its run is started from here.
    return None


def _claim_first(
    store: Store, found: Target, waiting: Queue, held: Sequence[int], giver: Giver | None
) -> tuple[Claim | None, bool]:
    """One pass over the queue, strictly in order.

    Returns:
        The claim, or None; and whether slots were taken and let go, so that one more pass is due.
    """
    has_let_go = False
    startable = waiting.startable(store)
    passed = _Passed(store, waiting, giver)
    for entry, record in startable:
        if entry.gpus and giver is None:
            if passed.may_pass(entry):
                continue
            return None, False
        gpus = passed.gpus_for(found, entry, record)
        if gpus is None:
            continue
        size = found.size_for(entry.limit)
        wanted = min(entry.slots, size)
        # The target may have fewer slots by now, or the entry a limit of its own.
        kept = [one for one in held if waiting.is_one_of(one, size)][:wanted]
        more = _take(store, found, wanted - len(kept), size)
        if more is None:
            _give_back(gpus)
            return None, False
        claim = None
        try:
            claim = _claim(found, record, entry, [*kept, *more], gpus)
            if claim is not None and held and len(kept) == len(held):
                claim.leaves_slots = _fits(store, found, next(startable, None))
        except BaseException:  # a lock that stays held makes a run look alive that is not
            for taken in (*more, *([claim.alive] if claim else ())):
                lock.release(taken)
            _give_back(gpus)
            raise
        if claim is not None:
            for left in held:
                if left not in kept:
                    os.close(left)
            return claim, False
        _give_back(gpus)
        for taken in more:
            lock.release(taken)
            has_let_go = True
    return None, has_let_go


class _Passed:
    """The runs that ask for GPUs, in one pass over a queue."""

    def __init__(self, store: Store, waiting: Queue, giver: Giver | None) -> None:
        self._store = store
        self._waiting = waiting
        self._giver = giver
        self._lacking: frozenset[str] | None = None
        if giver is not None:
            giver.begin_pass()

    def may_pass(self, entry: Entry) -> bool:
        """Whether an entry lacks GPUs, as its keeper knows, so that others may pass it."""
        if self._lacking is None:
            from homerun.targets.gpus import wake  # few runs ask for GPUs

            has_keeper = not wake.wake(self._store, self._waiting.target)
            self._lacking = self._waiting.lacking() if has_keeper else frozenset()
        return entry.name in self._lacking

    def gpus_for(self, found: Target, entry: Entry, record: Record) -> list[Share] | None:
        """The GPUs of an entry; [] where it asks for none, None where they are not to be had."""
        if not entry.gpus or self._giver is None:
            return []
        if self._giver.is_behind(entry, record):
            return None
        data = entry.read()
        given = _plan(record, entry, data) if data is not None else None
        if given is None:
            return []  # it is damaged, or over: its claim ends it
        return self._giver.take(found, entry, record, given)


def _give_back(gpus: Sequence[Share]) -> None:
    for share in gpus:
        share.give_back()


def _take(store: Store, found: Target, wanted: int, size: int) -> list[int] | None:
    """So many free slots, or None.

    Of several processes that hold some and lack others, all let go; the one that then finds
    enough free tries again.
    """
    if wanted < 1:
        return []
    for _ in range(_MOST_PASSES):
        taken = found.take_slots(store, wanted, size)
        if taken is not None or found.free_slots(store, size) < wanted:
            return taken
        time.sleep(os.urandom(1)[0] / 1e5)
    return None


def _fits(store: Store, found: Target, following: tuple[Entry, Record] | None) -> bool:
    """Whether a run follows, and slots enough for it are free."""
    if following is None:
        return False
    entry = following[0]
    size = found.size_for(entry.limit)
    return found.free_slots(store, size) >= min(entry.slots, size)


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
        target = registry.target_of_run(record.store.root, record.run)
        if target.places and not placed.take(record, "end"):
            return False
        _end(record)
        os.unlink(path)
        if target.places:
            from homerun.targets.engines import taking_back  # most targets are local

            taking_back.take_back(record)
    except FileNotFoundError:
        return False
    finally:
        lock.release(alive)
    return True


def _claim(
    found: Target, record: Record, entry: Entry, slots: list[int], gpus: Sequence[Share]
) -> Claim | None:
    """Take a run's lock; None: another starts it, or there is nothing to start."""
    try:
        alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
    except OSError:
        return None
    if alive is None:
        return None
    claim = None
    try:
        data = entry.read()
        if place.entry(record) != entry.path:
            entry.remove()  # of a run that had this id, and was removed
        elif data is not None and not place.is_settled(record):
            given = _plan(record, entry, data)
            if given is not None and not is_stopped(record):
                given.target, given.slots = found.name, len(slots)
                if gpus:
                    from homerun.targets.gpus import grants

                    grants.hand_over(given, gpus)
                claim = Claim(found, record, given, alive, slots, gpus)
            else:
                _end(record)
                entry.remove()
    except OSError:
        pass  # it cannot be read or ended now; that keeps no other from being started
    finally:
        if claim is None:
            lock.release(alive)
    return claim


def is_stopped(record: Record) -> bool:
    """Whether a run that is not started is to end: by its own stop fact, or with a run above it,
    which a process canceled that was killed before it came to this one.
    """
    if record.fact(layout.STOP) is not None:
        return True
    if not record.run.get("parent") or not look.is_below_canceled(record):
        return False
    record.publish(layout.STOP, {"kind": status.CANCEL, "why": status.WITH_PARENT})
    return True


def end_unstarted(record: Record) -> None:
    """End a run that is not started, as its stop fact says; the caller is the one that begins it.

    Raises:
        OSError: the disk does not take it.
    """
    _end(record)
    entry = place.entry(record)
    if entry is not None:
        atomic.unlink_if_there(entry)


def cancel_unstarted(record: Record) -> None:
    """Cancel a run that is not started, with a run above it; the caller has its lock `alive`.

    Raises:
        OSError: the disk does not take it.
    """
    record.publish(layout.STOP, {"kind": status.CANCEL, "why": status.WITH_PARENT})
    end_unstarted(record)


def _plan(record: Record, entry: Entry, data: bytes) -> Plan | None:
    """The plan of an entry, for where the store is now: it may have been moved since.

    None: it is damaged, or another run's: there is nothing to start this one with.
    """
    try:
        given = decode_for(record, data)
    except (ValueError, LookupError):
        return None
    given.env = environ.moved(given.env, record.store.root, record.path)
    given.entry = entry.path
    return given


def _end(record: Record) -> None:
    """Publish the end of a run that is not started: it was stopped, or its entry is damaged."""
    stop = atomic.read_bytes(f"{record.path}/{layout.STOP}")
    kind = str((record.fact(layout.STOP) or {}).get("kind"))
    outcome = status.outcome({}) if stop is None else status.never_started(kind)
    record.end(outcome)
    retries.forget_plan(record)
