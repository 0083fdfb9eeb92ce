"""The five commands of the section on Ray in docs/clusters.md, as typed, on a real cluster."""

from __future__ import annotations

from pathlib import Path

from helpers import installing, sources
from helpers.ray_cluster import Cluster

NO_GPUS = " --num-gpus 1"
"""The cluster has none."""

PATIENCE_S = 600.0


def commands() -> list[str]:
    text = (sources.ROOT / "docs/clusters.md").read_text(encoding="utf-8")
    return text.partition("\n## Ray\n")[2].split("```")[1].strip().splitlines()


def test_five_commands_lead_from_nothing_to_a_first_run(cluster: Cluster, tmp_path: Path) -> None:
    Path("train.py").write_text("print('hello from the cluster')\n")
    lines = commands()
    assert len(lines) == 5

    def fits(line: str) -> str:
        return line.replace("http://head:8265", cluster.address).replace(NO_GPUS, "")

    told = installing.session(lines, tmp_path / "wheel", PATIENCE_S, fits)

    assert cluster.address in told[0]
    assert "the cluster has 4 CPUs now" in told[1] or "4 CPUs" in told[1]
    assert "hello from the cluster" in told[2]
