"""A cache folder is used only where no other account can say what lies in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.environments import python_path
from homerun.system import caches

OTHER = 54321

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of another user")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `above/home/homerun` of this user alone; what stands in for it lies in `private`."""
    (tmp_path / "private").mkdir(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    monkeypatch.setattr(caches, "_stand_ins", {})
    monkeypatch.setattr(caches, "_made", [])
    folder = tmp_path / "above/home"
    folder.mkdir(parents=True)
    (folder / "homerun").mkdir(0o700)
    return folder


def test_a_folder_of_this_user_alone_has_no_flaw(home: Path) -> None:
    assert caches.flaw(f"{home}/homerun") == caches.flaw(f"{home}/not/there/yet") == ""
    assert caches.home({"XDG_CACHE_HOME": str(home)}) == str(home)


OPEN = {"homerun": 0o777, ".": 0o777, "..": 0o772}


@pytest.mark.parametrize(("where", "mode"), OPEN.items(), ids=OPEN.keys())
def test_where_others_may_write_on_the_way_a_private_folder_stands_in(
    home: Path, where: str, mode: int
) -> None:
    os.chmod(f"{home}/{where}", mode)

    used = caches.home({"XDG_CACHE_HOME": str(home)})

    assert caches.flaw(f"{home}/homerun").startswith("others may write in /")
    assert Path(used).parent == home.parent.parent / "private"
    assert os.stat(used).st_mode & 0o077 == 0


def test_in_a_sticky_folder_others_may_write_and_in_the_cache_itself_never(home: Path) -> None:
    home.chmod(0o1777)
    above = caches.flaw(f"{home}/homerun")
    (home / "homerun").chmod(0o1777)

    assert (above, caches.flaw(f"{home}/homerun")) == ("", f"others may write in {home}/homerun")


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_of_a_link_what_it_leads_to_counts_as_well(home: Path, tmp_path: Path, mode: int) -> None:
    (tmp_path / "target/homerun").mkdir(parents=True)
    (tmp_path / "target").chmod(mode)
    link = tmp_path / "link"
    link.symlink_to("target")

    assert bool(caches.flaw(f"{link}/homerun")) is (mode == 0o777)


def test_links_that_lead_in_a_circle_are_a_flaw(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert caches.flaw(f"{tmp_path}/a/homerun") != ""


@needs_root
@pytest.mark.parametrize("where", ["homerun", ".", ".."])
def test_a_folder_of_another_user_on_the_way_is_a_flaw(home: Path, where: str) -> None:
    os.chown(f"{home}/{where}", OTHER, -1)

    assert caches.flaw(f"{home}/homerun").endswith("belongs to another user")


@needs_root
def test_a_link_of_another_user_is_a_flaw(home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(home)
    os.chown(tmp_path / "link", OTHER, -1, follow_symlinks=False)

    assert caches.flaw(f"{tmp_path}/link/homerun") == f"{tmp_path}/link belongs to another user"


def test_a_private_folder_that_is_in_other_hands_is_not_used_either(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / f"private/homerun-{os.geteuid()}").mkdir()
    (tmp_path / f"private/homerun-{os.geteuid()}").chmod(0o777)

    used = caches.private()

    assert used == caches.private() != f"{tmp_path}/private/homerun-{os.geteuid()}"
    assert os.stat(used).st_mode & 0o077 == 0


def test_folders_are_made_for_this_user_alone_whatever_the_umask(home: Path) -> None:
    former = os.umask(0)
    try:
        caches.make_cache(f"{home}/a/b")
    finally:
        os.umask(former)

    assert [os.stat(home / one).st_mode & 0o777 for one in ("a", "a/b")] == [0o700, 0o700]


def test_where_no_folder_can_be_seen_none_is_made_and_the_search_ends(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "isdir", lambda _path: False)  # as os.stat, where it is refused
    (home / "there").mkdir(0o700)

    caches.make_cache(str(home / "there"))

    assert os.listdir(home / "there") == []


def test_a_run_says_once_that_the_cache_is_not_used(
    home: Path,
    workspace_dir: Path,
    script: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script("train.py", "import os; print(os.environ['PYTHONPATH'])")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    home.chmod(0o777)
    experiment = Experiment(Workspace.from_config(), "cached")

    runs = [experiment.submit(ScriptRunConfig("source", "train.py")) for _ in range(2)]
    outputs = [b"".join(run.stream()).decode() for run in runs]

    told = capsys.readouterr().err
    assert told.count(f"the cache {home} is not used, since others may write in {home}; ") == 1
    assert [Path(one).is_relative_to(home.parent.parent / "private") for one in outputs] == [
        True,
        True,
    ]
    assert python_path.folder() == outputs[0].strip()
