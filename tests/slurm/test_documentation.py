"""The five commands of docs/clusters.md, as typed, on a real cluster."""

from __future__ import annotations

from pathlib import Path

from helpers import installing, sources
from helpers.wait import DEADLINE_S
from slurm.cluster import Cluster

NO_GPUS = " --gres gpu:1"
"""The nodes of the cluster have none."""


def commands() -> list[str]:
    text = (sources.ROOT / "docs/clusters.md").read_text(encoding="utf-8")
    return text.partition("## From nothing")[2].split("```")[1].strip().splitlines()


def test_five_commands_lead_from_nothing_to_a_first_run(
    cluster: Cluster, workspace_dir: Path, tmp_path: Path
) -> None:
    Path("train.py").write_text("print('hello from the cluster')\n")
    lines = commands()
    assert len(lines) == 5

    told = installing.session(
        lines, tmp_path / "wheel", 4 * DEADLINE_S, lambda line: line.replace(NO_GPUS, "")
    )

    assert "gpu-cluster" in told[0]
    assert "the cluster would take such a job" in told[1]
    assert "hello from the cluster" in told[2]
