"""The run-management guide of Azure ML (2019-2020), step by step, as its reader would type it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from runstore import PropertyExists

EXAMPLES = Path(__file__).parents[2] / "scripts" / "examples"


@pytest.fixture
def source_directory(workspace_dir: Path) -> str:
    shutil.copytree(EXAMPLES, workspace_dir / "scripts")
    return "scripts"


@pytest.fixture
def exp(workspace_dir: Path) -> Experiment:
    ws = Workspace.from_config()
    return Experiment(workspace=ws, name="explore-runs")


def test_an_interactive_run_is_started_monitored_and_completed(exp: Experiment) -> None:
    notebook_run = exp.start_logging()
    notebook_run.log(name="message", value="Hello from run!")
    while_it_ran = notebook_run.get_status()
    notebook_run.complete()

    assert (while_it_ran, notebook_run.get_status()) == ("Running", "Completed")
    assert notebook_run.get_metrics() == {"message": "Hello from run!"}
    assert notebook_run.get_details()["status"] == "Completed"


def test_a_with_block_completes_its_run(exp: Experiment) -> None:
    with exp.start_logging() as notebook_run:
        notebook_run.log(name="message", value="Hello from run!")
        while_it_ran = notebook_run.get_status()

    assert (while_it_ran, notebook_run.get_status()) == ("Running", "Completed")


def test_a_submitted_run_is_canceled(exp: Experiment, source_directory: str) -> None:
    run_config = ScriptRunConfig(source_directory=source_directory, script="hello_with_delay.py")
    local_script_run = exp.submit(run_config)

    local_script_run.cancel()

    assert local_script_run.get_status() == "Canceled"


def test_a_submitted_run_is_declared_failed(exp: Experiment, source_directory: str) -> None:
    local_script_run = exp.submit(ScriptRunConfig(source_directory, "hello_with_delay.py"))

    local_script_run.fail()

    assert local_script_run.get_status() == "Failed"


def test_a_script_makes_five_children(exp: Experiment, source_directory: str) -> None:
    local_script_run = exp.submit(ScriptRunConfig(source_directory, "hello_with_children.py"))

    local_script_run.wait_for_completion(show_output=True)

    children = list(local_script_run.get_children())
    assert local_script_run.get_status() == "Completed"
    assert [child.get_status() for child in children] == ["Completed"] * 5
    assert [child.get_metrics() for child in children] == [{"number": n} for n in (4, 3, 2, 1, 0)]


def test_a_with_block_makes_five_children(exp: Experiment) -> None:
    with exp.start_logging() as parent_run:
        for _ in range(5):
            child = parent_run.child_run()
            child.log(name="Hello from child run", value=1)
            child.complete()

    assert [child.get_status() for child in parent_run.get_children()] == ["Completed"] * 5
    assert {child.parent for child in parent_run.get_children()} == {parent_run}


def test_a_script_submits_one_child_per_fruit(exp: Experiment, source_directory: str) -> None:
    parent_run = exp.submit(ScriptRunConfig(source_directory, "parent.py"))

    parent_run.wait_for_completion(show_output=True)

    children = list(parent_run.get_children())
    said = [b"".join(child.stream()).decode().strip() for child in children]
    fruits = ("orange", "banana", "apple")
    assert said == [f"{fruit}: a child of {parent_run.id}" for fruit in fruits]
    assert [child.tags for child in children] == [{"fruit": fruit} for fruit in fruits]


def test_grandchildren_are_found_recursively(exp: Experiment) -> None:
    with exp.start_logging() as parent_run, parent_run.child_run() as child:
        grandchild = child.child_run()
        grandchild.complete()

    assert set(parent_run.get_children()) == {child}
    assert set(parent_run.get_children(recursive=True)) == {child, grandchild}


def test_properties_are_set_once_and_tags_change(exp: Experiment) -> None:
    local_script_run = exp.start_logging(snapshot_directory=None)
    local_script_run.add_properties({"author": "azureml-user"})
    with pytest.raises(PropertyExists, match=r"'author'.*'azureml-user'.*'different-user'"):
        local_script_run.add_properties({"author": "different-user"})
    local_script_run.tag("quality", "great run")
    first = local_script_run.get_tags()
    local_script_run.tag("quality", "fantastic run")
    local_script_run.tag("worth another look")
    local_script_run.complete()

    assert local_script_run.get_properties() == {"author": "azureml-user"}
    assert first == {"quality": "great run"}
    assert local_script_run.get_tags() == {"quality": "fantastic run", "worth another look": None}


def test_queries_by_properties_and_tags_find_exactly_the_right_runs(exp: Experiment) -> None:
    runs = [exp.start_logging(snapshot_directory=None, outputs=False) for _ in range(3)]
    for run in runs[:2]:
        run.add_properties({"author": "azureml-user"})
    runs[1].set_tags({"quality": "fantastic run", "worth another look": None})
    runs[2].tag("quality", "fantastic run")
    for run in runs:
        run.complete()

    by_pair = exp.get_runs(properties={"author": "azureml-user"}, tags={"quality": "fantastic run"})
    by_name = exp.get_runs(properties={"author": "azureml-user"}, tags="worth another look")
    by_none = exp.get_runs(tags={"worth another look": None})

    assert list(by_pair) == list(by_name) == list(by_none) == [runs[1]]
    assert list(exp.get_runs(tags="quality")) == [runs[2], runs[1]]
    assert list(Run.list(exp, status="Completed")) == runs[::-1]
    assert os.path.isdir(".runs")
