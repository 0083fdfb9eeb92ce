"""The example with children, on the cluster and at home: all that is on record is compared."""

from __future__ import annotations

from pathlib import Path

from helpers.example import Tree
from slurm.settings import Targets


def test_the_example_is_on_record_as_at_home_field_by_field(
    targets: Targets, workspace_dir: Path
) -> None:
    there = Tree(workspace_dir / "there/fruits", "far")
    here = Tree(workspace_dir / "here/fruits", "local")

    assert there.on_record() == here.on_record()
    assert there.shown()["banana"]["metrics"] == {"letters": 6}
