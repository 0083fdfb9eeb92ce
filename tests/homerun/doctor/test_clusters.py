"""The doctor on targets of engines: what nodes see is what a test of the target has shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.engine import Cluster
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.doctor import clusters
from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis
from homerun.targets.engines import types, watch
from runstore import layout


@pytest.fixture
def cluster(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that starts jobs at once, and the target `gpus` that it is."""
    monkeypatch.setitem(types.TYPES, "fake", ("helpers.engine", "FakeEngine"))
    monkeypatch.setattr(watch, "INTERVAL_S", 0.0)
    made = Cluster("one", starts_at_once=True)
    _set(type="fake", cluster="one")
    yield made
    made.close()


def _set(**said: str) -> None:
    root = Workspace.from_config()._store.for_writing().root
    Path(root, layout.SETTINGS).write_text(json.dumps({"targets": {"gpus": said}}))


def _found() -> dict[str, Diagnosis]:
    found = clusters.look(Workspace.from_config()._store)
    return {one.name.partition(": ")[2]: one for one in found}


@pytest.fixture
def tried(cluster: Cluster, script: Callable[..., Path]) -> Run:
    """A run as `target test` submits it."""
    script("check.py", "print('works')")
    config = ScriptRunConfig("source", "check.py", compute_target="gpus")
    run = Experiment(Workspace.from_config(), "target-test").submit(config)
    run.wait_for_completion()
    return run


def test_where_no_target_is_an_engines_nothing_is_said(store_made: None) -> None:
    assert _found() == {}


def test_a_target_that_was_tested_is_well(tried: Run) -> None:
    found = _found()

    assert {one.state for one in found.values()} == {OK}
    assert found["engine"].value == "fake 1.0"
    host = os.uname().nodename
    assert found["shared folder"].value.endswith(f"; a run on {host} had its record here")
    assert found["clock"].value.startswith(f"{host} was 0 s ")


@pytest.mark.parametrize(("kind", "state"), [("nfs4", MISSING), ("ext4", WARN), ("tmpfs", BROKEN)])
def test_before_a_test_the_file_system_tells_what_nodes_may_see(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    monkeypatch.setattr("runstore.fs.mounts.kind", lambda _: kind)

    found = _found()

    assert found["shared folder"].state == state
    assert (found["clock"].state, found["clock"].advice) == (
        MISSING,
        "homerun target test gpus tells",
    )


def test_a_node_whose_clock_is_wrong_is_named(tried: Run) -> None:
    started = Path(tried._record.path, layout.STARTED)
    then = started.stat().st_mtime - 300
    os.utime(started, (then, then))

    clock = _found()["clock"]

    host = os.uname().nodename
    assert (clock.state, clock.value) == (WARN, f"{host} was 300 s ahead of the file server")
    assert str(clock.advice).startswith(f"set the clock of {host} (ntp)")


def test_an_engine_that_does_not_answer_and_a_python_that_is_not_there_say_what_to_mend(
    cluster: Cluster,
) -> None:
    cluster.is_silent = True
    _set(type="fake", cluster="one", python="/nowhere/python")

    found = _found()

    engine, python = found["engine"], found["python"]
    assert (engine.state, engine.value) == (WARN, "cluster one does not answer: start it")
    assert engine.advice == "homerun target test gpus tries each step"
    assert (python.state, python.value) == (WARN, "/nowhere/python cannot be started here")
    assert python.advice == "name one that the nodes have: homerun target add gpus --python PATH"


def test_a_store_of_another_user_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    assert _found()["permissions"].state == WARN
