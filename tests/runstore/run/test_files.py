"""The files of a run: one namespace, whole or not at all, replaced where that is asked for."""

from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import children
from runstore.errors import FileBlocked, FileMissing, FileTaken, InvalidName, ReadOnlyStore
from runstore.fs import safe_path
from runstore.run import files
from runstore.run.record import Record
from runstore.upkeep.check import check

EVERYWHERE = ["outputs/a", "logs/tb/b", "user_logs/c", "d", "deep/er/e", "files/f"]


OLD, NEW = "work", "work/digits"
"""The script's folder in runs of older versions and of this one."""


@pytest.fixture(params=[OLD, NEW])
def inside(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def submitted(folder: str, inside: str) -> str:
    """The folder of a submitted run, as far as its files go."""
    os.makedirs(f"{folder}/{inside}/outputs")
    for name in ("outputs", "logs"):
        os.symlink(f"{inside}/{name}", f"{folder}/{name}")
    return folder


def content(run_folder: str, name: str) -> bytes:
    with open(files.open_for_reading(run_folder, name), "rb") as file:
        return file.read()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[bytes], int]]:
    """A descriptor of a file with some content, at its beginning."""
    held: list[int] = []

    def make(data: bytes) -> int:
        path = tmp_path / f"source{len(held)}"
        path.write_bytes(data)
        held.append(os.open(path, os.O_RDONLY))
        return held[-1]

    yield make
    for descriptor in held:
        os.close(descriptor)


# One namespace


def test_of_an_interactive_run_every_name_lies_in_its_own_folder(folder: str) -> None:
    for name in EVERYWHERE:
        assert files.add(folder, name, name.encode())

    assert files.names(folder) == sorted(EVERYWHERE)
    assert [content(folder, name) for name in EVERYWHERE] == [n.encode() for n in EVERYWHERE]
    assert Path(folder, "files/files/f").is_file()
    assert sorted(os.listdir(folder)) == ["files", "logs", "outputs", "user_logs"]


def test_of_a_submitted_run_outputs_and_logs_lie_in_its_work(submitted: str, inside: str) -> None:
    Path(submitted, inside, "outputs/made").write_text("by the script")
    for name in EVERYWHERE:
        files.add(submitted, name, name.encode())

    assert files.names(submitted) == sorted([*EVERYWHERE, "outputs/made"])
    assert Path(submitted, inside, "logs/tb/b").read_text() == "logs/tb/b"
    assert content(submitted, "outputs/made") == b"by the script"


def test_of_a_run_in_place_they_lie_in_the_source_that_it_names(
    make_run: Callable[..., Record], tmp_path: Path, inside: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    run = make_run(in_place=True, source_directory=str(source))
    os.makedirs(os.path.dirname(f"{run.path}/{inside}"), exist_ok=True)
    os.symlink(source, f"{run.path}/{inside}")
    os.symlink(f"{inside}/outputs", f"{run.path}/outputs")

    files.add(run.path, "outputs/a", b"a")

    assert (source / "outputs/a").read_text() == "a"
    assert files.names(run.path) == ["outputs/a"]


def test_a_work_that_became_a_link_leads_nowhere(run: Record, tmp_path: Path, inside: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "outputs").mkdir(parents=True)
    (elsewhere / "outputs/secret").write_text("secret")
    os.makedirs(os.path.dirname(f"{run.path}/{inside}"), exist_ok=True)
    os.symlink(elsewhere, f"{run.path}/{inside}")
    os.symlink(f"{inside}/outputs", f"{run.path}/outputs")

    assert files.names(run.path) == []
    with pytest.raises(FileMissing):
        files.open_for_reading(run.path, "outputs/secret")
    with pytest.raises(FileBlocked):
        files.add(run.path, "outputs/new", b"")
    assert os.listdir(elsewhere / "outputs") == ["secret"]


def test_names_that_begin_so(folder: str) -> None:
    for name in (*EVERYWHERE, "outputs/sub/x", "outputs2/y"):
        files.add(folder, name, b"")

    assert files.names(folder, "outputs/") == ["outputs/a", "outputs/sub/x"]
    assert files.names(folder, "deep/er/") == ["deep/er/e"]
    assert files.names(folder, "out") == ["outputs/a", "outputs/sub/x", "outputs2/y"]
    assert files.names(folder, "nothing/") == []


def test_links_pipes_and_sockets_are_no_files(folder: str) -> None:
    files.add(folder, "outputs/real", b"")
    os.symlink("real", f"{folder}/outputs/link")
    os.symlink(folder, f"{folder}/outputs/loop")
    os.mkfifo(f"{folder}/outputs/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/outputs/socket")

    assert files.names(folder) == ["outputs/real"]
    for name in ("link", "loop/run.json", "pipe", "socket"):
        with pytest.raises(FileMissing):
            files.open_for_reading(folder, f"outputs/{name}")
        with pytest.raises(FileBlocked):
            files.add(folder, f"outputs/{name}", b"")


@pytest.mark.parametrize(
    "name",
    [
        "é/日本.txt",
        "a b\n\t'\"",
        "-rf",
        "%2e%2e/x",
        "x" * 255,
        ".hidden",
        "\udc80",
        "a" + "/b" * 900,
    ],
)
def test_an_odd_name_comes_back(folder: str, name: str) -> None:
    files.add(folder, name, b"1")
    files.add(folder, f"outputs/{name}", b"2")

    assert files.names(folder) == sorted([name, f"outputs/{name}"])
    assert (content(folder, name), content(folder, f"outputs/{name}")) == (b"1", b"2")


def test_a_name_that_no_upload_may_have_is_read_all_the_same(folder: str) -> None:
    os.mkdir(f"{folder}/outputs")
    Path(folder, "outputs/a\\b").write_text("by a script")

    assert files.names(folder) == ["outputs/a\\b"]
    assert content(folder, "outputs/a\\b") == b"by a script"
    with pytest.raises(InvalidName, match="backslash"):
        files.add(folder, "outputs/c\\d", b"")


def test_a_file_on_the_way_and_a_folder_at_the_place_are_named(folder: str) -> None:
    files.add(folder, "a/b", b"")

    with pytest.raises(FileBlocked, match=r"'a/b/c' \(a part of it is not a folder"):
        files.add(folder, "a/b/c", b"")
    with pytest.raises(FileBlocked, match=r"'a' \(it is a folder"):
        files.add(folder, "a", b"")
    with pytest.raises(FileBlocked, match=r"'outputs' \(it is a folder"):
        files.add(folder, "outputs", b"")
    with pytest.raises(FileMissing, match=r"'a' \(it is a folder"):
        files.open_for_reading(folder, "a")


def test_a_file_is_replaced_for_those_who_ask_for_it(folder: str) -> None:
    files.add(folder, "outputs/a", b"one")
    before = files.open_for_reading(folder, "outputs/a")

    assert files.add(folder, "outputs/a", b"two", replace=True)
    assert not files.add(folder, "outputs/a", b"two", replace=True)
    with open(before, "rb") as opened_before:
        assert opened_before.read() == b"one"
    assert content(folder, "outputs/a") == b"two"
    assert os.listdir(f"{folder}/outputs") == ["a"]


def test_no_link_and_no_folder_is_replaced(folder: str) -> None:
    os.makedirs(f"{folder}/outputs/folder")
    os.symlink("/etc/hostname", f"{folder}/outputs/link")

    for name in ("outputs/folder", "outputs/link"):
        with pytest.raises(FileBlocked):
            files.add(folder, name, b"two", replace=True)
    assert os.readlink(f"{folder}/outputs/link") == "/etc/hostname"
    assert sorted(os.listdir(f"{folder}/outputs")) == ["folder", "link"]


def test_a_file_is_its_own_replacement(folder: str) -> None:
    files.add(folder, "outputs/a", b"one")
    source = os.open(f"{folder}/outputs/a", os.O_RDONLY)
    try:
        assert not files.add(folder, "outputs/a", source, replace=True)
    finally:
        os.close(source)
    assert content(folder, "outputs/a") == b"one"


def test_many_that_replace_a_file_at_once_leave_one_of_theirs(folder: str) -> None:
    wanted = [bytes([65 + number]) * 10_000 for number in range(8)]
    files.add(folder, "outputs/a", b"first")
    start = threading.Barrier(len(wanted))

    def replace(data: bytes) -> None:
        start.wait()
        for _ in range(20):
            files.add(folder, "outputs/a", data, sync=False, replace=True)

    threads = [threading.Thread(target=replace, args=(data,)) for data in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert content(folder, "outputs/a") in wanted
    assert os.listdir(f"{folder}/outputs") == ["a"]


def test_a_tree_that_is_deeper_than_a_name_can_tell_ends_the_walk(folder: str) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=here)
        here, above = os.open("x" * 250, os.O_RDONLY, dir_fd=here), here
        os.close(above)
        os.close(os.open("file", os.O_CREAT, 0o600, dir_fd=here))
    os.close(here)
    os.rename(f"{folder}/{'x' * 250}", f"{folder}/outputs")

    assert len(files.names(folder)) == 17


# Whole, once


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(3_000_001)], ids=len)
def test_bytes_streams_and_descriptors_are_kept_whole(
    folder: str, opened: Callable[[bytes], int], data: bytes
) -> None:
    files.add(folder, "bytes", data)
    files.add(folder, "stream", io.BytesIO(data))
    files.add(folder, "file", opened(data))

    assert {content(folder, name) for name in files.names(folder)} == {data}


def test_a_source_is_read_from_where_it_is(folder: str, opened: Callable[[bytes], int]) -> None:
    source, stream = opened(b"head and tail"), io.BytesIO(b"head and tail")
    os.lseek(source, 9, os.SEEK_SET)
    stream.seek(9)
    files.add(folder, "file", source)
    files.add(folder, "stream", stream)

    assert (content(folder, "file"), content(folder, "stream")) == (b"tail", b"tail")


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_that_cannot_copy_by_itself_is_copied_through(
    folder: str, opened: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(safe_path, "_copy_range", refuse)
    files.add(folder, "file", opened(b"x" * 3_000_001))

    assert content(folder, "file") == b"x" * 3_000_001


def test_a_file_without_a_size_is_kept(folder: str) -> None:
    with open("/proc/self/status", "rb") as source:
        files.add(folder, "status", source.fileno())

    assert content(folder, "status").startswith(b"Name:")


def test_the_same_content_again_is_fine_and_another_is_not(
    folder: str, opened: Callable[[bytes], int]
) -> None:
    files.add(folder, "a", b"one")

    assert not files.add(folder, "a", b"one")
    assert not files.add(folder, "a", opened(b"one"))
    assert not files.add(folder, "a", io.BytesIO(b"one"))
    for other in (b"two", opened(b"two"), io.BytesIO(b"longer"), b""):
        with pytest.raises(FileTaken, match="already exists"):
            files.add(folder, "a", other)
    assert content(folder, "a") == b"one"
    assert os.listdir(f"{folder}/files") == ["a"]


def test_a_file_that_is_the_runs_own_already_is_no_conflict(submitted: str, inside: str) -> None:
    with open(f"{submitted}/{inside}/outputs/model", "w+b") as model:
        model.write(b"trained")
        model.flush()
        before = os.fstat(model.fileno())

        assert not files.add(submitted, "outputs/model", model.fileno())
        assert os.stat(f"{submitted}/{inside}/outputs/model").st_ino == before.st_ino


def test_of_twenty_racers_one_wins_and_its_file_is_whole(folder: str) -> None:
    def race(number: int) -> bool:
        try:
            return files.add(folder, "same/name", b"%d" % number * 100_000)
        except FileTaken:
            return False

    won = children.race(20, race)

    assert sum(won) == 1
    assert content(folder, "same/name") == b"%d" % won.index(True) * 100_000
    assert os.listdir(f"{folder}/files/same") == ["name"]


@pytest.mark.parametrize("torn", [False, True])
def test_a_writer_that_is_killed_anywhere_leaves_a_whole_file_or_none(
    run: Record, torn: bool
) -> None:
    count, name = 1, "some/place"
    while children.dies_at(count, lambda: files.add(run.path, name, b"whole"), torn=torn):
        count += 1
        assert [content(run.path, n) for n in files.names(run.path)] in ([], [b"whole"])
        left = files.unfinished(run.path)
        check(run.store, repair=True)
        assert files.unfinished(run.path) == []
        assert files.names(run.path) in ([], [name])
        if files.names(run.path):
            os.unlink(f"{run.path}/files/{name}")
        assert len(left) <= 1
    assert count > 4


def test_check_names_what_a_killed_upload_left_and_nothing_else(
    submitted: str, inside: str
) -> None:
    made = Path(submitted, inside, "outputs")
    (made / ".upload.x.aaaaaaaa").write_text("a script's own")
    (made / ".upload.4194999.aaaaaaaa").write_text("half")

    assert files.names(submitted) == ["outputs/.upload.x.aaaaaaaa"]
    assert files.unfinished(submitted) == [
        (
            "outputs/.upload.4194999.aaaaaaaa",
            f"{submitted}/outputs/.upload.4194999.aaaaaaaa",
        )
    ]
    files.remove_unfinished(submitted, "outputs/.upload.4194999.aaaaaaaa")
    files.remove_unfinished(submitted, "outputs/.upload.x.aaaaaaaa")
    assert os.listdir(made) == [".upload.x.aaaaaaaa"]


def test_a_full_disk_leaves_nothing(folder: str, needs_user_mount: None) -> None:
    code = """
import errno, os, sys
from runstore.run import files
try:
    files.add(sys.argv[1], "outputs/big", b"x" * (1 << 20))
except OSError as error:
    assert error.errno == errno.ENOSPC, error
assert files.names(sys.argv[1]) == files.unfinished(sys.argv[1]) == []
assert files.add(sys.argv[1], "outputs/small", b"x")
"""
    mount = 'mount -t tmpfs -o size=128k none "$1" && exec "$2" -c "$3" "$1"'
    subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", folder, sys.executable, code], check=True
    )


@pytest.mark.parametrize(
    ("call", "reason", "said"),
    [
        ("mkdir", errno.EROFS, "read-only"),
        ("mkdir", errno.EACCES, "permission denied"),
        ("link", errno.EPERM, "no hard links"),
    ],
)
def test_a_store_that_cannot_be_written_says_so(
    folder: str, monkeypatch: pytest.MonkeyPatch, call: str, reason: int, said: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(ReadOnlyStore, match=said):
        files.add(folder, "a/b", b"")

    assert files.names(folder) == files.unfinished(folder) == []


def test_a_removed_run_does_not_come_back(folder: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.add(f"{folder}/removed", "a", b"")
    with pytest.raises(FileNotFoundError):
        files.names(f"{folder}/removed")
    assert os.listdir(folder) == []


def test_files_are_the_owners_alone_whatever_the_umask(folder: str) -> None:
    former = os.umask(0)
    try:
        files.add(folder, "a/b", b"")
    finally:
        os.umask(former)

    assert os.stat(f"{folder}/files/a/b").st_mode & 0o777 == 0o600
    assert os.stat(f"{folder}/files/a").st_mode & 0o777 == 0o700
