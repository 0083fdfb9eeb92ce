"""Every operation, with a fault at each of its calls in turn: nothing breaks that may not.

The short form tries a sample of the calls that the seed chooses, the long one all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers import children
from torture import operations, report, supervised, sweep

LANES = 3


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("a change", [one.name for one in operations.CHANGES]),
        ("a script's logging", [one.name for one in operations.IN_SCRIPT]),
        ("a reader", [one.name for one in operations.READS]),
    ],
)
def test_a_fault_at_any_call_breaks_nothing(
    workspace_dir: Path, what: str, names: list[str]
) -> None:
    def play(lane: int) -> dict[str, object]:
        return sweep.lane(names[lane::LANES], str(workspace_dir / f"lane-{lane}"))

    _settle(what, children.race(LANES, play))


def test_a_fault_at_any_call_of_a_supervisor_breaks_nothing(workspace_dir: Path) -> None:
    parts = supervised.parts()

    def play(lane: int) -> dict[str, object]:
        return supervised.lane(parts[lane::LANES], str(workspace_dir / f"lane-{lane}"))

    _settle("a supervisor", children.race(LANES, play))


def _settle(what: str, found: list[dict[str, Any]]) -> None:
    """Count the tries of all lanes by kind of fault, and fail if anything broke."""
    breaks = [text for lane in found for text in lane["breaks"]]
    tries: dict[str, int] = {}
    for lane in found:
        for kind, number in lane["tries"].items():
            tries[kind] = tries.get(kind, 0) + number
    for kind in sorted(tries):
        report.add(f"k-th call of {what}: {kind}", tries[kind], [])
    report.settle(f"k-th call of {what}: all", sum(tries.values()), breaks)
