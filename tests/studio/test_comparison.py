"""Runs side by side, as Studio's server tells them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.views.comparison import importance as weights

from .conftest import Shelf

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}
TRAIN = """
    import sys
    from homerun import Run

    run = Run.get_context()
    for loss in (0.5, 0.125, 0.25):
        run.log("loss", loss)
    run.log("acc", 0.9)
"""


@pytest.fixture
def client(shelf: Callable[..., Shelf]) -> Client:
    return shelf().sign_in()


def submitted(*arguments: str, **tags: str) -> Run:
    config = ScriptRunConfig("source", "train.py", list(arguments))
    run = Experiment(Workspace.from_config(), "digits").submit(config, tags)
    run.wait_for_completion()
    return run


def compared(client: Client, *ids: str) -> Any:
    return client.get("/api/compare?" + "&".join(f"run={one}" for one in ids)).json


def rows_of(answer: Any, section: str) -> dict[str, tuple[list[Any], bool]]:
    return {
        one["name"]: (one["values"], one["differs"])
        for one in answer["rows"]
        if one["section"] == section
    }


def test_what_differs_is_told_by_section_and_what_does_not_too(
    client: Client, script: Callable[..., Path]
) -> None:
    script("train.py", TRAIN)
    first = submitted("--lr", "0.1", "--opt", "adam", fruit="apple")
    Path("source", "train.py").write_text(Path("source", "train.py").read_text() + "# more\n")
    other = submitted("--lr", "0.2", "--opt", "adam", fruit="pear")

    answer = compared(client, first.id, other.id)

    assert [one["id"] for one in answer["runs"]] == [first.id, other.id]
    assert rows_of(answer, "params") == {"lr": ([0.1, 0.2], True), "opt": (["adam"] * 2, False)}
    assert rows_of(answer, "tags") == {"fruit": (["apple", "pear"], True)}
    metrics = rows_of(answer, "metrics")
    assert metrics == {
        "loss": ([0.25, 0.25], False),
        "loss.min": ([0.125, 0.125], False),
        "loss.max": ([0.5, 0.5], False),
        "acc": ([0.9, 0.9], False),
    }
    ways = {one["name"]: one["is_most"] for one in answer["rows"] if one["section"] == "metrics"}
    assert ways == {"loss": False, "loss.min": False, "loss.max": False, "acc": True}
    (path,) = rows_of(answer, "files")
    assert path == "train.py"
    diff = client.get(f"/api/compare/code?run={first.id}&other={other.id}").json
    assert "+# more\n" in diff["text"]
    assert (diff["size"], diff["is_cut"]) == (len(diff["text"]), False)


def test_a_run_that_is_gone_is_named_and_the_others_are_compared(client: Client) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    runs = [experiment.start_logging(**BARE) for _ in range(3)]
    for number, run in enumerate(runs):
        run.log("loss", number)
        run.complete()
    runs[1].delete()

    answer = compared(client, *(run.id for run in runs), runs[0].id)

    assert answer["gone"] == [runs[1].id]
    assert rows_of(answer, "metrics") == {"loss": ([0, 2], True)}


def test_a_run_that_goes_while_it_is_read_takes_its_values_with_it(
    shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = shelf()
    experiment = Experiment(Workspace.from_config(), "digits")
    runs = [experiment.start_logging(**BARE) for _ in range(3)]
    for number, run in enumerate(runs):
        run.log("loss", number)
        run.complete()
    read = made.desk.board.rows

    def rows(ids: list[str]) -> list[dict[str, Any]]:
        runs[0].delete()
        return read(ids)

    monkeypatch.setattr(made.desk.board, "rows", rows)

    answer = compared(made.sign_in(), *(run.id for run in runs))

    assert [one["id"] for one in answer["runs"]] == [run.id for run in runs[1:]]
    assert answer["gone"] == [runs[0].id]
    assert rows_of(answer, "metrics") == {"loss": ([1, 2], True)}


def test_a_metric_that_is_named_as_a_count_is_compared(client: Client) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    runs = [experiment.start_logging(**BARE) for _ in range(2)]
    for number, run in enumerate(runs):
        run.log("tokens.count", number)
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.complete()

    answer = compared(client, *(run.id for run in runs))

    assert rows_of(answer, "metrics") == {
        "tokens.count": ([0, 1], True),
        "loss": ([0.25, 0.25], False),
        "loss.min": ([0.25, 0.25], False),
        "loss.max": ([0.5, 0.5], False),
    }


def test_one_run_alone_has_nothing_to_differ_from(client: Client) -> None:
    run = Experiment(Workspace.from_config(), "digits").start_logging(**BARE)
    run.complete()

    answer = compared(client, run.id)

    assert ([one["id"] for one in answer["runs"]], answer["rows"]) == ([run.id], [])
    assert client.get("/api/compare").status == 400
    many = "&".join(f"run={number}" for number in range(101))
    assert client.get(f"/api/compare?{many}").status == 400


def test_what_a_metric_depends_on_is_weighed_again_only_where_a_run_has_changed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    runs = [experiment.start_logging(**BARE) for _ in range(6)]
    for number, run in enumerate(runs):
        run.log_params({"lr": number})
        run.log("loss", number)
    asked = "/api/importance?metric=loss&" + "&".join(f"run={run.id}" for run in runs)
    weigh, weighed = weights.param_weights, []

    def counted(*given: Any) -> Any:
        weighed.append(given)
        return weigh(*given)

    monkeypatch.setattr(weights, "param_weights", counted)
    first = client.get(asked).json
    assert client.get(asked).json == first
    assert len(weighed) == 1

    runs[0].log("loss", 99)
    runs[0].complete()

    assert client.get(asked).json["params"] != first["params"]
    assert len(weighed) == 2
    for run in runs[1:]:
        run.complete()


def test_a_metric_depends_on_the_parameter_that_it_was_made_from(client: Client) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    ids = []
    for number in range(16):
        run = experiment.start_logging(**BARE)
        run.log_params({"lr": number / 16, "seed": number * 7 % 16, "same": 1})
        run.log("loss", float("nan") if number == 3 else (number / 16) ** 2)
        run.complete()
        ids.append(run.id)
    asked = "&".join(f"run={one}" for one in ids)

    answer = client.get(f"/api/importance?{asked}&metric=loss").json

    assert (answer["metric"], answer["runs"]) == ("loss", 15)
    lr, seed = answer["params"]
    assert (lr["name"], seed["name"]) == ("lr", "seed")
    assert lr["importance"] > 0.8
    assert lr["correlation"] == pytest.approx(1.0)
    assert client.get(f"/api/importance?run={ids[0]}&metric=loss").status == 400
    assert client.get(f"/api/importance?{asked}").status == 400
