"""Every page, followed as its reader would, in a clean folder and home: `make test-docs`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import document
from helpers.document import Reader
from helpers.probes import Interpreter
from helpers.sources import ROOT

PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])

WITH_PIP = {"getting-started"}
"""Pages on which homerun is installed."""

ELSEWHERE = {
    "cli": "tests/cli/test_start.py",
    "clusters": "tests/slurm/test_documentation.py, tests/ray/test_documentation.py",
}
"""Pages whose lines other tests run."""


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of a new user, whose `homerun` is this checkout's."""
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    python = shlex.quote(sys.executable)
    for name, line in {
        "homerun": f"exec {python} -m homerun",
        "hr": f"exec {python} -m homerun",
        "python": f"exec {python}",
        "python3": f"exec {python}",
    }.items():
        (programs / name).write_text(f'#!/bin/sh\n{line} "$@"\n')
        (programs / name).chmod(0o755)
    gone = ("HOMERUN_", "VIRTUAL_ENV", "CONDA_", "XDG_", "PIP_", "AZUREML_", "MLFLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(gone)}
    return {
        **kept,
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
    }


@pytest.fixture
def installing(env: dict[str, str], wheels: Callable[[Interpreter], Path]) -> dict[str, str]:
    """The same without our `homerun`, where pip finds all that it needs without a network."""
    for name in ("homerun", "hr"):
        os.unlink(Path(env["PATH"].split(":")[0], name))
    here = wheels(Interpreter(sys.executable, sys.version_info[:2]))
    without = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    return {**without, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(here)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if page.stem in ELSEWHERE:
        pytest.skip(f"run by {ELSEWHERE[page.stem]}")
    known = request.getfixturevalue("installing" if page.stem in WITH_PIP else "env")
    folder = tmp_path / "project"
    folder.mkdir()
    os.symlink(ROOT, folder / "homerun")

    with Reader(folder, known) as reader:
        for step in document.steps(page.read_text()):
            reader.follow(step)
