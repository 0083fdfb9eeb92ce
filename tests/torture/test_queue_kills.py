"""Whoever is killed, whenever: of the runs that wait none is lost, run twice, or stuck.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from pathlib import Path

from torture import lanes, queued, report


def test_whoever_is_killed_no_run_that_waits_is_lost_run_twice_or_stuck(
    workspace_dir: Path,
) -> None:
    lanes.play("queue", queued.lane, report.size(24, 3_000), 4, workspace_dir)
