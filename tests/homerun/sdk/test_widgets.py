"""A run as `azureml.widgets` shows it: text anywhere, a page that keeps up in a notebook."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fifo import Gate
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.sdk.widgets import RunDetails


class Notebook:
    """What IPython does for a kernel, without one: `pages` is what was shown, in order."""

    def __init__(self, kernel: object) -> None:
        self.kernel = kernel
        self.pages: list[str] = []
        self.display = types.SimpleNamespace(display=self._show, HTML=str)

    def get_ipython(self) -> object:
        return types.SimpleNamespace(kernel=self.kernel)

    def _show(self, page: str, display_id: bool) -> Notebook:
        assert display_id
        self.update(page)
        return self

    def update(self, page: str) -> None:
        self.pages.append(page)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    shown = Notebook(kernel=object())
    monkeypatch.setitem(__import__("sys").modules, "IPython", shown)
    return shown


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "shown")


def joined() -> None:
    for thread in threading.enumerate():
        if thread.name == "RunDetails":
            assert thread.daemon
            thread.join(60)


def test_outside_of_a_notebook_a_run_is_shown_as_text(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        run.log_list("loss", [0.5, 0.25])
        run.log_table("curve", {"x": [1, 2], "y": [3, 4]})
        child = run.child_run("fold")
        child.complete()
    capsys.readouterr()

    RunDetails(run).show()

    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["Experiment: shown", f"Id: {run.id}", "Type: ", "Status: Completed"]
    assert lines[-3:] == ["loss: 0.25", "curve: x=2, y=4", f"Child: {child.id} (Completed)"]


def test_in_a_notebook_it_returns_at_once_and_keeps_up_until_the_run_is_over(
    experiment: Experiment,
    script: Callable[..., Path],
    gate: Callable[[str], Gate],
    notebook: Notebook,
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        from homerun import Run
        {door.passed}
        Run.get_context().log("loss", 0.25)
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))

    RunDetails(run).show(render_lib=None, widget_settings=None)
    (first,) = notebook.pages[:1]
    door.open()
    joined()

    assert "Completed" not in first
    assert "Completed" in notebook.pages[-1]
    assert "0.25" in notebook.pages[-1]
    assert len(set(notebook.pages)) == len(notebook.pages)


def test_a_run_that_is_removed_is_no_longer_followed(
    experiment: Experiment, notebook: Notebook
) -> None:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    RunDetails(run).show()

    Path(run.directory).rename("elsewhere")
    joined()

    assert "Running" in notebook.pages[-1]
    Path("elsewhere").rename(run.directory)
    run.complete()


def test_in_a_shell_of_ipython_it_is_text(
    experiment: Experiment, notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.kernel = None

    RunDetails(Run.get_context()).show()

    assert notebook.pages == []
    assert "Id: OfflineRun_" in capsys.readouterr().out


def test_an_offline_run_is_shown_as_it_is(workspace_dir: Path, notebook: Notebook) -> None:
    run = Run.get_context()
    run.log("loss", "<b>")

    RunDetails(run).show()

    assert len(notebook.pages) == 1
    assert "&lt;b&gt;" in notebook.pages[0]


def test_what_is_shown_can_be_had_as_data(experiment: Experiment) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        run.log("loss", 0.5)
        child = run.child_run()
        child.complete()

    data = RunDetails(run).get_widget_data()

    assert (data["run_id"], data["status"]) == (run.id, "Completed")
    assert data["run_metrics"] == {"loss": 0.5}
    assert data["child_runs"] == [{"run_id": child.id, "status": "Completed"}]
    assert data["run_properties"]["runId"] == run.id
