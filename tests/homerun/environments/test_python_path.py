"""The folder on a script's PYTHONPATH: our packages and nothing else, whole at any time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import homerun
import runstore
from helpers.sources import ROOT, START_UP
from homerun.base import environ
from homerun.environments import python_path

PACKAGES = {
    "azureml": os.path.realpath(f"{environ.drop_in()}/azureml"),
    "homerun": os.path.realpath(os.path.dirname(homerun.__file__)),
    "runstore": os.path.realpath(os.path.dirname(str(runstore.__file__))),
    "sitecustomize": str(START_UP / "sitecustomize"),
}


@pytest.fixture
def cache(workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that nobody has used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def links(folder: str) -> dict[str, str]:
    names = (name for name in os.listdir(folder) if not name.endswith(".dist-info"))
    return {name: os.path.realpath(f"{folder}/{name}") for name in names}


def test_the_folder_holds_our_packages_and_nothing_else(cache: Path) -> None:
    folder = python_path.folder()

    assert links(folder) == PACKAGES
    assert Path(folder).is_relative_to(cache)
    assert os.stat(folder).st_mode & 0o077 == 0


def test_beside_them_stands_what_an_installation_leaves(cache: Path) -> None:
    look = """
from importlib import metadata
print(metadata.version("homerun"))
for group in ("mlflow.artifact_repository", "mlflow.tracking_store"):
    print([one.value for one in metadata.entry_points(group=group)])
print([dist.metadata["Name"] for dist in metadata.distributions()])
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", look],
        env={"PYTHONPATH": python_path.folder()},
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        homerun.__version__,
        "['homerun.mlflow.plug_in:artifact_repository']",
        "['homerun.mlflow.plug_in:tracking_store']",
        "['homerun']",
    ]


def test_an_installation_has_the_same_plug_ins() -> None:
    said = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for group, line in python_path.PLUG_INS.items():
        name, _, object_of = line.partition(" = ")
        assert f'[project.entry-points."{group}"]\n{name} = "{object_of}"\n' in said


def test_a_folder_that_lacks_the_plug_ins_is_not_used(cache: Path) -> None:
    first = python_path.folder()
    (told,) = Path(first).glob("*.dist-info/entry_points.txt")
    told.unlink()

    assert python_path.folder() != first
    assert links(python_path.folder()) == PACKAGES


def test_a_folder_without_azureml_is_another_one(cache: Path) -> None:
    whole, without = python_path.folder(), python_path.folder(azureml=False)

    assert links(without) == {name: at for name, at in PACKAGES.items() if name != "azureml"}
    assert links(whole) == PACKAGES


def test_the_folder_is_made_once(cache: Path) -> None:
    first = python_path.folder()
    before = os.stat(first)

    assert python_path.folder() == first
    assert os.stat(first).st_ino == before.st_ino
    assert [path.name for path in Path(first).parent.iterdir()] == [Path(first).name]


def test_many_at_once_make_one(cache: Path) -> None:
    start = threading.Barrier(8)
    found: list[str] = []

    def make() -> None:
        start.wait()
        found.append(python_path.folder())

    threads = [threading.Thread(target=make) for _ in range(8)]
    _run(threads)

    assert len(found) == 8
    assert set(found) == {python_path.folder()}
    assert links(found[0]) == PACKAGES
    assert len(os.listdir(os.path.dirname(found[0]))) == 1


def test_a_dangling_link_is_not_taken_for_the_package(cache: Path) -> None:
    broken = python_path.folder()
    os.unlink(f"{broken}/runstore")
    os.symlink("/no/such/place", f"{broken}/runstore")

    repaired = python_path.folder()

    assert links(repaired) == PACKAGES


def test_a_folder_that_leads_elsewhere_is_not_used(cache: Path, tmp_path: Path) -> None:
    folder = python_path.folder()
    os.unlink(f"{folder}/homerun")
    os.symlink(tmp_path, f"{folder}/homerun")

    found = python_path.folder()

    assert links(found) == PACKAGES
    assert os.path.realpath(f"{folder}/homerun") == str(tmp_path)  # it may be in use: left alone


def test_a_damaged_folder_is_replaced_once_and_then_kept(cache: Path) -> None:
    os.unlink(f"{python_path.folder()}/runstore")

    assert python_path.folder() == python_path.folder()


def test_a_cache_that_cannot_be_written_gives_way_to_the_temporary_folder(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file is in the way")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    folder = python_path.folder()

    assert links(folder) == PACKAGES
    assert Path(folder).is_relative_to(temporary)
    assert os.stat(os.path.dirname(folder)).st_mode & 0o077 == 0


def test_a_cache_named_by_a_relative_path_is_not_used(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(workspace_dir / "home"))

    assert Path(python_path.folder()).is_relative_to(workspace_dir / "home/.cache")


def test_a_cache_that_somebody_else_can_write_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "homerun/path").mkdir(parents=True)
    (cache / "homerun/path").chmod(0o777)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    folder = Path(python_path.folder())

    assert not folder.is_relative_to(cache)
    assert os.stat(folder.parent).st_mode & 0o077 == 0


def test_a_cache_that_pythonpath_cannot_hold_is_not_used(
    workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a:b"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert ":" not in python_path.folder()


def test_another_interpreter_finds_the_packages_there_and_no_other(cache: Path) -> None:
    folder = python_path.folder()
    code = "import homerun, runstore, sys; print([p for p in sys.path if p == sys.argv[1]])"

    done = subprocess.run(
        [sys.executable, "-S", "-c", code, folder],
        env={"PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{[folder]}\n"


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
