"""A real Slurm cluster for these tests: `make test-slurm`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import probes
from homerun import Workspace
from homerun.targets.engines import watch
from slurm.cluster import Cluster
from slurm.packages import CannotBeHad, find
from slurm.settings import Targets
from torture import report

UNPACKED = Path(__file__).parents[2] / "build/slurm"


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """One cluster of three nodes for the session."""
    try:
        programs = find(UNPACKED)
    except CannotBeHad as error:
        pytest.skip(str(error))
    cluster = Cluster(programs, nodes=3, are_far=probes.can_unshare_pid() and not os.getuid())
    try:
        try:
            cluster.start()
        except pytest.fail.Exception as error:
            pytest.skip(f"Slurm does not start on this machine: {error}; {cluster.last_error()}")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(slurm: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, idle, with its commands in PATH."""
    slurm.clear()
    monkeypatch.setenv("PATH", f"{slurm.bin}:{os.environ['PATH']}")
    return slurm


@pytest.fixture
def targets(cluster: Cluster, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Targets:
    """Targets: `near` on this host, `far` elsewhere, `any`."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.2)
    made = Targets(Path(Workspace.from_config()._store.for_writing().root))
    made.add("any", partition="cpu")
    made.add("near", nodelist="n1")
    made.add("far", nodelist="n3")
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the kills: who was killed, tries, breaks."""
    lines = report.table()
    if lines:
        terminalreporter.section("kills")
        for line in lines:
            terminalreporter.write_line(line)
