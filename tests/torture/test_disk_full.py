"""A disk that is really full: training goes on, nothing false is shown, and then it all comes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import probes
from torture import disk, report

TESTS = str(Path(__file__).resolve().parents[1])
INSIDE = "import json, sys; sys.path.insert(0, {!r}); from torture import disk; disk.main({!r})"
MOUNT = 'mkdir .runs && mount -t tmpfs -o size=4m none .runs && exec "$@"'
NAMES = {
    "submits": "full disk: submit with so many pages left",
    "endings": "full disk: the script ends",
    "cancels": "full disk: cancel",
    "kills": "full disk: the supervisor is killed",
    "training": "full disk: a script that logs and tags",
    "interactive": "full disk: an interactive run",
}


def _sizes() -> dict[str, Any]:
    chance = report.chance("disk")
    pages = sorted(chance.sample(range(64), report.size(6, 64)))
    kinds = [chance.choice(list(disk.ENDS)) for _ in range(report.size(2, 12))]
    return {
        "submits": pages,
        "endings": kinds,
        "cancels": report.size(1, 8),
        "kills": report.size(1, 8),
        "training": report.size(1, 8),
        "interactive": report.size(2, 8),
    }


def test_a_full_disk_stops_no_training_and_makes_nobody_lie(workspace_dir: Path) -> None:
    if not probes.can_unshare_user_mount():
        report.skip("full disk", "`unshare -rm` with a mount is refused here")
        pytest.skip("`unshare -rm` with a mount is refused here")
    command = ["unshare", "-rm", "sh", "-c", MOUNT, "sh"]
    code = INSIDE.format(TESTS, _sizes())

    done = subprocess.run(
        [*command, sys.executable, "-c", code], capture_output=True, text=True, timeout=600
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name, tries in found["tries"].items():
        report.add(NAMES[name], tries, [])
    report.settle("full disk: all", sum(found["tries"].values()), found["breaks"])
