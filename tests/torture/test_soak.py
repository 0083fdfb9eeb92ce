"""The kill soak: whoever is killed, whenever, the status is one that can be true.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from pathlib import Path

from helpers import children
from torture import report, soak

LANES = 6


def test_whoever_is_killed_whenever_the_status_is_true(workspace_dir: Path) -> None:
    count = report.size(300, 10_000)
    only = report.only_case()

    def play(lane: int) -> dict[str, object]:
        folder = str(workspace_dir / f"lane-{lane}")
        if only is not None:
            return soak.lane(only, only + 1, 1, folder)
        return soak.lane(lane, count, LANES, folder)

    found = children.race(LANES if only is None else 1, play)

    breaks = [text for lane in found for text in lane["breaks"]]
    tries: dict[str, int] = {}
    for lane in found:
        for fault, number in lane["tries"].items():
            tries[fault] = tries.get(fault, 0) + number
    for fault in sorted(tries):
        report.add(fault, tries[fault], [])
    report.settle("kill soak: all", sum(tries.values()), breaks)
    assert sum(tries.values()) == (count if only is None else 1)
