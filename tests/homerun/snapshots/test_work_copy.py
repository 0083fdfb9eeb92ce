"""The working copy of a run: how it is made, and what is left of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from homerun.base.errors import SubmitError
from homerun.snapshots import cleanup, link_watch, originals, scan, snapshot, work_copy
from homerun.snapshots.snapshot import Snapshot
from runstore.fs import safe_path

FUTURE = 1 << 62
GIB = 1 << 30


def make(root: Path) -> Path:
    (root / "pkg/deep").mkdir(parents=True)
    (root / "train.py").write_text("print(1)\n")
    (root / "pkg/deep/model.py").write_text("x = 1\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o555)
    os.utime(root / "train.py", ns=(5, 1_000_000_123))
    (root / "data").mkdir()
    (root / "data/a.csv").write_text("1,2\n")
    (root / ".amlignore").write_text("data/\n")
    return root


class Copy:
    """One working copy of a small source, with paths for the asserting."""

    def __init__(self, root: Path, snapshots: Path, folder: Path, limit: int = GIB) -> None:
        self.source = root
        self.snapshot = take(root, snapshots)
        self.above = folder / "work"
        self.work = self.above / root.name
        self.copies = folder / ".copies"
        self.above.mkdir(parents=True)
        self.originals = work_copy.build(self.snapshot, str(folder), str(root), limit)

    def clear(self, started_ns: int = FUTURE) -> None:
        cleanup.clear(str(self.above), str(self.copies), started_ns)

    def left(self) -> set[str]:
        return {str(path.relative_to(self.work)) for path in self.work.rglob("*")}


def take(root: Path, snapshots: Path) -> Snapshot:
    taken = snapshot.take(scan.scan(str(root), store=None), str(snapshots))
    taken.let_go()
    return taken


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(make(tmp_path / "src"), tmp_path / "snap", tmp_path / "run")


@pytest.fixture
def linked(tmp_path) -> Copy:
    """A copy in which everything that the snapshot does not hold stays a link."""
    return Copy(make(tmp_path / "src"), tmp_path / "snap", tmp_path / "run", limit=0)


def test_code_and_ignored_files_are_the_runs_own(copy):
    assert (copy.work / "pkg/deep/model.py").read_text() == "x = 1\n"
    assert (copy.work / "data/a.csv").read_text() == "1,2\n"
    assert not [path for path in copy.work.rglob("*") if path.is_symlink()]
    assert (copy.originals.own, copy.originals.tell()) == ({"data/a.csv"}, [])


def test_what_is_over_the_limit_is_a_link_in_a_real_folder_and_is_named(linked):
    assert (linked.work / "data").is_dir()
    assert not (linked.work / "data").is_symlink()
    assert os.readlink(linked.work / "data/a.csv") == os.path.realpath(linked.source / "data/a.csv")
    assert linked.originals.tell() == ["linked, not copied: data/ (4 B)"]


def test_a_large_file_is_copied_whole_and_keeps_its_time_and_exec_bit(tmp_path):
    root = make(tmp_path / "src")
    (root / "tool.bin").write_bytes(b"start" + bytes(scan.BIG) + b"end")
    (root / "tool.bin").chmod(0o555)
    os.utime(root / "tool.bin", ns=(5, 1_000_000_123))

    made = Copy(root, tmp_path / "snap", tmp_path / "run")

    seen = (made.work / "tool.bin").lstat()
    assert (made.work / "tool.bin").read_bytes() == (root / "tool.bin").read_bytes()
    assert (stat.S_IMODE(seen.st_mode), seen.st_mtime_ns) == (0o700, 1_000_000_123)
    assert Path(made.snapshot.path, "tree/tool.bin").is_symlink()


def test_an_original_that_cannot_be_read_any_more_is_a_link_and_is_named(tmp_path):
    root = make(tmp_path / "src")
    taken = take(root, tmp_path / "snap")
    (root / "data/a.csv").unlink()
    (tmp_path / "run/work").mkdir(parents=True)

    found = work_copy.build(taken, str(tmp_path / "run"), str(root), GIB)

    assert found.tell() == [
        "linked, not copied: data/a.csv (cannot be read: No such file or directory)"
    ]
    assert (tmp_path / "run/work/src/data/a.csv").is_symlink()


def test_an_original_that_became_a_pipe_is_a_link_and_blocks_nobody(tmp_path):
    root = make(tmp_path / "src")
    taken = take(root, tmp_path / "snap")
    (root / "data/a.csv").unlink()
    os.mkfifo(root / "data/a.csv")
    (tmp_path / "run/work").mkdir(parents=True)

    found = work_copy.build(taken, str(tmp_path / "run"), str(root), GIB)

    assert found.tell() == ["linked, not copied: data/a.csv (is not a file any more)"]


def test_a_file_that_a_link_leads_to_outside_is_the_runs_own(tmp_path):
    root = make(tmp_path / "src")
    (tmp_path / "weights.pt").write_text("w")
    (root / "weights.pt").symlink_to(tmp_path / "weights.pt")

    made = Copy(root, tmp_path / "snap", tmp_path / "run")
    (made.work / "weights.pt").write_text("changed")

    assert (tmp_path / "weights.pt").read_text() == "w"


def test_a_copy_of_an_original_that_changes_all_the_time_is_said_to_be_mixed(tmp_path, monkeypatch):
    root = make(tmp_path / "src")

    def pour(source: int, target: int, size: int) -> int:
        done = safe_path.pour(source, target, size)
        if size == 4:
            os.utime(root / "data/a.csv")
        return done

    monkeypatch.setattr(originals, "pour", pour)
    made = Copy(root, tmp_path / "snap", tmp_path / "run")

    assert made.originals.tell() == [
        "data/a.csv changed while it was copied: the run has one mixed version"
    ]


def test_outputs_and_logs_begin_empty_and_real(copy):
    assert os.listdir(copy.work / "outputs") == os.listdir(copy.work / "logs") == []
    assert not (copy.work / "outputs").is_symlink()


def test_results_that_came_along_have_a_record_of_their_own(tmp_path):
    root = make(tmp_path / "src")
    (root / "outputs").mkdir()
    (root / "outputs/best.pt").write_text("b")
    (root / "logs/deep").mkdir(parents=True)
    (root / "logs/deep/__init__.py").write_text("")
    made = Copy(root, tmp_path / "snap", tmp_path / "run")
    (made.work / "outputs/new.pt").write_text("n")

    cleanup.clear(str(made.above), str(made.copies.with_name(".brought")), FUTURE)
    made.clear()

    assert made.left() == {"outputs", "outputs/new.pt", "logs"}


def test_copies_keep_their_time_and_exec_bit_and_are_private(copy):
    assert (copy.work / "train.py").stat().st_mtime_ns == 1_000_000_123
    assert stat.S_IMODE((copy.work / "train.py").stat().st_mode) == 0o600
    assert stat.S_IMODE((copy.work / "run.sh").stat().st_mode) == 0o700
    assert stat.S_IMODE(copy.copies.stat().st_mode) == 0o600


def test_modes_do_not_depend_on_the_umask(tmp_path):
    before = os.umask(0o277)
    try:
        for folder in ("run", "run/work"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder).chmod(0o700)
        (tmp_path / "src").mkdir()
        (tmp_path / "src").chmod(0o700)
        (tmp_path / "src/a.py").write_text("")
        taken = take(tmp_path / "src", tmp_path / "snap")
        work_copy.build(taken, str(tmp_path / "run"), str(tmp_path / "src"), GIB)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run/work/src/a.py").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run/work/src/outputs").stat().st_mode) == 0o700


def test_two_copies_do_not_share_files(copy, tmp_path):
    other = Copy(copy.source, tmp_path / "snap", tmp_path / "other")
    (copy.work / "train.py").write_text("changed")
    assert (other.work / "train.py").read_text() == "print(1)\n"
    assert (copy.source / "train.py").read_text() == "print(1)\n"
    assert Path(copy.snapshot.path, "tree/train.py").read_text() == "print(1)\n"


def test_without_a_copy_by_the_kernel_the_copies_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_path, "_copy_range", None)
    made = Copy(make(tmp_path / "src"), tmp_path / "snap", tmp_path / "run")
    assert (made.work / "train.py").read_text() == "print(1)\n"


def test_a_copy_that_the_file_system_refuses_the_kernel_is_made_all_the_same(tmp_path, monkeypatch):
    def refuse(*_: object) -> int:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(safe_path, "_copy_range", refuse)
    made = Copy(make(tmp_path / "src"), tmp_path / "snap", tmp_path / "run")
    assert (made.work / "train.py").read_text() == "print(1)\n"


def test_a_loaded_snapshot_builds_the_same_copy(copy, tmp_path):
    loaded = snapshot.load(copy.snapshot.path)
    assert loaded is not None
    again = tmp_path / "again/work/src"
    again.parent.mkdir(parents=True)
    work_copy.build(loaded, str(tmp_path / "again"), str(copy.source), GIB)
    assert (again / "train.py").stat().st_mtime_ns == 1_000_000_123
    assert {str(path.relative_to(again)) for path in again.rglob("*")} == copy.left()


@pytest.mark.parametrize("damage", [lambda p: p.write_text(""), lambda p: p.unlink()])
def test_a_damaged_snapshot_is_moved_aside_and_the_next_submit_works(tmp_path, damage):
    root = make(tmp_path / "src")
    taken = take(root, tmp_path / "snap")
    damage(Path(taken.path, "tree/train.py"))
    (tmp_path / "w/work").mkdir(parents=True)
    with pytest.raises(SubmitError, match="submit again"):
        work_copy.build(taken, str(tmp_path / "w"), str(root), GIB)
    assert Copy(root, tmp_path / "snap", tmp_path / "run").snapshot.id == taken.id


def test_a_path_longer_than_the_system_takes_in_one_name_is_copied_and_cleared(tmp_path):
    root = tmp_path / "src"
    root.mkdir()
    folder = "/".join(["d" * 200] * 17)
    os.makedirs(root / folder)
    (root / folder / "deep.py").write_text("x = 1\n")
    place = tmp_path / ("r" * 200) / ("r" * 200) / ("r" * 200) / ("r" * 200)
    place.mkdir(parents=True)
    taken = take(root, place)
    made = place / "work"
    made.mkdir()
    work_copy.build(taken, str(place), str(root), GIB)
    descriptor = os.open(made, os.O_RDONLY)
    below = safe_path.open_below(descriptor, f"src/{folder}")
    assert os.listdir(below) == ["deep.py"]
    os.close(below)
    os.close(descriptor)
    cleanup.clear(str(made), str(place / ".copies"), FUTURE)
    assert sorted(os.listdir(made / "src")) == ["outputs"]


def test_names_of_any_bytes_are_copied_and_cleared(tmp_path):
    root = tmp_path / "src"
    (root / "-d\n").mkdir(parents=True)
    for name in (b"new\nline", b"\xff\xfe", b"-rf", b"x" * 255, b"-d\n/\xfe"):
        os.close(os.open(os.fsencode(root) + b"/" + name, os.O_CREAT))
    made = Copy(root, tmp_path / "snap", tmp_path / "run")
    assert set(os.listdir(made.work)) == {*os.listdir(root), "outputs", "logs"}
    made.clear()
    assert made.left() == {"outputs"}


def test_what_lies_beside_the_source_lies_beside_the_copy_until_the_end(tmp_path):
    (tmp_path / "place/data").mkdir(parents=True)
    (tmp_path / "place/.hidden").mkdir()
    (tmp_path / "place/notes.txt").write_text("n")
    made = Copy(make(tmp_path / "place/src"), tmp_path / "snap", tmp_path / "run")

    assert sorted(os.listdir(made.above)) == ["data", "notes.txt", "src"]
    assert os.readlink(made.above / "data") == os.path.realpath(tmp_path / "place/data")
    made.clear()
    assert os.listdir(made.above) == ["src"]


def test_neither_the_store_nor_many_names_are_linked_beside_the_copy(tmp_path):
    root = make(tmp_path / "place/src")
    beside = Copy(root, tmp_path / "snap", tmp_path / "place/store/exp/run")
    for number in range(64):
        (tmp_path / f"place/{number}").mkdir()
    crowded = Copy(root, tmp_path / "snap", tmp_path / "other/run")

    assert (os.listdir(beside.above), os.listdir(crowded.above)) == (["src"], ["src"])


def test_clearing_removes_what_is_untouched_and_the_record(copy):
    copy.clear()
    assert copy.left() == {"outputs"}
    assert not copy.copies.exists()
    assert (copy.source / "data/a.csv").read_text() == "1,2\n"


def test_clearing_keeps_a_logs_folder_that_the_script_made_itself(copy):
    os.rename(copy.work / "logs", copy.work / "former")
    os.mkdir(copy.work / "logs")
    copy.clear()
    assert copy.left() == {"outputs", "logs", "former"}


def test_clearing_keeps_what_the_script_made(copy):
    (copy.work / "logs/rank.txt").write_text("l")
    (copy.work / "outputs/model.pt").write_text("m")
    (copy.work / "result.txt").write_text("r")
    (copy.work / "pkg/cache.bin").write_text("c")
    copy.clear()
    assert copy.left() == {
        "outputs",
        "outputs/model.pt",
        "logs",
        "logs/rank.txt",
        "result.txt",
        "pkg",
        "pkg/cache.bin",
    }


def change(path: Path) -> None:
    path.write_text("print(2)\n")


def change_secretly(path: Path) -> None:
    before = path.stat()
    path.write_text("print(2)\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name("new")
    other.write_text("print(1)\n")
    os.replace(other, path)


def link_hard(path: Path) -> None:
    os.link(path, path.with_name("twin"))


@pytest.mark.parametrize("act", [change, change_secretly, replace, link_hard])
def test_clearing_keeps_what_the_script_changed(copy, act):
    act(copy.work / "train.py")
    copy.clear()
    assert "train.py" in copy.left()


def test_clearing_keeps_what_the_script_renamed_or_moved(copy):
    os.rename(copy.work / "train.py", copy.work / "outputs/train.py")
    os.rename(copy.work / "pkg", copy.work / "kept")
    copy.clear()
    assert {"outputs/train.py", "kept/deep/model.py"} <= copy.left()


def test_clearing_keeps_a_file_that_took_the_place_of_a_link(linked):
    (linked.work / "data/a.csv").unlink()
    (linked.work / "data/a.csv").write_text("mine")
    linked.clear()
    assert (linked.work / "data/a.csv").read_text() == "mine"


def test_clearing_keeps_what_is_younger_than_the_start(copy):
    copy.clear(started_ns=1)
    assert "train.py" in copy.left()


def test_clearing_keeps_a_change_made_while_the_clock_was_set_back(copy):
    # The record stands for a copy made in the future: a changed file's ctime lies before it.
    data = copy.copies.read_bytes()
    made = (copy.work / "train.py").stat().st_ctime_ns
    copy.copies.write_bytes(data.replace(str(made).encode(), str(made + 10**12).encode()))
    copy.clear()
    assert "train.py" in copy.left()


def test_clearing_never_follows_a_folder_that_became_a_link(copy, tmp_path):
    away = tmp_path / "away"
    os.rename(copy.work / "pkg", away)
    (copy.work / "pkg").symlink_to(away)
    copy.clear()
    assert (away / "deep/model.py").exists()
    assert (copy.work / "pkg").is_symlink()


def test_clearing_never_follows_a_work_folder_that_became_a_link(copy, tmp_path):
    os.rename(copy.work, tmp_path / "away")
    copy.work.symlink_to(tmp_path / "away")
    copy.clear()
    assert (tmp_path / "away/train.py").exists()
    assert not copy.copies.exists()


def test_clearing_a_folder_that_is_gone_is_no_error(copy, tmp_path):
    os.rename(copy.work, tmp_path / "away")
    copy.clear()
    copy.clear()
    assert not copy.copies.exists()


def test_clearing_by_a_damaged_record_removes_nothing_outside(copy, tmp_path):
    victim = copy.source / "train.py"
    seen = victim.stat()
    line = f"file\0{seen.st_ino}\0{seen.st_ctime_ns}\0../../src/train.py\0file\0x"
    copy.copies.write_bytes(line.encode())
    copy.clear()
    assert victim.exists()


def test_clearing_again_after_a_crash_finishes_the_first(copy):
    record = copy.copies.read_bytes()
    copy.clear()
    copy.copies.write_bytes(record)
    copy.clear()
    assert copy.left() == {"outputs"}


def test_a_run_in_a_run_has_copies_of_its_own(copy, tmp_path):
    child = Copy(copy.work, tmp_path / "snap", tmp_path / "child")
    (child.work / "data/a.csv").write_text("changed")
    assert (copy.work / "data/a.csv").read_text() == "1,2\n"


def test_a_run_in_a_run_links_to_the_same_originals(linked, tmp_path):
    child = Copy(linked.work, tmp_path / "snap", tmp_path / "child", limit=0)
    original = os.path.realpath(linked.source / "data/a.csv")
    assert os.readlink(child.work / "data/a.csv") == original


def test_a_changed_or_missing_original_is_named(linked):
    links = str(linked.copies.with_name(".links"))
    assert link_watch.look(links).paths == []
    (linked.source / "data/a.csv").write_text("1,2,3\n")
    assert link_watch.look(links).paths == ["data/a.csv"]
    (linked.source / "data/a.csv").unlink()
    assert link_watch.look(links).paths == ["data/a.csv"]


def test_a_copy_without_links_keeps_no_record_of_originals(copy):
    assert not (copy.copies.with_name(".links")).exists()


def test_building_and_clearing_leave_no_descriptor_open(copy, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    Copy(copy.source, tmp_path / "snap", tmp_path / "other").clear()
    assert len(os.listdir("/proc/self/fd")) == before
