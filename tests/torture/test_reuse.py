"""Pids that are used again, forced: no stranger is ever signalled, and the run ends Failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from torture import report, reuse

BOOT = (
    "import sys; sys.path[:0] = sys.argv[1:2]; "
    "from torture import reuse; reuse.main(sys.argv[2], int(sys.argv[3]))"
)


def test_a_stranger_of_the_same_pid_is_never_signalled(
    needs_pid_namespace: None, tmp_path: Path
) -> None:
    count = report.size(100, 10_000)
    tests = str(Path(__file__).parents[1])
    apart = ["unshare", "-rpf", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [*apart, sys.executable, "-c", BOOT, tests, str(tmp_path), str(count)],
        env={**os.environ, report.SEED_VARIABLE: str(report.SEED)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "said").read_text())

    for name in reuse.ACTS:
        report.add(f"forced PID reuse: {name.replace('_', ' ')}", said["tries"].get(name, 0), [])
    report.settle("forced PID reuse: in all", count, said["breaks"])
    assert said["same_ticks"], "no pid was used again within a tick: this shows nothing"
