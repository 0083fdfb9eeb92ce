"""A cancel beside a submit: no run of the family goes on, whoever is killed.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from pathlib import Path

from torture import families, lanes, report


def test_a_cancel_beside_a_submit_leaves_no_run_of_the_family(workspace_dir: Path) -> None:
    lanes.play("cancel beside a submit", families.lane, report.size(12, 1000), 3, workspace_dir)
