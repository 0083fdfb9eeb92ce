"""Why a child failed, as each view says it, wherever its script's error was raised."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homerun import Run
from homerun.views.diagnosis import diagnosis
from runstore.run.attempts import std_log

BARE = """
    from azureml.core import Run

    child = Run.get_context().child_run(name="bare")
    child.register_model("iris", "outputs/none.pkl")
"""
WITHIN = """
    from azureml.core import Run

    with Run.get_context().child_run(name="within") as child:
        child.register_model("iris", "outputs/none.pkl")
"""
SUBMITTED = """
    import sys
    from azureml.core import Run, ScriptRunConfig

    run = Run.get_context()
    if len(sys.argv) > 1:
        run.register_model("iris", "outputs/none.pkl")
    config = ScriptRunConfig(".", "train.py", arguments=["below"])
    run.submit_child(config).wait_for_completion(raise_on_error=False)
"""
DEEP = """
    from azureml.core import Run

    child = Run.get_context().child_run().child_run(name="deep")
    child.register_model("iris", "outputs/none.pkl")
"""
REASON = "ModelPathNotFound: run {id} has no file or folder 'outputs/none.pkl'"


def last_child(run: Run) -> Run:
    """The run that was made last below another."""
    run.wait_for_completion(raise_on_error=False)
    return max(run.get_children(recursive=True), key=lambda one: one.number)


@pytest.mark.parametrize("source", [BARE, WITHIN, SUBMITTED, DEEP])
def test_a_child_whose_register_model_fails_shows_the_reason(
    submit: Callable[[str], Run], source: str
) -> None:
    child = last_child(submit(source))
    reason = REASON.format(id=child.id)

    said = diagnosis(child._record)
    details = child.get_details()["error"]["error"]["message"]
    row = child.describe()

    assert child.get_status() == "Failed"
    assert reason in said["exception"]
    assert any(reason in line for line in said["last_lines"])
    assert reason in details
    assert reason in row["failure"]


def test_a_child_that_its_parents_script_left_open_names_whose_output_it_shows(
    submit: Callable[[str], Run],
) -> None:
    parent = submit(BARE)
    child = last_child(parent)

    said = diagnosis(child._record)
    message = child.get_details()["error"]["error"]["message"]

    assert said["what"].startswith("the process that held the run open ended without completing it")
    assert said["cause"] == "process_exited"
    assert said["log"] == f"{parent.directory}/{std_log(1)}"
    assert f"The last lines of the output of {parent.id}:\nTraceback" in message


def test_a_child_of_a_parent_that_was_killed_says_so(submit: Callable[[str], Run]) -> None:
    parent = submit("""
        import os, signal
        from azureml.core import Run

        Run.get_context().child_run()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    child = last_child(parent)

    assert "SIGKILL" in child.describe()["failure"]
    assert "SIGKILL" in diagnosis(child._record)["what"]


def test_what_is_said_of_a_child_itself_goes_before_its_parents_error(
    submit: Callable[[str], Run],
) -> None:
    child = last_child(
        submit("""
        from azureml.core import Run

        Run.get_context().child_run().fail("the fold is empty")
        raise ValueError("later")
    """)
    )

    assert child.describe()["failure"] == "the fold is empty"
    assert "later" not in child.get_details()["error"]["error"]["message"]
