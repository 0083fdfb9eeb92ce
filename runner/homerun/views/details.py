"""The details of a run: for `Run.get_details()` and for `run show`.

Keys and nesting follow the original's. Keys that it does not have: `process`, `outcome`,
`directory` and their like.
"""

from __future__ import annotations

import os
import time

from homerun.assets import lineage
from homerun.base.times import zulu
from homerun.files.logs import tail as log_tail
from homerun.files.logs.names import log_files
from homerun.runs import reconcile
from runstore import layout, status
from runstore.fs import atomic, facts
from runstore.look import failed_because, left_open_by
from runstore.metrics import samples as usage_samples
from runstore.metrics import used
from runstore.run import attempts, cache, params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.targets.queue import Waiting
    from runstore.look import Look
    from runstore.run.cache import Kept
    from runstore.run.record import Record

TAIL_LINES = 20

_recent: Kept = {}

_LOG_EMPTIED = (
    "its log was emptied while the script ran, as `> /dev/stderr` does: write `>&2` "
    "(or `tee -a`) instead"
)


def detailed_status(record: Record, now: str) -> dict[str, Any]:
    """The status, and in `details` where and why a run waits, else None."""
    found = _place(record) if now == status.QUEUED else None
    return {"status": now, "details": found.words if found else None}


def waiting_place(record: Record) -> str | None:
    """Where and why a run waits, as one clause; None: it does not wait."""
    place: str | None = detailed_status(record, reconcile.bring_up_to_date(record).status)[
        "details"
    ]
    return place


def error(record: Record, look: Look) -> dict[str, Any] | None:
    """The error of a Failed run in the original's shape, nested twice; None for any other."""
    outcome = look.outcome
    if outcome is None or look.status != status.FAILED:
        return None
    said = look.said or outcome
    around = left_open_by(record, look)
    if around is None:
        reason = said.get("message") or status.cause_in_words(outcome, look.fact(layout.EXITED))
    else:
        reason = failed_because(record, look)
    tail = log_tail.last_lines(log_of(around or record), TAIL_LINES)
    whose = "its output" if around is None else f"the output of {around.id}"
    message = f"{reason}\nThe last lines of {whose}:\n{tail}" if tail else str(reason)
    known = {key: outcome.get(key) for key in ("cause", "exit_code", "signal")}
    return {
        "error": {
            "code": said.get("code") or "UserError",
            "message": message,
            "messageParameters": {key: value for key, value in known.items() if value is not None},
            "details": [],
        },
        "correlation": {"operation": None, "request": None},
        "environment": "local",
        "location": "local",
        "time": outcome.get("time"),
    }


def log_of(record: Record) -> str:
    """The path of the log of a run's last attempt."""
    return f"{record.path}/{attempts.std_log(attempts.begun(record.path))}"


def details(record: Record, look: Look) -> dict[str, Any]:
    """What `Run.get_details()` returns: camelCase keys; those without a value are left out."""
    run, outcome = record.run, look.outcome or {}
    found = {
        "runId": record.id,
        "target": run.get("target"),
        "status": look.status,
        "startTimeUtc": zulu(look.fact(layout.STARTED).get("time")),
        "endTimeUtc": zulu(outcome.get("time")),
        "services": {},
        "error": error(record, look),
        "warnings": [{"source": "homerun", "message": text} for text in warnings(record, look)]
        or None,
        "properties": record.properties(),
        "inputDatasets": lineage.inputs(record),
        "outputDatasets": lineage.outputs(record),
        "runDefinition": _definition(run) if run.get("script") or run.get("command") else None,
        "logFiles": log_files(record),
        "submittedBy": run.get("user"),
        "interpreter": _interpreter(record),
        "queue": _queue(record, look),
    }
    return {key: value for key, value in found.items() if value is not None}


def _interpreter(record: Record) -> dict[str, Any] | None:
    """What the script ran with; of its packages only how many: `get_interpreter` names them."""
    found = facts.read(record.path, layout.INTERPRETER)
    if found is not None and isinstance(found.get("packages"), list):
        return {**found, "packages": len(found["packages"])}
    return found


def row_of(record: Record) -> dict[str, Any]:
    """`row` of a run as it is now; that of an ended run is kept as long as nothing changes it.

    The time stamps of its folders tell: each change to an ended run is a new name in one of them. A
    file that is edited in place is seen within a minute.
    """
    stamp = cache.stamp_of(record.path)  # before anything else is read
    known = cache.get(_recent, record.path, stamp) if stamp else None
    if known is not None:
        return known
    look = reconcile.bring_up_to_date(record)
    made = row(record, look)
    if stamp and _is_final(record, look, made):
        cache.keep(_recent, record.path, stamp, made)
    return made


def _is_final(record: Record, look: Look, made: dict[str, Any]) -> bool:
    """Whether no part of a row can change without a new name in one of the run's folders."""
    if look.facts[layout.ENDED] is None or "warnings" in made or _is_watched(record):
        return False
    can_print = "error" in made and record.run.get("on_exit") == "leave"
    return not can_print and not cache.is_fresh(record.path)


def row(record: Record, look: Look) -> dict[str, Any]:
    """What `run show` prints: snake_case keys, tags and properties always there."""
    run, labels = record.run, record.labels()
    started = look.fact(layout.STARTED)
    found = {
        "run_id": record.id,
        "run_number": run.get("number"),
        "experiment_name": record.experiment,
        "parent_run_id": run.get("parent"),
        "display_name": labels.display_name,
        "description": labels.description,
        "run_type": run.get("type"),
        "status": look.status,
        "queue": _queue(record, look),
        "silent_s": silent_s(record, look.status),
        "created_utc": zulu(run.get("time")),
        "start_time_utc": zulu(started.get("time")),
        "end_time_utc": zulu((look.outcome or {}).get("time")),
        "script_name": run.get("script"),
        "arguments": run.get("arguments"),
        "processes": run.get("processes"),
        "inputs": run.get("inputs"),
        "outputs": lineage.outputs_written(record) or None,
        "target": run.get("target"),
        "submitted_by": run.get("user"),
        "error": error(record, look),
        "failure": failed_because(record, look),
        "warnings": warnings(record, look) or None,
        "process": _process(look),
        "limits": started.get("limits"),
        "gpus": started.get("gpus"),
        "outcome": _outcome(look),
        "usage": usage_in_list(record, look.status),
        "rules": rules_fired(record) or None,
        "attempts": _attempts(record) or None,
        "linked": run.get("linked"),
        "changed_originals": changed_originals(record) or None,
        "directory": record.path,
    }
    kept = {key: value for key, value in found.items() if value is not None}
    return {
        **kept,
        "params": params.merged(run, labels.params),
        "tags": labels.tags,
        "properties": record.properties(),
    }


def warnings(record: Record, look: Look) -> list[str]:
    """What is wrong with the record itself."""
    damaged = [
        f"{name} is damaged; run `homerun store check --repair`"
        for name in layout.FACTS
        if look.facts.get(name) is None and record.is_damaged(name)
    ]
    exited = look.fact(layout.EXITED)
    if exited.get("log_emptied"):
        damaged.append(_LOG_EMPTIED)
    if exited.get("left"):
        left = ", ".join(map(str, exited["left"]))
        damaged.append(f"processes of the run could not be ended, and live on: {left}")
    return damaged


def changed_originals(record: Record) -> list[str]:
    """The files behind links in work/ that were changed while the run went on, by relative path."""
    if not record.run.get("linked"):
        return []
    said = record.fact(layout.CHANGED)
    if said is not None:
        return [str(path) for path in said.get("originals") or []]
    from homerun.snapshots import link_watch  # its supervisor was killed, or the run goes on

    try:
        ended_ns = os.stat(f"{record.path}/{layout.ENDED}").st_mtime_ns
    except FileNotFoundError:
        ended_ns = None
    return link_watch.look(f"{record.path}/{layout.LINKS}", ended_ns).paths


def usage_in_list(record: Record, shown: str) -> dict[str, Any] | None:
    """What a run has used of its machine; of one that goes on only `now`: its samples are many."""
    if not atomic.is_folder(f"{record.path}/{layout.SYSTEM}"):
        return None
    if shown in status.GOING_ON:
        now = used.found(record.path, shown)
        return {"now": now} if now else None
    # Without the fact its supervisor was killed.
    return _totals(record.fact(layout.USAGE) or usage_samples.totals(record.path)) or None


def whole_row(record: Record, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a list with what is worth reading for one run alone: all samples of a live one."""
    if row["status"] not in status.GOING_ON:
        return row
    told = _totals(usage_samples.totals(record.path))
    return {**row, "usage": {**told, **row.get("usage", {})}} if told else row


def _totals(found: Mapping[str, Any]) -> dict[str, Any]:
    known = ("samples", *usage_samples.QUANTITIES)
    return {key: found[key] for key in known if key in found}


def rules_fired(record: Record) -> list[dict[str, Any]]:
    """The rules of a run that have fired: what each did, its condition, and what was seen."""
    if not atomic.is_folder(f"{record.path}/{layout.RULES}"):
        return []
    from homerun.metrics.rules import rule  # few runs have any

    return [
        {
            "action": one["action"],
            "condition": str(one.get("condition")),
            "seen": str(one.get("words")),
            "time_utc": zulu(one.get("time")),
        }
        for one in rule.fired(record.path)
    ]


def silent_s(record: Record, shown: str) -> float | None:
    """How long a run that goes on has shown no sign of life; None: it has, or that is not known."""
    if shown != status.RUNNING or not record.is_submitted:
        return None
    from homerun.metrics.usage import silence  # a run that was just submitted is over, or prints

    try:
        found = silence.lasts_s(record.path, time.time())
    except OSError:
        return None
    return None if found is None else round(found, 1)


def _is_watched(record: Record) -> bool:
    """Whether originals behind links of the run have not been looked at by its supervisor."""
    return bool(record.run.get("linked")) and os.path.exists(f"{record.path}/{layout.LINKS}")


def _queue(record: Record, look: Look) -> dict[str, Any] | None:
    """The run's place in a queue; None: it does not wait."""
    place = _place(record) if look.status == status.QUEUED else None
    return place.describe() if place else None


def _place(record: Record) -> Waiting | None:
    from homerun.targets import queue  # most runs do not wait

    return queue.place_of(record)


def _process(look: Look) -> dict[str, Any] | None:
    started = look.fact(layout.STARTED)
    if started.get("owner"):
        return {"pid": (started.get("process") or {}).get("pid"), "host": started.get("host")}
    if not started.get("script"):
        return None
    supervisor = started.get("supervisor") or {}
    return {
        "pid": started["script"].get("pid"),
        "supervisor_pid": supervisor.get("pid"),
        "host": started.get("host"),
    }


def _outcome(look: Look) -> dict[str, Any] | None:
    outcome = look.outcome
    if outcome is None:
        return None
    exited = look.fact(layout.EXITED)
    used = (
        *("elapsed_s", "cpu_user_s", "cpu_system_s", "peak_memory_kib", "memory_peak"),
        "processes_refused",
    )
    told = {key: outcome.get(key) for key in ("exit_code", "signal", "cause", "source")}
    return {**told, **{key: exited[key] for key in used if key in exited}}


def _attempts(record: Record) -> list[dict[str, Any]]:
    """How each attempt went, for a run that has more than one."""
    further = attempts.further(record.path)
    rows = []
    for number in (1, *further) if further else ():
        folder = attempts.folder(record.path, number)
        started, exited = facts.read(folder, layout.STARTED), facts.read(folder, layout.EXITED)
        outcome = status.outcome({layout.STARTED: started, layout.EXITED: exited})
        row: dict[str, Any] = {
            "attempt": number,
            "start_time_utc": zulu((started or {}).get("time")),
        }
        if exited is not None:
            row["end_time_utc"] = zulu(exited.get("time"))
            row.update((key, outcome[key]) for key in ("exit_code", "signal", "cause"))
        rows.append({key: value for key, value in row.items() if value is not None})
    return rows


def _definition(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "script": run.get("script"),
        "command": run.get("command"),
        "arguments": run.get("arguments"),
        "environment": run.get("environment"),
        "target": run.get("target"),
        "maxRunDurationSeconds": run.get("max_run_duration_seconds"),
        "nodeCount": (run.get("processes") or {}).get("nodes") or 1,
        **_processes(run.get("processes")),
        "environmentVariables": run.get("environment_variables"),
    }


def _processes(said: dict[str, Any] | None) -> dict[str, Any]:
    """How many processes a run has, in the original's keys."""
    if not said:
        return {}
    from homerun.config import distributed  # most runs are one process

    count, nodes, workers = (said.get(name) or 0 for name in ("count", "nodes", "workers"))
    if said.get("launcher") == distributed.TORCH:
        return {"framework": distributed.PYTORCH, "pyTorch": {"processCount": count}}
    if said.get("launcher") == distributed.TENSORFLOW:
        servers = {"workerCount": workers, "parameterServerCount": count - workers}
        return {"framework": "TensorFlow", "tensorflow": servers}
    per_node = count // nodes if nodes else count
    return {"communicator": "OpenMpi", "mpi": {"processCountPerNode": per_node}}
