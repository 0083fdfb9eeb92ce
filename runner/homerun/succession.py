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
from homerun.supervisor import LOCK_DESCRIPTOR, SCRIPT_DESCRIPTOR, SLOT_DESCRIPTOR
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

    The slots are free before the queue is seen to be empty: who adds an entry after that look finds
    them free.
    """
    slots = list(range(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + done.slots))
    try:
        store = _store()
        target = done.target or next(iter(queue.names(store.root)), "")
        if not target or not _waits(store, target):
            _close(slots)
            slots = []
            if not target or not _waits(store, target):
                return None
        if os.fork():
            _close(slots)
            return None
    except (OSError, StoreError):
        return None
    try:
        given = _become_next(store, target, slots, wakeups)
    except BaseException:  # noqa: BLE001 - nothing may return into the other run
        given = None
    if given is None:
        os._exit(0)
    return given


def _become_next(store: Store, target: str, slots: list[int], wakeups: Wakeups) -> Plan | None:
    """Be a process like a supervisor that was just started, for the run that is claimed."""
    os.setsid()
    wakeups.close()
    os.closerange(LOCK_DESCRIPTOR, LOCK_DESCRIPTOR + 1)
    os.closerange(SCRIPT_DESCRIPTOR, SCRIPT_DESCRIPTOR + 1)
    claim = dispatch.claim_next(store, target, slots)
    if claim is None:
        _close(slots)
        claim = dispatch.claim_next(store, target)
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


def _waits(store: Store, target: str) -> bool:
    return not Queue(store.root, target).is_empty()


def _store() -> Store:
    """The store of the run whose folder is the current one, wherever it was moved to."""
    return Store(os.path.dirname(os.path.dirname(os.getcwd())))


def _close(slots: list[int]) -> None:
    for held in slots:
        os.close(held)
