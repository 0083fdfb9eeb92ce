"""A run's status: one pure function of its facts and of one observation.

Nothing stores a status. It is derived, by the first line of this table that holds:

    mark, and ended                    what the mark says
    ended                              what ended says
    another host, namespace, or copy   NotResponding
    alive, and exited                  Finalizing
    alive, and stop                    CancelRequested
    alive, and started                 Running
    alive                              Preparing
    not alive, a row not begun         NotStarted
    not alive, and exited              what exited says
    not alive                          Failed: it was lost

The last two are what whoever sees them publishes as `ended`, if he may write.
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
GONE = "gone"
REBOOTED = "rebooted"
ELSEWHERE = "elsewhere"

# Kinds of the stop fact: whose wish it is that the run ends.
CANCEL = "cancel"
FAIL = "fail"
TIMEOUT = "timeout"
STOP_KINDS = (CANCEL, FAIL, TIMEOUT)

# Causes of an outcome, beside the three kinds of stop.
EXIT_CODE = "exit_code"
SIGNAL = "signal"
CANNOT_START = "cannot_start"
NEVER_STARTED = "never_started"
HOST_RESTARTED = "host_restarted"
LOST_EXIT_STATUS = "lost_exit_status"
PROCESS_EXITED = "process_exited"

# Kinds of run: by whom it is held open.
SUBMITTED = "submitted"
INTERACTIVE = "interactive"


def derive(facts: Facts, seen: str) -> str:
    """The status, by the table above.

    Args:
        facts: each fact by its file name; one that is absent or damaged is None or missing.
        seen: ALIVE, GONE, REBOOTED (gone, with the whole machine) or ELSEWHERE.
    """
    ended, mark = facts.get(layout.ENDED), facts.get(layout.MARK)
    if ended is not None:
        return str((mark or ended).get("status", FAILED))
    if seen == ELSEWHERE:
        return NOT_RESPONDING
    if seen == ALIVE:
        return _alive(facts)
    if _is_row_not_begun(facts):
        return NOT_STARTED
    return str(outcome(facts, seen)["status"])


def is_final(fact: Mapping[str, Any] | None) -> bool:
    """Whether ended.json or mark.json says what it is there for; if not, it is damaged."""
    said = (fact or {}).get("status")
    return isinstance(said, str) and said in TERMINAL


def is_lost(facts: Facts, seen: str) -> bool:
    """Whether the run is over and its end is not on record: `outcome` is to be published."""
    return (
        seen in (GONE, REBOOTED)
        and facts.get(layout.ENDED) is None
        and not _is_row_not_begun(facts)
    )


def outcome(facts: Facts, seen: str = GONE) -> dict[str, object]:
    """How a run ended, by its facts: `status`, `cause`, `exit_code`, `signal` and `source`.

    The order: a stop whose signal was sent, then the script's own `fail()`, then the wait status.
    Without a wait status nothing is guessed to be a success.
    """
    exited = facts.get(layout.EXITED)
    if exited is None:
        return _outcome(FAILED, _lost_cause(facts, seen), None)
    stopped = exited.get("stopped")
    if stopped in STOP_KINDS:
        return _outcome(CANCELED if stopped == CANCEL else FAILED, str(stopped), exited)
    if facts.get(layout.FAILED) is not None:
        return _outcome(FAILED, FAIL, exited)
    if exited.get("cannot_start"):
        return _outcome(FAILED, CANNOT_START, exited)
    if exited.get("signal"):
        return _outcome(FAILED, SIGNAL, exited)
    if exited.get("exit_code") == 0:
        return _outcome(COMPLETED, None, exited)
    if exited.get("exit_code") is None:
        return _outcome(FAILED, LOST_EXIT_STATUS, exited)
    return _outcome(FAILED, EXIT_CODE, exited)


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


def _is_row_not_begun(facts: Facts) -> bool:
    run = facts.get(layout.RUN) or {}
    return run.get("kind") == INTERACTIVE and facts.get(layout.STARTED) is None


def _lost_cause(facts: Facts, seen: str) -> str:
    if seen == REBOOTED:
        return HOST_RESTARTED
    if facts.get(layout.STARTED) is None:
        return NEVER_STARTED
    run = facts.get(layout.RUN) or {}
    return PROCESS_EXITED if run.get("kind") == INTERACTIVE else LOST_EXIT_STATUS
