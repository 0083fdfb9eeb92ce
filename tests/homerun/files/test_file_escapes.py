"""Names, links and races that try to lead an upload or a download out of a run: all refused.

Outside lies a canary: it is never written, moved, read into a run, or copied out of one.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.hostile import LITERAL, NAMES
from helpers.wait import wait_until
from homerun import Experiment, Run, Workspace
from homerun.base.errors import HomerunError
from runstore import layout
from runstore.errors import StoreError

SECRET = b"the canary's own words"
OWN = b"of the run"
ROUNDS = 300
"""What a victim does while an attacker swaps a folder and a link as fast as it can."""

LINKS = {
    "relative": lambda here, canary: os.symlink(os.path.relpath(canary, here.parent), here),
    "absolute": lambda here, canary: os.symlink(canary, here),
    "through-proc": lambda here, canary: os.symlink(f"/proc/self/root{canary}", here),
    "chain": lambda here, canary: (
        os.symlink(canary, f"{here}-2"),
        os.symlink(f"{here.name}-2", here),
    ),
    "dangling": lambda here, canary: os.symlink(f"{canary.parent}/new", here),
    "loop": lambda here, canary: os.symlink(here.name, here),
    "up": lambda here, canary: os.symlink("..", here),
}
PLACES = ("outputs", "logs", "user_logs", "files", "files/deep")


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A folder outside, with a file of the same name in it; as it was, to the last inode."""
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "canary").write_bytes(SECRET)
    before = look(folder)
    yield folder
    assert look(folder) == before


@pytest.fixture
def run(workspace_dir: Path) -> Iterator[Run]:
    experiment = Experiment(Workspace.from_config(), "escapes")
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    noted = Path(run.directory, layout.INTERPRETER)
    wait_until(noted.exists, "a process beside this one has noted the interpreter")
    yield run
    run.complete()


def look(folder: Path) -> list[tuple[str, int, int, int, bytes]]:
    found = []
    for path in sorted([folder, *folder.rglob("*")]):
        seen = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found.append((str(path), seen.st_ino, seen.st_mtime_ns, seen.st_mode, data))
    return found


def refused(task: Callable[[], object]) -> None:
    with pytest.raises((HomerunError, StoreError)) as raised:
        task()
    assert "\n" not in str(raised.value)


def test_the_corpus_is_a_hundred_and_more() -> None:
    assert len(NAMES) > 140
    assert len(PLACES) * len(LINKS) * 2 >= 70


# Names


def test_no_hostile_name_is_taken_or_given(run: Run, canary: Path, workspace_dir: Path) -> None:
    inside = look(workspace_dir)

    for name in NAMES:
        refused(lambda name=name: run.upload_file(name, canary / "canary"))
        refused(lambda name=name: run.download_file(name, "got"))
        refused(lambda name=name: run.download_files(name, "got"))

    made = {path for path, *_ in look(workspace_dir)} - {path for path, *_ in inside}
    assert not any(Path(path).is_file() for path in made), made
    assert run.get_file_names() == []


def test_no_hostile_name_of_a_folder_is_taken(run: Run, canary: Path) -> None:
    for name in NAMES:
        if name.rstrip("/") not in ("", "outputs", "logs", "user_logs", "a", "a/b", "a/b/."):
            refused(lambda name=name: run.upload_folder(name, canary))

    assert not [name for name in run.get_file_names() if "canary" not in name]


def test_nothing_is_decoded_or_expanded(run: Run, canary: Path, tmp_path: Path) -> None:
    outside = sorted(os.listdir(tmp_path))
    for name in LITERAL:
        run.upload_file(name, canary / "canary")
    run.download_files(output_directory="got")

    assert run.get_file_names() == sorted(LITERAL)
    for name in LITERAL:
        assert Path("got", name).read_bytes() == SECRET
        assert Path(run.directory, "files", name).is_file()
    assert sorted(os.listdir(tmp_path)) == outside


# Links that lie there


@pytest.mark.parametrize("kind", LINKS)
def test_no_link_in_a_run_is_followed(run: Run, canary: Path, kind: str) -> None:
    for place in PLACES:
        folder = Path(run.directory, place)
        folder.mkdir(parents=True, exist_ok=True)
        LINKS[kind](folder / "file", canary / "canary")
        LINKS[kind](folder / "folder", canary)
        prefix = f"{place}/".replace("files/", "")

        for name in (f"{prefix}file", f"{prefix}folder/canary", f"{prefix}folder/new"):
            refused(lambda name=name: run.upload_file(name, __file__))
            refused(lambda name=name: run.download_file(name, "got"))
        refused(lambda prefix=prefix: run.download_files(f"{prefix}folder", "got"))

    assert run.get_file_names() == []
    assert not os.path.lexists("got")


@pytest.mark.parametrize("top", ["outputs", "logs", "user_logs", "files"])
def test_no_folder_of_a_run_may_be_a_link(run: Run, canary: Path, top: str) -> None:
    os.symlink(canary, f"{run.directory}/{top}")
    prefix = "" if top == "files" else f"{top}/"

    refused(lambda: run.upload_file(f"{prefix}new", __file__))
    refused(lambda: run.download_file(f"{prefix}canary", "got"))
    assert run.get_file_names() == []
    assert run.get_details_with_logs()["logFiles"] == {}


def test_pipes_and_sockets_hold_nobody_up(run: Run, canary: Path) -> None:
    os.mkdir(f"{run.directory}/files")
    os.mkfifo(f"{run.directory}/files/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(f"{run.directory}/files/socket"))  # it has to be short
    for name in ("pipe", "socket"):
        refused(lambda name=name: run.upload_file(name, __file__))
        refused(lambda name=name: run.download_file(name, "got"))
    os.mkfifo("here")
    refused(lambda: run.upload_file("a", "here"))
    refused(lambda: run.upload_folder("a", "."))


@pytest.mark.parametrize("kind", LINKS)
def test_no_link_is_written_through_by_a_download(run: Run, canary: Path, kind: str) -> None:
    run.upload_file("sub/canary", __file__)
    run.upload_file("file", __file__)
    os.mkdir("got")
    LINKS[kind](Path("got/file").absolute(), canary / "canary")
    LINKS[kind](Path("got/sub").absolute(), canary)
    before = look(Path("got"))

    refused(lambda: run.download_files("sub", "got"))
    refused(lambda: run.download_files(output_directory="got", output_paths=["file", "x/y"]))
    if not os.path.isdir("got/file"):  # a folder that was named may be a link
        refused(lambda: run.download_file("file", "got/file"))
    assert look(Path("got")) == before


@pytest.mark.parametrize("path", ["../escaped", "a/../../escaped", "/escaped", ".", "", "a//b"])
def test_no_output_path_leaves_its_directory(run: Run, canary: Path, path: str) -> None:
    run.upload_file("a", __file__)

    refused(lambda: run.download_files(output_directory="got", output_paths=[path]))
    assert [name for name in os.listdir() if name != ".runs"] in ([], ["got"])
    assert not os.path.exists("got") or os.listdir("got") in ([], ["a"])


@pytest.mark.parametrize("kind", sorted(set(LINKS) - {"dangling", "loop"}))
def test_no_link_out_of_an_uploaded_folder_is_followed(run: Run, canary: Path, kind: str) -> None:
    os.mkdir("source")
    for name in ("file", "folder"):
        LINKS[kind](Path("source", name).absolute(), canary / "canary")
        refused(lambda: run.upload_folder("a", "source"))
        os.unlink(f"source/{name}")

    assert run.get_file_names() == []


def test_no_snapshot_lies_outside(run: Run, canary: Path) -> None:
    for name in ("../../canary", str(canary), "..", "", "a/b", "\0"):
        refused(lambda name=name: run.restore_snapshot(name, "got"))
    assert not os.path.exists("got")


# Races: whoever may write to the folders swaps one for a link, as often as it can


@contextmanager
def swapped(place: Path, other: Path) -> Iterator[None]:
    """An attacker that exchanges two names, atomically, until the block ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    one, two = os.fsencode(place), os.fsencode(other)
    pid = os.fork()
    if not pid:
        while True:
            if libc.renameat2(-100, one, -100, two, 2):
                os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if stat.S_ISLNK(os.lstat(place).st_mode):  # as it was, for who looks afterwards
            libc.renameat2(-100, one, -100, two, 2)
    assert code == -signal.SIGKILL, "the attacker could not attack"


def tried(task: Callable[[], object]) -> bool:
    """Whether it was done; if not, it says so in our words."""
    try:
        task()
    except (HomerunError, StoreError, FileNotFoundError):
        return False
    return True


@pytest.mark.parametrize("top", ["outputs", "logs", "user_logs", "files/a"])
def test_an_upload_into_a_folder_that_becomes_a_link(run: Run, canary: Path, top: str) -> None:
    place = Path(run.directory, top)
    place.mkdir(parents=True)
    os.symlink(canary, f"{run.directory}/evil")
    prefix = top.replace("files/", "")

    with swapped(place, Path(run.directory, "evil")):
        done = [
            n
            for n in range(ROUNDS)
            if tried(lambda n=n: run.upload_file(f"{prefix}/{n}", __file__))
        ]

    assert sorted(os.listdir(place)) == sorted(str(n) for n in done)


def test_a_download_from_a_folder_that_becomes_a_link(run: Run, canary: Path) -> None:
    run.upload_file("a/canary", _stream())
    os.symlink(canary, f"{run.directory}/evil")

    with swapped(Path(run.directory, "files/a"), Path(run.directory, "evil")):
        for n in range(ROUNDS):
            if tried(lambda n=n: run.download_file("a/canary", f"got{n}")):
                assert Path(f"got{n}").read_bytes() == OWN
            tried(lambda: run.download_files("a", "all"))

    assert {path.read_bytes() for path in Path("all").rglob("canary")} <= {OWN}


def test_a_download_of_a_file_that_becomes_a_link(run: Run, canary: Path) -> None:
    run.upload_file("canary", _stream())
    os.symlink(canary / "canary", f"{run.directory}/evil")

    with swapped(Path(run.directory, "files/canary"), Path(run.directory, "evil")):
        for n in range(ROUNDS):
            if tried(lambda n=n: run.download_file("canary", f"got{n}")):
                assert Path(f"got{n}").read_bytes() == OWN


def test_a_download_into_a_folder_that_becomes_a_link(run: Run, canary: Path) -> None:
    run.upload_file("a/canary", _stream())
    os.makedirs("got/a")
    os.symlink(canary, "evil")

    with swapped(Path("got/a"), Path("evil")):
        for _ in range(ROUNDS):
            tried(lambda: run.download_files("a", "got"))

    assert set(os.listdir("got/a")) <= {"canary"}


def test_a_download_to_a_file_that_becomes_a_link(run: Run, canary: Path) -> None:
    run.upload_file("a", _stream())
    run.upload_file("b", _stream())
    os.mkdir("got")
    Path("got/a").write_text("before")
    os.symlink(canary / "canary", "evil")

    with swapped(Path("got/a"), Path("evil")):
        for name in itertools.islice(itertools.cycle("ab"), ROUNDS):
            tried(lambda name=name: run.download_file(name, "got/a"))

    assert os.listdir("got") == ["a"]


def test_an_upload_of_a_folder_in_which_a_file_becomes_a_link(run: Run, canary: Path) -> None:
    os.makedirs("source/a")
    Path("source/a/canary").write_bytes(OWN)
    os.symlink(canary / "canary", "evil")
    with swapped(Path("source/a/canary"), Path("evil")):
        for n in range(ROUNDS // 3):
            tried(lambda n=n: run.upload_folder(f"file{n}", "source"))
    os.unlink("evil")
    os.symlink(canary, "evil")
    with swapped(Path("source/a"), Path("evil")):
        for n in range(ROUNDS // 3):
            tried(lambda n=n: run.upload_folder(f"folder{n}", "source"))

    run.download_files(output_directory="got") if run.get_file_names() else os.mkdir("got")
    assert {path.read_bytes() for path in Path("got").rglob("canary")} <= {OWN}


def _stream() -> object:
    import io

    return io.BytesIO(OWN)
