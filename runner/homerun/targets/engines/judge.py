"""Judging a run whose job is over: it is lost by its engine, once nothing else tells of it.

The run's own record goes before what an engine says: an engine forgets jobs, hands an id out again,
and may be asked before the last fact of a run can be seen here. So a run is lost only where the
engine has no process of it, its heart does not beat, and no job can begin it any more.
"""

from __future__ import annotations

import os

from homerun.targets import dispatch, registry, requeue, retries
from homerun.targets.engines import watch
from runstore import layout, look, status
from runstore.fs import atomic
from runstore.queue import place, placed
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.targets.engines.engine import Seen
    from homerun.targets.target import Target
    from runstore.run.record import Record


def end_if_lost(record: Record) -> bool:
    """Publish that a run was lost by its engine, or have it start again, where that is so.

    Raises:
        OSError: the disk does not tell, or take it.
    """
    target = _target(record)
    if target is None:
        return False
    said = watch.of(store_of(record), target, record)
    if not watch.has_no_processes(said):
        return False
    # A network file system remembers what was not there, until the folder is opened.
    atomic.names_in(record.path)
    seen = look.at(record)
    if seen.seen not in (status.IN_QUEUE, status.ELSEWHERE):
        return True  # it ended meanwhile, or lives on
    if place.is_kept(record):
        _leave_queue(record, target)
        requeue.after_restart(record)
        return True
    has_lost = not place.has_begun(record) and not placed.take(record, "end")
    if has_lost and placed.is_beating(record):
        return False  # a job has begun it just now
    _end(record, said, target)
    return True


def _end(record: Record, said: Seen, target: Target) -> None:
    stop = record.fact(layout.STOP)
    if stop is not None and not place.has_begun(record):
        record.end(status.never_started(str(stop.get("kind"))))
    else:
        words = [said.reason, said.exit and f"exit {said.exit}", _last_line(record)]
        record.end(status.lost_by_engine("; ".join(one for one in words if one)))
    retries.forget_plan(record)
    _leave_queue(record, target)
    dispatch.wake(store_of(record))


def _leave_queue(record: Record, target: Target) -> None:
    entry = place.entry(record)
    if entry is not None:
        atomic.unlink_if_there(entry)
    watch.forget(record, target.name)


def _last_line(record: Record) -> str:
    """The last line of what the engine wrote of a job that began nothing; "": nothing."""
    if place.has_begun(record):
        return ""
    data = atomic.read_bytes(f"{record.path}/{layout.ENGINE_LOG}", 1 << 20) or b""
    lines = data.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else ""


def _target(record: Record) -> Target | None:
    found = registry.find(record.store.root, os.path.basename(str(record.run.get("target") or "")))
    return found if found is not None and found.places else None
