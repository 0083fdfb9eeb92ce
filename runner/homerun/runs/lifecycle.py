"""End a run by a call: `complete`, `fail`, `cancel`, and the end of a `with` block.

What a call does depends on the run and the caller: an interactive run, a live script from
outside, a script from inside, or a run that is over.
"""

from __future__ import annotations

import os

from homerun.base import environ, messages
from homerun.base.errors import UserError
from homerun.runs import interactive, owner, reconcile, stop
from homerun.targets.engines import taking_back
from runstore import layout, look, status
from runstore.errors import InvalidTransition, StoreError, words
from runstore.run import children as family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from homerun.runs.interactive import Outputs
    from homerun.system.tee import Capture
    from runstore.run.record import Record


def complete(record: Record, outputs: Outputs | None) -> None:
    """Complete a run; see `Run.complete`."""
    if record.is_interactive:
        _end(record, outputs, status.COMPLETED)
    elif not environ.is_inside(record):
        _complete_script(record)


def _complete_script(record: Record) -> None:
    """Complete a submitted run from outside: a notice while it goes on, since its script decides.

    Raises:
        InvalidTransition: it ended in another way.
    """
    now = look.at(record).status
    if now in (status.FAILED, status.CANCELED):
        raise InvalidTransition(record.id, now, "be completed: it is over")
    if now != status.COMPLETED:
        messages.tell([f"run {record.id} goes on: it is Completed when its script ends well"])


def cancel(record: Record, outputs: Outputs | None) -> None:
    """Cancel a run; see `Run.cancel`."""
    if not record.is_interactive:
        stop.stop(record, status.CANCEL)
    elif not reconcile.bring_up_to_date(record).is_over:
        _end(record, outputs, status.CANCELED)
        stop.wait_below(record)
    else:
        stop.go_on(record)


def cancel_all(runs: Iterable[tuple[Record, Outputs | None]]) -> list[dict[str, Any]]:
    """Cancel many runs at once, each with its outputs folder; see `Workspace.cancel_runs`."""
    return _end_all(runs, status.CANCEL, {})


def fail_all(
    runs: Iterable[tuple[Record, Outputs | None]], details: str | None
) -> list[dict[str, Any]]:
    """Declare many runs failed; see `Workspace.fail_runs`."""
    return _end_all(runs, status.FAIL, _words(details, None))


def _end_all(
    runs: Iterable[tuple[Record, Outputs | None]], kind: str, said: dict[str, object]
) -> list[dict[str, Any]]:
    """Ask all of these runs to end, and then wait for them; a row for each."""
    asked: list[tuple[Record, float, dict[str, Any]]] = []
    with taking_back.InOneCall():
        for record, outputs in runs:
            row = _row(record)
            try:
                seen = reconcile.bring_up_to_date(record)
                row["was"] = seen.status
                if not seen.is_over and record.is_interactive:
                    how = status.CANCELED if kind == status.CANCEL else status.FAILED
                    _end(record, outputs, how, said or None)
                elif not seen.is_over:
                    stop.ask(record, seen, kind, said)
                elif kind == status.CANCEL:
                    stop.go_on(record)
            except (StoreError, OSError) as error:
                row["error"] = words(error)
            asked.append((record, stop.deadline_of(record), row))
    for record, deadline, row in asked:
        try:
            if row["error"] is None and not environ.is_inside(record):
                stop.wait_for_end(record, kind, deadline)
            now = look.at(record)
            if kind == status.FAIL and row["error"] is None:
                _mark_failed(record, row["was"], now.status, said)
                now = look.at(record)
            row["status"] = now.status
        except (StoreError, OSError) as error:
            row["error"] = words(error)
    return [row for _, _, row in asked]


def _mark_failed(record: Record, was: str, now: str, said: dict[str, object]) -> None:
    """Declare a run Failed that was over before, or ended well before it could be stopped."""
    if now == status.COMPLETED or (now == status.CANCELED and was in status.TERMINAL):
        record.publish(layout.MARK, {"status": status.FAILED, **said}, sync=True)


def _row(record: Record) -> dict[str, Any]:
    return {"run_id": record.id, "was": None, "status": None, "error": None}


def is_of_host(record: Record, host: str) -> bool:
    """Whether a host of that name is the one that has to answer for a run."""
    return record.place().get("host") == host


def abandon_all(
    records: Iterable[Record], failed: bool = False, details: str | None = None
) -> list[dict[str, Any]]:
    """Declare runs over that will never answer; see `Workspace.abandon_runs`."""
    kind = status.FAIL if failed else status.CANCEL
    said = _words(details, None) if failed else {}
    rows: dict[str, dict[str, Any]] = {}
    with taking_back.InOneCall():
        for record in records:
            if record.id in rows:
                continue  # it went with one above it
            rows[record.id] = _abandon(record, kind, said)
            was_silent = rows[record.id]["was"] == status.NOT_RESPONDING
            if rows[record.id]["error"] is None and was_silent:
                rows.update((one.id, _abandon(one, kind, said)) for one in _silent_below(record))
    return list(rows.values())


def _abandon(record: Record, kind: str, said: dict[str, object]) -> dict[str, Any]:
    row = _row(record)
    try:
        seen = reconcile.bring_up_to_date(record)
        row["was"] = row["status"] = seen.status
        stop.abandon(record, seen, kind, said)
        row["status"] = look.at(record).status
    except (StoreError, OSError) as error:
        row["error"] = words(error)
    return row


def _silent_below(record: Record) -> list[Record]:
    """The runs below a run for which nothing answers either; those that live go on."""
    found = []
    for one in family.below(record, recursive=True):
        try:
            if stop.may_be_abandoned(one, look.at(one)):
                found.append(one)
        except (StoreError, OSError):
            continue  # a damaged one keeps no other back
    return found


def fail(
    record: Record,
    outputs: Outputs | None,
    details: str | BaseException | None,
    code: str | None,
) -> None:
    """Declare a run failed; see `Run.fail`.

    Raises:
        UserError: details are neither text nor an exception.
    """
    said = _words(details, code)
    seen = reconcile.bring_up_to_date(record)
    if not seen.is_over and record.is_interactive:
        _end(record, outputs, status.FAILED, said)
        return
    if not seen.is_over and environ.is_inside(record):
        record.publish(layout.FAILED, said)
        return
    if not seen.is_over:
        seen = stop.stop(record, status.FAIL, said)
        if seen.status != status.COMPLETED:
            return  # stopped by this, or by a request that came first: the first one counts
    if seen.status != status.FAILED:
        record.publish(layout.MARK, {"status": status.FAILED, **said}, sync=True)


def clean(record: Record) -> list[str]:
    """Say where the run's folder is; see `ScriptRun.clean`.

    Raises:
        InvalidTransition: the run is not over.
    """
    seen = reconcile.bring_up_to_date(record)
    if not seen.is_over:
        raise InvalidTransition(record.id, seen.status, "be cleaned up before it is over")
    return [f"nothing to remove: {record.path} holds what the run made"]


def capture(record: Record) -> Capture | None:
    """Tee what this process prints into an interactive run's log; a script has its own."""
    if not record.is_interactive:
        return None
    from homerun.system.tee import Capture

    return Capture(record.path)


def leave(
    record: Record,
    outputs: Outputs | None,
    error: BaseException | None,
    captured: Capture | None,
) -> None:
    """The end of a `with` block: Completed, or Failed with the error."""
    if captured is not None:
        captured.stop(error)
        if captured.pid != os.getpid():
            return  # a forked child that leaves its parent's block
    if not record.is_interactive:
        return
    if look.at(record).is_over:
        owner.forget_ended()
        return
    if error is None or (isinstance(error, SystemExit) and not error.code):
        complete(record, outputs)
    else:
        fail(record, outputs, error, None)


def _end(
    record: Record, outputs: Outputs | None, how: str, said: dict[str, object] | None = None
) -> None:
    """End an interactive run, with what it wrote to its outputs folder."""
    stop.check_answers(record, look.at(record), "ended")
    prepare_end(record, outputs)
    interactive.end(record, how, said)


def prepare_end(record: Record, outputs: Outputs | None) -> None:
    """Add what a process wrote to its outputs folder to a run that it holds open."""
    if outputs is not None and owner.holds(record.path):
        started = os.stat(f"{record.path}/{layout.STARTED}")
        interactive.collect_outputs(*outputs, record.path, started.st_ctime_ns)


def _words(details: str | BaseException | None, code: str | None) -> dict[str, object]:
    said: dict[str, object] = {"code": code or "UserError"}
    if isinstance(details, BaseException):
        import traceback

        text = f": {words(details)}" if words(details) else ""
        said["message"] = f"User program failed with {type(details).__name__}{text}"
        said["stack_trace"] = "".join(
            traceback.format_exception(type(details), details, details.__traceback__)
        )
    elif isinstance(details, str):
        said["message"] = details
    elif details is not None:
        raise UserError(f"error_details are text or an exception, not {type(details).__name__}")
    return said
