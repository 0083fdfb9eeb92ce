"""Reconcile a run: publish its outcome if it is lost, start an adopter if its supervisor is dead.

`runstore.look.at` only reads. Here is what a reader leaves to others: `bring_up_to_date` writes
facts, takes locks, and starts supervisors, where a look shows that it is needed.
"""

from __future__ import annotations

import os

from homerun.targets import retries
from runstore import layout, look, status
from runstore.errors import StoreError
from runstore.fs import lock
from runstore.queue import place, placed
from runstore.run import identity
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runstore.look import Look
    from runstore.run.record import Record


_ELSEWHERE = (status.IN_QUEUE, status.BEATING, status.ELSEWHERE)
"""Where an engine may know that a run is over."""


def bring_up_to_date(record: Record) -> Look:
    """Reconcile a run, and return a look at it.

    A lost run gets its outcome published. That needs no lock: once nothing of a run is alive its
    facts do not change, so every process derives the same outcome, and one of them publishes it. A
    script that lives without a supervisor gets an adopter, and so do processes that a lost script
    left behind: they are ended first. A run that waits has its queue looked at, and a stop request
    that reached no process reaches the run. A process that may not act for the store
    (`runstore.fs.trust`) returns the same status, as far as it may see the run's processes.

    Raises:
        RunNotFound: its folder is gone.
        OSError: the disk does not tell.
    """
    seen = look.at(record)
    if not record.store.may_act:
        return _until_nothing_is_left(record, seen)
    is_batch = seen.seen == status.ALIVE and record.is_batch
    if seen.seen == status.IN_QUEUE or is_batch:
        _start_waiting(record)  # the process that should have may have been killed
    try:
        if seen.facts[layout.STOP] is not None and not seen.is_over:
            from homerun.runs import stop_request

            if stop_request.pass_on(record, seen):
                return look.at(record)
        elif _may_be_canceled(record, seen):
            from homerun.runs import stop_request

            # The process that canceled one above may have been killed before it came to this one.
            if stop_request.follow_parent(record):
                return look.at(record)
        if seen.seen in _ELSEWHERE and placed.job_of(record) is not None:
            from homerun.targets.engines import judge  # few runs are an engine's

            if judge.end_if_lost(record):
                return look.at(record)
        elif seen.seen == status.IN_QUEUE and not _has_entry(record) and place.is_kept(record):
            if _goes_down(record):
                return seen
            from homerun.targets import requeue

            requeue.after_restart(record)
            return look.at(record)
        if _needs_adopter(record, seen):
            _adopt(record)
            _start_waiting(record)
            seen = look.at(record)
            if _needs_adopter(record, seen):  # another process's was killed before it began
                return _until_nothing_is_left(record, seen)
        if seen.is_lost:
            record.end(seen.outcome or {})
            retries.forget_plan(record)
            _start_waiting(record)
            seen = look.at(record)
    except (OSError, StoreError, ImportError):
        # ImportError: no /proc and no psutil, so what is left of the run is unknown.
        return _until_nothing_is_left(record, seen)
    return seen


def _may_be_canceled(record: Record, seen: Look) -> bool:
    """Whether a run goes on here, below another one."""
    is_here = not seen.is_over and seen.status != status.NOT_RESPONDING
    return is_here and bool(record.run.get("parent"))


def _until_nothing_is_left(record: Record, seen: Look) -> Look:
    """A look at a run that its adopter has still to end: it is not over while any of it lives.

    Else who looks would see it Failed, and going on once the adopter answers for it.
    """
    try:
        if record.is_interactive or not _has_leftovers(record, seen):
            return seen
    except (OSError, ImportError):
        return seen
    return look.Look(seen.facts, status.ALIVE, False)


def _goes_down(record: Record) -> bool:
    """Whether the machine that ended a run is still on its way down."""
    from homerun.system import linux

    return identity.same_boot(record.fact(layout.STARTED) or {}) and linux.is_going_down()


def _has_entry(record: Record) -> bool:
    entry = place.entry(record)
    return entry is not None and os.path.exists(entry)


def _start_waiting(record: Record) -> None:
    """Start the runs that wait: a supervisor that was killed has freed its slots unseen."""
    if os.path.isdir(f"{record.store.root}/{layout.QUEUE}"):
        from homerun.targets import dispatch

        dispatch.wake(store_of(record))


def _adopt(record: Record) -> None:
    """Take `alive`, which only one process can, and hand it to an adopter."""
    script = (record.fact(layout.STARTED) or {}).get("script") or {}
    # Before the lock: a script that ends finds it held, and leaves; only this tells how it ended.
    pidfd = identity.open_same(script)
    try:
        alive = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)
        if alive is None:
            return
        try:
            _hand_over(record, script, pidfd, alive)
        finally:
            lock.release(alive)
    finally:
        if pidfd is not None:
            os.close(pidfd)


def _hand_over(record: Record, script: Mapping[str, Any], pidfd: int | None, alive: int) -> None:
    """Start the adopter of a run that may have one, with the lock that was taken."""
    from homerun.system import exit_status
    from homerun.targets import plan, registry

    started = record.fact(layout.STARTED) or {}
    if record.fact(layout.ENDED) is not None or script != (started.get("script") or {}):
        return  # another process's adopter ended it, or went on to the next attempt
    target = registry.target_of_run(record.store.root, record.run)
    if pidfd is None and not identity.lives_by_ticks(script):
        if not identity.lives(script) and _left_behind(record):
            given = plan.for_adoption(record, None, has_pidfd=False)
            target.adopt(record.path, given, alive, None)
        return
    pid, ticks = int(script["pid"]), int(script.get("start_ticks", 0))
    stranger = exit_status.Stranger(pid, pidfd, is_open=False, ticks=ticks)
    # If it is over by now, that pid may have been another's at the look.
    is_open = exit_status.is_open(pid) and not stranger.has_ended()
    given = plan.for_adoption(record, is_open, has_pidfd=pidfd is not None)
    target.adopt(record.path, given, alive, pidfd)


def _needs_adopter(record: Record, seen: Look) -> bool:
    """Whether processes of the run live without a supervisor."""
    if record.is_interactive:
        return False
    return seen.is_orphan or _has_leftovers(record, seen)


def _has_leftovers(record: Record, seen: Look) -> bool:
    """Whether a run is lost while processes of it live. A supervisor sweeps before `exited`."""
    if not seen.is_lost or seen.seen != status.GONE or record.run.get("on_exit") == "leave":
        return False
    if seen.facts[layout.STARTED] is None or seen.facts[layout.EXITED] is not None:
        return False
    return _left_behind(record)


def _left_behind(record: Record) -> bool:
    """Whether any process carries the mark of the run."""
    from homerun.system import process_tree

    return bool(process_tree.processes_of_run(record.mark, None, record.path))
