"""From one run's supervisor to the next one's: a fork that takes the slots along.

A supervisor loads this module only where runs wait, or where it holds slots.
"""

from __future__ import annotations

import fcntl
import os

from homerun.system.signals import Wakeups
from homerun.targets import dispatch
from homerun.targets.plan import LOCK_DESCRIPTOR, SLOT_DESCRIPTOR, Plan
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import lock
from runstore.queue import queue
from runstore.store import Store


def fork(done: Plan, wakeups: Wakeups) -> Plan | None:
    """Let a fork of this process go on with the next run; None here, and where none waits.

    A run without slots frees none; but its end is an occasion to find those that were freed by a
    death that nobody saw.
    """
    try:
        if done.slots:
            return _fork(_store(), done, wakeups)
        for name in queue.names(_store().root):
            start_waiting(name)
    except (OSError, StoreError):
        pass  # whoever looks at a waiting run tries again
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
        start_waiting(done.target)  # who came after that look found the slots taken
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
    """Copies of a claim's locks that a fork keeps, out of the way of where they are to go."""
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
    """Be a process like a supervisor that was just started.

    Args:
        closed: a pipe that ends when nobody but this process holds the locks.
    """
    os.setsid()
    wakeups.close()
    os.close(closed[1])
    os.read(closed[0], 1)
    _close_all_but(locks)
    for copy, place in zip(locks, (LOCK_DESCRIPTOR, *range(SLOT_DESCRIPTOR, locks[0]))):
        os.dup2(copy, place, inheritable=False)
        os.close(copy)
    os.chdir(claim.record.path)
    log = os.open(layout.SUPERVISOR_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    os.close(log)
    return claim.plan


def start_waiting(target: str) -> None:
    """Start what waits for a target's slots, each with a new supervisor."""
    try:
        dispatch.start(_store(), target)
    except (OSError, StoreError):
        return  # whoever looks at a waiting run tries again


def _store() -> Store:
    """The store of the run whose folder is the current one, wherever it was moved to."""
    return Store(os.path.dirname(os.path.dirname(os.getcwd())))


def _close_all_but(kept: list[int]) -> None:
    """Close the run's lock, and whatever else was the former run's; each generation has as many."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of this very listing
