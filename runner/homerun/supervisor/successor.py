"""Successor: a fork of a run's supervisor that supervises the next run, with the same slots.

    supervisor of run A                     its fork, the supervisor of run B
    3      `alive` of A                     3      `alive` of B: dup2 of copy 1
    6…5+n  slots of A  ── claim: some ──▶   6…5+m  slots of B:   dup2 of copies 2 to 1+m
    any    claim of B (its lock, new slots)
    ≥ 6+m  copies 1 to 1+m of the claim     closed, as everything else but 0 to 2
    pipe   closed once it has let go        read to its end: only the fork holds the locks now

The copies lie above all places, so that no dup2 overwrites one that is still to be moved. A
supervisor loads this module only where runs wait, or where it holds slots.
"""

from __future__ import annotations

import fcntl
import os

from homerun.system import children
from homerun.system.signals import Wakeups
from homerun.targets import dispatch
from homerun.targets.plan import LOCK_DESCRIPTOR, SLOT_DESCRIPTOR, Plan
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import atomic, lock
from runstore.queue import queue
from runstore.store import Store


def fork_next(done: Plan, wakeups: Wakeups) -> Plan | None:
    """Fork, and return the plan of the next run in the fork; None here, and where no run waits.

    A run without slots frees none; but its end is an occasion to find those that were freed by a
    supervisor's unseen death.
    """
    try:
        if done.slots:
            return _fork(_store(), done, wakeups)
        for name in queue.names(_store().root):
            start_waiting(name)
    except (OSError, StoreError):
        pass  # the next look at a waiting run tries again
    return None


def _fork(store: Store, done: Plan, wakeups: Wakeups) -> Plan | None:
    """Claim the next run with the slots of this one, and fork.

    It is claimed before the fork, since the fork copies each page of memory that it touches.
    """
    slots = list(range(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + done.slots))
    claim = dispatch.claim_next(store, done.target, slots)
    if claim is None:
        for held in slots:
            os.close(held)
        start_waiting(done.target)  # an entry added after that look found the slots taken
        return None
    locks = _copied(claim)
    closed = os.pipe()
    if os.fork():
        for descriptor in (*locks, *closed):
            os.close(descriptor)
        if claim.leaves_slots:
            start_waiting(done.target)
        return None
    try:
        return _become_next(claim, locks, wakeups, closed)
    except BaseException:  # noqa: BLE001 - nothing may return into the other run
        os._exit(0)


def _copied(claim: dispatch.Claim) -> list[int]:
    """Copies of a claim's locks that a fork keeps, above the numbers that they are to go to."""
    above = SLOT_DESCRIPTOR + len(claim.slots)
    with lock.no_fork():
        copies = [
            fcntl.fcntl(held, fcntl.F_DUPFD_CLOEXEC, above) for held in (claim.alive, *claim.slots)
        ]
    claim.release()
    return copies


def _become_next(
    claim: dispatch.Claim, locks: list[int], wakeups: Wakeups, closed: tuple[int, int]
) -> Plan:
    """Become a process like a supervisor that was just started.

    Args:
        closed: a pipe that ends when no process but this one holds the locks.
    """
    os.setsid()
    wakeups.close()
    os.close(closed[1])
    os.read(closed[0], 1)
    # The former run's lock and all else that was its: each generation would have as many.
    children.close_all_but(locks)
    for copy, place in zip(locks, (LOCK_DESCRIPTOR, *range(SLOT_DESCRIPTOR, locks[0]))):
        os.dup2(copy, place, inheritable=False)
        os.close(copy)
    os.chdir(claim.record.path)
    log = os.open(
        layout.SUPERVISOR_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600
    )
    atomic.let_group_read(log, ".")
    os.dup2(log, 2)
    os.close(log)
    return claim.plan


def start_waiting(target: str) -> None:
    """Start what waits for a target's slots, each with a new supervisor."""
    try:
        dispatch.start(_store(), target)
    except (OSError, StoreError):
        return  # the next look at a waiting run tries again


def _store() -> Store:
    """The store of the run whose folder is the current one, wherever it was moved to."""
    return Store(os.path.dirname(os.path.dirname(os.getcwd())))
