"""The kill soak: whoever is killed, whenever, the status is one that can be true.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torture import lanes, report, root_looks


def test_whoever_is_killed_whenever_the_status_is_true(workspace_dir: Path) -> None:
    with root_looks.others() as persons:
        lane = partial(root_looks.lane, persons)
        lanes.play("kill soak", lane, report.size(200, 10_000), root_looks.LANES, workspace_dir)
