"""A real Slurm cluster for these tests: `make test-slurm`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import probes
from helpers.fifo import Gate
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.targets.engines import watch
from slurm.cluster import Cluster
from slurm.packages import CannotBeHad, find
from slurm.runs import Submit
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
            pytest.fail(f"Slurm does not start: {error}; {cluster.last_error()}")
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


@pytest.fixture
def submit(targets: Targets, script: Callable[..., Path]) -> Submit:
    """Submit a script's source: `submit("any", source, argument, ..., max_retries=1)`."""

    def start(target: str, source: str, *arguments: str, **options: Any) -> Run:
        script("train.py", source)
        config = ScriptRunConfig(
            "source", "train.py", list(arguments), compute_target=target, **options
        )
        return Experiment(Workspace.from_config(), "slurm").submit(config)

    return start


@pytest.fixture
def door(gate: Callable[[str], Gate]) -> Gate:
    """What holds the processes of a run back."""
    return gate("door")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the kills: who was killed, tries, breaks."""
    lines = report.table()
    if lines:
        terminalreporter.section("kills")
        for line in lines:
            terminalreporter.write_line(line)
