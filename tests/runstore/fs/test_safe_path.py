"""Ways below a root that lead through no link: removing, renaming, and files that are plain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runstore.fs import atomic, safe_path, tree


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "root").mkdir()
    return str(tmp_path / "root")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("precious")
    return folder


def test_nothing_is_removed_through_a_link_on_the_way(root: str, outside: Path) -> None:
    os.symlink(outside, f"{root}/link")

    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        tree.remove(root, f"{root}/link/file")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        safe_path.unlink(root, f"{root}/link/file")

    assert (outside / "file").read_text() == "precious"


def test_a_link_itself_is_removed_and_not_what_it_leads_to(root: str, outside: Path) -> None:
    os.symlink(outside, f"{root}/link")

    tree.remove(root, f"{root}/link")

    assert os.listdir(root) == []
    assert os.listdir(outside) == ["file"]


def test_nothing_is_renamed_through_a_link_on_the_way(root: str, outside: Path) -> None:
    os.symlink(outside, f"{root}/link")
    Path(root, "own").write_text("")

    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        safe_path.rename(root, f"{root}/link/file", f"{root}/taken")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        safe_path.rename(root, f"{root}/own", f"{root}/link/own")

    assert (sorted(os.listdir(root)), os.listdir(outside)) == (["link", "own"], ["file"])


@pytest.mark.parametrize("path", ["/elsewhere/file", "{root}/../file", "{root}x/file"])
def test_a_path_that_does_not_lie_below_the_root_is_refused(root: str, path: str) -> None:
    with pytest.raises(ValueError, match="does not lie in"):
        safe_path.unlink(root, path.format(root=root))


def test_what_is_gone_is_removed_already(root: str) -> None:
    safe_path.unlink(root, f"{root}/gone/file")

    assert tree.remove(root, f"{root}/gone/file") == 0


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_APPEND])
def test_only_a_plain_file_is_opened(root: str, outside: Path, flags: int) -> None:
    os.symlink(outside / "file", f"{root}/link")
    os.symlink(outside / "new", f"{root}/dangling")
    os.mkfifo(f"{root}/pipe")

    refused = [(name, _refused(f"{root}/{name}", flags)) for name in os.listdir(root)]

    assert sorted(refused) == [("dangling", True), ("link", True), ("pipe", True)]
    assert os.listdir(outside) == ["file"]


def _refused(path: str, flags: int) -> bool:
    try:
        os.close(atomic.open_plain(path, flags))
    except OSError as error:
        return error.errno in atomic.NO_FILE
    return False


def test_a_folder_is_made_and_listed_only_as_one(root: str, outside: Path) -> None:
    os.symlink(outside, f"{root}/link")

    with pytest.raises(NotADirectoryError):
        atomic.names_in(f"{root}/link")
    with pytest.raises(OSError, match="not followed"):
        atomic.make_folders(root, "link", "new")

    assert os.listdir(outside) == ["file"]


@pytest.mark.parametrize("size", [(1 << 16) + 1, 1 << 40])
def test_a_file_of_more_bytes_than_wanted_is_as_damaged_as_an_empty_one(
    root: str, size: int
) -> None:
    with open(f"{root}/fact", "wb") as file:
        file.truncate(size)

    assert atomic.read_bytes(f"{root}/fact", 1 << 16) == b""


def test_an_endless_file_is_read_to_the_limit() -> None:
    assert atomic.read_bytes("/dev/zero") == b""
