"""Runs side by side: what differs is told, and what does not is folded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homerun import (
    Experiment,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    UserError,
    Workspace,
    compare_runs,
)
from homerun.environments import interpreter
from homerun.views import details, rows
from runstore import layout

TRAIN = """
import sys
from homerun import Run
run = Run.get_context()
rate = float(sys.argv[2])
for step in range({steps}):
    run.log("loss", rate / (step + 1))
run.log("best", float("nan"))
"""


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "compared")


@pytest.fixture
def pair(experiment: Experiment, script: Callable[..., Path]) -> list[Run]:
    """Two runs of a script that was changed between them."""
    found = []
    for steps, other in ((2, "old.py"), (3, "new.py")):
        script("train.py", TRAIN.format(steps=steps), f"source{steps}")
        script(other, "same = 1\n", f"source{steps}")
        config = ScriptRunConfig(
            f"source{steps}", "train.py", ["--rate", 0.5 * steps, "-v", "x", "--", "data.csv"]
        )
        tags = {"kind": "mlp", "steps": str(steps)}
        found.append(experiment.submit(config, tags))
    for run in found:
        run.wait_for_completion()
    return found


def table(found: dict[str, Any], section: str) -> dict[str, Any]:
    return {r["name"]: r["values"] for r in found["differences"] if r["section"] == section}


def same(found: dict[str, Any], section: str) -> dict[str, Any]:
    return {r["name"]: r["value"] for r in found["same"] if r["section"] == section}


def installed(run: Run, *packages: str) -> None:
    """Let a run's record, which does not say it yet, say what it ran with."""
    path = Path(run.directory, layout.INTERPRETER)
    path.write_text(json.dumps({"python": "/a/python", "version": "3", "packages": packages}))


def test_what_differs_is_told_and_what_does_not_is_folded(pair: list[Run]) -> None:
    found = compare_runs(pair)

    assert found["runs"] == [run.id for run in pair]
    assert table(found, "params") == {"rate": [1.0, 1.5]}
    assert same(found, "params") == {"v": "x"}
    assert same(found, "arguments") == {"#1": "data.csv"}
    assert table(found, "tags") == {"steps": ["2", "3"]}
    assert same(found, "tags") == {"kind": "mlp"}
    assert table(found, "metrics") == {"loss.max": [1.0, 1.5], "loss.count": [2, 3]}
    assert set(same(found, "metrics")) == {"loss", "loss.min", "best"}
    assert same(found, "run")["status"] == "Completed"
    assert "diff" not in found


def test_code_differs_by_files_and_on_request_by_lines(pair: list[Run]) -> None:
    found = compare_runs(pair, code=True)

    files = table(found, "files")
    assert set(files) == {"train.py", "old.py", "new.py"}
    assert files["old.py"][1] is None
    assert files["new.py"][0] is None
    lines = found["diff"].splitlines()
    assert f"--- {pair[0].id}/train.py" in lines
    assert "-for step in range(2):" in lines
    assert "+for step in range(3):" in lines
    assert lines[lines.index("+same = 1") - 3 : lines.index("+same = 1") - 1] == [
        "--- /dev/null",
        f"+++ {pair[1].id}/new.py",
    ]


def test_what_runs_took_and_used_is_what_lists_say(pair: list[Run]) -> None:
    found = compare_runs(pair)

    shown = rows.columns_of(["duration_s", "memory_kib"])
    described = [details.row_of(run._record) for run in pair]
    told = {**table(found, "run"), **{k: [v, v] for k, v in same(found, "run").items()}}
    for one in shown:
        assert told[one.name] == pytest.approx([one.value(row) for row in described], abs=1e-3)


def test_of_packages_only_the_differences_are_told(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "note_own", lambda *_: None)
    runs = [experiment.start_logging(snapshot_directory=None) for _ in range(3)]
    for run in runs:
        run.complete()
    installed(runs[0], "numpy==1.0", "rich==2", "mine @ git+https://host/mine@abc")
    installed(runs[1], "numpy==2.0", "rich==2", "mine @ git+https://host/mine@def")

    found = compare_runs(runs)

    assert table(found, "packages") == {
        "numpy": ["1.0", "2.0", None],
        "mine": ["git+https://host/mine@abc", "git+https://host/mine@def", None],
    }
    assert same(found, "packages") == {}
    partial = {row["name"]: row["values"] for row in found["partial"]}
    assert partial["installed"] == [3, 3, None]
    assert table(compare_runs(runs[1:]), "packages") == {}


def test_a_run_without_its_snapshot_is_compared_all_the_same(
    experiment: Experiment, script: Callable[..., Path], pair: list[Run]
) -> None:
    settings = RunConfiguration("train.py", ["--rate", "1.0"])
    settings.history.snapshot_project = False
    bare = experiment.submit(ScriptRunConfig("source2", run_config=settings))
    bare.wait_for_completion()

    found = compare_runs([bare, *pair], code=True)

    assert table(found, "code")["snapshot"][0] is None
    assert table(found, "files")["train.py"][0] is None
    assert found["diff"] == ""


def test_what_is_no_text_is_said_to_differ(experiment: Experiment, workspace_dir: Path) -> None:
    runs = []
    for content in (b"\0one", b"\0two"):
        (workspace_dir / "code").mkdir(exist_ok=True)
        (workspace_dir / "code/blob").write_bytes(content)
        run = experiment.start_logging(snapshot_directory="code")
        run.complete()
        runs.append(run)

    found = compare_runs(runs, code=True)

    assert found["diff"] == "the file blob differs, and is not text that can be shown\n"


def test_what_was_not_recorded_of_a_run_is_no_difference(
    experiment: Experiment, script: Callable[..., Path], pair: list[Run]
) -> None:
    script("git.py", "", "source2")
    by_hand = experiment.start_logging(snapshot_directory=None)
    by_hand.add_properties({"azureml.git.branch": "main", "azureml.git.dirty": "True"})
    by_hand.complete()

    found = compare_runs([by_hand, pair[0]])

    assert table(found, "code") == {}
    assert {"exit_code", "in_place", "target"}.isdisjoint(table(found, "run"))
    partial = {row["name"]: row["values"] for row in found["partial"] if row["section"] == "code"}
    assert partial["dirty"] == ["True", None]
    assert partial["snapshot"] == [None, pair[0].get_snapshot_id()]
    assert table(found, "params") == {"rate": [None, 1.0], "v": [None, "x"]}


def test_numbers_are_compared_as_numbers_and_what_a_script_added_is_a_parameter(
    experiment: Experiment,
) -> None:
    runs = [experiment.start_logging(snapshot_directory=None) for _ in range(2)]
    for run, rate, size in zip(runs, (1, 1.0), (8, 16)):
        run.log_params({"rate": rate, "size": size})
        run.complete()

    found = compare_runs(runs)

    assert table(found, "params") == {"size": [8, 16]}
    assert same(found, "params") == {"rate": 1}


def test_a_batch_stands_for_its_runs_and_one_without_runs_for_itself(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    configs = [ScriptRunConfig("source", "train.py", ["--lr", str(lr)]) for lr in (0.1, 1, 10)]
    batch = experiment.submit_many(configs)
    batch.parent.wait_for_completion()

    found = compare_runs([batch.parent])

    assert found["runs"] == [run.id for run in batch]
    assert table(found, "params") == {"lr": [0.1, 1, 10]}
    with pytest.raises(UserError, match="of two runs or more, or of a batch"):
        compare_runs([batch[0]])


def test_a_comparison_needs_two_runs(pair: list[Run]) -> None:
    for runs in (pair[:1], [], [pair[0], pair[0]]):
        with pytest.raises(
            UserError, match="of two runs or more, or of a batch: name each run once"
        ):
            compare_runs(runs)
