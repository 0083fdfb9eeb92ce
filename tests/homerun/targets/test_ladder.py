"""The ladder of a stop, by histories of times."""

from __future__ import annotations

import pytest

from homerun.system.signals import INT, KILL, TERM
from homerun.targets.ladder import Ladder

RUNGS = [(INT, 5.0), (TERM, 10.0)]


@pytest.mark.parametrize(
    ("now", "number"),
    [(100.0, INT), (104.9, INT), (105.0, TERM), (114.9, TERM), (115.0, KILL), (999.0, KILL)],
)
def test_each_signal_is_due_for_its_time(now: float, number: int) -> None:
    assert Ladder(RUNGS, 100.0).number(now) == number


def test_without_a_grace_kill_is_due_at_once() -> None:
    assert Ladder([(TERM, 0.0)], 100.0).number(100.0) == KILL


@pytest.mark.parametrize(
    ("began", "now", "hurry", "seconds"),
    [
        pytest.param(100.0, 100.0, False, 0.02, id="a look each 20 ms"),
        pytest.param(100.0, 100.0, True, 0.005, id="sooner after an empty look"),
        pytest.param(100.0, 100.1, False, 1.0, id="later after a look that was dear"),
        pytest.param(104.0, 104.9, False, 0.1, id="never beyond the next signal"),
        pytest.param(115.0, 115.0, False, 0.005, id="soon between two rounds of KILL"),
        pytest.param(116.5, 116.5, False, 0.005, id="as soon a little later"),
        pytest.param(117.0, 117.0, False, 0.005, id="as soon after two seconds"),
        pytest.param(118.0, 118.0, False, 1.0, id="once a second for what KILL does not end"),
    ],
)
def test_the_next_look_comes_in_time(began: float, now: float, hurry: bool, seconds: float) -> None:
    assert Ladder(RUNGS, 100.0).pause(began, now, hurry=hurry) == pytest.approx(seconds)


def test_what_kill_does_not_end_is_late_after_two_seconds() -> None:
    ladder = Ladder(RUNGS, 100.0)

    assert [ladder.late(now) > 0 for now in (115.0, 117.0, 117.1)] == [False, False, True]
