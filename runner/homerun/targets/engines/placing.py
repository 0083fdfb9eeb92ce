"""Placing: the runs that wait in the queue of an engine's target become jobs, in one call.

One process at a time places the runs of a queue; it goes on until none is left, so that what comes
meanwhile is placed too. The ids of the runs that it is about to submit stand in the file that it
has locked. Where it is killed before their jobs are noted, the next one asks the engine for them.
"""

from __future__ import annotations

import os
import time

from homerun.base import environ
from homerun.system import children
from homerun.targets.engines import watch
from homerun.targets.engines.engine import Job, plain_name
from homerun.targets.plan import grace_of
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import atomic, lock
from runstore.queue import place as places
from runstore.queue import placed, queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.targets.engines.engine import Placed
    from homerun.targets.target import Target
    from runstore.queue.queue import Queue
    from runstore.run.record import Record
    from runstore.store import Store

_PROGRAM = "targets.engines.begin"
_PATIENCE_S = 20.0
_PAUSE_S = 0.02
_MARGIN_S = 120.0
"""For what a job does before and after its run's time: it is ended by its supervisor."""


def place(store: Store, target: Target, waiting: Queue) -> int:
    """Give all runs that wait to the engine; how many.

    Raises:
        EngineError, OSError: it takes none of them; they are still in the queue.
    """
    count = 0
    until = time.monotonic() + _PATIENCE_S
    while not waiting.is_paused and (wanted := _unplaced(store, waiting)):
        held = lock.join(f"{waiting.folder}/{layout.QUEUE_PLACING}", alone=True)
        if held is None:  # another places them; what it has not seen is placed from here
            if time.monotonic() > until:
                return count
            time.sleep(_PAUSE_S)
            continue
        try:
            wanted = _unplaced(store, waiting)
            if wanted:
                _submit(target, waiting, wanted, held)
                count += len(wanted)
        finally:
            lock.release(held)
    return count


def _unplaced(store: Store, waiting: Queue) -> list[Record]:
    """The runs that wait and have no job yet, in the order of the queue.

    Of a thousand that have one none is read: each end of a run looks here.
    """
    found = []
    known = watch.noted(waiting)
    for entry in waiting.in_order():
        if entry.run_id in known:
            continue
        try:
            record = store.get(entry.run_id)
            if record is None:
                continue  # it is being made; its maker places it once it is there
            if places.is_settled(record):
                entry.remove()
            elif places.entry(record) == entry.path and _is_ours(store, entry, record):
                found.append(record)
        except OSError:
            continue
    return found


def _is_ours(store: Store, entry: queue.Entry, record: Record) -> bool:
    """Whether a run is to be placed: by its own store, from any host that shares it."""
    submitted = record.asked().get("submitted_from")
    if not isinstance(submitted, dict) or record.is_copy(submitted):
        return False
    if placed.job_of(record) is not None or record.fact(layout.STOP) is not None:
        return False
    return queue.are_owners(store, entry, record)


def _submit(target: Target, waiting: Queue, wanted: list[Record], held: int) -> None:
    """Submit runs, but for those whose jobs are there; note the job of each."""
    engine = target.engine
    assert engine is not None
    left = set(os.pread(held, os.fstat(held).st_size, 0).decode("ascii", "replace").split())
    doubtful = [record for record in wanted if record.mark in left]
    found: dict[str, Placed] = {}
    if doubtful:
        jobs = [_job(target, record) for record in doubtful]
        known = engine.found(jobs)
        found = {record.id: one for record, one in zip(doubtful, known) if one is not None}
    new = [record for record in wanted if record.id not in found]
    if new:
        marks = "".join(f"{record.mark}\n" for record in new)
        os.ftruncate(held, 0)
        atomic.write_all(held, marks.encode("ascii", "replace"))
        os.fsync(held)
        went = engine.submit([_job(target, record) for record in new])
        found.update(zip((record.id for record in new), went))
    for record in wanted:
        _note(waiting, record, found[record.id])
    os.ftruncate(held, 0)


def _note(waiting: Queue, record: Record, went: Placed) -> None:
    """Note the job of a run, where those look who look at the run, or at all jobs."""
    watch.add(waiting, record, went)
    try:
        placed.note_job(record, dict(went.describe()))
    except (OSError, StoreError):
        return  # it was removed meanwhile, or the disk is full: its job finds out what to do


def _job(target: Target, record: Record) -> Job:
    """What is asked of the engine for a run."""
    run = record.run
    argv = children.python(_PROGRAM, record.store.root, record.path)
    python = target.said.get("python")
    limit = run.get("max_run_duration_seconds")
    grace = grace_of(run)
    processes = run.get("processes") or {}
    nodes = int(processes.get("nodes") or 1)
    return Job(
        run_id=record.id,
        mark=record.mark,
        name=plain_name(record.id),
        root=record.store.root,
        folder=record.path,
        argv=[str(python), *argv[1:]] if python else argv,
        env={**environ.for_supervisor(record.mark), "PATH": os.environ.get("PATH", os.defpath)},
        log=f"{record.path}/{layout.ENGINE_LOG}",
        said=target.said,
        time_limit_s=limit + grace + _MARGIN_S if isinstance(limit, (int, float)) else None,
        gpus=run.get("gpus") or 0,
        cpus=run.get("cpus"),
        memory=run.get("memory"),
        nodes=nodes,
        per_node=-(-int(processes["count"]) // nodes) if nodes > 1 else 1,
        grace_s=grace,
        may_requeue=os.path.lexists(places.kept_plan(record)),
    )
