"""Asking for a run's end: the wish goes on record first, then its supervisor is woken.

A run has one stop fact: of a cancel, a fail and a time limit that race, the first is the one that
counts. Only the supervisor signals the script; the asker signals nobody but the supervisor, and
only after its identity was checked.
"""

from __future__ import annotations

import os

from homerun import environ, settle, signals, wait
from runstore import identity, layout, status
from runstore.errors import InvalidTransition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.record import Look, Record

_BEYOND_GRACE_S = 5.0


def stop(record: Record, kind: str, details: dict[str, object] | None = None) -> Look:
    """Stop a run and wait for its end, at most its grace and 5 s; not inside the run itself.

    Asking again is harmless, and asking too late finds the status that the run ended with.

    Raises:
        InvalidTransition: the run belongs to another host or PID namespace, or to the store that
            this one is a copy of.
        ReadOnlyStore: the wish cannot be put on record.
    """
    seen = settle.look(record)
    if seen.is_over:
        return seen
    if seen.status == status.NOT_RESPONDING:
        host = record.place().get("host", "another host")
        wish = f"be stopped from here: it belongs to {host}; go there, or to the original store"
        raise InvalidTransition(record.id, seen.status, wish)
    record.publish(layout.STOP, {"kind": kind, **(details or {})})
    _wake_supervisor(record)
    if environ.run_id() == record.id:
        return settle.look(record)
    grace = (record.fact(layout.STARTED) or record.run).get("grace_s", 10.0)
    return wait.until_over(record, grace + _BEYOND_GRACE_S)


def _wake_supervisor(record: Record) -> None:
    """SIGTERM to the supervisor. One that is not on record yet looks for stop.json by itself."""
    started = record.fact(layout.STARTED)
    if started is None:
        return
    supervisor = started.get("supervisor") or {}
    pidfd = identity.open_same(supervisor)
    if pidfd is None and not identity.lives(supervisor):
        return
    try:
        signals.send(int(supervisor["pid"]), pidfd, signals.TERM)
    finally:
        if pidfd is not None:
            os.close(pidfd)
