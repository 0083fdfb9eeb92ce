"""Finding a program: as a shell does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homerun.system import which


def test_a_program_is_found_as_a_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "tool").mkdir()
    (first / "other").write_text("no program")
    for name in ("tool", "other", "last"):
        (second / name).write_text("#!/bin/sh\n")
        (second / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{first}{os.pathsep}{second}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    for name in ("tool", "other", "second/tool", "./second/tool", "~/second/tool"):
        found = which.find(name)
        assert found == f"{second}/{os.path.basename(name)}", name
    assert which.find("none", "last", "tool") == f"{second}/last"
    assert which.find("tool", path=str(first)) is None
    assert which.find("first/other") is which.find("none") is which.find("") is None
