"""What happened to a run, why, and what can be done: from its facts and the end of its log."""

from __future__ import annotations

import os
import re

from homerun.base.times import zulu
from homerun.files.logs import tail as log_tail
from homerun.runs import children, reconcile
from homerun.views import details
from runstore import layout, status
from runstore.look import exception_in, left_open_by
from runstore.queue import placed
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runstore.look import Look
    from runstore.run.record import Record

_SHOWN_LINES = 10
_MOST_WAYS = 5
_NUMBERS = re.compile(r"\d+(\.\d+)?")
"""Runs that fail alike say so with other numbers."""
_MOST_BYTES = 1 << 16
_MODULE = "No module named "

_BY_EXCEPTION = (
    (
        ("torch.cuda.OutOfMemoryError", "torch.OutOfMemoryError", "CUDA out of memory"),
        "the memory of the GPU was full: use a smaller batch, or see what else runs on it",
    ),
    (
        ("MemoryError",),
        "the machine's memory, or the limit of this user (ulimit -v), was used up",
    ),
    (
        ("FileNotFoundError",),
        (
            "the script works in a copy of {source}: give absolute paths, or run with --in-place "
            "(homerun help what-a-run-gets)"
        ),
    ),
    (
        ("EOFError",),
        (
            "a run's standard input is empty: give what the script asks for as arguments "
            "(homerun help what-a-run-gets)"
        ),
    ),
    (
        ("PermissionError",),
        "the script may not open that file: see who owns it",
    ),
)
"""What to do about exceptions, by the beginning of their line."""

_BY_CAUSE = {
    status.OUT_OF_MEMORY: "use a smaller batch or fewer workers, a higher limit if it has one "
    "(homerun rerun {id} --memory SIZE), or a machine with more memory "
    "(homerun help troubleshooting memory)",
    status.PROCESS_LIMIT: "use fewer workers, or give it more: --pids",
    status.TIMEOUT: "give it more time: --max-run-duration",
    status.HOST_RESTARTED: "submit it again: homerun rerun {id}; --max-retries 1 --retry-on "
    "host_restarted does so by itself",
    status.LOST_EXIT_STATUS: "how the script ended is not known: its log may tell; homerun rerun "
    "{id} runs it again",
    status.NEVER_STARTED: "nothing of it ran: homerun rerun {id} submits it again",
    status.CHILD_NOT_COMPLETED: "see which of its runs failed: homerun ls --parent-run-id {id}",
    status.LOST_BY_ENGINE: "its engine ended the job, or lost it with its node: homerun rerun {id} "
    "submits it again; --max-retries 1 --retry-on host_restarted does so by itself",
    status.SIGNAL: "homerun did not send that signal: another program, the kernel (dmesg) or the "
    "script itself did",
    status.ENVIRONMENT: "homerun env list shows the environments and their logs",
}


def alike(why: str) -> str:
    """A reason without its numbers: runs with the same one failed in the same way."""
    return _NUMBERS.sub("0", why)


def diagnosis(
    record: Record, name_of: Callable[[Record], str] = lambda record: record.id
) -> dict[str, Any]:
    """What is known of how a run stands, or ended; what has no value is left out.

    Args:
        name_of: how a run is named in the advice.

    Returns:
        `run_id`, `status`, `what` (one clause), `cause`, `exception` (the last one in the log),
        `by` and `at` (who stopped it, and when), `rules` (those that fired), `last_lines`,
        `attempts`, `log`, and `advice`: a list of sentences. Of a batch also `failures`: for each
        way in which runs of it failed `what`, `cause`, `count`, the `runs` by id and number, and
        the `last_lines` of the first.
    """
    seen = reconcile.bring_up_to_date(record)
    if record.is_batch:
        return _of_batch(record, seen, name_of)
    outcome = seen.outcome or {}
    log = details.log_of(left_open_by(record, seen) or record)
    text = log_tail.end_of(log, _MOST_BYTES)
    exception = exception_in(text) or None
    is_wrong = seen.status == status.FAILED
    stop = seen.fact(layout.STOP)
    found = {
        "run_id": record.id,
        "run_number": record.run.get("number"),
        "experiment_name": record.experiment,
        "status": seen.status,
        "what": _what(record, seen),
        "cause": outcome.get("cause"),
        "by": stop.get("user"),
        "at": zulu(stop.get("time")),
        "rules": details.rules_fired(record) or None,
        "exception": exception if is_wrong or not seen.is_over else None,
        "attempts": attempts.latest(record.path),
        "last_lines": text.splitlines()[-_SHOWN_LINES:] or None,
        "log": log if os.path.exists(log) else None,
    }
    kept = {key: value for key, value in found.items() if value is not None}
    return {**kept, "advice": _advice(record, seen, exception if is_wrong else None)}


def _of_batch(record: Record, seen: Look, name_of: Callable[[Record], str]) -> dict[str, Any]:
    """How the runs of a batch failed: those that did so alike together, the most frequent first."""
    counts: dict[str, int] = {}
    ways: dict[tuple[object, ...], list[tuple[Record, str]]] = {}
    for one in children.of_batch(record):
        row = details.row_of(one)
        counts[row["status"]] = counts.get(row["status"], 0) + 1
        if row["status"] == status.FAILED:
            why = str(row.get("failure"))
            outcome = row.get("outcome") or {}
            same = [outcome.get(key) for key in ("cause", "exit_code", "signal")]
            ways.setdefault((*same, alike(why)), []).append((one, why))
    failures = []
    for (cause, *_), runs in sorted(ways.items(), key=lambda one: -len(one[1])):
        first, why = runs[0]
        lines = log_tail.end_of(details.log_of(first), _MOST_BYTES).splitlines()[-_SHOWN_LINES:]
        ids = [{"run_id": one.id, "run_number": one.run.get("number")} for one, _ in runs]
        told = {"what": why, "cause": cause, "count": len(runs), "runs": ids, "last_lines": lines}
        failures.append((told, first))
    advice = [f"homerun why {name_of(first)}" for _, first in failures[:_MOST_WAYS]]
    if failures and seen.is_over:
        advice.append(f"homerun rerun {name_of(record)} --failed")
    total, failed = sum(counts.values()), counts.pop(status.FAILED, 0)
    others = [f"{number:,} {name}" for name, number in counts.items()]
    found = {
        "run_id": record.id,
        "run_number": record.run.get("number"),
        "experiment_name": record.experiment,
        "status": seen.status,
        "what": ", ".join([f"{failed:,} of {total:,} runs failed", *others]),
        "cause": (seen.outcome or {}).get("cause"),
        "by": seen.fact(layout.STOP).get("user"),
        "at": zulu(seen.fact(layout.STOP).get("time")),
        "failures": [told for told, _ in failures],
    }
    return {**{key: v for key, v in found.items() if v is not None}, "advice": advice}


def missing_module(record: Record, exception: str | None) -> str | None:
    """What to do about a module that the script's Python does not have; None: nothing is missing.

    Args:
        exception: the last one of the script's log.
    """
    if exception is None or _MODULE not in exception:
        return None
    name = exception.partition(_MODULE)[2].strip("'\" ").split("'")[0]
    python = str((record.run.get("command") or ["python"])[0])
    return (
        f"{python} has no module {name}: install it there, or choose another Python with --python, "
        "by activating its environment, or as python in homerun.toml "
        "(homerun help troubleshooting numpy)"
    )


def _what(record: Record, seen: Look) -> str:
    """How a run stands, or ended, as a clause."""
    error = details.error(record, seen)
    if error is not None:
        return str(error["error"]["message"]).partition("\n")[0]
    waits = details.detailed_status(record, seen.status)["details"]
    if waits:
        return f"it waits: {waits}"
    silent_s = details.silent_s(record, seen.status)
    if silent_s:
        return (
            f"the script runs, and has printed, logged and computed nothing for {silent_s:.0f} s: "
            "it may hang"
        )
    outcome = seen.outcome
    if seen.status == status.NOT_RESPONDING:
        return _silent(record)
    if outcome is None:
        return _STANDS.get(seen.status, "it goes on")
    if outcome.get("cause"):
        words = status.cause_in_words(outcome, seen.fact(layout.EXITED))
        why = seen.fact(layout.STOP).get("why") if outcome["cause"] == status.CANCEL else None
        return f"{words}: {why}" if why else words
    return "the script ended with exit code 0"


_STANDS = {
    status.RUNNING: "the script runs",
    status.PREPARING: "its script is about to start",
    status.FINALIZING: "its script is over; what it left is being ended",
    status.CANCEL_REQUESTED: "it was asked to end",
    status.NOT_STARTED: "it has not begun yet",
}


def _silent(record: Record) -> str:
    """Why a run is NotResponding, as a clause."""
    job = placed.job_of(record)
    host = record.place().get("host") or "another host"
    if job is None:
        return f"it ran on {host}, or in a container, which this machine cannot ask"
    return (
        f"its supervisor on {host} has given no sign of life for a while, and {job.get('engine')} "
        f"has not said that its job {job.get('job')} is over: the node may be gone, or the network"
    )


def _advice(record: Record, seen: Look, exception: str | None) -> list[str]:
    """What can be done, the most likely first."""
    found = []
    module = missing_module(record, exception)
    if module is not None:
        found.append(module)
    for signs, text in _BY_EXCEPTION if exception else ():
        if any(sign in str(exception) for sign in signs):
            found.append(text.format(source=record.run.get("source_directory")))
    cause = str((seen.outcome or {}).get("cause"))
    if seen.status == status.FAILED and cause in _BY_CAUSE:
        found.append(_BY_CAUSE[cause].format(id=record.id))
    if seen.status == status.NOT_RESPONDING:
        found.append(f"if it is gone for good: homerun run fail {record.id} --anyway")
        host = record.place().get("host")
        if host:
            found.append(
                f"for all runs of that host: homerun forget-host {host} "
                "(homerun help troubleshooting notresponding)"
            )
    return found
