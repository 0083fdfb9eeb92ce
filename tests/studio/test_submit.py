"""A form submits with everything that can be said of a submit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from homerun import Workspace

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
