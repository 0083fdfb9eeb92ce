"""The five commands of the section on Ray in docs/clusters.md, on a real cluster."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from helpers import sources
from helpers.ray_cluster import Cluster

INSTALLING = ["python3 -m venv env", "env/bin/pip install homerun"]
"""What every test of a wheel does."""

NO_GPUS = " --num-gpus 1"
"""The cluster has none."""


def commands() -> list[str]:
    text = (sources.ROOT / "docs/clusters.md").read_text(encoding="utf-8")
    return text.partition("\n## Ray\n")[2].split("```")[1].strip().splitlines()


def test_five_commands_lead_from_nothing_to_a_first_run(cluster: Cluster) -> None:
    Path("train.py").write_text("print('hello from the cluster')\n")
    lines = commands()
    assert (lines[:2], len(lines)) == (INSTALLING, 5)
    told = []
    for line in lines[2:]:
        there = line.replace("http://head:8265", cluster.address).replace(NO_GPUS, "")
        words = shlex.split(there.replace("env/bin/homerun", "-m homerun"))
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        told.append(done.stdout)

    assert cluster.address in told[0]
    assert "the cluster has 4 CPUs now" in told[1] or "4 CPUs" in told[1]
    assert "hello from the cluster" in told[2]
