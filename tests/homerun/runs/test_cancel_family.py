"""A cancel reaches the runs below a run: those that wait, that run, and that appear meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, Workspace
from homerun.runs import interactive, owner, stop_request, submit
from runstore import layout, look, status
from runstore.run.record import Record
from runstore.upkeep.check import check


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    """An experiment, and a script that ends only when it is stopped."""
    script("wait.py", "import signal; signal.pause()")
    return Experiment(Workspace.from_config(), "family")


def test_a_cancel_reaches_a_run_at_any_depth(experiment: Experiment) -> None:
    top = here = experiment.start_logging(snapshot_directory=None, outputs=False)
    for _ in range(60):  # a path through so many links cannot be resolved
        here = here.child_run()
    deepest = here.submit_child(ScriptRunConfig("source", "wait.py"))

    top.cancel()

    assert deepest.get_status() == here.get_status() == "Canceled"


@pytest.mark.parametrize("place", ["local", "free", "taken"])
def test_a_run_that_appears_after_the_cancel_has_looked_is_never_started(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place != "local":
        experiment.workspace.targets.add(place, slots=1)
    config = ScriptRunConfig("source", "wait.py", compute_target=place)
    first = experiment.submit(config) if place == "taken" else None
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    make = submit._make

    def made_too_late(*given: object) -> object:
        made = make(*given)  # type: ignore[arg-type]
        # As a cancel whose look for children was over: the end is published, and none was asked.
        monkeypatch.setattr(stop_request, "cancel_children", lambda folder: None)
        interactive.end(parent._record, status.CANCELED)
        return made

    monkeypatch.setattr(submit, "_make", made_too_late)
    child = parent.submit_child(config)
    if first is not None:
        first.cancel()

    assert look.at(child._record).status == "Canceled"
    assert not Path(child.directory, "started.json").exists()
    assert check(experiment.workspace.store) == []


def cancel_and_be_killed(parent: Run) -> None:
    """Publish the end of a run, and ask none of those below it to end."""
    end_alone(parent, status.ended(status.CANCELED))


def end_alone(parent: Run, outcome: dict[str, object]) -> None:
    parent._record.end(outcome)
    owner.closed(parent.directory)


def test_a_cancel_whose_process_was_killed_is_finished_by_the_next_cancel(
    experiment: Experiment,
) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    child = parent.submit_child(ScriptRunConfig("source", "wait.py"))
    cancel_and_be_killed(parent)
    assert not look.at(child._record).is_over

    parent.cancel()

    assert look.at(child._record).status == "Canceled"


def test_many_that_are_canceled_again_take_what_goes_on_below_them_along(
    experiment: Experiment,
) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    child = parent.submit_child(ScriptRunConfig("source", "wait.py"))
    cancel_and_be_killed(parent)
    (row,) = experiment.workspace.cancel_runs([parent])

    assert (row["was"], row["error"]) == ("Canceled", None)
    assert look.at(child._record).status == "Canceled"


def test_a_look_at_a_run_below_a_canceled_one_cancels_it(experiment: Experiment) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    inner = parent.child_run()
    child = inner.submit_child(ScriptRunConfig("source", "wait.py"))
    cancel_and_be_killed(parent)
    child.get_status()
    child.wait_for_completion()

    assert child.get_status() == "Canceled"
    assert inner.get_status() == "Canceled"
    owner.closed(inner.directory)


def test_a_look_ends_a_run_that_waits_and_whose_submitter_was_killed_as_it_canceled_it(
    experiment: Experiment,
) -> None:
    experiment.workspace.targets.add("taken", slots=1)
    config = ScriptRunConfig("source", "wait.py", compute_target="taken")
    first = experiment.submit(config)
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    child = parent.submit_child(config)
    child._record.publish(layout.STOP, {"kind": status.CANCEL, "why": status.WITH_PARENT})
    end_alone(parent, status.ended(status.CANCELED))
    assert look.at(child._record).status == "CancelRequested"

    assert child.get_status() == "Canceled"
    first.cancel()

    assert not Path(child.directory, "started.json").exists()
    assert check(experiment.workspace.store) == []


def test_a_run_that_waits_below_a_canceled_one_is_not_started(experiment: Experiment) -> None:
    experiment.workspace.targets.add("one", slots=1)
    config = ScriptRunConfig("source", "wait.py", compute_target="one")
    first = experiment.submit(config)
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    waits = parent.submit_child(config)
    assert waits.get_status() == "Queued"
    cancel_and_be_killed(parent)
    first.cancel()
    seen = wait_until(lambda: look.at(waits._record).outcome, "the run that waits is over")

    assert (seen["status"], seen["cause"]) == ("Canceled", "cancel")
    assert not Path(waits.directory, "started.json").exists()


def test_what_goes_on_below_a_run_that_was_abandoned_is_not_canceled(
    experiment: Experiment,
) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    child = parent.submit_child(ScriptRunConfig("source", "wait.py"))
    end_alone(parent, status.abandoned())

    assert child.get_status() not in status.TERMINAL
    parent.cancel()
    assert child.get_status() not in status.TERMINAL
    child.cancel()


def test_a_cancel_looks_again_until_no_run_is_new(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    first = parent.submit_child(ScriptRunConfig("source", "wait.py"))
    ask, late = stop_request._cancel, []

    def ask_while_another_appears(record: Record) -> None:
        if not late:
            monkeypatch.setattr(stop_request, "follow_parent", lambda record: None)
            monkeypatch.setattr(submit, "_check_goes_on", lambda parent: None)
            late.append(parent.submit_child(ScriptRunConfig("source", "wait.py")))
        ask(record)

    monkeypatch.setattr(stop_request, "_cancel", ask_while_another_appears)
    parent.cancel()

    assert [first.get_status(), late[0].get_status()] == ["Canceled", "Canceled"]


def test_a_batch_that_is_canceled_while_it_is_submitted_leaves_no_run(
    experiment: Experiment,
) -> None:
    experiment.workspace.targets.add("two", slots=2)
    configs = [ScriptRunConfig("source", "wait.py", compute_target="two") for _ in range(120)]
    raised: list[BaseException] = []

    def submit_all() -> None:
        try:
            experiment.submit_many(configs, run_id="batch")
        except SubmitError as error:
            raised.append(error)

    submitter = threading.Thread(target=submit_all)
    submitter.start()
    while _count(experiment) < 10:
        continue
    Run.get(experiment.workspace, "batch").cancel()
    submitter.join()

    found = list(Run.get(experiment.workspace, "batch").get_children())
    assert {run.get_status() for run in found} == {"Canceled"}
    assert len(raised) == (len(found) < len(configs))


def _count(experiment: Experiment) -> int:
    folder = Path(experiment.workspace.store.root, "family", "batch", "children")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.mark.parametrize("how", ["complete", "cancel"])
def test_no_run_is_submitted_below_one_that_is_over(experiment: Experiment, how: str) -> None:
    parent = experiment.start_logging(snapshot_directory=None, outputs=False)
    getattr(parent, how)()

    with pytest.raises(SubmitError, match="is over"):
        parent.submit_child(ScriptRunConfig("source", "wait.py"))

    assert list(parent.get_children()) == []
