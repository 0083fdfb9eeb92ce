"""Targets of an engine on the command line: added, shown, tested; a fake engine stands in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.engine import Cluster
from homerun import UserError, Workspace
from homerun.targets.engines import types, watch
from runstore import layout

FAKE = {"cluster": "one", "partition": "gpu"}


@pytest.fixture
def cluster(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setitem(types.TYPES, "fake", ("helpers.engine", "FakeEngine"))
    monkeypatch.setattr(watch, "INTERVAL_S", 0.0)
    made = Cluster("one", starts_at_once=True)
    Workspace.from_config().targets.add("gpus", type="fake", options=FAKE)
    yield made
    made.close()


def test_a_target_of_an_engine_says_where_it_is(cluster, invoke):
    assert invoke("target", "list").json == [
        {"name": "local", "type": "local", "slots": 2, "default": True},
        {
            "name": "gpus",
            "type": "fake",
            "slots": None,
            "default": False,
            "where": "fake cluster one",
        },
    ]


def test_a_target_is_shown_with_its_settings_and_what_waits_there(cluster, invoke):
    shown = invoke("target", "show", "gpus").json

    assert (shown["settings"], shown["waiting"]) == (FAKE, 0)


def test_a_target_is_made_the_default_one(cluster, invoke):
    assert [row["default"] for row in invoke("target", "default", "gpus").json] == [False, True]
    assert [row["default"] for row in invoke("target", "default", "local").json] == [True, False]


def test_the_test_of_a_target_tells_each_step_with_its_time(cluster, invoke):
    done = invoke("target", "test", "gpus")

    assert done.code == 0, done.err
    steps = [row["step"] for row in done.json["steps"]]
    assert steps == [
        "the cluster answers",
        "a tiny run is submitted",
        "its script is started",
        "it completes",
        "the clock there",
    ]
    assert done.json["problem"] is None


def test_the_test_of_a_target_that_does_not_answer_says_what_to_mend(cluster, invoke):
    cluster.is_silent = True

    done = invoke("target", "test", "gpus")

    assert done.code == 1
    assert done.json["problem"] == "cluster one does not answer: start it"


def test_the_test_of_a_target_cancels_its_run_after_its_time(cluster, invoke):
    cluster.starts_at_once = False

    done = invoke("target", "test", "gpus", "--timeout", "0s")

    assert done.code == 1
    assert "was not over in time, and is canceled" in done.json["problem"]
    assert {row["status"] for row in invoke("run", "list").json} == {"Canceled"}


def test_why_a_run_waits_is_told_in_the_engines_words(cluster, invoke, script):
    cluster.starts_at_once = False
    script("train.py", "print('done')")
    args = ("run", "submit-script", "-e", "far", "--target", "gpus", "--async", "source/train.py")
    run = invoke(*args).json["run_id"]

    queue = invoke("queue", "list", "--target", "gpus").json[0]
    assert (queue["slots"], queue["busy"]) == (0, 0)
    row = queue["waiting"][0]
    assert row["reason"] == "fake has it as job 1: all nodes are busy"
    assert "fake has it as job 1: all nodes are busy" in invoke("why", run).text
    invoke("stop", run)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": "red"}, "a target of the type fake has no colour; it has python, cluster"),
        ({"cluster": "one", "slots": None}, "has no slots"),
    ],
)
def test_what_an_engine_does_not_know_is_refused(cluster, options, said):
    with pytest.raises(UserError, match=said):
        Workspace.from_config().targets.add("gpus", type="fake", options=options)


def test_a_setting_is_changed_and_taken_back_and_the_others_stay(cluster):
    targets = Workspace.from_config().targets
    targets.add("gpus", options={"partition": "cpu"})
    assert targets.said("gpus") == {"type": "fake", "cluster": "one", "partition": "cpu"}
    targets.add("gpus", options={"partition": ""})

    assert targets.said("gpus") == {"type": "fake", "cluster": "one"}
    assert Path(".runs", layout.SETTINGS).exists()


def test_a_target_without_what_its_engine_needs_is_refused_with_an_example(workspace_dir):
    targets = Workspace.from_config().targets
    with pytest.raises(UserError, match=r"ray needs address, .*: --address http://head:8265"):
        targets.add("ray", type="ray")
    targets.add("ray", type="ray", options={"address": "http://head:8265"})
    targets.add("ray", options={"num_cpus": "2"})
    with pytest.raises(UserError, match="ray needs address"):
        targets.add("ray", options={"address": ""})


def test_slots_of_an_engine_are_its_own(cluster):
    with pytest.raises(UserError, match="fake has limits of its own: leave slots out"):
        Workspace.from_config().targets.add("gpus", slots=2, type="fake")
