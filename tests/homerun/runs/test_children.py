"""Runs below runs: made anywhere, by anybody, and each with the end that is its own."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import children
from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, RunFailed, ScriptRunConfig, UserError, Workspace
from homerun.runs import stop_request
from runstore import layout
from runstore.run import ledger

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "family")


@pytest.fixture
def parent(experiment: Experiment) -> Iterator[Run]:
    run = experiment.start_logging(**BARE)
    yield run
    run._metrics.close()  # pytest keeps the run until after the leak check


class Tree:
    """Three runs, each submitted from inside the one above, all waiting at a door."""

    def __init__(self, runs: list[Run], door: Gate, deed: Gate, ready: Fifo) -> None:
        self.top, self.middle, self.leaf = self.runs = runs
        self._door = door
        self._deed = deed
        self._ready = ready

    def let_go(self, runs: int) -> None:
        """Let the scripts end, and return when all that belongs to them is gone."""
        self._door.open(runs)
        self.wait()

    def do_the_deed(self) -> None:
        """Let the odd one do what it is there for."""
        self._deed.open()

    def wait(self) -> None:
        """Return when all runs are over and nothing of them lives."""
        for run in self.runs:
            run.wait_for_completion(raise_on_error=False)
        self._ready.eof()

    @property
    def statuses(self) -> list[str]:
        return [run.get_status() for run in self.runs]

    @property
    def causes(self) -> list[str | None]:
        return [run.describe()["outcome"]["cause"] for run in self.runs]


@pytest.fixture
def tree(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
) -> Callable[..., Tree]:
    """Plant a tree; `at_once` is the level that does not wait at the door, and what it does."""
    door, deed = gate("door"), gate("deed")
    script(
        "node.py",
        f"""
        import os, sys
        from homerun import Run, ScriptRunConfig
        fifo = {ready.opened}
        run = Run.get_context()
        level, odd_level, its_deed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        if level < 2:
            below = ScriptRunConfig(".", "node.py", [level + 1, *sys.argv[2:]], grace_s=0.3)
            run.submit_child(below)
        print(level, run.id, file=fifo)
        if level != odd_level:
            {door.passed}
        elif its_deed == "cancel parent":
            {deed.passed}
            run.parent.cancel()
        """,
    )

    def plant(odd_level: int = -1, its_deed: str = "") -> Tree:
        config = ScriptRunConfig("source", "node.py", [0, odd_level, its_deed], grace_s=0.3)
        experiment.submit(config)
        lines = sorted(ready.line().split() for _ in range(3))
        return Tree([Run(experiment, run_id) for _, run_id in lines], door, deed, ready)

    return plant


# Trees of three levels


def test_a_parent_that_ends_first_leaves_its_children_running(tree: Callable[..., Tree]) -> None:
    family = tree(0, "end")

    family.top.wait_for_completion()
    while_below_ran = family.statuses
    family.let_go(2)

    assert while_below_ran == ["Completed", "Running", "Running"]
    assert family.statuses == ["Completed"] * 3


def test_a_middle_that_ends_first_leaves_both_others_running(tree: Callable[..., Tree]) -> None:
    family = tree(1, "end")

    family.middle.wait_for_completion()
    while_others_ran = family.statuses
    family.let_go(2)

    assert while_others_ran == ["Running", "Completed", "Running"]
    assert family.statuses == ["Completed"] * 3


def test_cancel_reaches_all_below_and_waits_for_them(tree: Callable[..., Tree]) -> None:
    family = tree()

    family.top.cancel()
    at_once = family.statuses

    assert at_once == ["Canceled"] * 3
    assert family.causes == ["cancel"] * 3
    family.wait()


def test_cancel_reaches_below_a_child_that_is_over(tree: Callable[..., Tree]) -> None:
    family = tree(1, "end")
    family.middle.wait_for_completion()

    family.top.cancel()

    assert family.statuses == ["Canceled", "Completed", "Canceled"]
    family.wait()


def test_cancel_of_a_middle_leaves_the_top_running(tree: Callable[..., Tree]) -> None:
    family = tree()

    family.middle.cancel()
    while_top_ran = family.statuses
    family.let_go(1)

    assert while_top_ran == ["Running", "Canceled", "Canceled"]
    assert family.statuses == ["Completed", "Canceled", "Canceled"]


@pytest.mark.parametrize(
    ("level", "statuses"),
    [(1, ["Canceled"] * 3), (2, ["Completed", "Canceled", "Canceled"])],
)
def test_a_child_may_cancel_its_parent(
    tree: Callable[..., Tree], level: int, statuses: list[str]
) -> None:
    family = tree(level, "cancel parent")

    family.do_the_deed()
    family.middle.wait_for_completion()
    family.let_go(statuses.count("Completed"))

    assert family.statuses == statuses


def test_term_to_the_supervisor_of_a_parent_reaches_the_children(tree: Callable[..., Tree]) -> None:
    family = tree()

    os.kill(family.top.describe()["process"]["supervisor_pid"], signal.SIGTERM)
    family.wait()

    assert family.statuses == ["Canceled"] * 3


@pytest.mark.parametrize("kind", ["fail", "timeout"])
def test_fail_and_a_time_limit_do_not_reach_the_children(
    tree: Callable[..., Tree], kind: str
) -> None:
    family = tree()
    if kind == "fail":
        family.top.fail("it diverged")
    else:  # what the supervisor does itself when the time is over
        family.top._record.publish(layout.STOP, {"kind": "timeout"})
        stop_request.wake_supervisor(family.top.directory)
        family.top.wait_for_completion(raise_on_error=False)

    while_below_ran = family.statuses
    family.let_go(2)

    assert while_below_ran == ["Failed", "Running", "Running"]
    assert family.statuses == ["Failed", "Completed", "Completed"]
    assert family.causes == [kind, None, None]


def test_cancel_of_an_interactive_parent_reaches_all_below(
    parent: Run, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    child = parent.child_run()
    row = child.create_children(1)[0]
    done = parent.child_run()
    done.complete()
    submitted = row.submit_child(ScriptRunConfig("source", "train.py"))
    ready.line()

    parent.cancel()

    below = (child, row, submitted, done)
    assert [run.get_status() for run in below] == ["Canceled"] * 3 + ["Completed"]
    ready.eof()


# Making children


def test_children_are_made_by_several_processes_at_once(
    parent: Run, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    def make(number: int) -> list[str]:
        single = parent.child_run(f"by {number}")
        single.complete()
        submitted = parent.submit_child(ScriptRunConfig("source", "train.py"))
        submitted.wait_for_completion()
        return [single.id, submitted.id, *(row.id for row in parent.create_children(5))]

    made = children.race(6, make)
    found = list(parent.get_children())
    parent.complete()

    assert len(found) == 6 * 7
    assert {run.id for run in found} == {run_id for ids in made for run_id in ids}
    assert len({run.number for run in found}) == len(found)
    assert {run.parent for run in found} == {parent}


def test_a_run_submitted_from_a_notebook_knows_its_parent(
    parent: Run, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        run = Run.get_context()
        print(run.parent.id, run.parent.get_status(), run.parent.parent, run.tags)
        """,
    )

    child = parent.submit_child(ScriptRunConfig("source", "train.py"), tags={"fruit": "apple"})
    child.wait_for_completion()
    parent.complete()

    assert b"".join(child.stream()).decode() == f"{parent.id} Running None {{'fruit': 'apple'}}\n"
    assert list(parent.get_children()) == [child]
    assert parent.parent is None


def test_children_are_waited_for_inside_their_parent(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("child.py", "import sys; sys.exit(int(sys.argv[1]))")
    script(
        "parent.py",
        """
        from homerun import Run, RunFailed, ScriptRunConfig
        run = Run.get_context()
        good, bad = (run.submit_child(ScriptRunConfig(".", "child.py", [n])) for n in (0, 3))
        print(good.wait_for_completion(show_output=True)["status"])
        print(bad.wait_for_completion(raise_on_error=False)["status"])
        try:
            bad.wait_for_completion()
        except RunFailed:
            print(run.get_status())
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "parent.py"))

    run.wait_for_completion()

    printed = b"".join(run.stream()).decode().splitlines()
    assert [line for line in printed if line in ("Completed", "Failed", "Running")] == [
        "Completed",
        "Failed",
        "Running",
    ]
    assert [child.get_status() for child in run.get_children()] == ["Failed", "Completed"]


def test_a_child_that_fails_says_so_to_its_notebook(
    parent: Run, script: Callable[..., Path]
) -> None:
    script("child.py", "raise ValueError('it diverged')")
    child = parent.submit_child(ScriptRunConfig("source", "child.py"))

    with pytest.raises(RunFailed, match=r"it diverged"):
        child.wait_for_completion()
    parent.complete()

    assert (parent.get_status(), child.get_status()) == ("Completed", "Failed")


# Rows


def test_a_row_begins_when_it_is_first_used(parent: Run) -> None:
    rows = parent.create_children(6)
    before = [row.get_status() for row in rows]
    rows[0].log("loss", 0.5)
    rows[1].start()
    rows[2].child_run().complete()
    with rows[3]:
        inside = rows[3].get_status()
    rows[4].complete()
    after = [row.get_status() for row in rows]
    parent.complete()

    assert before == ["NotStarted"] * 6
    assert inside == "Running"
    assert after == ["Running"] * 3 + ["Completed"] * 2 + ["NotStarted"]
    for row in rows[:3]:
        row.complete()


def test_looking_at_a_row_and_labelling_it_does_not_begin_it(parent: Run) -> None:
    (row,) = parent.create_children(tag_key="fold", tag_values=[3])

    row.tag("quality", "unknown")
    row.add_properties({"author": "ann"})
    row.display_name = "third fold"
    seen = (row.get_details()["status"], row.get_metrics(), list(row.get_children()), repr(row))

    assert seen[:3] == ("NotStarted", {}, [])
    assert row.tags == {"fold": "3", "quality": "unknown"}
    parent.complete()
    assert row.get_status() == "Canceled"


def test_of_processes_that_race_for_a_row_one_begins_it_and_all_use_it(parent: Run) -> None:
    (row,) = parent.create_children(1)

    def use(number: int) -> str:
        mine = Run.get(parent.experiment.workspace, row.id)
        mine.log("number", number)
        return mine.get_status()

    seen = children.race(8, use)

    assert set(seen) <= {"Running", "Failed"}  # its owner may be gone before the last one looks
    assert sorted(row.get_metrics()["number"]) == list(range(8))
    assert row.get_status() == "Failed"
    assert row.describe()["outcome"]["cause"] == "process_exited"
    parent.complete()


def test_rows_never_begun_are_canceled_when_their_parent_ends(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        first, *others = Run.get_context().create_children(3)
        first.log("loss", 0.5)
        others[0].create_children(1)
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    last, middle, first = run.get_children()
    (below,) = middle.get_children()

    found = [one.get_status() for one in (first, middle, last, below)]
    assert found == ["Completed", "Completed", "Canceled", "Canceled"]
    assert last.describe()["outcome"]["cause"] == "never_started"
    assert below.describe()["outcome"]["cause"] == "never_started"


def test_many_rows_are_made_and_listed_in_order(parent: Run) -> None:
    rows = list(parent.create_children(2000))
    found = list(parent.get_children())
    parent.complete()

    assert found == rows[::-1]
    assert [row.tags["azureml.batch_child_number"] for row in rows[:3]] == ["0", "1", "2"]
    first = rows[0].number or 0
    assert [row.number for row in rows[::500]] == [first + n for n in range(0, 2000, 500)]
    assert len({row.id for row in rows}) == 2000


def test_rows_get_a_tag_each(parent: Run) -> None:
    rows = parent.create_children(tag_key="fruit", tag_values=["apple", 2, 0.5, None])

    assert [row.tags["fruit"] for row in rows] == ["apple", "2", "0.5", "None"]
    assert list(parent.create_children(0)) == []
    assert list(parent.create_children(tag_key="fruit", tag_values=[])) == []
    parent.complete()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"tag_key": "fruit"},
        {"tag_values": ["apple"]},
        {"count": 2, "tag_key": "fruit", "tag_values": ["apple", "banana"]},
        {"count": 2, "tag_key": "fruit"},
        {"count": -1},
        {"count": "3"},
        {"count": 1.5},
        {"count": True},
    ],
    ids=str,
)
def test_rows_that_nobody_can_mean_are_refused(parent: Run, arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError) as refused:
        parent.create_children(**arguments)

    assert "\n" not in str(refused.value)
    assert list(parent.get_children()) == []
    parent.complete()


# Finding them


def test_children_are_found_by_conditions(
    experiment: Experiment, parent: Run, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    completed, failed = parent.child_run("a"), parent.child_run("b")
    completed.tag("quality", "great")
    completed.add_properties({"author": "ann", "azureml.runsource": "sweep"})
    failed.set_tags({"quality": "poor", "checked": None})
    grandchild = completed.child_run()
    grandchild.tag("quality", "great")
    submitted = parent.submit_child(ScriptRunConfig("source", "train.py"))
    submitted.wait_for_completion()
    (row,) = parent.create_children(1)
    for run in (grandchild, completed):
        run.complete()
    failed.fail()

    def found(**wanted: Any) -> list[Run]:
        return list(parent.get_children(**wanted))

    assert found() == [row, submitted, failed, completed]
    assert found(recursive=True) == [row, submitted, grandchild, failed, completed]
    assert found(tags="quality") == [failed, completed]
    assert found(tags={"quality": "great"}) == [completed]
    assert found(tags={"quality": "great"}, recursive=True) == [grandchild, completed]
    assert found(tags={"checked": None}) == [failed]
    assert found(properties={"author": "ann"}) == [completed]
    assert found(properties="author", tags={"quality": "poor"}) == []
    assert found(type="azureml.scriptrun") == [submitted]
    assert found(type="sweep") == [completed]
    assert found(status="Completed") == [submitted, completed]
    assert found(status="NotStarted") == [row]
    assert list(completed.get_children()) == [grandchild]
    assert type(found(type="azureml.scriptrun")[0]).__name__ == "ScriptRun"
    parent.complete()


def test_a_removed_child_is_skipped(parent: Run) -> None:
    one, two = parent.child_run(), parent.child_run()
    below = one.child_run()
    for run in (below, one, two):
        run.complete()
    shutil.rmtree(one.directory)

    assert list(parent.get_children()) == [two]
    assert list(parent.get_children(recursive=True)) == [two]
    assert below.parent is None
    assert os.path.islink(f"{parent.directory}/children/{one.id}")
    parent.cancel()
    assert (parent.get_status(), two.get_status()) == ("Canceled", "Completed")


def test_children_copied_in_without_a_line_in_the_ledger_are_found(parent: Run) -> None:
    one = parent.child_run()
    one.complete()
    path = Path(parent.directory).parent / "ledger"
    lines = [line.run_id for line in ledger.newest_first(str(path))]
    path.write_bytes(path.read_bytes()[: -ledger.WIDTH])

    assert lines == [one.id, parent.id]
    assert list(parent.get_children()) == [one]
    parent.complete()


def test_metrics_of_a_family_are_read_by_run(parent: Run, script: Callable[..., Path]) -> None:
    script("train.py", "from homerun import Run; Run.get_context().log('loss', 0.25)")
    child, silent = parent.child_run(), parent.child_run()
    grandchild = child.child_run()
    parent.log("loss", 1)
    grandchild.log("loss", 0.5)
    grandchild.log("epoch", 7)
    submitted = silent.submit_child(ScriptRunConfig("source", "train.py"))
    submitted.wait_for_completion()
    for run in (grandchild, child, silent, parent):
        run.complete()

    assert parent.get_metrics() == {"loss": 1}
    assert parent.get_metrics(recursive=True) == {
        parent.id: {"loss": 1},
        grandchild.id: {"loss": 0.5, "epoch": 7},
        submitted.id: {"loss": 0.25},
    }
    assert parent.get_metrics("epoch", recursive=True) == {grandchild.id: {"epoch": 7}}
    assert parent.get_metrics(recursive=True, run_type="azureml.scriptrun") == {
        parent.id: {"loss": 1},
        submitted.id: {"loss": 0.25},
    }
    assert silent.get_metrics() == {}
