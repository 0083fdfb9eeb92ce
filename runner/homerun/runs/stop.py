"""Stop a run: publish the stop request, wake the run's supervisor, wait for the end.

A run has one stop fact: of a cancel, a fail and a time limit that race, the first is the one that
counts. Only the supervisor signals the script. This process signals only the supervisor, after it
has checked its identity.
"""

from __future__ import annotations

import time

from homerun.base import environ
from homerun.runs import reconcile, stop_request, wait
from homerun.targets import dispatch, plan, retries
from homerun.targets.engines import taking_back
from runstore import layout, look, status
from runstore.errors import InvalidTransition
from runstore.queue import placed
from runstore.run import children as family
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runstore.look import Look
    from runstore.run.record import Record

_BEYOND_GRACE_S = 5.0


def stop(record: Record, kind: str, details: dict[str, object] | None = None) -> Look:
    """Stop a run and wait for its end, at most its grace and 5 s; not inside the run itself.

    Asking again is harmless, and asking too late finds the status that the run ended with.

    Raises:
        InvalidTransition: the run belongs to another host or PID namespace, or to the store that
            this one is a copy of.
        ReadOnlyStore, UntrustedStore: the store does not act for this user.
    """
    seen = reconcile.bring_up_to_date(record)
    if seen.is_over:
        if kind == status.CANCEL:
            go_on(record)
        return seen
    ask(record, seen, kind, details)
    if environ.is_inside(record):
        return look.at(record)
    return wait_for_end(record, kind, deadline_of(record))


def ask(record: Record, seen: Look, kind: str, details: dict[str, object] | None = None) -> None:
    """Publish a stop request for a run that goes on, and wake its supervisor.

    Raises:
        InvalidTransition, ReadOnlyStore, UntrustedStore: as `stop`.
    """
    record.store.for_acting()
    check_answers(record, seen, "stopped")
    try:
        record.publish(layout.STOP, {"kind": kind, **(details or {})})
    except OSError:
        if kind != status.CANCEL:
            raise
        # A full disk: the signal alone means a cancel too, and it may be this run that fills it.
    if seen.seen == status.ELSEWHERE:
        # It has a job, and nothing there may listen.
        taking_back.take_back(record)
    elif seen.seen != status.IN_QUEUE or not dispatch.end_queued(record):
        stop_request.wake_supervisor(record.path)


def go_on(record: Record) -> None:
    """Go on with the cancel of a run that is over, where runs below it are not: the process that
    canceled it was killed meanwhile.
    """
    if look.is_canceled(record) and record.store.may_act:
        stop_request.cancel_children(record.path)
        wait_below(record)


def check_answers(record: Record, seen: Look, asked: str) -> None:
    """Refuse what only the place of a run can do, where that is another one.

    Args:
        asked: what was asked for, as a participle.

    Raises:
        InvalidTransition: the run is NotResponding.
    """
    if seen.status != status.NOT_RESPONDING or placed.job_of(record) is not None:
        return
    host = record.place().get("host", "another host")
    refused = f"be {asked} from here: it belongs to {host}; go there, or to the original store"
    if not _flaw_of_abandoning(record, seen):
        refused += f"; if that is gone for good: homerun run fail --anyway -r {record.id}"
        refused += f", or for all of its runs: homerun forget-host {host}"
    raise InvalidTransition(record.id, seen.status, refused)


def abandon(
    record: Record,
    seen: Look,
    kind: str = status.CANCEL,
    details: Mapping[str, object] | None = None,
) -> None:
    """Declare a run over whose host or container will never answer.

    Nothing is signalled: its script may go on there, and write to the run's folder. What finds the
    stop request there ends it. Its engine, if it has one, is asked to take its job back.

    Args:
        kind: CANCEL or FAIL: what the run is then.
        details: more of the stop request.

    Raises:
        InvalidTransition: something here answers for the run.
        ReadOnlyStore, UntrustedStore: the store does not act for this user.
    """
    record.store.for_acting()
    if seen.is_over:
        return
    if flaw := _flaw_of_abandoning(record, seen):
        raise InvalidTransition(record.id, seen.status, f"be abandoned: {flaw}")
    if not record.is_interactive:
        why = {"why": "the run was abandoned"}
        record.publish(layout.STOP, {"kind": kind, **why, **(details or {})})
        taking_back.take_back(record)
    elif kind == status.FAIL and details:
        record.publish(layout.FAILED, dict(details))
    record.end(status.abandoned(kind))
    retries.forget_plan(record)


def may_be_abandoned(record: Record, seen: Look) -> bool:
    """Whether a run is not over, and nothing here answers for it."""
    return not seen.is_over and not _flaw_of_abandoning(record, seen)


def _flaw_of_abandoning(record: Record, seen: Look) -> str:
    """Why a run that is not over has to be ended where it belongs; "": nothing here answers."""
    if seen.status != status.NOT_RESPONDING:
        return f"this machine can tell how it goes; homerun run cancel -r {record.id} ends it"
    if seen.is_held:
        return "a process has its lock, so it lives in a container of this machine; cancel it there"
    place = record.place()
    if not place.get("host"):
        return "its facts cannot be read, so its place is unknown; ask its owner"
    if identity.same_place(place):
        return "this is a copy of a run of this machine; go to the original store"
    return ""


def deadline_of(record: Record) -> float:
    """The moment, on the monotonic clock, by which a run that is asked to end now has ended."""
    return time.monotonic() + _grace(record) + _BEYOND_GRACE_S


def wait_for_end(record: Record, kind: str, deadline: float) -> Look:
    """Wait for a run that was asked to end; of one that was canceled, for those below it too."""
    seen = wait.until_over(record, deadline - time.monotonic())
    if kind == status.CANCEL:
        wait_below(record, deadline)
    return seen


def wait_below(record: Record, deadline: float | None = None) -> None:
    """Wait until the submitted runs below a run that was canceled are over.

    Those that appear meanwhile are waited for too, all until one deadline.

    Args:
        deadline: on the monotonic clock; None: 5 s after the longest grace of them, from now.
    """
    seen: set[str] = set()
    while new := [one for one in family.below(record, recursive=True) if one.id not in seen]:
        submitted = [one for one in new if one.is_submitted]
        if deadline is None:
            longest = max(map(_grace, submitted), default=0.0)
            deadline = time.monotonic() + longest + _BEYOND_GRACE_S
        for child in submitted:
            wait.until_over(child, max(0.0, deadline - time.monotonic()))
        seen.update(one.id for one in new)


def _grace(record: Record) -> float:
    return plan.grace_of(record.fact(layout.STARTED) or record.run)
