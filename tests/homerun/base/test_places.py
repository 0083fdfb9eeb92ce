"""Folders that are no project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homerun.base import places


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home/work/digits/src").mkdir(parents=True)
    return tmp_path / "home"


def test_what_is_no_project_is_named_in_words(home, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    assert places.unfit("/") == "the root of all folders"
    assert places.unfit(str(home)) == "your home folder"
    assert places.unfit("/tmp") == places.unfit(str(tmp_path)) == "a folder for temporary files"
    assert places.unfit("/proc") == "a mount point"
    assert places.unfit(str(home / "work")) == ""


def test_a_mount_point_with_the_sign_of_a_project_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    before = places.unfit(str(tmp_path))
    (tmp_path / "pyproject.toml").touch()

    assert (before, places.unfit(str(tmp_path))) == ("a mount point", "")


def test_a_project_is_the_top_of_its_repository_or_the_folder_itself(home):
    folder = str(home / "work/digits/src")
    alone = places.project_of(folder)
    (home / "work/digits/.git").mkdir()

    assert (alone, places.project_of(folder)) == (folder, str(home / "work/digits"))


def test_a_repository_of_the_home_folder_is_no_project(home):
    (home / ".git").mkdir()

    assert places.project_of(str(home / "work")) == str(home / "work")
