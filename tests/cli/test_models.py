"""`homerun model …`, as people and scripts of the original's command line type it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homerun import Experiment, Workspace


@pytest.fixture
def run(workspace_dir: Path) -> str:
    Path("model.pkl").write_text("pickled")
    made = Experiment(Workspace.from_config(), "train").start_logging(snapshot_directory=None)
    made.upload_file("outputs/model.pkl", "model.pkl")
    made.complete()
    return made.id


def test_a_model_is_registered_listed_shown_copied_and_deleted(run, invoke):
    made = invoke("model", "register", "iris", "model.pkl", "-d", "a tree", "--tag", "kind=tree")
    again = invoke("model", "register", "iris", "outputs/model.pkl", "-r", run)
    rows = invoke("model", "list").json
    shown = invoke("model", "show", "iris:1").json
    copied = invoke("model", "download", "iris", "-d", "models").json
    gone = invoke("model", "delete", "iris:1", "--yes").json

    assert made.json["id"] == "iris:1", made.err
    assert again.json["run_id"] == run
    assert [row["id"] for row in rows] == ["iris:2", "iris:1"]
    assert (shown["tags"], shown["description"]) == ({"kind": "tree"}, "a tree")
    assert shown["files"][0]["path"] == "model.pkl"
    assert len(shown["files"][0]["sha256"]) == 64
    assert copied == {"id": "iris:2", "path": os.path.abspath("models/model.pkl")}
    assert gone == {"deleted": "iris:1"}
    assert [row["version"] for row in invoke("model", "list").json] == [2]


def test_the_lines_of_az_ml_are_understood(run, invoke):
    line = "model register -n iris --asset-path outputs/model.pkl -r"
    made = invoke(*line.split(), run, "--property", "a=1")
    assert made.json["properties"] == {"a": "1"}, made.err
    invoke("model", "register", "--name", "iris", "--model-path", "model.pkl", "--tag", "x")

    assert invoke("model", "show", "--model-id", "iris:1").json["run_id"] == run
    assert invoke("model", "show", "-n", "iris", "--version", "1").json["version"] == 1
    assert len(invoke("model", "list", "--model-name", "iris", "--latest").json) == 1
    assert [row["version"] for row in invoke("model", "list", "--tags", "x").json] == [2]
    assert [row["version"] for row in invoke("model", "list", "-r", run).json] == [1]
    done = invoke("model", "download", "--model-id", "iris:1", "--target-dir", "m")
    assert (done.code, Path("m/model.pkl").read_text()) == (0, "pickled")


def test_people_see_a_table_and_a_card(run, invoke):
    told = invoke("model", "register", "iris", "model.pkl", "-o", "table")
    listed = invoke("model", "list", "-o", "table")
    shown = invoke("model", "show", "iris", "-o", "table")

    assert "registered iris:1 (1 file, 7 B)" in told.err + told.text
    assert listed.text.split()[:4] == ["model", "version", "registered", "run"]
    assert "model.pkl" in shown.text


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("model show", 2, "name one model"),
        ("model show a -n b", 2, "name one model"),
        ("model show iris:9", 1, "there is no model 'iris'"),
        ("model register", 2, "give the model's name and its path"),
        ("model register iris", 2, "give the path of the model"),
        ("model register iris a b", 2, "give the model's name and its path"),
        ("model register iris --asset-path x", 2, "name the run with -r RUN"),
        ("model register iris nothing", 1, "there is no file or folder"),
        ("model register iris nothing -r RUN", 1, "the run's files are outputs/model.pkl"),
        ("model register a/b model.pkl", 1, "is not a valid name for a model"),
    ],
)
def test_a_line_that_cannot_be_carried_out_says_what_to_do(run, invoke, line, code, told):
    done = invoke(*line.replace("RUN", run).split())

    assert (done.code, done.err.count("\n")) == (code, done.err.count("\n"))
    assert told in done.err


def test_a_deletion_without_a_terminal_needs_a_yes(run, invoke):
    invoke("model", "register", "iris", "model.pkl")

    done = invoke("model", "delete", "iris")

    assert (done.code, "add --yes" in done.err) == (2, True)
    assert len(invoke("model", "list").json) == 1
