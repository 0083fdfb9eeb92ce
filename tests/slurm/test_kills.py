"""Whatever is killed, whenever, on a cluster: no wrong end, no lost metric, no stranger canceled.

The short form has a moment of each, `TORTURE=long` ten; `TORTURE_SEED=…` repeats one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slurm.cluster import Cluster
from slurm.kills import VICTIMS, VICTIMS_OF_NODES, Case, CaseOfNodes
from slurm.settings import Targets
from torture import report
from torture.placed_case import SCRIPT


@pytest.mark.parametrize("victim", VICTIMS)
def test_whatever_is_killed_the_record_is_true_and_strangers_are_left_alone(
    cluster: Cluster,
    targets: Targets,
    script: Callable[..., Path],
    tmp_path: Path,
    victim: str,
) -> None:
    script("train.py", SCRIPT)
    breaks: list[str] = []
    count = report.size(1, 10)
    for number in range(count):
        breaks += Case(victim, number, cluster, tmp_path).play()
        cluster.clear()

    report.settle(f"Slurm: {victim} killed", count, breaks)


@pytest.mark.parametrize("victim", VICTIMS_OF_NODES)
def test_whatever_is_killed_of_a_run_on_several_nodes_its_record_is_true(
    cluster: Cluster,
    targets: Targets,
    script: Callable[..., Path],
    tmp_path: Path,
    victim: str,
) -> None:
    if victim.endswith("node") and not cluster.far:
        pytest.skip("no PID namespaces here, so that a node's processes are seen from this host")
    script("train.py", SCRIPT)
    targets.add("two", nodelist="n[2-3]")
    breaks: list[str] = []
    count = report.size(1, 10)
    for number in range(count):
        breaks += CaseOfNodes(victim, number, cluster, tmp_path).play()
        cluster.clear()

    report.settle(f"Slurm, two nodes: {victim} killed", count, breaks)
