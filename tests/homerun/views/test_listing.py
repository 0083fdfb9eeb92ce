"""Finding runs again: by conditions, together or alone, newest first, no more than asked for."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.system import children, spawn
from runstore import layout
from runstore.errors import InvalidQuery
from runstore.fs import lock
from runstore.index import verify
from runstore.run import labels
from runstore.run.record import Record

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "queries")


class Known:
    """Six runs, oldest first, that differ in all that can be asked for."""

    def __init__(self, experiment: Experiment) -> None:
        start = experiment.start_logging
        self.great = start(**BARE, tags={"quality": "great run"}, properties={"author": "ann"})
        self.poor = start(**BARE, tags={"quality": "poor", "checked": None})
        self.poor.add_properties({"author": "bob", "seed": 7})
        self.child = self.poor.child_run()
        self.child.tag("quality", "great run")
        self.sweep = start(**BARE, properties={"azureml.runsource": "sweep"}, tags={"n": 3})
        self.script = experiment.submit(
            ScriptRunConfig("source", "train.py"), tags={"quality": "Great run", "checked": "yes"}
        )
        self.script.wait_for_completion()
        self.open = start(**BARE)
        self.great.complete()
        self.child.cancel()
        self.poor.fail()
        self.sweep.cancel()


@pytest.fixture
def known(experiment: Experiment, script: Callable[..., Path]) -> Iterator[Known]:
    script("train.py", "")
    runs = Known(experiment)
    yield runs
    runs.open.complete()


CONDITIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["open", "script", "sweep", "poor", "great"]),
    ({"include_children": True}, ["open", "script", "sweep", "child", "poor", "great"]),
    ({"tags": "quality"}, ["script", "poor", "great"]),
    ({"tags": "quality", "include_children": True}, ["script", "child", "poor", "great"]),
    ({"tags": "Quality"}, []),
    ({"tags": "checked"}, ["script", "poor"]),
    ({"tags": {"quality": "great run"}}, ["great"]),
    ({"tags": {"quality": "great"}}, []),
    ({"tags": {"checked": None}}, ["poor"]),
    ({"tags": {"checked": "None"}}, []),
    ({"tags": {"quality": None}}, []),
    ({"tags": {"n": 3}}, ["sweep"]),
    ({"tags": {"n": "3"}}, ["sweep"]),
    ({"tags": {"quality": "poor", "checked": None}}, ["poor"]),
    ({"tags": {"quality": "great run", "checked": None}}, []),
    ({"tags": {}}, ["open", "script", "sweep", "poor", "great"]),
    ({"properties": "author"}, ["poor", "great"]),
    ({"properties": {"author": "ann"}}, ["great"]),
    ({"properties": {"author": "bob", "seed": 7}}, ["poor"]),
    ({"properties": {"author": "ann", "seed": "7"}}, []),
    ({"type": "azureml.scriptrun"}, ["script"]),
    ({"type": "sweep"}, ["sweep"]),
    ({"type": "azureml"}, []),
    ({"tags": "quality", "properties": {"author": "ann"}}, ["great"]),
    ({"tags": "checked", "properties": "author"}, ["poor"]),
    ({"tags": "checked", "type": "azureml.scriptrun"}, ["script"]),
    ({"tags": "checked", "type": "sweep"}, []),
]


@pytest.mark.parametrize(("wanted", "names"), CONDITIONS, ids=str)
def test_runs_are_found_by_conditions_newest_first(
    experiment: Experiment, known: Known, wanted: dict[str, Any], names: list[str]
) -> None:
    expected = [getattr(known, name) for name in names]

    assert list(experiment.get_runs(**wanted)) == expected
    assert list(Run.list(experiment, **wanted)) == expected


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("Completed", ["script", "great"]),
        ("Failed", ["poor"]),
        ("Canceled", ["sweep", "child"]),
        ("Running", ["open"]),
        ("completed", ["script", "great"]),
        ("Queued", []),
    ],
)
def test_runs_are_found_by_status(
    experiment: Experiment, known: Known, status: str, names: list[str]
) -> None:
    found = Run.list(experiment, status=status, include_children=True)

    assert list(found) == [getattr(known, name) for name in names]


def test_a_status_that_there_is_none_of_is_refused_with_those_that_there_are(
    experiment: Experiment,
) -> None:
    with pytest.raises(InvalidQuery, match=r"'Done' is not a valid status.*Completed, Failed"):
        Run.list(experiment, status="Done")


def test_all_conditions_hold_together(experiment: Experiment, known: Known) -> None:
    found = Run.list(
        experiment,
        type="azureml.scriptrun",
        tags={"quality": "Great run"},
        status="Completed",
        include_children=True,
    )
    none = Run.list(experiment, tags="quality", properties="author", status="Canceled")

    assert list(found) == [known.script]
    assert list(none) == []


def test_found_runs_are_of_their_class_and_know_their_experiment(
    experiment: Experiment, known: Known
) -> None:
    (script,) = experiment.get_runs(type="azureml.scriptrun")
    (great,) = experiment.get_runs(tags={"quality": "great run"})

    assert [type(run).__name__ for run in (script, great)] == ["ScriptRun", "Run"]
    assert great.experiment.name == "queries"
    assert great.get_status() == "Completed"


def test_a_query_is_lazy_and_reads_no_run_before_it_is_asked_for(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        experiment.start_logging(**BARE, tags={"n": number}).complete()
    read = []
    labels = Record.labels

    def counted(record: Record) -> Any:
        read.append(record.id)
        return labels(record)

    monkeypatch.setattr(Record, "labels", counted)
    query = experiment.get_runs(tags="n")
    at_first = len(read)
    newest = list(islice(query, 3))

    assert isinstance(query, GeneratorType)
    assert at_first == 0
    assert [run.tags["n"] for run in newest] == ["19", "18", "17"]


def test_a_run_made_while_a_query_goes_on_takes_nothing_from_it(experiment: Experiment) -> None:
    runs = [experiment.start_logging(**BARE) for _ in range(3)]
    query = experiment.get_runs()

    first = next(query)
    late = experiment.start_logging(**BARE)
    rest = list(query)

    assert [first, *rest] == runs[::-1]
    assert next(experiment.get_runs()) == late
    for run in (*runs, late):
        run.complete()


def test_a_query_sees_labels_as_they_are_now(experiment: Experiment) -> None:
    run = experiment.start_logging(**BARE)
    run.complete()

    run.tag("quality", "great run")
    great = list(experiment.get_runs(tags={"quality": "great run"}))
    run.tag("quality", "poor")
    changed = list(experiment.get_runs(tags={"quality": "great run"}))
    run.remove_tags(["quality"])

    assert great == [run]
    assert changed == []
    assert list(experiment.get_runs(tags="quality")) == []


def test_experiments_are_listed(experiment: Experiment, workspace_dir: Path) -> None:
    workspace = experiment.workspace
    for name in ("beta", "Alpha", "größe", "x" * 200):
        Experiment(workspace, name)

    names = [one.name for one in Experiment.list(workspace)]
    beta = Experiment.list(workspace, "beta")

    assert names == sorted(["beta", "Alpha", "größe", "x" * 200, "queries"])
    assert list(workspace.experiments) == names
    assert [one.name for one in beta] == ["beta"]
    assert list(Experiment.list(workspace, "nobody")) == []
    assert list(workspace.experiments["größe"].get_runs()) == []


def test_an_experiment_finds_only_its_own_runs(experiment: Experiment) -> None:
    other = Experiment(experiment.workspace, "other")
    mine = experiment.start_logging(**BARE)
    foreign = other.start_logging(**BARE)
    for run in (mine, foreign):
        run.complete()

    assert list(experiment.get_runs()) == [mine]
    assert list(other.get_runs()) == [foreign]
    assert list(experiment.workspace.get_runs()) == [foreign, mine]


@pytest.mark.parametrize(
    "wanted",
    [
        {"tags": 5},
        {"properties": {"author"}},
    ],
    ids=str,
)
def test_conditions_of_a_wrong_type_are_one_clear_error_at_once(
    experiment: Experiment, wanted: dict[str, Any]
) -> None:
    (what,) = wanted
    run = experiment.start_logging(**BARE)
    run.complete()

    for ask in (experiment.get_runs, lambda **w: Run.list(experiment, **w), run.get_children):
        with pytest.raises(UserError, match=f"^{what} are a key or a dict") as refused:
            ask(**wanted)  # type: ignore[operator]
        assert "\n" not in str(refused.value)


def test_a_large_store_is_looked_through_beside_the_query_and_the_next_one_knows(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = experiment.start_logging(**BARE)
    run.complete()
    monkeypatch.setattr(verify, "SMALL", 0)
    assert list(experiment.get_runs(tags="by")) == []
    wait_until(lambda: not children.reap(), "the look is over")
    labels.write(run.directory, [(labels.TAG, "by", "hand")])  # as a copy would be: no mark
    with closing(sqlite3.connect(index_of(run))) as db, db:
        db.execute("DELETE FROM facts WHERE key = 'verified'")  # a minute passes
        db.execute("UPDATE runs SET settled = 1")

    list(experiment.get_runs(tags="by"))
    wait_until(lambda: not children.reap(), "the look is over")

    assert [one.id for one in experiment.get_runs(tags="by")] == [run.id]


@pytest.fixture
def begun(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that queries of a large store with one run begin; none of them is started."""
    experiment.start_logging(**BARE).complete()
    monkeypatch.setattr(verify, "SMALL", 0)
    found: list[str] = []
    monkeypatch.setattr(spawn, "start", lambda program, *_: found.append(program) or os.getpid())
    return found


def test_of_many_queries_one_has_all_runs_looked_at(
    experiment: Experiment, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "goes_on", bool)

    for _ in range(3):
        assert list(experiment.get_runs(tags="by")) == []

    assert len(begun) == 1


def test_a_query_beside_a_look_at_all_runs_begins_no_other(
    experiment: Experiment, begun: list[str]
) -> None:
    run = next(experiment.get_runs())
    looks = f"{os.path.dirname(index_of(run))}/{layout.INDEX_VERIFYING}"
    os.makedirs(os.path.dirname(looks), exist_ok=True)
    held = lock.take(looks, experiment.workspace.store.lock_kind)
    assert held is not None

    assert list(experiment.get_runs(tags="by")) == []
    lock.release(held)
    assert begun == []

    assert list(experiment.get_runs(tags="by")) == []
    assert len(begun) == 1


def index_of(run: Run) -> str:
    root = os.path.dirname(os.path.dirname(run.directory))
    return f"{root}/{layout.INDEX}/{layout.INDEX_FILE}"
