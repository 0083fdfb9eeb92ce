"""Which originals a run gets as its own, and which stay links."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun.snapshots import originals, scan
from homerun.snapshots.originals import Originals

Settle = Callable[..., Originals]


@pytest.fixture
def settle(tmp_path: Path) -> Settle:
    """Decide for a source whose files have these sizes; what its ignore file says."""

    def decide(sizes: dict[str, int], ignored: str, limit: int = 1 << 30) -> Originals:
        root = tmp_path / "source"
        for name, size in sizes.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
            os.truncate(root / name, size)
        (root / ".gitignore").write_text(ignored)
        tree = scan.scan(str(root), store=None)
        return originals.settle(tree.folders, tree.source, str(tmp_path), limit)

    return decide


def test_all_within_the_limit_is_copied(settle: Settle) -> None:
    found = settle({"train.py": 5, "data/a": 60, "best.pt": 40}, "data\n*.pt\n", limit=100)

    assert found.own == {"data/a", "best.pt"}
    assert found.tell() == []


def test_the_smallest_come_first_and_the_rest_is_named(settle: Settle) -> None:
    sizes = {"train.py": 5, "data/a": 60, "data/b/c": 2048, "best.pt": 40}

    found = settle(sizes, "data\n*.pt\n", limit=100)

    assert found.own == {"best.pt"}
    assert found.tell() == ["linked, not copied: data/ (2.1 KiB)"]


def test_a_folder_of_data_is_one_group_also_with_a_keep_file_in_it(settle: Settle) -> None:
    sizes = {"data/.gitkeep": 0, "data/a.csv.dvc": 9, "data/a.csv": 1, "data/b.csv": 200}

    found = settle(sizes, "data/*\n!data/.gitkeep\n!data/*.dvc\n", limit=100)

    assert found.own == set()
    assert [row.describe() for row in found.linked] == [
        {
            "path": "data/",
            "original": os.path.realpath(Path(found.linked[0].original)),
            "bytes": 201,
            "why": "the limit",
        }
    ]
    assert found.linked[0].original.endswith("/source/data")


def test_files_beside_code_are_groups_of_their_own(settle: Settle) -> None:
    found = settle({"src/a.py": 1, "src/big.bin": 200, "src/small.bin": 1}, "*.bin\n", limit=100)

    assert found.own == {"src/small.bin"}
    assert found.tell() == ["linked, not copied: src/big.bin (200 B)"]


def test_a_file_of_ten_gigabytes_is_linked(settle: Settle) -> None:
    found = settle({"train.py": 1, "data.bin": 10 << 30}, "")

    assert found.tell() == ["linked, not copied: data.bin (10 GiB)"]


def test_many_links_are_told_in_one_line(settle: Settle) -> None:
    found = settle({f"{n}.bin": 100 + n for n in range(9)}, "*.bin\n", limit=0)

    line = (
        "linked, not copied: 8.bin (108 B), 7.bin (107 B), 6.bin (106 B), 5.bin (105 B), "
        "4.bin (104 B), and 4 more"
    )
    assert found.tell() == [line]


def test_no_more_than_half_of_the_free_room_is_taken(
    settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list(os.statvfs("/"))
    said[1], said[4] = 1, 150  # blocks of one byte, 150 of them free
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(said))

    found = settle({"a.bin": 70, "b.bin": 80}, "*.bin\n")

    assert found.own == {"a.bin"}
    assert found.tell() == ["linked, not copied: b.bin (80 B, the disk has no room for a copy)"]


def test_a_link_to_a_folder_outside_is_named_with_its_place(settle: Settle, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "source").mkdir()
    (tmp_path / "source/models").symlink_to(tmp_path / "away")

    found = settle({"train.py": 1}, "")

    away = os.path.realpath(tmp_path / "away")
    assert found.tell() == [f"linked, not copied: models/ (leads to {away})"]
