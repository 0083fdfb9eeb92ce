"""What Ray says of its jobs, in the words of an engine."""

from __future__ import annotations

from homerun.targets.engines.engine import GONE, OVER, RUNNING, UNKNOWN, WAITING, EngineError, Seen
from homerun.targets.ray import entrypoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.targets.engines.engine import Placed

MARK = "homerun"
"""The key of a job's metadata under which it has the mark of its run."""

ASKED = "homerun_asks"
"""The key under which it has what it asks for, in words: Ray does not tell that again."""

_STATES = {
    "PENDING": WAITING,
    "RUNNING": RUNNING,
    "SUCCEEDED": OVER,
    "FAILED": OVER,
    "STOPPED": OVER,
}

_ENDS = {
    "RUNTIME_ENV_SETUP_FAILURE": "its runtime environment could not be made",
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT": "Ray gave it up, since it waited too long: submit it "
    "again when there is room, or set RAY_JOB_START_TIMEOUT_SECONDS where the cluster starts",
    "JOB_SUPERVISOR_ACTOR_START_FAILURE": "Ray could not start it",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE": "no node of the cluster can take it",
    "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE": "Ray lost it",
    "JOB_SUPERVISOR_ACTOR_DIED": "Ray's own process of it died, with its node or by itself",
    "JOB_ENTRYPOINT_COMMAND_START_ERROR": "its command could not be started",
}

_SILENT_ENDS = ("JOB_SUPERVISOR_ACTOR_START_TIMEOUT", "JOB_SUPERVISOR_ACTOR_DIED")
"""Ends to which Ray's own words add nothing."""


def by_id(answer: object) -> dict[str, Mapping[str, Any]]:
    """The jobs in an answer, by the id under which each was submitted; drivers have none.

    Raises:
        EngineError: it is no list of jobs.
    """
    if not isinstance(answer, list):
        raise EngineError("it answers with JSON that is not a list of jobs: is it Ray's dashboard?")
    rows = (row for row in answer if isinstance(row, dict))
    return {str(row["submission_id"]): row for row in rows if row.get("submission_id")}


def mark_of(row: Mapping[str, Any]) -> str:
    """The mark of the run that a job is for; "": it is not of homerun."""
    return _metadata(row, MARK)


def _metadata(row: Mapping[str, Any], key: str) -> str:
    metadata = row.get("metadata")
    return str(metadata.get(key) or "") if isinstance(metadata, dict) else ""


def submitted(row: Mapping[str, Any]) -> str:
    """When a job was submitted, in milliseconds by the cluster's clock; "": it does not say."""
    time = row.get("start_time")
    return str(time) if isinstance(time, int) else ""


def is_over(row: Mapping[str, Any]) -> bool:
    """Whether a job has ended."""
    return _STATES.get(str(row.get("status"))) == OVER


def is_the_placed(row: Mapping[str, Any], one: Placed) -> bool:
    """Whether a job is the one that was placed."""
    when = submitted(row)
    return mark_of(row) == one.comment and (not one.submitted or not when or when == one.submitted)


def seen(row: Mapping[str, Any] | None, one: Placed) -> Seen:
    """What Ray says of a placed job."""
    if row is None:
        return Seen(GONE, "Ray does not know its job: the cluster was restarted")
    if not is_the_placed(row, one):
        return Seen(GONE, f"the job {one.job} is another's by now")
    status = str(row.get("status"))
    state = _STATES.get(status, UNKNOWN)
    if state == WAITING:
        return Seen(state, _waits_for(row))
    if state == OVER:
        code = row.get("driver_exit_code")
        return Seen(state, _how_ended(row), str(code) if isinstance(code, int) else None)
    return Seen(state, "" if state == RUNNING else f"Ray says {status[:100]!r}")


def _waits_for(row: Mapping[str, Any]) -> str:
    wanted = _metadata(row, ASKED)
    has_env = " and for its runtime environment" if row.get("runtime_env") else ""
    return f"it waits for {wanted or 'the head'} of the cluster{has_env}"


def _how_ended(row: Mapping[str, Any]) -> str:
    status, kind = row.get("status"), str(row.get("error_type") or "")
    if status == "SUCCEEDED":
        return "its job ended"
    if status == "STOPPED":
        return "its job was stopped"
    code = row.get("driver_exit_code")
    words = _last_words(row)
    if isinstance(code, int):
        why = words[len(entrypoint.SIGN) :] if words.startswith(entrypoint.SIGN) else ""
        ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its job failed {ended}" + (f": {why}" if why else "")
    said = _ENDS.get(kind, "its job failed")
    return said if kind in _SILENT_ENDS or not words else f"{said}: {words}"


def _last_words(row: Mapping[str, Any]) -> str:
    """The last line of what Ray tells of a job; for one that began nothing, that of its output."""
    lines = [line.strip() for line in str(row.get("message") or "").splitlines() if line.strip()]
    return "".join(one for one in lines[-1] if one.isprintable())[:300] if lines else ""
