"""Lists answer what was asked, or say why they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from homerun.metrics import results


@pytest.fixture
def runs(workspace_dir: Path) -> None:
    """Two runs of two experiments, with a parameter, a metric and a tag each."""
    for name, extra in (("one", "dropout"), ("two", "a b")):
        run = Experiment(Workspace.from_config(), name).start_logging(snapshot_directory=None)
        run.log_params({"learning_rate": 0.1, extra: 1})
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.log("note", "a text")
        run.tag("keep", name)
        run.complete()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ls --columns metrics.los", "no run has metrics.los; did you mean metrics.loss?"),
        ("ls --columns number,params.Dropout", "did you mean params.dropout?"),
        ("ls --sort -params.learning", "did you mean params.learning_rate?"),
        ("ls --sort metrics.dropout", "no run has metrics.dropout; did you mean params.dropout?"),
        ("ls --where metrics.los<1", "did you mean metrics.loss?"),
        ("ls --where metrics.los.min<1", "no run has metrics.los.min; did you mean metrics.loss?"),
        ("ls --where params.ab=1", 'no run has params.ab; did you mean params."a b"?'),
        ("ls --where tags.x", "no run has tags.x; there are tags.keep"),
        ("ls --where properties.x", "no run has properties.x: there are no properties at all"),
        ("ls -e one --where metrics.xyz<1", "no run has metrics.xyz; there are metrics.loss"),
        ("cancel --where params.x=1 --yes", "no run has params.x; there are params"),
        ("best los --min -e one", "did you mean metrics.loss?"),
        ("best xyz -e one", "no run has metrics.xyz; there are metrics.loss"),
    ],
)
def test_a_key_that_no_run_has_is_wrong_usage_and_those_that_there_are_are_named(
    invoke, runs, words, told
):
    short, *rest = words.split(" ", 1)
    command = {"ls": ["run", "list"], "cancel": ["run", "cancel"], "best": ["run", "best"]}[short]
    split = rest[0].split(" ")

    done = invoke(*command, *split)

    assert done.code == 2
    assert done.out == b""
    (line,) = done.err.splitlines()
    assert told in line


def test_an_unknown_key_beside_a_known_one_is_refused_as_well(invoke, runs):
    done = invoke("run", "list", "--where", "metrics.loss < 1 or params.lr = 1")

    assert done.code == 2
    assert "no run has params.lr; " in done.last_line


def test_a_key_that_only_runs_of_other_experiments_have_finds_nothing_and_says_so(invoke, runs):
    done = invoke("run", "list", "-e", "two", "--where", "params.dropout = 1", "-o", "table")

    assert done.code == 0
    assert done.last_line == "no run of two has params.dropout, others have"
    assert invoke("run", "list", "-e", "two", "--where", "params.dropout = 1").json == []


def test_a_store_without_runs_has_no_keys_and_no_answer(invoke, workspace_dir):
    done = invoke("run", "list", "--where", "metrics.loss < 1", "--sort", "params.lr")

    assert (done.code, done.json) == (0, [])


def test_a_metric_that_is_no_number_is_there_as_a_column(invoke, runs):
    done = invoke("run", "list", "--columns", "number,metrics.note", "-o", "table")

    assert done.code == 0
    assert done.text.count("a text") == 2


def test_a_narrow_terminal_keeps_what_was_asked_for_and_names_what_it_has_no_room_for(
    terminal, workspace_dir
):
    experiment = Experiment(Workspace.from_config(), "narrow")
    for rate in (0.1, 0.2):
        run = experiment.start_logging(snapshot_directory=None)
        run.log_params({"rate": rate, "depth": rate * 10})
        run.log("loss", rate)
        run.complete()

    found = terminal("run", "list", "-e", "narrow", "--sort", "metrics.loss", size=(24, 50))
    assert found.end() == 0

    heading, *rest = found.text.splitlines()
    assert heading.split() == ["#", "name", "status", "loss"]
    assert rest[-1] == (
        "left out: rate and depth; a wider terminal shows more, --columns chooses them"
    )


def test_a_store_that_cannot_be_written_knows_its_keys_too(invoke, runs, workspace_dir):
    path = workspace_dir / ".runs" / "store.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 999}))

    assert invoke("run", "list", "--where", "metrics.los < 1").code == 2
    assert invoke("run", "list", "-e", "one", "--where", "params.'a b' = 1").json == []
    assert len(invoke("run", "list", "--where", "metrics.loss < 1").json) == 2


@pytest.mark.parametrize(
    "words", ["--sort number.x", "--where loss<1", "--columns x", "--where number<a"]
)
def test_a_field_or_value_that_is_none_is_wrong_usage(invoke, runs, words):
    done = invoke("run", "list", *words.split())

    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_the_mean_of_a_metric_is_a_field_and_grows_with_what_is_logged(invoke, workspace_dir):
    run = Experiment(Workspace.from_config(), "means").start_logging(snapshot_directory=None)
    for part in ([1, 2.5], [float("nan")], [-7, 1e300], [float("inf")], [float("-inf")]):
        for value in part:
            run.log("x", value)
        (row,) = invoke("run", "list", "--sort", "metrics.x.mean").json
        values = [one for one in run.get_metrics()["x"] if one == one] if part else []
        mean = sum(values) / len(values)

        assert row["metrics"]["x"]["mean"] == (mean if mean - mean == 0 else told(mean))
    run.complete()
    assert invoke("run", "list", "--where", "metrics.x.mean = nan").json[0]["run_id"] == run.id


def told(value: float) -> str | None:
    """What JSON has of an infinity; of NaN nothing."""
    return None if value != value else "Infinity" if value > 0 else "-Infinity"


def test_the_best_runs_tell_of_their_metrics_what_a_list_does_and_read_no_log(
    invoke, runs, monkeypatch
):
    listed = invoke("run", "list", "-e", "one").json
    monkeypatch.setattr(results, "metrics_of_run", None)

    best = invoke("run", "best", "loss", "-e", "one").json

    numbers = {"last": 0.25, "min": 0.25, "max": 0.5, "mean": 0.375, "count": 2}
    assert best == listed
    assert best[0]["metrics"] == {"loss": numbers}


def test_an_option_that_is_given_again_is_a_list_in_every_answer(invoke, script):
    script("train.py", "", ".")
    for words in (["--layer", "64", "--layer", "32"], ["--layer", "8", "8"], ["--layer", "5"]):
        invoke("run", "submit-script", "-e", "listed", "train.py", *words)

    def found(condition: str) -> list[object]:
        rows = invoke("run", "list", "--where", condition, "--sort", "number").json
        return [row["params"]["layer"] for row in rows]

    assert found("params.layer") == [[64, 32], [8, 8], 5]
    assert found("params.layer = 64, 32") == [[64, 32]]
    assert found("params.layer != 64, 32") == [[8, 8], 5]
    assert found("params.layer in ('8, 8', 5)") == [[8, 8], 5]
    assert found("params.layer ~ 64") == [[64, 32]]
    assert found("params.layer < 100") == [5]
    assert found("text ~ layer=64") == [[64, 32]]
    table = invoke("run", "list", "--sort", "-params.layer", "-o", "table").text
    cells = [line.split("Completed  ")[1].split("  ")[0] for line in table.splitlines()[1:]]
    assert cells == ["5", "8, 8", "64, 32"]
    assert "layer='64, 32'" in invoke("run", "show", "listed/1", "-o", "table").text
    compared = invoke("run", "compare", "listed/1", "listed/2", "-o", "table").text
    assert "64, 32" in compared


def test_tab_separated_values_have_the_arguments_as_a_shell_takes_them(invoke, script):
    script("train.py", "", ".")
    words = ["--note", "two words", "--lr", "0.1"]
    invoke("run", "submit-script", "-e", "listed", "train.py", *words)

    asked = "[].{run_number: run_number, arguments: arguments}"
    line = invoke("run", "list", "--query", asked, "-o", "tsv").text

    assert line == "1\t--note 'two words' --lr 0.1\n"


def test_times_of_lists_and_of_the_trash_have_one_form(invoke, runs):
    (row,) = invoke("run", "list", "-e", "one").json
    invoke("run", "delete", row["run_id"], "--yes")

    (deleted,) = invoke("store", "trash", "list").json

    assert deleted["created_utc"] == row["created_utc"]
    assert deleted["deleted_utc"].endswith("Z")


def test_a_card_says_once_what_git_knows_and_json_all_of_it(invoke, workspace_dir):
    run = Experiment(Workspace.from_config(), "git").start_logging(snapshot_directory=None)
    said = {"azureml.git.branch": "main", "mlflow.source.git.branch": "main"}
    run.add_properties({**said, "mlflow.source.git.commit": "abc", "mine": "main"})
    run.complete()

    card = invoke("run", "show", run.id, "-o", "table").text

    (line,) = (one for one in card.splitlines() if one.startswith("properties"))
    assert sorted(line.split()[1:]) == [
        *("azureml.git.branch=main", "mine=main", "mlflow.source.git.commit=abc"),
    ]
    assert said.items() <= invoke("run", "show", run.id).json["properties"].items()
