"""The five commands of docs/clusters.md, on a real cluster."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import sources
from helpers.wait import DEADLINE_S
from slurm.cluster import Cluster

INSTALLING = ["python3 -m venv env", "env/bin/pip install homerun"]
"""What every test of a wheel does."""

NO_GPUS = " --gres gpu:1"
"""The nodes of the cluster have none."""


def commands() -> list[str]:
    text = (sources.ROOT / "docs/clusters.md").read_text(encoding="utf-8")
    return text.partition("## From nothing")[2].split("```")[1].strip().splitlines()


def test_five_commands_lead_from_nothing_to_a_first_run(
    cluster: Cluster, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("train.py").write_text("print('hello from the cluster')\n")
    lines = commands()
    assert (lines[:2], len(lines)) == (INSTALLING, 5)
    told = []
    for line in lines[2:]:
        words = shlex.split(line.replace(NO_GPUS, "").replace("env/bin/homerun", "-m homerun"))
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=4 * DEADLINE_S
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        told.append(done.stdout)

    assert "gpu-cluster" in told[0]
    assert "the cluster would take such a job" in told[1]
    assert "hello from the cluster" in told[2]
