"""Whatever is killed, whenever, on a cluster: no wrong end, no lost metric, no stranger canceled.

The short form has a moment of each, `TORTURE=long` ten; `TORTURE_SEED=…` repeats one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slurm.cluster import Cluster
from slurm.kills import SCRIPT, VICTIMS, Case
from slurm.settings import Targets
from torture import report


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
