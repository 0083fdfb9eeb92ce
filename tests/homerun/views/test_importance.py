"""What a metric depends on, against functions of which that is known."""

from __future__ import annotations

import random
from math import inf, isclose, nan
from typing import Any

import pytest

from homerun.views.comparison import importance
from homerun.views.comparison.importance import correlation

RUNS = 120


def drawn(count: int = RUNS) -> list[dict[str, Any]]:
    """Runs with parameters that have nothing to do with each other."""
    chance = random.Random(7)
    return [
        {
            "lr": chance.uniform(1e-5, 1e-1),
            "width": chance.choice([64, 128, 256]),
            "opt": chance.choice(["adam", "sgd", "lion"]),
            "fast": chance.random() < 0.5,
            "seed": chance.randrange(1_000),
        }
        for _ in range(count)
    ]


def param_weights(
    params: list[dict[str, Any]], values: list[float | None] | list[float]
) -> list[dict[str, Any]]:
    """Of few parameters, all of them."""
    found, more = importance.param_weights(params, values)
    assert not more
    return found


def named(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in found}


def test_a_metric_of_one_parameter_depends_on_that_alone() -> None:
    runs = drawn()
    found = param_weights(runs, [one["lr"] ** 3 for one in runs])

    assert found[0]["name"] == "lr"
    assert found[0]["importance"] > 0.95
    assert isclose(found[0]["correlation"], 1.0)
    assert sum(one["importance"] for one in found) == pytest.approx(1.0)
    assert {one["name"] for one in found} == {"lr", "width", "opt", "fast", "seed"}


def test_the_larger_of_two_effects_counts_more() -> None:
    runs = drawn()
    values = [-3 * (one["width"] / 64) + 1.0 * one["fast"] for one in runs]
    found = param_weights(runs, values)

    assert [one["name"] for one in found[:2]] == ["width", "fast"]
    assert named(found)["width"]["correlation"] < -0.9
    assert named(found)["seed"]["importance"] < 0.02


def test_what_ranks_do_not_see_the_forest_sees() -> None:
    runs = drawn()
    found = named(param_weights(runs, [abs(one["lr"] - 0.05) for one in runs]))

    assert abs(found["lr"]["correlation"]) < 0.2
    assert found["lr"]["importance"] > 0.9


def test_a_text_matters_without_an_order() -> None:
    runs = drawn()
    found = param_weights(
        runs, [{"adam": 0.1, "sgd": 0.9, "lion": 0.5}[one["opt"]] for one in runs]
    )

    assert (found[0]["name"], found[0]["correlation"]) == ("opt", None)
    assert found[0]["importance"] > 0.95


def test_pure_chance_favours_no_parameter_much() -> None:
    runs, chance = drawn(), random.Random(1)
    found = param_weights(runs, [chance.random() for _ in runs])

    assert all(one["importance"] < 0.75 for one in found)
    assert all(abs(one["correlation"] or 0.0) < 0.3 for one in found)


def test_a_rank_correlation_is_that_of_its_definition() -> None:
    # By hand: ranks 1 2 3 4 5 against 2 1 4 3 5, so 1 - 6 * 4 / (5 * 24).
    assert correlation([1.0, 2.0, 3.0, 4.0, 5.0], [20, 10, 40, 30, 50]) == pytest.approx(0.8)
    # Equal values share a rank: 1.5 1.5 3 against 1 2 3.
    assert correlation([5.0, 5.0, 9.0], [1, 2, 3]) == pytest.approx(0.8660254)
    assert correlation([1.0, 1.0, 1.0], [1, 2, 3]) is None
    assert correlation([1.0, 2.0], [1, 2]) is None


def test_runs_without_the_metric_or_the_parameter_are_left_out() -> None:
    runs: list[dict[str, Any]] = [{"a": at, "b": 1} for at in range(9)]
    runs += [{"a": 99}, {"a": 98}, {"a": 97}, {}]
    values: list[float | None] = [float(at) for at in range(9)]
    values += [nan, None, inf, 4.0]
    (found, other) = param_weights(runs, values)

    assert (found["name"], found["runs"]) == ("a", 9)
    assert (other["name"], other["runs"], other["correlation"]) == ("b", 9, None)
    assert found["correlation"] == pytest.approx(1.0)


def test_odd_values_are_texts_and_nothing_is_nothing() -> None:
    runs: list[dict[str, Any]] = [
        {"a": [1, "x"]},
        {"a": 10**400},
        {"a": nan},
        {"a": "<b>"},
        {"a": None},
        {"a": True},
    ]
    (found,) = param_weights(runs, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])

    assert (found["name"], found["correlation"], found["runs"]) == ("a", None, 5)
    assert param_weights([], []) == []
    assert param_weights([{"a": 1}], [1.0]) == []
    assert param_weights([{"a": 1}, {"a": 2}], [1.0, 1.0])[0]["importance"] == 0.0


def test_the_same_runs_give_the_same_answer() -> None:
    runs = drawn()
    values = [one["lr"] for one in runs]

    assert param_weights(runs, values) == param_weights(runs, values)


def test_of_very_many_parameters_those_are_weighed_that_tell_most() -> None:
    chance = random.Random(3)
    runs = [{f"n{at}": chance.random() for at in range(80)} for _ in range(RUNS)]
    for run in runs:
        run["bent"] = chance.random()
    values = [abs(one["bent"] - 0.3) + one["n70"] for one in runs]

    found, more = importance.param_weights(runs, values)

    assert (len(found), more) == (50, True)
    assert {one["name"] for one in found[:2]} == {"bent", "n70"}
    assert sum(one["importance"] for one in found) == pytest.approx(1.0)


def test_a_text_of_its_own_in_each_run_says_nothing() -> None:
    runs, chance = drawn(40), random.Random(2)
    for at, one in enumerate(runs):
        one["note"] = f"run {at // 2}"
    found = named(param_weights(runs, [chance.random() for _ in runs]))

    assert (found["note"]["importance"], found["note"]["runs"]) == (0.0, 40)
