"""The live list behind `homerun top`: its order, its figures, and that it survives a bad look."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from helpers.wait import DEADLINE_S, deadline
from homerun import Experiment, Run, Workspace
from homerun.views.live import figures
from homerun.views.live.figures import Figures
from homerun.views.live.watchlist import Scope, Watchlist
from homerun.views.table import Board
from runstore.errors import InvalidQuery
from runstore.index.live import Live
from runstore.metrics import samples
from runstore.store import Store

USED = ("cpu_percent", "memory", "gpu_percent", "gpu_memory")
BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


class Told:
    """A watchlist, and what it has told."""

    def __init__(self, watched: Watchlist) -> None:
        self.watched = watched
        self._told: Queue[None] = Queue()
        watched.told = lambda: self._told.put(None)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds, which is looked at whenever there is news."""
        left = deadline()
        while not holds():
            assert left(), [row["id"] for row in self.watched.rows or ()]
            self._told.get(timeout=DEADLINE_S)

    def ids(self, *expected: str) -> None:
        """Wait until these are the runs, in this order."""
        self.until(lambda: [row["id"] for row in self.watched.rows or ()] == list(expected))


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    return Workspace.from_config().store


@pytest.fixture
def watch(store: Store) -> Iterator[Callable[..., Told]]:
    """Watch the runs of a scope until the test is over."""
    begun: list[Watchlist] = []

    def begin(goal: tuple[str, bool] | None = None, **scope: Any) -> Told:
        watched = Watchlist(store, Scope(**scope), lambda: None, goal)
        told = Told(watched)
        begun.append(watched.__enter__())
        return told

    yield begin
    for watched in begun:
        watched.__exit__()


def begin(run_id: str, experiment: str = "e", **metrics: float) -> Run:
    run = Experiment(Workspace.from_config(), experiment).start_logging(run_id=run_id, **BARE)
    for name, value in metrics.items():
        run.log(name, value)
    run._metrics.close()
    return run


def done(run_id: str, experiment: str = "e", **metrics: float) -> Run:
    run = begin(run_id, experiment, **metrics)
    run.complete()
    return run


def test_the_reason_why_a_look_failed_is_shown_until_one_succeeds(
    store: Store, monkeypatch: pytest.MonkeyPatch, watch: Callable[..., Told]
) -> None:
    is_damaged = [True]
    freshen = Live.freshen

    def fails(live: Live, *given: Any, **named: Any) -> None:
        if is_damaged:
            raise sqlite3.OperationalError("disk I/O error")
        freshen(live, *given, **named)

    monkeypatch.setattr(Live, "freshen", fails)
    told = watch()
    told.until(lambda: told.watched.error)
    assert (told.watched.error, told.watched.rows) == ("disk I/O error", None)
    is_damaged.clear()
    told.watched.again()
    told.until(lambda: not told.watched.error)

    assert told.watched.rows == []


def test_runs_that_go_on_stand_first_each_above_those_below_it(
    watch: Callable[..., Told],
) -> None:
    first, parent = begin("first"), begin("parent")
    child = parent.child_run("child", run_id="child", outputs=False)
    done("over")
    later = begin("later")

    told = watch()

    told.ids("later", "parent", "child", "first", "over")
    depths = [row.get("depth") for row in told.watched.rows or ()]
    assert depths == [0, 0, 1, 0, None]
    assert told.watched.counts == {"Running": 4, "Completed": 1}
    for run in (child, first, parent, later):
        run.complete()


def test_rows_never_begun_wait_behind_those_that_run(watch: Callable[..., Told]) -> None:
    parent = begin("parent")
    rows = parent.create_children(2)

    told = watch()

    told.ids("parent", *(row.id for row in rows))
    parent.complete()


def test_only_the_runs_in_sight_have_figures(watch: Callable[..., Told]) -> None:
    done("one", loss=0.5)
    done("other", loss=0.5)
    told = watch()
    told.ids("other", "one")

    told.watched.in_sight = ("one",)
    told.watched.again()

    told.until(lambda: any("goal" in row for row in told.watched.rows or ()))
    other, one = told.watched.rows or []
    assert "goal" not in other
    assert one["goal"] == {"name": "loss", "last": 0.5, "trend": [0.5]}


def test_the_metric_that_was_asked_for_is_shown_and_no_other(watch: Callable[..., Told]) -> None:
    done("both", loss=0.5, accuracy=0.9)
    done("one", loss=0.4)
    told = watch(goal=("accuracy", True))
    told.ids("one", "both")

    told.watched.in_sight = ("both", "one")
    told.watched.again()

    told.until(lambda: all("goal" in row for row in told.watched.rows or ()))
    assert [(row["goal"] or {}).get("last") for row in told.watched.rows or ()] == [None, 0.9]


def test_a_run_says_which_of_those_below_it_is_the_best_by_the_goal(
    watch: Callable[..., Told],
) -> None:
    with begin("batch") as batch:
        for run_id, loss in (("first", 0.5), ("best", 0.25), ("last", 0.75)):
            child = batch.child_run(run_id=run_id, outputs=False)
            child.log("loss", loss)
            child.complete()
    told = watch(goal=("loss", False))
    told.ids("batch")

    told.watched.in_sight = ("batch",)
    told.watched.again()

    told.until(lambda: any(row.get("below") for row in told.watched.rows or ()))
    (row,) = told.watched.rows or []
    assert row["below"]["total"] == 3
    assert (row["below"]["best"]["run_id"], row["below"]["best"]["value"]) == ("best", 0.25)


def test_conditions_and_words_narrow_it_and_look_at_children_too(
    watch: Callable[..., Told],
) -> None:
    with begin("parent") as parent:
        child = parent.child_run("the child", run_id="child", outputs=False)
        child.tag("lr", "0.1")
        child.log("loss", 0.25)
        child.complete()
    done("other", loss=0.5)
    told = watch()
    told.ids("other", "parent")

    told.watched.narrow("metrics.loss < 0.3")
    told.ids("child")
    told.watched.narrow("lr=0.1")
    told.ids("child")
    told.watched.narrow("CHILD and status = completed")
    told.ids("child")
    told.watched.narrow("child completed and metrics.loss > 0.3")
    told.ids()
    told.watched.narrow("")
    told.ids("other", "parent")


def test_a_condition_that_is_none_is_refused_and_nothing_changes(
    watch: Callable[..., Told],
) -> None:
    done("one")
    told = watch()
    told.ids("one")

    with pytest.raises(InvalidQuery, match="there is no field 'speed'"):
        told.watched.narrow("speed > 3")
    with pytest.raises(InvalidQuery, match="not a valid number"):
        told.watched.narrow("metrics.loss < much")

    told.watched.again()
    told.ids("one")


def test_the_order_is_by_a_field_and_what_lacks_it_comes_last(watch: Callable[..., Told]) -> None:
    for run_id, metrics in (("b", {"loss": 0.2}), ("none", {}), ("a", {"loss": 0.1})):
        done(run_id, **metrics)
    told = watch()

    told.watched.narrow("", "metrics.loss")
    told.ids("a", "b", "none")
    told.watched.narrow("", "-metrics.loss")
    told.ids("b", "a", "none")
    told.watched.narrow("", "-memory")
    told.ids("a", "none", "b")
    told.watched.narrow("", "name")
    told.until(lambda: len(told.watched.rows or ()) == 3)


def test_what_cannot_be_looked_at_is_that_of_the_last_sample_while_a_run_goes_on(
    watch: Callable[..., Told],
) -> None:
    run = begin("on")
    samples.SampleLog(run.directory).add({"memory": 5 << 20, "gpu_percent": 80, "gpu_memory": 4096})
    told = watch()
    told.until(lambda: told.watched.rows)
    (row,) = told.watched.rows or ()
    assert [row[key] for key in USED] == [None, 5 << 20, 80, 4096]

    run.complete()
    told.watched.again()
    told.until(lambda: (told.watched.rows or [{}])[0]["ended"])
    (row,) = told.watched.rows or ()
    assert [row[key] for key in USED] == [None] * 4


def test_an_experiment_a_status_and_a_run_are_scopes(
    store: Store, watch: Callable[..., Told]
) -> None:
    with begin("parent", "e") as parent:
        parent.child_run("child", run_id="child", outputs=False).complete()
    done("other", "f").fail("no")

    watch(experiment="f").ids("other")
    watch(statuses=("failed",)).ids("other")
    watch(where=("name = child",)).ids("child")
    record = store.get("parent")
    assert record is not None
    below = watch(record=record)
    below.ids("child", "parent")
    below.watched.narrow("name = child")
    below.ids("child")


# When a run will be over


def ends(store: Store, row: dict[str, Any], numbers: dict[str, Any]) -> float | None:
    return Figures(Board(store), None)._end(row, numbers)


BEGUN = {"started": "2026-11-21T22:25:00Z", "parent": None}
BEGUN_S = 1_795_299_900.0


@pytest.mark.parametrize(
    ("done", "at", "expected"),
    [
        (0.25, BEGUN_S + 50, BEGUN_S + 200),
        (1, BEGUN_S + 50, BEGUN_S + 50),
        (25, BEGUN_S + 50, None),
        (0, BEGUN_S + 50, None),
        (-1, BEGUN_S + 50, None),
        (float("nan"), BEGUN_S + 50, None),
        ("half", BEGUN_S + 50, None),
        (0.5, BEGUN_S - 50, None),
    ],
)
def test_progress_tells_the_end_where_it_is_a_part_of_the_whole(
    store: Store, done: object, at: float, expected: float | None
) -> None:
    progress = {figures.PROGRESS: {"last": done, "last_time": at}}

    assert ends(store, BEGUN, progress) == expected


def test_what_is_left_is_not_guessed(store: Store) -> None:
    assert ends(store, BEGUN, {}) is None
    assert ends(store, {**BEGUN, "started": None}, {}) is None


def test_siblings_that_are_completed_tell_the_end(store: Store) -> None:
    with begin("parent") as parent:
        parent.child_run("failed", run_id="failed", outputs=False).fail("no")
        board = Board(store)
        board.live.freshen()
        row = {**BEGUN, "parent": "parent"}
        before = Figures(board, None)._end(row, {})
        parent.child_run("done", run_id="done", outputs=False).complete()
        board.live.freshen()
        (took,) = [one["duration_s"] for one in board.rows(["done"])]

        assert before is None
        assert Figures(board, None)._end(row, {}) == pytest.approx(BEGUN_S + took)
