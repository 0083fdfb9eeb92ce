"""The table of statuses, case by case: every set of facts, with everything that can be observed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from runstore import layout, status

EXITED: dict[str, Any] = {"exit_code": 0, "signal": None, "source": "supervisor"}
CONTENT: dict[str, dict[str, Any]] = {
    layout.STARTED: {"script": {"pid": 1}},
    layout.STOP: {"kind": status.CANCEL},
    layout.FAILED: {"message": "no"},
    layout.EXITED: EXITED,
    layout.ENDED: {"status": status.COMPLETED},
    layout.MARK: {"status": status.FAILED},
}
SEEN = (
    *(status.ALIVE, status.GONE, status.REBOOTED),
    *(status.ELSEWHERE, status.WAITING, status.IN_QUEUE),
)
KINDS = (status.SUBMITTED, status.INTERACTIVE)
SETS = [
    present for size in range(len(CONTENT) + 1) for present in itertools.combinations(CONTENT, size)
]


def table(kind: str, seen: str, present: tuple[str, ...]) -> str:
    """The rows of the design's table, with the words it has there."""
    rows = (
        (layout.ENDED in present and layout.MARK in present, status.FAILED),
        (layout.ENDED in present, status.COMPLETED),
        (seen == status.ELSEWHERE, status.NOT_RESPONDING),
        (seen == status.ALIVE and layout.EXITED in present, status.FINALIZING),
        (seen == status.ALIVE and layout.STOP in present, status.CANCEL_REQUESTED),
        (seen == status.ALIVE and layout.STARTED in present, status.RUNNING),
        (seen == status.ALIVE, status.PREPARING),
        (seen == status.WAITING, status.NOT_STARTED),
        (seen == status.IN_QUEUE and layout.STOP in present, status.CANCEL_REQUESTED),
        (seen == status.IN_QUEUE, status.QUEUED),
        (kind == status.INTERACTIVE and seen == status.REBOOTED, status.FAILED),
        (kind == status.INTERACTIVE and layout.STARTED not in present, status.CANCELED),
        (kind == status.INTERACTIVE, status.FAILED),
        (layout.EXITED in present and layout.FAILED in present, status.FAILED),
        (layout.EXITED in present, status.COMPLETED),
        (True, status.FAILED),
    )
    return next(said for holds, said in rows if holds)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("kind", KINDS)
def test_with_any_set_of_facts_the_first_row_that_holds_says_the_status(
    kind: str, seen: str
) -> None:
    for present in SETS:
        facts = {layout.RUN: {"kind": kind}, **{name: CONTENT[name] for name in present}}
        said = status.derive(facts, seen)
        lost = status.is_lost(facts, seen)

        assert said == table(kind, seen, present), present
        assert said in status.ALL
        assert lost == (said in status.TERMINAL and layout.ENDED not in present)
        assert not lost or status.outcome(facts, seen)["status"] == said


@pytest.mark.parametrize(
    ("exited", "failed", "said", "cause"),
    [
        ({"exit_code": 0}, False, status.COMPLETED, None),
        ({"exit_code": 3}, False, status.FAILED, status.EXIT_CODE),
        ({"exit_code": 0}, True, status.FAILED, status.FAIL),
        ({"exit_code": 3}, True, status.FAILED, status.FAIL),
        ({"signal": "SIGSEGV"}, False, status.FAILED, status.SIGNAL),
        ({"exit_code": None}, False, status.FAILED, status.LOST_EXIT_STATUS),
        ({"cannot_start": "no such file"}, False, status.FAILED, status.CANNOT_START),
        ({"environment": "no such package"}, False, status.FAILED, status.ENVIRONMENT),
        ({"environment": "x", "cannot_start": "x"}, False, status.FAILED, status.ENVIRONMENT),
        ({"exit_code": 0, "environment": "x"}, True, status.FAILED, status.FAIL),
        ({"signal": "SIGKILL", "out_of_memory": True}, False, status.FAILED, status.OUT_OF_MEMORY),
        ({"exit_code": 0, "stopped": "cancel"}, False, status.CANCELED, status.CANCEL),
        ({"signal": "SIGKILL", "stopped": "cancel"}, True, status.CANCELED, status.CANCEL),
        ({"exit_code": 0, "stopped": "fail"}, False, status.FAILED, status.FAIL),
        ({"exit_code": 0, "stopped": "timeout"}, False, status.FAILED, status.TIMEOUT),
        ({"exit_code": 0, "stopped": "nonsense"}, False, status.COMPLETED, None),
        ({"exit_code": 0, "stopped": ["cancel"]}, False, status.COMPLETED, None),
    ],
)
def test_an_exit_says_the_outcome(
    exited: dict[str, Any], failed: bool, said: str, cause: str | None
) -> None:
    exited["source"] = "adopter"
    outcome = status.outcome({layout.EXITED: exited, layout.FAILED: {} if failed else None})

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert outcome["exit_code"] == exited.get("exit_code")
    assert outcome["signal"] == exited.get("signal")
    assert outcome["source"] == "adopter"


@pytest.mark.parametrize(
    ("facts", "seen", "cause"),
    [
        ({}, status.GONE, status.NEVER_STARTED),
        ({layout.STARTED: {}}, status.GONE, status.LOST_EXIT_STATUS),
        ({layout.STARTED: {}}, status.REBOOTED, status.HOST_RESTARTED),
        ({}, status.REBOOTED, status.HOST_RESTARTED),
        (
            {layout.RUN: {"kind": status.INTERACTIVE}, layout.STARTED: {}},
            status.GONE,
            status.PROCESS_EXITED,
        ),
    ],
)
def test_a_run_that_was_lost_is_failed_and_says_why(
    facts: dict[str, Any], seen: str, cause: str
) -> None:
    assert status.outcome(facts, seen) == {
        "status": status.FAILED,
        "cause": cause,
        "exit_code": None,
        "signal": None,
        "source": None,
    }


@pytest.mark.parametrize(
    "fact", [None, {}, {"status": None}, {"status": ["Failed"]}, {"status": "Running"}], ids=repr
)
def test_an_end_without_a_final_status_is_none(fact: dict[str, Any] | None) -> None:
    assert not status.is_final(fact)
    assert status.is_final({"status": status.CANCELED})


@pytest.mark.parametrize(
    ("kind", "said", "cause"),
    [
        (status.CANCEL, status.CANCELED, status.CANCEL),
        (status.FAIL, status.FAILED, status.FAIL),
        (status.TIMEOUT, status.FAILED, status.TIMEOUT),
        ("nonsense", status.CANCELED, status.CANCEL),
    ],
)
def test_a_run_that_is_stopped_while_it_waits_ends_as_the_stop_says(
    kind: str, said: str, cause: str
) -> None:
    outcome = status.never_started(kind)

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert outcome["exit_code"] is None


@pytest.mark.parametrize(
    ("how", "cause"),
    [(status.COMPLETED, None), (status.FAILED, status.FAIL), (status.CANCELED, status.CANCEL)],
)
def test_an_end_that_is_declared_names_the_owner(how: str, cause: str | None) -> None:
    assert status.ended(how) == {
        "status": how,
        "cause": cause,
        "exit_code": None,
        "signal": None,
        "source": "owner",
    }


@pytest.mark.parametrize(
    ("around", "said", "cause"),
    [
        ({"status": status.COMPLETED}, status.COMPLETED, None),
        ({"status": status.CANCELED}, status.CANCELED, status.CANCEL),
        ({"status": status.FAILED}, status.FAILED, status.PROCESS_EXITED),
        (None, status.FAILED, status.PROCESS_EXITED),
    ],
)
def test_a_run_without_its_owner_ends_as_the_script_around_it(
    around: dict[str, Any] | None, said: str, cause: str | None
) -> None:
    run = {layout.RUN: {"kind": status.INTERACTIVE}}
    outcome = status.outcome({**run, layout.STARTED: {}, status.WITHIN: around})
    never = status.outcome({**run, status.WITHIN: around})

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert (never["status"], never["cause"]) == (status.CANCELED, status.NEVER_STARTED)


@pytest.mark.parametrize(
    ("code", "said", "cause"),
    [(0, status.COMPLETED, None), (3, status.FAILED, status.EXIT_CODE)],
)
def test_a_run_that_its_owner_left_open_ends_as_the_owner_exited(
    code: int, said: str, cause: str | None
) -> None:
    left = {"exit_code": code, "source": "owner"}
    around = {status.WITHIN: {"status": status.CANCELED}}
    run = {layout.RUN: {"kind": status.INTERACTIVE}, layout.STARTED: {}}
    outcome = status.outcome({**run, **around, status.OWNER: left})

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert (outcome["exit_code"], outcome["source"]) == (code, "owner")


@pytest.mark.parametrize(
    ("is_whole", "statuses", "said", "cause"),
    [
        (True, [status.COMPLETED, status.COMPLETED], status.COMPLETED, None),
        (True, [status.COMPLETED, status.FAILED], status.FAILED, status.CHILD_NOT_COMPLETED),
        (True, [status.CANCELED], status.FAILED, status.CHILD_NOT_COMPLETED),
        (False, [status.COMPLETED], status.FAILED, status.PROCESS_EXITED),
    ],
)
def test_a_batch_ends_as_its_runs_when_the_last_is_over(
    is_whole: bool, statuses: list[str], said: str, cause: str | None
) -> None:
    below = {"is_whole": is_whole, "statuses": statuses, "time": "then"}
    outcome = status.outcome({layout.RUN: {"kind": status.INTERACTIVE}, status.BELOW: below})

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert outcome.get("time") == ("then" if is_whole else None)


@pytest.mark.parametrize(
    ("kind", "wanted"), [(status.FAIL, status.FAILED), (status.CANCEL, status.CANCELED)]
)
def test_a_run_that_is_abandoned_ends_as_it_was_asked_to(kind: str, wanted: str) -> None:
    outcome = status.abandoned(kind)

    assert (outcome["status"], outcome["cause"]) == (wanted, status.ABANDONED)
    assert status.abandoned() == status.abandoned(status.CANCEL)


@pytest.mark.parametrize(
    ("outcome", "exited", "said"),
    [
        ({"cause": status.EXIT_CODE, "exit_code": 3}, {}, "the script ended with exit code 3"),
        ({"cause": status.SIGNAL, "signal": "SIGSEGV"}, {}, "the script was ended by SIGSEGV"),
        (
            {"cause": status.OUT_OF_MEMORY},
            {"over_limit": "it was over its limit"},
            "it was over its limit",
        ),
        (
            {"cause": status.EXIT_CODE, "exit_code": 3},
            {"over_limit": "it was over its limit"},
            "the script ended with exit code 3",
        ),
        ({"cause": status.LOST_BY_ENGINE}, {"lost": "node n1 is gone"}, "node n1 is gone"),
        (
            {"cause": status.LOST_BY_ENGINE, "engine": "preempted"},
            {},
            "its job is over and left no outcome: preempted",
        ),
        ({"cause": status.LOST_BY_ENGINE}, {}, "its job is over and left no outcome"),
        ({"cause": status.CANCEL}, {"lost": "node n1 is gone"}, "the run was canceled"),
        (
            {"cause": status.SIGNAL, "signal": "SIGKILL"},
            {"rank": {"name": "rank 2", "said": "was ended by SIGKILL"}},
            "rank 2 was ended by SIGKILL",
        ),
        (
            {"cause": status.CANCEL},
            {"rank": {"name": "rank 2", "said": "was ended by SIGTERM"}},
            "the run was canceled",
        ),
        (
            {"cause": status.EXIT_CODE, "exit_code": 1},
            {"rank": "rank 2"},
            "the script ended with exit code 1",
        ),
        (
            {"cause": status.CANNOT_START},
            {"cannot_start": "no such file"},
            "the script's process could not be started: no such file",
        ),
        ({"cause": "of a later version"}, {}, "the run ended"),
        ({"cause": None}, {}, "the run ended"),
    ],
)
def test_why_a_run_ended_is_told_as_a_clause(
    outcome: dict[str, Any], exited: dict[str, Any], said: str
) -> None:
    assert status.cause_in_words(outcome, exited) == said
