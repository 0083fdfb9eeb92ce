"""The run of a script that is tried by hand: what it says, and how scripts find out."""

from __future__ import annotations

from pathlib import Path

import pytest

from homerun import Run, UserError
from homerun.sdk.offline import OfflineRun


@pytest.fixture
def run(workspace_dir: Path) -> Run:
    return Run.get_context()


def test_a_script_can_tell_an_offline_run_in_each_known_way(run: Run) -> None:
    assert run.id.startswith("OfflineRun")
    assert "OfflineRun" in str(run)
    assert isinstance(run, OfflineRun)
    assert type(run) is OfflineRun
    assert type(run).__name__ == "_OfflineRun"
    assert not hasattr(run, "experiment")
    assert run.parent is None


def test_a_block_says_when_it_begins_and_ends(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run as entered, run.child_run("fold") as child:
        assert entered is run

    start, stop = "[START] Run {} context", "[STOP] Run {} context"
    ids = (run.id, child.id)
    assert capsys.readouterr().out.splitlines() == [
        *(start.format(i) for i in ids),
        *(stop.format(i) for i in reversed(ids)),
    ]
    assert child.id == f"{run.id}.fold"
    assert child.name == "fold"
    assert run.get_status() == child.get_status() == "Completed"


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("x"), "Failed"), (SystemExit(3), "Failed"), (SystemExit(0), "Completed")],
    ids=repr,
)
def test_an_error_leaves_the_block_and_decides_its_end(
    run: Run, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)), run:
        raise error

    assert run.get_status() == status


def test_the_first_end_stands_and_fail_comes_over_any(run: Run) -> None:
    run.complete()
    run.cancel()
    assert run.get_status() == "Completed"

    run.fail("no data")
    run.complete()
    assert run.get_status() == "Failed"


def test_tags_properties_and_flushes_are_printed_as_the_original_prints_them(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.tag("quality", "good")
    run.tag("bare")
    run.set_tags({"a": "1"})
    run.add_properties({"author": "me"})
    run.flush()

    assert capsys.readouterr().out.splitlines() == [
        "Attempted to add tag quality with value good",
        "Attempted to add tag bare with value None",
        "Attempted to set tags {'a': '1'}",
        "Attempted to add properties {'author': 'me'}",
        f"Attempted to flush run with id {run.id}",
    ]
    assert run.tags == {"quality": "good", "bare": None, "a": "1"}
    assert run.properties == {"author": "me"}


def test_offline_children_have_the_tags_that_tell_them_apart(run: Run) -> None:
    numbered = run.create_children(count=2)
    named = run.create_children(tag_key="fruit", tag_values=["apple", 3])

    assert [child.tags for child in (*numbered, *named)] == [
        {"azureml.batch_child_number": "0"},
        {"azureml.batch_child_number": "1"},
        {"fruit": "apple"},
        {"fruit": "3"},
    ]
    with pytest.raises(UserError, match="count"):
        run.create_children()


def test_an_offline_run_submits_no_children_and_says_what_does(run: Run) -> None:
    with pytest.raises(UserError, match=r"use Experiment\(Workspace.from_config\(\), NAME\)"):
        run.submit_child(None)  # type: ignore[arg-type]


def test_a_notebook_can_show_an_offline_run(run: Run) -> None:
    assert run.id in run._repr_html_()


def test_parameters_are_printed_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()

    run.log_params({"lr": 0.1})
    run.log_params({"lr": 0.2, "password": "x"})

    assert run.get_params() == run.params == {"lr": 0.2, "password": "*****"}
    assert "Attempted to log parameters {'lr': 0.1}" in capsys.readouterr().out
