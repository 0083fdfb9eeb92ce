"""What an engine says of the jobs of a target, asked at most once per interval, however many look.

    .queue/<target>/.jobs/<run id>    the job of a run that was not over when it was last looked at
    .queue/<target>/.seen             what the engine said of these; one process at a time writes it

Each file is a cache of what is in the runs' folders and in the engine. Only who may act for the
store asks the engine.
"""

from __future__ import annotations

import os
import time

from homerun.targets.engines.engine import GONE, OVER, UNKNOWN, Placed, Seen
from runstore import layout
from runstore.fs import atomic, facts, json_write, lock
from runstore.queue import placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.targets.target import Target
    from runstore.queue.queue import Queue
    from runstore.run.record import Record
    from runstore.store import Store

INTERVAL_S = 5.0

_MOST_BYTES = 1 << 27
_OF_A_JOB = ("cluster", "job", "submitted")
"""What tells a job from another one of the same run."""

_LOCK = f"{layout.QUEUE_SEEN}-lock"

_read: dict[str, tuple[float, dict[str, Any]]] = {}
"""By the queue's folder: when this process read what was seen, on its monotonic clock, and that."""


def add(waiting: Queue, record: Record, went: Placed) -> None:
    """Note the job of a run among those that are looked at.

    Raises:
        OSError: it cannot be written.
    """
    folder = atomic.make_folders(*_parts(waiting.folder), layout.QUEUE_JOBS)
    data = json_write.pretty({**went.describe(), "folder": record.experiment_folder})
    atomic.replace_bytes(f"{folder}/{record.id}", data.encode())


def noted(waiting: Queue) -> frozenset[str]:
    """The ids of the runs whose jobs are noted."""
    try:
        return frozenset(atomic.names_in(f"{waiting.folder}/{layout.QUEUE_JOBS}"))
    except OSError:
        return frozenset()


def of(store: Store, target: Target, record: Record) -> Seen:
    """What the engine says of a run's job, or said within the interval; UNKNOWN: nothing yet."""
    job = placed.job_of(record)
    if job is None:
        return Seen(UNKNOWN)
    folder = f"{store.root}/{layout.QUEUE}/{target.name}"
    said = _said(store, target, folder).get(record.id)
    # The next job of a run may have the id of the one before, of which all this was said.
    if not isinstance(said, dict) or any(said.get(one) != job.get(one) for one in _OF_A_JOB):
        return Seen(UNKNOWN)
    code = said.get("exit")
    return Seen(str(said.get("state")), str(said.get("reason") or ""), code and str(code))


def waits_because(store: Store, target: Target, record: Record) -> str:
    """Why a run waits that has a job, as a clause; "": it has none."""
    job = placed.job_of(record)
    if job is None:
        return ""
    seen = of(store, target, record)
    where = f"{job.get('engine')} has it as job {job.get('job')}"
    if seen.state == UNKNOWN and seen.reason:
        return f"{where}, and does not answer: {seen.reason}"
    return f"{where}: {seen.reason}" if seen.reason else where


def forget(record: Record, target: str) -> None:
    """Look at a run's job no more: it is over."""
    folder = f"{record.store.root}/{layout.QUEUE}/{target}"
    try:
        remove(folder, record.id)
    except OSError:
        return  # the next look at all of them does


def remove(folder: str, run_id: str) -> None:
    """Remove what was noted of a job, unless a link leads to it.

    Args:
        folder: of the queue.

    Raises:
        OSError: it cannot be removed.
    """
    root, above, target = _parts(folder)
    jobs = f"{folder}/{layout.QUEUE_JOBS}"
    if all(map(atomic.is_folder, (f"{root}/{above}", f"{root}/{above}/{target}", jobs))):
        atomic.unlink_if_there(f"{jobs}/{run_id}")


def _parts(folder: str) -> tuple[str, str, str]:
    """The store, and the two folders that lead from there to a queue."""
    above, target = os.path.split(folder)
    return os.path.dirname(above), os.path.basename(above), target


def _said(store: Store, target: Target, folder: str) -> dict[str, Any]:
    """What was said of all jobs, by run id; no older than the interval if it can be had."""
    known = _read.get(folder)
    if known is not None and time.monotonic() - known[0] < INTERVAL_S:
        return known[1]
    found = _look(store, target, folder) if store.may_act else None
    if found is None:
        read = facts.read(folder, layout.QUEUE_SEEN, _MOST_BYTES) or {}
        jobs = read.get("jobs")
        found = jobs if isinstance(jobs, dict) else {}
    _read[folder] = time.monotonic(), found
    return found


def _look(store: Store, target: Target, folder: str) -> dict[str, Any] | None:
    """Ask the engine, unless another process does, or has within the interval: then None."""
    try:
        atomic.make_folders(*_parts(folder))  # no link stands in their place
        held = lock.join(f"{folder}/{_LOCK}", alone=True)
    except OSError:
        return None
    if held is None:
        return None
    try:
        # By the file server's clock, which may be minutes from this machine's: touching tells it.
        os.utime(held)
        age = os.fstat(held).st_mtime - _mtime(f"{folder}/{layout.QUEUE_SEEN}")
        if 0 <= age < INTERVAL_S:
            return None
        jobs = _jobs(store, folder)
        seen = _ask(target, list(jobs.values()))
        found = {
            run_id: {**_of(job), "state": one.state, "reason": one.reason, "exit": one.exit}
            for (run_id, job), one in zip(jobs.items(), seen)
        }
        data = json_write.pretty(facts.signed({"jobs": found})).encode()
        atomic.replace_bytes(f"{folder}/{layout.QUEUE_SEEN}", data)
        return found
    except OSError:
        return None  # the disk does not take it; what was said before has to do
    finally:
        lock.release(held)


def _of(job: Placed) -> dict[str, object]:
    described = job.describe()
    return {name: described[name] for name in _OF_A_JOB}


def _ask(target: Target, jobs: list[Placed]) -> list[Seen]:
    if not jobs or target.engine is None:
        return []
    try:
        seen = target.engine.look(jobs)
    except OSError as error:
        return [Seen(UNKNOWN, str(error)) for _ in jobs]
    return seen if len(seen) == len(jobs) else [Seen(UNKNOWN) for _ in jobs]


def _jobs(store: Store, folder: str) -> dict[str, Placed]:
    """The jobs of runs that are not over, by run id; those of others are looked at no more."""
    found = {}
    path = f"{folder}/{layout.QUEUE_JOBS}"
    try:
        names = atomic.names_in(path)
    except OSError:
        return {}
    for name in sorted(names):
        said = facts.read(path, name)
        if name[0] == "." or said is None:
            continue
        run = f"{store.root}/{said.get('folder')}/{name}"
        if os.path.lexists(f"{run}/{layout.ENDED}") or not os.path.isdir(run):
            remove(folder, name)
            continue
        found[name] = Placed.of(said)
    return found


def _mtime(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return float("-inf")


def has_no_processes(seen: Seen) -> bool:
    """Whether nothing of a job is left, as the engine says."""
    return seen.state in (OVER, GONE)
