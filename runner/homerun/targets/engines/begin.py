"""The program of an engine's job: it has one run supervised.

    begin.py STORE RUN-FOLDER        on whatever host; both absolute, on a shared file system

It makes sure that this job is the one that begins the run, and then starts the same supervisor as
at home, with the same descriptors (`targets/launch.py`), above which it stays (`guard.py`). What
keeps it from that is a line in the job's own output, which is `engine.log` in the run's folder.
"""

from __future__ import annotations

import os
import sys
import time

from homerun.base import environ
from homerun.system import children
from homerun.targets import dispatch
from homerun.targets.engines import guard, node_gpus
from homerun.targets.plan import LOCK_DESCRIPTOR, PLAN_DESCRIPTOR, Plan, decode_for
from runstore import layout, status
from runstore.errors import StoreError
from runstore.fs import atomic, lock, trust
from runstore.queue import place, placed
from runstore.run import attempts
from runstore.run.record import Record
from runstore.store import Store

_PATIENCE_S = 10.0
"""Who looks at a run that waits may have its lock for a moment."""

_LIMIT_MARGIN_S = 20.0
"""Before the engine ends the job: for the outcome to be published."""


def main() -> None:
    """Have the run supervised; leaves as its supervisor does, or with a line of why not."""
    root, folder = sys.argv[1:3]
    try:
        _begin(_record(root, folder))
    except (OSError, StoreError, ValueError, LookupError) as error:
        _leave(f"the run cannot be started here ({os.uname().nodename}): {error}", 1)


def _record(root: str, folder: str) -> Record:
    experiment, run_id = os.path.split(folder)
    record = Record(Store(root), os.path.basename(experiment), run_id)
    if not record.exists():
        _leave(f"{folder} is not there: the store has to lie on a file system of all hosts", 1)
    wanted = os.environ.get(environ.SUPERVISES, "")
    if record.mark != wanted:
        _leave(f"{run_id} is another run by now", 1)
    return record


def _begin(record: Record) -> None:
    if atomic.read_bytes(f"{record.path}/{layout.ENDED}") is not None:
        _leave("the run is over", 0)
    begun = place.has_begun(record)
    if begun and not place.is_kept(record):
        _leave("the run has begun already, and is not to be started again", 1)
    _trust_here(record)
    placed.beat(record.path)  # before the election: who else wins it finds that this one lives
    alive = _lock(record)
    if begun:
        again = attempts.latest(record.path) + 1
        queued = {"after": status.HOST_RESTARTED, "target": record.run.get("target")}
        attempts.plan(record.path, again, queued)
    if not placed.take(record, "begin"):
        _leave("another job has begun the run, or it was ended", 1)
    if atomic.read_bytes(f"{record.path}/{layout.ENDED}") is not None:
        _leave("the run is over", 0)
    if dispatch.is_stopped(record):
        dispatch.end_unstarted(record)
        _leave("the run was stopped before it began", 0)
    given = _kept(record) if begun else _queued(record)
    _fit(given, record)
    _supervise(given, record, alive)


def _trust_here(record: Record) -> None:
    """Let the store act for this user on this host: the user had the job submitted for it.

    Else the script could submit no runs. Which commands run at an end is not said by that.
    """
    if record.store.may_act:
        return
    try:
        trust.trust(record.store.root, record.store.id, only_here=True)
    except (OSError, StoreError) as error:
        print(f"homerun: the run can submit no others: {error}", flush=True)


def _lock(record: Record) -> int:
    """The run's lock."""
    until = time.monotonic() + _PATIENCE_S
    path = f"{record.path}/{layout.ALIVE}"
    while (alive := lock.take(path, record.store.lock_kind)) is None:
        if time.monotonic() > until:
            _leave("another process answers for the run", 1)
        time.sleep(os.urandom(1)[0] / 1e3)
    return alive


def _queued(record: Record) -> Plan:
    path = place.entry(record) or ""
    given = _plan(record, path)
    given.entry = path
    return given


def _kept(record: Record) -> Plan:
    given = _plan(record, place.kept_plan(record))
    given.attempt = attempts.latest(record.path)
    return given


def _plan(record: Record, path: str) -> Plan:
    """What a file says the run is to be started with, for where the store is on this host."""
    data = atomic.read_bytes(path) if path else None
    if data is None:
        raise ValueError("nothing says any more what it is to be started with")
    given = decode_for(record, data)
    given.env = environ.moved(given.env, record.store.root, record.path)
    return given


def _fit(given: Plan, record: Record) -> None:
    """Fit what was planned on the submitter's host to this one."""
    given.target, given.slots = str(record.run.get("target") or ""), 0
    engines = _of_engine(given)
    given.env = {**given.env, **engines, environ.BEATS: "1"}
    # Its submitter's processors and limits are those of another machine.
    kept = [part for part in given.inherited.split() if part.startswith("umask=")]
    given.inherited = " ".join(kept)
    given.settings = {**given.settings, "beats": True, "gpus_given": node_gpus.given(engines)}
    most = given.setting("engine_limit_s")
    if most is not None:
        ours = max(1.0, most - given.grace_s - _LIMIT_MARGIN_S)
        limit = given.limit_s
        given.settings["max_run_duration_seconds"] = ours if limit is None else min(limit, ours)


def _of_engine(given: Plan) -> dict[str, str]:
    """The variables that the engine gives this job, and the script is to see."""
    wanted = tuple(given.setting("engine_gives") or ())
    prefixes = tuple(one for one in wanted if one.endswith("_"))
    return {
        name: value
        for name, value in os.environ.items()
        if name in wanted or (prefixes and name.startswith(prefixes))
    }


def _supervise(given: Plan, record: Record, alive: int) -> None:
    """Have the supervisor started: the engine's job is the run, and ends with it."""
    print(f"begins run {record.id} on {os.uname().nodename}", flush=True)
    nameless = children.nameless_file(given.encode())
    above = PLAN_DESCRIPTOR + 1
    held, plan = lock.copied(alive, above), lock.copied(nameless, above)
    os.dup2(held, LOCK_DESCRIPTOR)
    os.dup2(plan, PLAN_DESCRIPTOR)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    log = os.open(f"{record.path}/{layout.SUPERVISOR_LOG}", flags, 0o600)
    os.dup2(log, 2)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    guard.stay_above(record, children.python("supervisor.main", record.path))


def _leave(why: str, code: int) -> None:
    print(f"homerun: {why}", flush=True)
    sys.stdout.flush()
    os._exit(code)
