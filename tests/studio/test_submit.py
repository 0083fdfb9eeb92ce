"""A form submits with everything that can be said of a submit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from homerun import Experiment, Run, ScriptRunConfig, Workspace

ASKED: dict[str, Any] = {"experiment": "e", "script": "train.py", "source": "source"}


def test_slots_priority_and_retries_are_those_of_the_run(
    client: Client, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    said = {"slots": 1, "priority": 20, "max_retries": 1}

    answer = client.post("/api/submit", {**ASKED, **said})

    assert answer.status == 201
    run = Workspace.from_config().get_run(answer.json["run"]["id"])
    run.wait_for_completion()
    assert {name: run._record.run[name] for name in said} == said


def test_a_grid_is_a_batch_of_all_combinations(client: Client, script: Callable[..., Path]) -> None:
    script("train.py", "import sys; print(sys.argv)")
    grid = {"lr": ["0.1", "0.2"], "opt": ["adam", "sgd"]}

    answer = client.post("/api/submit", {**ASKED, "arguments": ["--fast"], "grid": grid})

    assert answer.status == 201
    parent = Workspace.from_config().get_run(answer.json["run"]["id"])
    parent.wait_for_completion()
    found = {tuple(one._record.run["arguments"]) for one in parent.get_children()}
    assert found == {
        ("--fast", "--lr", lr, "--opt", opt) for lr in ("0.1", "0.2") for opt in ("adam", "sgd")
    }


@pytest.mark.parametrize(
    "said",
    [
        {"slots": 0.5},
        {"slots": -1},
        {"priority": 0.5},
        {"packages": "../../etc/passwd"},
        {"packages": "/etc/passwd"},
        {"packages": "none.txt"},
        {"grid": {"lr": "0.1"}},
        {"grid": {"lr": [str(n) for n in range(1_001)]}},
        {"grid": {name: [str(n) for n in range(100)] for name in "abcdefghij"}},
        {"grid": {"lr": [], "opt": ["adam", "sgd"]}},
    ],
)
def test_what_cannot_be_submitted_is_said_and_nothing_is_begun(
    client: Client, script: Callable[..., Path], said: dict[str, Any]
) -> None:
    script("train.py", "")

    assert client.post("/api/submit", {**ASKED, **said}).status == 400
    assert client.get("/api/runs").json["total"] == 0


SAID: dict[str, Any] = {
    "slots": 2,
    "priority": 20,
    "max_retries": 1,
    "max_run_duration_seconds": 300.0,
}
KEPT: dict[str, Any] = {"grace_s": 3.0, "retry_on": ["exit:75"], "notify": ["never"]}


@pytest.fixture
def past(script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that was submitted with all that can be said, from a source that has changed since."""
    path = script("train.py", "import sys; print(sys.argv)")
    monkeypatch.setenv("TOKEN_FILE", "kept elsewhere")
    config = ScriptRunConfig(
        "source",
        "train.py",
        ["--lr", "0.1"],
        environment_variables={"TOKEN_FILE": "kept elsewhere"},
        interpreter=sys.executable,
        **SAID,
        **KEPT,
    )
    run = Experiment(Workspace.from_config(), "e").submit(config, {"lr": "0.1"})
    run.wait_for_completion()
    path.write_text("raise SystemExit('another script')")
    (path.parent / "more.py").write_text("")
    return run


def test_a_form_from_a_past_run_begins_with_all_that_it_was_submitted_with(
    client: Client, past: Run
) -> None:
    told = client.get(f"/api/submit/defaults?run={past.id}").json

    assert {name: told[name] for name in SAID} == SAID
    assert told["arguments"] == ["--lr", "0.1"]
    assert told["tags"] == {"lr": "0.1"}
    assert told["interpreter"] == sys.executable
    assert (told["variables"], told["unset"]) == (["TOKEN_FILE"], [])
    assert told["kept"] == {name: json.dumps(value) for name, value in KEPT.items()}
    snapshot = past._record.run["snapshot"]
    assert told["code"] == {"snapshot": snapshot, "is_source_there": True, "changed": 2}


def submitted(client: Client, past: Run, **said: Any) -> Run:
    """The run that a form makes of a past run, once it is over."""
    asked = {**ASKED, "arguments": ["--lr", "0.2"], "former": past.id, **said}
    answer = client.post("/api/submit", asked)
    assert answer.status == 201, answer.json
    run = Workspace.from_config().get_run(answer.json["run"]["id"])
    run.wait_for_completion(raise_on_error=False)
    return run


def test_what_is_not_changed_of_a_past_run_stays_as_it_was(client: Client, past: Run) -> None:
    (Path("source") / "train.py").unlink()  # its code is the snapshot's

    run = submitted(client, past, source="elsewhere")

    asked, was = run._record.run, past._record.run
    assert {name: asked[name] for name in (*SAID, *KEPT)} == {**SAID, **KEPT}
    assert asked["environment_variables"] == was["environment_variables"]
    assert asked["command"] == [*was["command"][:-1], "0.2"]
    assert asked["snapshot"] == was["snapshot"]
    assert asked["source_directory"] == was["source_directory"]
    assert run.get_status() == "Completed"
    assert run.get_properties()["homerun.resubmitted_from"] == past.id


def test_what_is_changed_of_a_past_run_is_as_it_is_said(client: Client, past: Run) -> None:
    usual = {"slots": None, "max_run_duration_seconds": None, "max_retries": 0}

    run = submitted(client, past, code="now", priority=3, **usual)

    asked = run._record.run
    assert {name: asked[name] for name in SAID} == {
        "slots": 1,
        "priority": 3,
        "max_retries": 0,
        "max_run_duration_seconds": None,
    }
    assert asked["grace_s"] == KEPT["grace_s"]
    assert asked["snapshot"] != past._record.run["snapshot"]
    assert run.get_status() == "Failed"  # it is the script as it is now


def test_a_grid_of_a_past_run_has_its_code_and_its_settings(client: Client, past: Run) -> None:
    batch = submitted(client, past, arguments=["--fast"], grid={"lr": ["0.3", "0.4"]})

    runs = [one._record.run for one in batch.get_children()]
    assert sorted(one["arguments"][-1] for one in runs) == ["0.3", "0.4"]
    assert {one["snapshot"] for one in runs} == {past._record.run["snapshot"]}
    assert {one["priority"] for one in runs} == {SAID["priority"]}


def test_a_past_run_gives_what_its_variables_were_where_studio_does_not_know_them(
    client: Client, past: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN_FILE")

    told = client.get(f"/api/submit/defaults?run={past.id}").json
    refused = client.post("/api/submit", {**ASKED, "former": past.id})

    assert told["unset"] == ["TOKEN_FILE"]
    assert refused.status == 400
    assert "TOKEN_FILE" in refused.json["error"]["message"]
    given = submitted(client, past, environment_variables={"TOKEN_FILE": "here"})
    assert given.get_status() == "Completed"


@pytest.mark.parametrize(
    "said",
    [
        {"arguments": ["--api-key", "*****"]},
        {"script": "more.py"},
        {"script": "../train.py"},
        {"script": "/etc/passwd"},
        {"code": "yesterday's"},
        {"former": "gone_1"},
        {"former": "../x"},
    ],
)
def test_what_a_past_run_cannot_give_is_said_and_nothing_is_begun(
    client: Client, past: Run, said: dict[str, Any]
) -> None:
    answer = client.post("/api/submit", {**ASKED, "former": past.id, **said})

    assert answer.status in (400, 404)
    assert client.get("/api/runs").json["total"] == 1


def test_a_run_without_a_script_cannot_be_edited(
    client: Client, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    config = ScriptRunConfig("source", command=[sys.executable, "-c", ""])
    run = Experiment(Workspace.from_config(), "e").submit(config)
    run.wait_for_completion()

    told = client.get(f"/api/runs/{run.id}").json

    assert (told["can_resubmit"], told["can_edit"]) == (True, False)
    assert client.post("/api/submit", {**ASKED, "former": run.id}).status == 400
