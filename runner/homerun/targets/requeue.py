"""Requeue a run that was lost with its machine and is to be retried."""

from __future__ import annotations

import os

from homerun.targets import dispatch
from homerun.targets.gpus import grants
from homerun.targets.plan import decode_for
from runstore import layout, status
from runstore.fs import atomic, lock
from runstore.queue import place
from runstore.queue.queue import Queue
from runstore.run import attempts
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record


def after_restart(record: Record) -> None:
    """Put a run that was lost with its machine into its queue again.

    Raises:
        OSError, StoreError: it cannot be.
    """
    run, number = record.run, attempts.latest(record.path)
    record.store.for_acting()
    waiting = Queue(record.store.root, str(run.get("target")))
    alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
    if alive is None:
        return  # another does it
    try:
        data = atomic.read_bytes(place.kept_plan(record))
        if data is None or attempts.latest(record.path) != number:
            return
        if record.fact(layout.ENDED) is not None or not place.is_kept(record):
            return  # it is over, or was canceled
        given = decode_for(record, data)
        given.attempt = number + 1
        wanted = grants.wish(run.get("gpus") or 0, run.get("gpu_memory"))
        entry = waiting.add(
            record.id,
            given.encode(),
            slots=run["slots"],
            priority=run["priority"],
            limit=run.get("max_concurrent_runs"),
            gpus=wanted.count if wanted else 0,
            gpu_mib=wanted.mib if wanted else None,
        )
        fact: dict[str, object] = {"target": waiting.target, "entry": entry.name}
        attempts.plan(record.path, number + 1, {**fact, "after": status.HOST_RESTARTED})
    except (ValueError, LookupError):
        os.unlink(place.kept_plan(record))  # it is damaged, or another run's: this one was lost
    finally:
        lock.release(alive)
    dispatch.start(store_of(record), waiting.target)
