"""A notebook as a script: its cells run, its outputs are kept, and a cell's error fails the run."""

from __future__ import annotations

import json
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.environments import notebook


def write(name: str, *cells: str, tags: dict[int, list[str]] | None = None) -> None:
    """A notebook in `source/`, as an editor writes it."""
    made = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": (tags or {}).get(number, [])},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    spec = {"name": "a-kernel-of-another-machine", "display_name": "x", "language": "python"}
    said = {"cells": made, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 4}
    Path("source").mkdir(exist_ok=True)
    Path("source", name).write_text(json.dumps(said), encoding="utf-8")


def submit(name: str, *arguments: object) -> Run:
    experiment = Experiment(Workspace.from_config(), "notebooks")
    return experiment.submit(ScriptRunConfig("source", name, list(arguments)))


def output(run: Run) -> str:
    return b"".join(run.stream()).decode()


def executed(run: Run, name: str) -> list[dict[str, Any]]:
    said = json.loads(Path(run.directory, "outputs", name).read_text())
    return list(said["cells"])


def test_the_cells_run_in_the_runs_interpreter_with_its_parameters(workspace_dir: Path) -> None:
    write(
        "train.ipynb",
        "lr = 1.0\nlayers = []\namp = False\nname = 'x'",
        "import sys\nprint(lr, layers, amp, name, sys.executable)",
        "from homerun import Run\nRun.get_context().log('loss', lr)\n'the ' + 'value'",
        tags={0: ["parameters"]},
    )

    run = submit("train.ipynb", "--lr", 0.5, "--layers=[64,64]", "--amp", "--name", "a b")
    run.wait_for_completion()

    assert output(run).splitlines() == [f"0.5 [64, 64] True a b {sys.executable}", "'the value'"]
    assert run.get_metrics() == {"loss": 0.5}
    cells = executed(run, "train.ipynb")
    assert [cell["metadata"].get("tags") for cell in cells[:2]] == [
        ["parameters"],
        ["injected-parameters"],
    ]
    assert cells[3]["outputs"][0]["data"]["text/plain"] == ["'the value'"]
    assert "outputs/train.ipynb" in run.get_file_names()
    assert json.loads(Path("source/train.ipynb").read_text())["cells"][1]["outputs"] == []


def test_a_secret_parameter_is_masked_in_the_notebook_that_is_kept(workspace_dir: Path) -> None:
    write("train.ipynb", "print(api_key, [layers, lr])")

    run = submit("train.ipynb", "--api-key", "canary it's", "--layers=[64,64]", "--lr", 0.5)
    run.wait_for_completion()

    kept = "".join(executed(run, "train.ipynb")[0]["source"])
    assert output(run) == "canary it's [[64, 64], 0.5]\n"
    assert kept == "# Parameters\napi_key = '*****'\nlayers = [64, 64]\nlr = 0.5"


def test_a_module_of_the_project_is_the_notebooks_and_not_of_what_runs_it(
    workspace_dir: Path,
) -> None:
    write("train.ipynb", "import helper\nprint(helper.VALUE)")
    Path("source/helper.py").write_text("VALUE = 'of the project'")
    Path("source/nbclient.py").write_text("raise SystemExit('not this one')")

    run = submit("train.ipynb")
    run.wait_for_completion()

    assert output(run) == "of the project\n"


def test_a_cells_error_fails_the_run_and_keeps_what_came_before(workspace_dir: Path) -> None:
    write("bad.ipynb", "print('before')", "1 / 0", "print('after')")

    run = submit("bad.ipynb")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert "before" in output(run)
    assert "ZeroDivisionError: division by zero" in output(run)
    assert "after\n" not in output(run)
    first, second, third = executed(run, "bad.ipynb")
    assert first["outputs"][0]["text"] == ["before\n"]
    assert second["outputs"][0]["ename"] == "ZeroDivisionError"
    assert third["outputs"] == []


def test_a_notebook_that_is_canceled_has_the_outputs_of_the_cells_before(
    workspace_dir: Path, fifo: Callable[[str], Fifo]
) -> None:
    told = fifo("told")
    block = "import threading\ntold.write('second\\n')\nthreading.Event().wait()"
    write("long.ipynb", "print('first')", f"told = {told.opened}", block)

    run = submit("long.ipynb")
    told.line()
    run.cancel()

    assert run.get_status() == "Canceled"
    assert executed(run, "long.ipynb")[0]["outputs"][0]["text"] == ["first\n"]


def test_an_interpreter_without_nbclient_fails_the_run_with_the_line_that_helps(
    workspace_dir: Path,
) -> None:
    venv.create("bare", symlinks=True)
    python = str(Path("bare/bin/python").absolute())
    write("train.ipynb", "print('ran')")
    config = ScriptRunConfig("source", "train.ipynb", interpreter=python)

    run = Experiment(Workspace.from_config(), "notebooks").submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    line = f"{python} -m pip install nbclient ipykernel"
    assert output(run) == f"homerun: train.ipynb needs nbclient: {line}\n"


def test_a_file_that_is_no_notebook_fails_in_one_line(workspace_dir: Path) -> None:
    Path("source").mkdir()
    Path("source/train.ipynb").write_text("print()")

    run = submit("train.ipynb")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert "homerun: train.ipynb is not a notebook" in output(run)
    assert "Traceback" not in output(run)


PARAMETERS = {
    "numbers": (["--a", "1", "--b=1e-3", "c=-2"], {"a": 1, "b": 1e-3, "c": -2}),
    "a number below 0": (["--a", "-1"], {"a": -1}),
    "a list": (["--a", "[1, 'b']"], {"a": [1, "b"]}),
    "words": (["--a", "True", "--b", "false", "--c", "None"], {"a": True, "b": False, "c": None}),
    "texts": (["--a", "x y", "--b=", "--c", "1.2.3"], {"a": "x y", "b": "", "c": "1.2.3"}),
    "a text in quotes": (["--a", "'1'"], {"a": "1"}),
    "flags": (["--a", "--b-c"], {"a": True, "b_c": True}),
}


@pytest.mark.parametrize(("words", "found"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_arguments_are_parameters(words: list[str], found: dict[str, object]) -> None:
    assert notebook.parameters(words) == found


@pytest.mark.parametrize("words", [["data"], ["--a", "1", "2"], ["-a", "1"], ["--1=2"], ["--"]])
def test_arguments_that_are_no_parameters_are_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match="is not a parameter of a notebook"):
        notebook.parameters(words)
