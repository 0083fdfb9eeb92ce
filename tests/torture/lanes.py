"""Cases of a torture, played side by side in some processes, each of which takes its share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import children
from torture import report

Lane = Callable[[int, int, int, str], dict[str, Any]]
"""Plays every `step`-th case from the first on in a folder of its own: `tries` and `breaks`."""


def play(what: str, lane: Lane, count: int, lanes: int, folder: Path) -> None:
    """Play the cases and report them. TORTURE_CASE plays one alone."""
    only = report.only_case()

    def part(number: int) -> dict[str, Any]:
        own = str(folder / f"lane-{number}")
        if only is not None:
            return lane(only, only + 1, 1, own)
        return lane(number, count, lanes, own)

    found = children.race(lanes if only is None else 1, part)
    tries: dict[str, int] = {}
    for one in found:
        for fault, times in one["tries"].items():
            tries[fault] = tries.get(fault, 0) + times
    for fault in sorted(tries):
        report.add(fault, tries[fault], [])
    played = sum(tries.values())
    report.settle(f"{what}: all", played, [text for one in found for text in one["breaks"]])
    assert played == (count if only is None else 1)
