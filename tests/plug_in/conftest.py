"""The real MLflow for these tests: `make test-mlflow`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.mlflows import GENERATIONS, CannotBeHad, installed
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.environments import python_path
from runstore import layout

INSTALLED = Path(__file__).parents[2] / "build/mlflow"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}
"""No word to the network; and the store of plain files, which MLflow 3 has to be asked for."""


@pytest.fixture(scope="session")
def pythons() -> dict[str, Path]:
    """A Python with MLflow for each generation of it."""
    try:
        return installed(INSTALLED)
    except CannotBeHad as error:
        pytest.skip(str(error))


@pytest.fixture(params=list(GENERATIONS))
def generation(request: pytest.FixtureRequest) -> str:
    """A generation of MLflow: the test runs in each."""
    return str(request.param)


@pytest.fixture
def python(pythons: dict[str, Path], generation: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The Python of that generation."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    return str(pythons[generation])


@pytest.fixture
def submitted(python: str, script: Callable[..., Path]) -> Callable[..., Run]:
    """Submit a script, and wait for its end: `submitted(source, **settings)`."""

    def submit(source: str, **settings: Any) -> Run:
        script("train.py", source)
        config = ScriptRunConfig("source", "train.py", **settings)
        config.run_config.environment.python.interpreter_path = python
        config.run_config.environment.python.user_managed_dependencies = True
        run = Experiment(Workspace.from_config(), "digits").submit(config)
        run.wait_for_completion(raise_on_error=False)
        return run

    return submit


@pytest.fixture
def by_hand(python: str, workspace_dir: Path) -> Callable[..., str]:
    """What a script prints that is run by hand, with the plug-in or without."""

    def run(source: str, plug_in: bool = True, **variables: str) -> str:
        env = {**os.environ, **variables}
        if plug_in:  # as where homerun is installed
            env["PYTHONPATH"] = python_path.folder()
        done = subprocess.run(
            [python, "-c", source], env=env, cwd=workspace_dir, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def log_of(run: Run) -> str:
    """What the run's script has printed."""
    return Path(run.directory, layout.STD_LOG).read_text(encoding="utf-8")


def told_by(run: Run) -> Any:
    """The JSON in the last line of what its script has printed."""
    assert run.get_status() == "Completed", log_of(run)
    return json.loads(log_of(run).splitlines()[-1])
