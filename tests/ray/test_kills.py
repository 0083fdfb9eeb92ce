"""Whatever is killed, whenever, on a Ray cluster: no wrong end, no lost metric, no process left.

The short form has a moment of most, `TORTURE=long` ten of each; `TORTURE_SEED=…` repeats one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.ray_cluster import Cluster
from torture import report
from torture.placed_case import SCRIPT
from torture.ray_case import OF_CLUSTER, VICTIMS, Case


@pytest.mark.parametrize("victim", VICTIMS)
def test_whatever_is_killed_the_record_is_true_and_strangers_are_left_alone(
    cluster: Cluster, script: Callable[..., Path], tmp_path: Path, victim: str
) -> None:
    if victim in OF_CLUSTER and not cluster.is_far:
        pytest.skip("no PID namespaces here, so that its processes are seen from this host")
    script("train.py", SCRIPT)
    breaks: list[str] = []
    count = report.size(1, 10)
    for number in range(count):
        breaks += Case(victim, number, cluster, tmp_path).play()

    report.settle(f"Ray: {victim} killed", count, breaks)
