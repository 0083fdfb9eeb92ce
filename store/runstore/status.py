"""A run's status: one pure function of its facts and of one observation.

Nothing stores a status. It is derived, by the first line of this table that holds:

    mark, and ended                    what the mark says
    ended                              what ended says
    another host, namespace, or copy   NotResponding, unless its heart beats: then it is alive
    alive, and exited                  Finalizing
    alive, and stop                    CancelRequested
    alive, and started                 Running
    alive                              Preparing
    in the queue                       Queued; with a stop CancelRequested
    a row not begun, its parent not over   NotStarted
    not alive, and exited              what exited says
    not alive                          Failed: it was lost

The last two are what a process that sees them publishes as `ended`, if it may write.
"""

from __future__ import annotations

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Facts = Mapping[str, Mapping[str, Any] | None]

NOT_STARTED = "NotStarted"
QUEUED = "Queued"
PREPARING = "Preparing"
RUNNING = "Running"
CANCEL_REQUESTED = "CancelRequested"
FINALIZING = "Finalizing"
COMPLETED = "Completed"
FAILED = "Failed"
CANCELED = "Canceled"
NOT_RESPONDING = "NotResponding"

TERMINAL = frozenset((COMPLETED, FAILED, CANCELED))
GOING_ON = frozenset((RUNNING, CANCEL_REQUESTED, FINALIZING))
"""Its script may be at work."""

ALL = (
    NOT_STARTED,
    QUEUED,
    PREPARING,
    RUNNING,
    CANCEL_REQUESTED,
    FINALIZING,
    COMPLETED,
    FAILED,
    CANCELED,
    NOT_RESPONDING,
)

# What is observed of a run, beside its facts.
ALIVE = "alive"
BEATING = "beating"
"""Alive at another place, as its heartbeat tells."""
GONE = "gone"
REBOOTED = "rebooted"
ELSEWHERE = "elsewhere"
WAITING = "waiting"
IN_QUEUE = "in queue"

# A fact of another run that counts for this one: the outcome of the script that it was begun in.
WITHIN = "within"

# Another one: the exit status of the process that held an interactive run open, where it is known.
OWNER = "owner"

# Another one, of the parent of a batch: how the runs below it ended.
BELOW = "below"

# Kinds of the stop fact: what asks that the run ends.
CANCEL = "cancel"
FAIL = "fail"
TIMEOUT = "timeout"
WITH_PARENT = "its parent was canceled"
"""Why a run was asked to end, where no one asked for that very run."""

STOP_KINDS = (CANCEL, FAIL, TIMEOUT)

# What ended an attempt without a stop request: the machine was being shut down.
SHUTDOWN = "shutdown"

# The same: a rule asked that the script is started again.
RETRY = "retry"

# The same: a node of its job was lost, and its engine ended the others.
LOST = "lost"

# Causes of an outcome, beside the three kinds of stop.
EXIT_CODE = "exit_code"
SIGNAL = "signal"
OUT_OF_MEMORY = "out_of_memory"
PROCESS_LIMIT = "process_limit"
CANNOT_START = "cannot_start"
ENVIRONMENT = "environment"
NEVER_STARTED = "never_started"
HOST_RESTARTED = "host_restarted"
LOST_EXIT_STATUS = "lost_exit_status"
PROCESS_EXITED = "process_exited"
CHILD_NOT_COMPLETED = "child_not_completed"
ABANDONED = "abandoned"
LOST_BY_ENGINE = "lost_by_engine"
RULE = "rule"

# Kinds of run: by whom it is held open.
SUBMITTED = "submitted"
INTERACTIVE = "interactive"


_CAUSES = {
    EXIT_CODE: "the script ended with exit code {exit_code}",
    SIGNAL: "the script was ended by {signal}",
    OUT_OF_MEMORY: "the kernel killed the script: out of memory",
    PROCESS_LIMIT: "the script had more processes than its limit allows",
    TIMEOUT: "the run was stopped at its time limit",
    CANCEL: "the run was canceled",
    FAIL: "the run was declared failed",
    CANNOT_START: "the script's process could not be started: {cannot_start}",
    ENVIRONMENT: "its environment could not be built: {environment}",
    NEVER_STARTED: "the run never started: its submitter was killed before it could",
    HOST_RESTARTED: "the machine was restarted while the run was going on",
    LOST_EXIT_STATUS: "supervisor and script are gone, and with them the exit status",
    PROCESS_EXITED: "the process that held the run open ended without completing it",
    CHILD_NOT_COMPLETED: "not all of its runs completed",
    ABANDONED: "the run was abandoned: its host or container did not answer any more",
    LOST_BY_ENGINE: "its job is over and left no outcome{engine}",
    RULE: "a rule asked for another attempt, and none was left",
}


def cause_in_words(outcome: Mapping[str, Any], exited: Mapping[str, Any]) -> str:
    """Why a run ended as it did, as a clause."""
    cause = str(outcome.get("cause"))
    if cause in (OUT_OF_MEMORY, PROCESS_LIMIT) and exited.get("over_limit"):
        return str(exited["over_limit"])
    if cause == LOST_BY_ENGINE and exited.get("lost"):
        return str(exited["lost"])
    rank = exited.get("rank")
    if cause in (EXIT_CODE, SIGNAL, OUT_OF_MEMORY) and isinstance(rank, dict):
        return f"{rank.get('name')} {rank.get('said')}"
    text = _CAUSES.get(cause, "the run ended")
    fields = {key: outcome.get(key) for key in ("exit_code", "signal")}
    fields["engine"] = f": {outcome['engine']}" if outcome.get("engine") else ""
    fields.update({key: exited.get(key) for key in ("cannot_start", "environment")})
    return text.format(**fields)


def derive(facts: Facts, seen: str) -> str:
    """The status, by the table above.

    Args:
        facts: each fact by its file name; one that is absent or damaged is None or missing.
        seen: ALIVE, BEATING, GONE, REBOOTED (gone, with the whole machine), ELSEWHERE, IN_QUEUE, or
            WAITING: a row that was not begun, whose parent is not over.
    """
    ended, mark = facts.get(layout.ENDED), facts.get(layout.MARK)
    if ended is not None:
        return str((mark or ended).get("status", FAILED))
    if seen == ELSEWHERE:
        return NOT_RESPONDING
    if seen in (ALIVE, BEATING):
        return _alive(facts)
    if seen == WAITING:
        return NOT_STARTED
    if seen == IN_QUEUE:
        return QUEUED if facts.get(layout.STOP) is None else CANCEL_REQUESTED
    return str(outcome(facts, seen)["status"])


def is_final(fact: Mapping[str, Any] | None) -> bool:
    """Whether ended.json or mark.json says what it is there for; if not, it is damaged."""
    said = (fact or {}).get("status")
    return isinstance(said, str) and said in TERMINAL


def is_lost(facts: Facts, seen: str) -> bool:
    """Whether the run is over and its end is not on record: `outcome` is to be published."""
    return seen in (GONE, REBOOTED) and facts.get(layout.ENDED) is None


def outcome(facts: Facts, seen: str = GONE) -> dict[str, object]:
    """How a run ended, by its facts: `status`, `cause`, `exit_code`, `signal` and `source`.

    The order: a stop whose signal was sent, then the script's own `fail()`, then the wait status.
    Without a wait status nothing is guessed to be a success.
    """
    exited = facts.get(layout.EXITED)
    if (facts.get(layout.RUN) or {}).get("kind") == INTERACTIVE:
        return _interactive_outcome(facts, seen)
    if exited is None:
        return _outcome(FAILED, _lost_cause(facts, seen), None)
    stopped = exited.get("stopped")
    if stopped in STOP_KINDS:
        return _outcome(CANCELED if stopped == CANCEL else FAILED, str(stopped), exited)
    if facts.get(layout.FAILED) is not None:
        return _outcome(FAILED, FAIL, exited)
    if stopped == SHUTDOWN:
        return _outcome(FAILED, HOST_RESTARTED, exited)
    if stopped == RETRY:
        return _outcome(FAILED, RULE, exited)
    if stopped == LOST:
        return {**_outcome(FAILED, LOST_BY_ENGINE, exited), "engine": exited.get("lost")}
    if exited.get("environment"):
        return _outcome(FAILED, ENVIRONMENT, exited)
    if exited.get("cannot_start"):
        return _outcome(FAILED, CANNOT_START, exited)
    if exited.get("out_of_memory"):
        return _outcome(FAILED, OUT_OF_MEMORY, exited)
    if exited.get("over_limit"):
        return _outcome(FAILED, PROCESS_LIMIT, exited)
    if exited.get("signal"):
        return _outcome(FAILED, SIGNAL, exited)
    if exited.get("exit_code") == 0:
        return _outcome(COMPLETED, None, exited)
    if exited.get("exit_code") is None:
        return _outcome(FAILED, LOST_EXIT_STATUS, exited)
    return _outcome(FAILED, EXIT_CODE, exited)


def never_started(kind: str) -> dict[str, object]:
    """The outcome of a run that was stopped while it waited; `kind` is its stop fact's."""
    if kind not in STOP_KINDS or kind == CANCEL:
        return _outcome(CANCELED, CANCEL, None)
    return _outcome(FAILED, kind, None)


def abandoned(kind: str = CANCEL) -> dict[str, object]:
    """The outcome of a run that a person declared over, since its place will never answer.

    Args:
        kind: CANCEL, or FAIL for one that is to be Failed.
    """
    return _outcome(FAILED if kind == FAIL else CANCELED, ABANDONED, None)


def lost_by_engine(said: str) -> dict[str, object]:
    """The outcome of a run whose job is over, or not known any more, and that ended nothing.

    Args:
        said: the engine's words, as a clause; "": it has none.
    """
    return {**_outcome(FAILED, LOST_BY_ENGINE, None), "source": "engine", "engine": said}


def _outcome(status: str, cause: str | None, exited: Mapping[str, Any] | None) -> dict[str, object]:
    known = exited or {}
    return {
        "status": status,
        "cause": cause,
        "exit_code": known.get("exit_code"),
        "signal": known.get("signal"),
        "source": known.get("source"),
    }


def _alive(facts: Facts) -> str:
    if facts.get(layout.EXITED) is not None:
        return FINALIZING
    if facts.get(layout.STOP) is not None:
        return CANCEL_REQUESTED
    return RUNNING if facts.get(layout.STARTED) is not None else PREPARING


def ended(how: str) -> dict[str, object]:
    """The outcome of an interactive run whose end was declared."""
    causes = {COMPLETED: None, FAILED: FAIL, CANCELED: CANCEL}
    return {**_outcome(how, causes[how], None), "source": "owner"}


def _interactive_outcome(facts: Facts, seen: str) -> dict[str, object]:
    """How a run ended that its owner did not end: the script around it decides, if there is one,
    and the runs below it, if they are a batch.
    """
    below = facts.get(BELOW)
    if below is not None:
        return _batch_outcome(below)
    left = facts.get(OWNER)
    if left is not None:
        if left["exit_code"]:
            return _outcome(FAILED, EXIT_CODE, left)
        return _outcome(COMPLETED, None, left)
    if seen == REBOOTED:
        return _outcome(FAILED, HOST_RESTARTED, None)
    if facts.get(layout.STARTED) is None:
        return _outcome(CANCELED, NEVER_STARTED, None)
    around = (facts.get(WITHIN) or {}).get("status")
    if around == COMPLETED:
        return _outcome(COMPLETED, None, None)
    if around == CANCELED:
        return _outcome(CANCELED, CANCEL, None)
    return _outcome(FAILED, PROCESS_EXITED, None)


def _batch_outcome(below: Mapping[str, Any]) -> dict[str, object]:
    """How a batch ended: as its runs did, when the last of them was over."""
    if not below["is_whole"]:
        return _outcome(FAILED, PROCESS_EXITED, None)
    if set(below["statuses"]) - {COMPLETED}:
        return {**_outcome(FAILED, CHILD_NOT_COMPLETED, None), "time": below["time"]}
    return {**_outcome(COMPLETED, None, None), "time": below["time"]}


def _lost_cause(facts: Facts, seen: str) -> str:
    if seen == REBOOTED:
        return HOST_RESTARTED
    if facts.get(layout.STARTED) is None:
        return NEVER_STARTED
    return LOST_EXIT_STATUS
