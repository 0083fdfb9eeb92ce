"""The kill soak: whoever is killed, whenever, the status is one that can be true.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from pathlib import Path

from torture import lanes, report, soak


def test_whoever_is_killed_whenever_the_status_is_true(workspace_dir: Path) -> None:
    lanes.play("kill soak", soak.lane, report.size(300, 10_000), 6, workspace_dir)
