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
SEEN = (status.ALIVE, status.GONE, status.REBOOTED, status.ELSEWHERE, status.WAITING)
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
    outcome = status.outcome({layout.EXITED: exited, layout.FAILED: {} if failed else None})

    assert (outcome["status"], outcome["cause"]) == (said, cause)
    assert outcome["exit_code"] == exited.get("exit_code")
    assert outcome["signal"] == exited.get("signal")


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
