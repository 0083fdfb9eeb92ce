"""From one run's supervisor to the next one's: a fork that takes the slots along.

A supervisor loads this module only where runs wait, or where it holds slots.
"""

from __future__ import annotations

import fcntl
import os

from homerun import (
    clearing,  # noqa: F401 - each fork needs it at its end: loaded once for all of them
    dispatch,
)
from homerun.plan import Plan
from homerun.signals import Wakeups
from homerun.supervisor import LOCK_DESCRIPTOR, SLOT_DESCRIPTOR
from runstore import layout, lock, queue
from runstore.errors import StoreError
from runstore.queue import Queue
from runstore.store import Store


def start_waiting(target: str) -> None:
    """Start what waits for a target's slots, each with a new supervisor."""
    try:
        dispatch.start(_store(), target)
    except (OSError, StoreError):
        return  # whoever looks at a waiting run tries again


def fork(done: Plan, wakeups: Wakeups) -> Plan | None:
    """Let a fork of this process go on with the next run; None here, and where none waits.

    A run without slots frees none; but its end is an occasion to find those that were freed by a
    death that nobody saw.
    """
    try:
        return _fork(done, wakeups)
    except (OSError, StoreError):
        return None  # whoever looks at a waiting run tries again


def _fork(done: Plan, wakeups: Wakeups) -> Plan | None:
    slots = list(range(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + done.slots))
    if not slots:
        for name in queue.names(_store().root):
            start_waiting(name)
        return None
    waiting = Queue(_store().root, done.target)
    if waiting.is_empty() or waiting.is_paused:
        _close(slots)
        start_waiting(done.target)  # who came after that look found the slots taken
        return None
    closed, claimed = os.pipe(), os.pipe()
    if os.fork():
        _close([*slots, *closed, claimed[1]])
        os.read(claimed[0], 1)  # its end: the fork has claimed a run, or is gone
        os.close(claimed[0])
        start_waiting(done.target)  # there may be more slots than the next run takes
        return None
    try:
        given = _become_next(done.target, slots, wakeups, closed, claimed[1])
    except BaseException:  # noqa: BLE001 - nothing may return into the other run
        given = None
    if given is None:
        os._exit(0)
    return given


def _become_next(
    target: str, slots: list[int], wakeups: Wakeups, closed: tuple[int, int], claimed: int
) -> Plan | None:
    """Be a process like a supervisor that was just started, for the run that is claimed.

    Args:
        closed: a pipe that ends when nobody but this process holds the slots.
        claimed: what is closed once a run is claimed.
    """
    os.setsid()
    wakeups.close()
    os.close(closed[1])
    os.read(closed[0], 1)
    _close_all_but([*slots, claimed])
    store = _store()
    claim = dispatch.claim_next(store, target, slots)
    if claim is None:
        _close(slots)
        claim = dispatch.claim_next(store, target)
    os.close(claimed)
    if claim is None:
        return None
    os.chdir(claim.record.path)
    log = os.open(layout.SUPERVISOR_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    os.close(log)
    _put_in_place(claim)
    claim.plan.slots = len(claim.slots)
    claim.plan.target = target
    return claim.plan


def _put_in_place(claim: dispatch.Claim) -> None:
    """The locks where a supervisor has them; first copied out of each other's way."""
    above = SLOT_DESCRIPTOR + len(claim.slots)
    held = [claim.alive, *claim.slots]
    copies = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, above) for one in held]
    for one in held:
        lock.release(one)
    places = [LOCK_DESCRIPTOR, *range(SLOT_DESCRIPTOR, above)]
    for copy, place in zip(copies, places):
        os.dup2(copy, place, inheritable=False)
        os.close(copy)


def _store() -> Store:
    """The store of the run whose folder is the current one, wherever it was moved to."""
    return Store(os.path.dirname(os.path.dirname(os.getcwd())))


def _close(slots: list[int]) -> None:
    for held in slots:
        os.close(held)


def _close_all_but(kept: list[int]) -> None:
    """Close the run's lock, and whatever else was the former run's; each generation has as many."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of this very listing
