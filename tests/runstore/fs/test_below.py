"""Folders below an open one: through no link, and however deep, each is opened a few times."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runstore.fs import safe_path, tree
from runstore.fs.safe_path import FOLDER_FLAGS, Below

DEPTH = 600


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which folders lie so deep, each with a file beside the next."""
    top = tmp_path / "deep"
    top.mkdir()
    monkeypatch.chdir(top)
    for _ in range(DEPTH):
        Path("f").touch()
        os.mkdir("d")
        os.chdir("d")
    Path("leaf").touch()
    os.chdir(top)
    yield top
    tree.remove(str(tmp_path), str(top))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is opened from here on."""
    found: list[object] = []
    real: Callable[..., int] = os.open

    def counted(path: object, *args: object, **more: object) -> int:
        found.append(path)
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", counted)
    return found


def test_a_deep_tree_is_walked_with_a_few_steps_a_folder(deep: Path, opened: list[object]) -> None:
    root = os.open(deep, FOLDER_FLAGS)
    try:
        names = list(safe_path.walk(root))
    finally:
        os.close(root)
    assert len(names) == DEPTH + 1
    assert names[-1] == "d/" * DEPTH + "leaf"
    assert len(opened) < 4 * DEPTH


def test_the_size_of_a_deep_tree_is_all_of_it(deep: Path, opened: list[object]) -> None:
    assert len(list(tree.walk(str(deep)))) == 2 * DEPTH + 2
    assert len(opened) < 4 * DEPTH


def test_back_up_and_in_any_order_each_folder_is_the_right_one(deep: Path) -> None:
    root = os.open(deep, FOLDER_FLAGS)
    paths = ["/".join("d" * depth) for depth in (0, 1, 500, 499, 2, 600, 1, 0, 300)]
    try:
        with Below(root) as below:
            for path in paths:
                here = below.open(path)
                assert os.path.samestat(os.fstat(here), os.stat(deep / path))
                os.close(here)
    finally:
        os.close(root)


def test_no_link_is_followed_and_a_name_that_begins_alike_is_another(tmp_path: Path) -> None:
    for name in ("a", "ab", "a/b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path / "ab")
    root = os.open(tmp_path, FOLDER_FLAGS)
    try:
        with Below(root) as below:
            for path in ("a", "ab", "a/b", "ab"):
                here = below.open(path)
                assert os.path.samestat(os.fstat(here), os.stat(tmp_path / path))
                os.close(here)
            with pytest.raises(OSError, match="link"):
                below.open("a/link")
            with pytest.raises(FileNotFoundError):
                below.open("a/missing/b")
            os.close(below.open("a/b"))
    finally:
        os.close(root)
