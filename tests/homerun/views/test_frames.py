"""Runs and points as the columns of a data frame."""

from __future__ import annotations

import asyncio
import sys
from datetime import timezone
from types import SimpleNamespace

import pytest

import homerun
from homerun import Experiment, Run, Workspace
from homerun.base.errors import RunFailed, UserError


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries whose frames are the dict of columns that they are made of."""
    frames = SimpleNamespace(DataFrame=lambda found, **how: found)
    monkeypatch.setitem(sys.modules, "pandas", frames)
    monkeypatch.setitem(sys.modules, "polars", frames)


@pytest.fixture
def experiment(workspace_dir: object) -> Experiment:
    return Experiment(Workspace.from_config(), "digits")


def begun(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None, outputs=False)


@pytest.mark.usefixtures("columns")
def test_a_frame_has_a_row_for_each_run_and_a_column_for_each_name(experiment: Experiment) -> None:
    for loss in (3.0, 1.0):
        run = begun(experiment)
        run.log_params({"lr": loss / 10})
        run.log("loss", 9.0)
        run.log("loss", loss)
        run.complete()
    with begun(experiment) as odd:
        odd.tag("kind", "odd")

    found = experiment.to_pandas()

    assert found["number"] == [3, 2, 1]
    assert found["metrics.loss"] == [None, 1.0, 3.0]
    assert found["params.lr"] == [None, 0.1, 0.3]
    assert found["tags.kind"] == ["odd", None, None]
    assert {len(values) for values in found.values()} == {3}
    assert all(one.tzinfo == timezone.utc for one in found["created"])
    assert experiment.workspace.to_pandas(where="metrics.loss < 2", sort="metrics.loss")[
        "number"
    ] == [2]


@pytest.mark.usefixtures("columns")
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_points_are_rows_in_the_order_of_logging(experiment: Experiment, library: str) -> None:
    run = begun(experiment)
    run.log("loss", 2.0, step=1)
    run.log("acc", 0.5)
    run.log("loss", 1.0, step=2)
    run.complete()

    found = run.metrics_frame(library)

    assert found["name"] == ["loss", "acc", "loss"]
    assert found["index"] == [1, 1, 2]
    assert found["step"] == [1, None, 2]
    assert found["value"] == [2.0, 0.5, 1.0]


@pytest.mark.usefixtures("columns")
def test_the_runs_of_the_workspace_here_are_a_frame_too(experiment: Experiment) -> None:
    begun(experiment).complete()

    assert homerun.to_pandas() == homerun.to_pandas("digits") == experiment.to_pandas()
    assert homerun.to_pandas("digits", where="number > 1")["number"] == []


@pytest.mark.usefixtures("columns")
def test_of_no_runs_there_are_columns_without_rows(experiment: Experiment) -> None:
    begun(experiment).complete()

    assert experiment.to_pandas(status="Failed")["id"] == []


def test_a_library_that_is_not_there_is_named(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(experiment)
    run.complete()
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(UserError, match=r"a data frame needs polars: .*pip install polars"):
        run.metrics_frame("polars")
    with pytest.raises(UserError, match="library is 'pandas' or 'polars', not 'numpy'"):
        run.metrics_frame("numpy")


def test_the_best_run_is_by_the_metrics_name_or_as_it_is_said(experiment: Experiment) -> None:
    runs = []
    for loss in (3.0, 1.0, 2.0):
        runs.append(begun(experiment))
        runs[-1].log("val/loss", loss)
        runs[-1].complete()

    lowest, highest = experiment.best("val/loss"), experiment.best("val/loss", minimize=False)

    assert lowest is not None
    assert highest is not None
    assert (lowest.id, highest.id) == (runs[1].id, runs[0].id)
    assert experiment.best("other loss") is None
    with pytest.raises(UserError, match="is more of 'x' better"):
        experiment.best("x")


def test_runs_are_waited_for_together_while_other_code_goes_on(experiment: Experiment) -> None:
    first, other = begun(experiment), begun(experiment)

    async def both() -> list[str]:
        async def end() -> None:
            other.fail("no")
            first.complete()

        waits = [one.wait_async(raise_on_error=False) for one in (first, other)]
        *found, _ = await asyncio.gather(*waits, end())
        return [one["status"] for one in found if one is not None]

    assert asyncio.run(both()) == ["Completed", "Failed"]
    with pytest.raises(RunFailed, match="no"):
        asyncio.run(other.wait_async())
