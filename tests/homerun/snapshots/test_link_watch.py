"""Whether the originals behind the links of a run are as they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.wait import wait_until
from homerun.snapshots import link_watch
from homerun.snapshots.link_watch import FILE, FOLDER


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of data, older than the record of it."""
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "data/a.csv").write_text("1\n")
    (tmp_path / "data/deep/b.csv").write_text("1\n")
    return tmp_path / "data"


@pytest.fixture
def links(data: Path, tmp_path: Path) -> str:
    """The record of a link to a file and of one to a folder."""
    record = str(tmp_path / ".links")
    rows = [(FILE, "a.csv", str(data / "a.csv")), (FOLDER, "more", str(data / "deep"))]
    link_watch.write_down(record, rows)
    outlast(record)
    return record


def outlast(record: str) -> None:
    """Wait until the file system's clock goes on, as it does while a script starts."""
    since_ns = os.stat(record).st_ctime_ns
    probe = Path(f"{record}.probe")
    probe.touch()

    def has_ticked() -> bool:
        os.utime(probe)
        return probe.stat().st_ctime_ns > since_ns

    wait_until(has_ticked, "the file system's clock goes on")


def replace(path: Path) -> None:
    other = path.with_name("new")
    other.write_text("1\n")
    os.replace(other, path)


def write_secretly(path: Path) -> None:
    seen = path.stat()
    path.write_text("2\n")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


@pytest.mark.parametrize("change", [replace, write_secretly, Path.unlink])
def test_a_file_that_was_changed_in_any_way_is_named(links, data, change) -> None:
    change(data / "a.csv")

    assert link_watch.look(links).paths == ["a.csv"]


def test_a_folder_that_is_gone_is_named(links, data) -> None:
    os.rename(data / "deep", data / "away")

    assert link_watch.look(links).paths == ["more/"]


def test_what_is_written_in_a_folder_is_named(links, data) -> None:
    (data / "deep/b.csv").write_text("2\n")

    assert "more/b.csv" in link_watch.look(links).paths


def test_what_came_or_went_in_a_folder_is_named_by_the_folder(links, data) -> None:
    (data / "deep/new.csv").write_text("")

    assert {"more/", "more/new.csv"} <= set(link_watch.look(links).paths)


def test_of_a_virtual_environment_only_an_installation_is_named(tmp_path) -> None:
    packages = tmp_path / "env/lib/python3/site-packages"
    (packages / "old").mkdir(parents=True)
    record = str(tmp_path / ".links")
    link_watch.write_down(record, [(link_watch.ENVIRONMENT, "env", str(tmp_path / "env"))])
    outlast(record)

    (packages / "old/cache.pyc").write_text("")
    before = link_watch.look(record).paths
    (packages / "new").mkdir()

    assert (before, link_watch.look(record).paths) == ([], ["env/"])


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The packages of an environment in which nothing was compiled, as uv makes them."""
    packages = tmp_path / "env/lib/python3/site-packages"
    (packages / "six-1.dist-info").mkdir(parents=True)
    (packages / "six.py").touch()
    return packages


@pytest.fixture
def of_fresh(fresh: Path, tmp_path: Path) -> str:
    """The record of a link to it."""
    record = str(tmp_path / ".links")
    link_watch.write_down(record, [(link_watch.ENVIRONMENT, "env", str(tmp_path / "env"))])
    outlast(record)
    return record


def test_what_python_compiles_at_the_first_import_is_no_change(fresh: Path, of_fresh: str) -> None:
    (fresh / "__pycache__").mkdir()

    assert link_watch.look(of_fresh).paths == []


def test_a_package_that_comes_while_others_are_compiled_is_named(
    fresh: Path, of_fresh: str
) -> None:
    (fresh / "__pycache__").mkdir()
    (fresh / "new-1.dist-info").mkdir()

    assert link_watch.look(of_fresh).paths == ["env/"]


def test_a_package_that_goes_while_others_are_compiled_is_named(fresh: Path, of_fresh: str) -> None:
    (fresh / "__pycache__").mkdir()
    (fresh / "six-1.dist-info").rmdir()

    assert link_watch.look(of_fresh).paths == ["env/"]


def test_without_a_record_nothing_was_changed(tmp_path) -> None:
    assert link_watch.look(str(tmp_path / ".links")).paths == []


def test_a_folder_with_too_much_in_it_is_said_to_be_unseen(links, monkeypatch) -> None:
    monkeypatch.setattr(link_watch, "MOST_LOOKED_AT", 1)

    found = link_watch.look(links)

    assert found.unseen == ["more/"]
    assert list(found.lines())[-1].startswith("more/ holds too much")


def test_names_of_any_bytes_are_kept_and_shown(data, tmp_path) -> None:
    odd = os.fsdecode(b"\xff\n")
    (data / odd).write_text("1")
    record = str(tmp_path / ".links")
    link_watch.write_down(record, [(FILE, odd, str(data / odd))])
    (data / odd).unlink()

    found = link_watch.look(record)

    assert found.paths == [odd]
    assert list(found.lines()) == ["the original of '\\udcff\\n' was changed since the submit"]


def test_a_torn_record_is_read_as_far_as_it_goes(links, data) -> None:
    with open(links, "r+b") as record:
        record.truncate(os.path.getsize(links) - 3)
    (data / "a.csv").unlink()

    assert link_watch.look(links).paths == ["a.csv"]
