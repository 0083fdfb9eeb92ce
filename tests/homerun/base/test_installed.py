"""The line that installs more beside this homerun."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import tomllib

from helpers.sources import ROOT
from homerun.base import installed


def test_the_extras_are_those_of_the_project() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: tuple(said["optional-dependencies"][name]) for name in installed.EXTRAS}

    assert extras == installed.EXTRAS
    assert {*said["optional-dependencies"]} - {*extras} == {"dev", "examples"}


def test_an_environment_with_pip_is_told_its_own_pip() -> None:
    line = installed.line_for_extra("plot")

    assert line == f"{sys.executable} -m pip install 'matplotlib>=3.7'"


def test_an_environment_of_pipx_is_told_pipx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipx_metadata.json").write_text("{}")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert installed.line_that_installs("a", "b>=1") == "pipx inject homerun a 'b>=1'"


def test_an_environment_without_pip_is_told_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    line = installed.line_that_installs("a")

    assert line == f"uv pip install --python {sys.executable} a"
