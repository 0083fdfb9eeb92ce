"""Runs as most tests of following and waiting need them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, Run, ScriptRunConfig, Workspace


@pytest.fixture
def submit(workspace_dir: Path, script: Callable[..., Path]) -> Callable[[str], Run]:
    """Submit a script given by its source."""

    def start(source: str) -> Run:
        script("train.py", source)
        experiment = Experiment(Workspace.from_config(), "submitted")
        return experiment.submit(ScriptRunConfig("source", "train.py"))

    return start
