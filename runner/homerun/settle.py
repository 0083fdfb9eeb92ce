"""Looking at a run, and putting on record what nobody else is left to put there."""

from __future__ import annotations

import os

from runstore import identity, layout, lock, status
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.record import Look, Record


def look(record: Record) -> Look:
    """A run as it is now, with its outcome published or its script adopted if need be.

    A run that is lost gets its outcome published on the way. No lock is needed for that: once
    nothing of a run is alive its facts do not change, so all who look derive the same outcome, and
    one of them publishes it. A script that lives without a supervisor gets an adopter. Whoever may
    not write sees the same status.
    """
    seen = record.look()
    if record.store.format > layout.FORMAT:
        return seen
    try:
        if seen.is_orphan and record.run.get("kind") != status.INTERACTIVE:
            _adopt(record)
            seen = record.look()
        if seen.is_lost:
            record.publish(layout.ENDED, dict(seen.outcome or {}), sync=True)
            seen = record.look()
    except (OSError, StoreError):
        return seen
    return seen


def _adopt(record: Record) -> None:
    """Take `alive`, which only one can, and hand it to an adopter."""
    from homerun import adopter, exits, spawn

    alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
    if alive is None:
        return
    try:
        script = (record.fact(layout.STARTED) or {}).get("script") or {}
        pidfd = None if record.fact(layout.ENDED) else identity.open_same(script)
        if pidfd is None:
            return
        try:
            is_open = exits.is_open(int(script["pid"]))
            given = adopter.plan_for(record.run, record.store.id, is_open)
            spawn.supervisor(record.path, given, alive, pidfd)
        finally:
            os.close(pidfd)
    finally:
        lock.release(alive)
