"""Snapshots: recognised when unchanged, equal when equal, whole or absent."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from homerun.base.errors import SubmitError
from homerun.snapshots import reader, scan, snapshot
from homerun.snapshots.snapshot import Snapshot


def make(root: Path) -> Path:
    (root / "pkg").mkdir(parents=True)
    (root / "train.py").write_text("print(1)\n")
    (root / "pkg/run.sh").write_text("#!/bin/sh\n")
    (root / "pkg/run.sh").chmod(0o755)
    (root / "data.csv").write_text("1,2\n")
    (root / ".amlignore").write_text("*.csv\n")
    (root / "latest").symlink_to("pkg")
    return root


def take(root: Path, snapshots: Path, *, age_s: float = 0) -> Snapshot:
    """A snapshot, taken as if the files were older."""
    tree = scan.scan(str(root), store=None)
    tree.settled = tree.settled or age_s > 1
    return snapshot.take(tree, str(snapshots))


def visible(snapshots: Path) -> list[str]:
    return [name for name in os.listdir(snapshots) if not name.startswith(".")]


def hidden(snapshots: Path) -> list[str]:
    return [name for name in os.listdir(snapshots) if name.startswith(".new-")]


def test_a_snapshot_holds_copies_links_and_a_manifest(tmp_path):
    root = make(tmp_path / "src")
    taken = take(root, tmp_path / "snap")
    tree = Path(taken.path) / "tree"
    assert (tree / "train.py").read_text() == "print(1)\n"
    assert os.readlink(tree / "data.csv") == os.path.realpath(root / "data.csv")
    assert os.readlink(tree / "latest") == "pkg"
    manifest = json.loads((Path(taken.path) / "manifest.json").read_text())
    entries = {entry["path"]: entry for entry in manifest["entries"]}
    assert manifest["tree"] == taken.id == os.path.basename(taken.path)
    assert entries["pkg/run.sh"]["exec"] is True
    assert entries["train.py"] == {
        "path": "train.py",
        "kind": "file",
        "size": 9,
        "sha256": sha256(b"print(1)\n").hexdigest(),
        "exec": False,
    }
    assert entries["data.csv"]["size"] == 4


def test_a_snapshot_is_private_whatever_the_umask(tmp_path):
    root = make(tmp_path / "src")
    before = os.umask(0o277)
    try:
        taken = take(root, tmp_path / "snap")
    finally:
        os.umask(before)
    tree = Path(taken.path) / "tree"
    found = {p: stat.S_IMODE((tree / p).stat().st_mode) for p in ("train.py", "pkg", "pkg/run.sh")}
    assert found == {"train.py": 0o600, "pkg": 0o700, "pkg/run.sh": 0o700}


def test_equal_trees_elsewhere_have_the_same_hash(tmp_path):
    one = make(tmp_path / "one")
    two = make(tmp_path / "two")
    (one / "data.csv").unlink()
    (two / "data.csv").unlink()
    assert take(one, tmp_path / "snap").id == take(two, tmp_path / "snap").id
    assert len(visible(tmp_path / "snap")) == 1
    assert hidden(tmp_path / "snap") == []


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "train.py").write_text("print(2)\n"),
        lambda root: (root / "train.py").chmod(0o700),
        lambda root: (root / "data.csv").write_text("1,2,3\n"),
        lambda root: os.utime(root / "data.csv", ns=(1, 1)),
        lambda root: (root / "train.py").rename(root / "main.py"),
        lambda root: ((root / "latest").unlink(), (root / "latest").symlink_to(".")),
        lambda root: (root / "empty").mkdir(),
    ],
    ids=["content", "exec", "linked size", "linked time", "name", "link", "folder"],
)
def test_what_identifies_the_tree_changes_the_hash(tmp_path, change):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap").id
    change(root)
    assert take(root, tmp_path / "snap").id != first


def test_touching_a_copied_file_keeps_the_hash(tmp_path):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap").id
    os.utime(root / "train.py", ns=(1, 1))
    assert take(root, tmp_path / "snap").id == first


def test_an_unchanged_tree_is_not_read_again(tmp_path, monkeypatch):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap", age_s=5)
    monkeypatch.setattr(snapshot, "Reading", None)
    assert take(root, tmp_path / "snap", age_s=5).id == first.id


def test_a_young_tree_is_read_again(tmp_path):
    root = make(tmp_path / "src")
    tree = scan.scan(str(root), store=None)
    first = snapshot.take(tree, str(tmp_path / "snap"))
    (root / "train.py").write_text("print(7)\n")  # as an edit within one tick: the same signature
    again = scan.scan(str(root), store=None)
    again.signature, again.settled = tree.signature, False
    assert not tree.settled
    assert snapshot.take(again, str(tmp_path / "snap")).id != first.id


def test_a_tree_that_became_old_is_trusted(tmp_path):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap")
    (seen,) = (tmp_path / "snap/.seen").iterdir()
    assert seen.read_text().split()[1:] == [first.id, "0"]
    take(root, tmp_path / "snap", age_s=5)
    assert seen.read_text().split()[1:] == [first.id, "1"]


def test_a_removed_snapshot_is_made_again(tmp_path):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap", age_s=5)
    os.rename(first.path, tmp_path / "elsewhere")
    assert os.path.isdir(take(root, tmp_path / "snap", age_s=5).path)


def test_a_damaged_cache_is_as_good_as_none(tmp_path):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "snap", age_s=5)
    (seen,) = (tmp_path / "snap/.seen").iterdir()
    seen.write_bytes(b"\xff\x00 ../../etc 1")
    assert take(root, tmp_path / "snap").id == first.id


CRASH = """
import os, sys
sys.path[:0] = sys.argv[3:]
from homerun.snapshots import scan, snapshot
os.rename = lambda *a, **k: os._exit(9)
snapshot.take(scan.scan(sys.argv[1], store=None), sys.argv[2])
"""


def test_a_crash_before_the_rename_leaves_nothing_under_a_final_name(tmp_path):
    root = make(tmp_path / "src")
    (root / ".amlignore").unlink()  # the child has no pathspec
    runner = Path(scan.__file__).parents[2]
    places = [str(runner), str(runner.parent / "store")]
    argv = [sys.executable, "-I", "-S", "-c", CRASH, str(root), str(tmp_path / "snap"), *places]
    assert subprocess.run(argv, check=False).returncode == 9
    assert visible(tmp_path / "snap") == []
    assert len(hidden(tmp_path / "snap")) == 1
    again = take(root, tmp_path / "snap")
    assert visible(tmp_path / "snap") == [again.id]


def test_two_that_build_the_same_snapshot_at_once_both_have_it(tmp_path):
    root = make(tmp_path / "src")
    gate = threading.Barrier(4)
    ids: list[str] = []

    def submit() -> None:
        gate.wait()
        ids.append(take(root, tmp_path / "snap").id)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert visible(tmp_path / "snap") == [ids[0]]
    assert ids == [ids[0]] * 4
    assert hidden(tmp_path / "snap") == []


class Restless:
    """A reader's hash that changes the file whenever some of it is read."""

    def __init__(self, path: Path, times: int) -> None:
        self.path = path
        self.left = times

    def __call__(self, data: bytes = b"") -> Restless:
        return self

    def update(self, data: bytes) -> None:
        if self.left and data:
            self.left -= 1
            self.path.write_text(f"print({time.time_ns()})\n")

    def hexdigest(self) -> str:
        return "0" * 64


def read_restless(root: Path, path: str, times: int) -> reader.Reading:
    for name in (".amlignore", "data.csv", "latest", "pkg/run.sh"):
        (root / name).unlink()
    found = reader.Reading(scan.scan(str(root), store=None))
    found._hash = Restless(root / path, times)
    found.run(None)
    return found


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path):
    found = read_restless(make(tmp_path / "src"), "train.py", 2)
    assert (found.changing, found.exact) == ([], False)


def test_a_file_that_never_rests_is_noted(tmp_path):
    found = read_restless(make(tmp_path / "src"), "train.py", 99)
    assert found.changing == ["train.py"]


def test_a_file_that_vanished_since_the_scan_is_left_out_and_the_tree_not_remembered(tmp_path):
    root = make(tmp_path / "src")
    tree = scan.scan(str(root), store=None)
    (root / "pkg/run.sh").unlink()
    taken = snapshot.take(tree, str(tmp_path / "snap"))
    assert os.listdir(f"{taken.path}/tree/pkg") == []
    assert not (tmp_path / "snap/.seen").exists()


def test_a_file_that_became_a_pipe_since_the_scan_does_not_block(tmp_path):
    root = make(tmp_path / "src")
    tree = scan.scan(str(root), store=None)
    (root / "train.py").unlink()
    os.mkfifo(root / "train.py")
    taken = snapshot.take(tree, str(tmp_path / "snap"))
    assert "train.py" not in os.listdir(f"{taken.path}/tree")


def test_an_unreadable_file_is_one_clear_error_and_leaves_nothing(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    root = make(tmp_path / "src")
    (root / "pkg/run.sh").chmod(0)
    with pytest.raises(SubmitError, match=r"pkg/run\.sh cannot be read"):
        take(root, tmp_path / "snap")
    assert hidden(tmp_path / "snap") == []


def test_a_file_replaced_by_a_link_since_the_scan_is_one_clear_error(tmp_path):
    root = make(tmp_path / "src")
    tree = scan.scan(str(root), store=None)
    (root / "train.py").unlink()
    (root / "train.py").symlink_to("/etc/passwd")
    with pytest.raises(SubmitError, match=r"train\.py cannot be read"):
        snapshot.take(tree, str(tmp_path / "snap"))
    assert os.listdir(tmp_path / "snap") == []


def test_a_snapshot_place_that_cannot_be_made_is_one_clear_error(tmp_path):
    root = make(tmp_path / "src")
    (tmp_path / "file").write_text("")
    with pytest.raises(SubmitError, match="cannot be copied"):
        take(root, tmp_path / "file" / "snap")


def test_a_loaded_snapshot_says_what_the_taken_one_said(tmp_path):
    root = make(tmp_path / "src")
    taken = take(root, tmp_path / "snap")
    loaded = snapshot.load(taken.path)
    assert loaded is not None
    assert (loaded.id, loaded.linked) == (taken.id, taken.linked)
    assert [folder for folder, _ in loaded.folders] == [folder for folder, _ in taken.folders]


def test_what_is_no_snapshot_loads_as_none(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": 1, "entries": [{"path": 3}]}')
    assert snapshot.load(str(tmp_path)) is None
    assert snapshot.load(str(tmp_path / "absent")) is None


def test_names_of_any_bytes_survive(tmp_path):
    root = tmp_path / "src"
    root.mkdir()
    for name in (b"new\nline", b"\xff\xfe", b"-rf", b"x" * 255, b'"\\'):
        os.close(os.open(os.fsencode(root) + b"/" + name, os.O_CREAT))
    taken = take(root, tmp_path / "snap")
    assert sorted(os.listdir(f"{taken.path}/tree")) == sorted(os.listdir(root))
    loaded = snapshot.load(taken.path)
    assert loaded is not None
    assert {entry[0] for entry in loaded.folders[0][1]} == set(os.listdir(root))


def test_the_hash_does_not_depend_on_the_hash_module(tmp_path, monkeypatch):
    root = make(tmp_path / "src")
    first = take(root, tmp_path / "one").id
    monkeypatch.setattr(reader, "FEW_BYTES", 0)
    assert take(root, tmp_path / "two").id == first
