"""A real Ray cluster for these tests: `make test-ray`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.ray_cluster import CannotBeHad, Cluster, installed
from homerun import Workspace
from homerun.targets.engines import watch
from runstore import layout
from torture import report

UNPACKED = Path(__file__).parents[2] / "build/ray"


@pytest.fixture(scope="session")
def ray() -> Iterator[Cluster]:
    """One cluster for the session."""
    try:
        programs = installed(UNPACKED)
    except CannotBeHad as error:
        pytest.skip(str(error))
    made = Cluster(programs)
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def cluster(ray: Cluster, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, as the targets `ray` and `large`, which asks for more than there is."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.5)
    monkeypatch.setenv("RAY_AUTH_TOKEN", ray.token)
    root = Workspace.from_config()._store.for_writing().root
    said = {"type": "ray", "address": ray.address, "num_cpus": 0.5}
    targets = {"ray": said, "large": {**said, "num_cpus": 64}}
    Path(root, layout.SETTINGS).write_text(json.dumps({"targets": targets}))
    return ray


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the kills: who was killed, tries, breaks."""
    lines = report.table()
    if lines:
        terminalreporter.section("kills")
        for line in lines:
            terminalreporter.write_line(line)
