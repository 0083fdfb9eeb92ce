"""Whoever is killed, whenever: of the runs that wait none is lost, run twice, or stuck.

`TORTURE_SEED=… TORTURE_CASE=n` plays one case again.
"""

from __future__ import annotations

from pathlib import Path

from helpers import children
from torture import queued, report

LANES = 4


def test_whoever_is_killed_no_run_that_waits_is_lost_run_twice_or_stuck(
    workspace_dir: Path,
) -> None:
    count = report.size(24, 3_000)
    only = report.only_case()

    def play(lane: int) -> dict[str, object]:
        folder = str(workspace_dir / f"lane-{lane}")
        if only is not None:
            return queued.lane(only, only + 1, 1, folder)
        return queued.lane(lane, count, LANES, folder)

    found = children.race(LANES if only is None else 1, play)

    breaks = [text for lane in found for text in lane["breaks"]]
    tries: dict[str, int] = {}
    for lane in found:
        for fault, number in lane["tries"].items():
            tries[fault] = tries.get(fault, 0) + number
    for fault in sorted(tries):
        report.add(fault, tries[fault], [])
    report.settle("queue: all", sum(tries.values()), breaks)
