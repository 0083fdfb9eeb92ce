"""Small projects as people have them give the same by hand and as a run: output, files, exit code.

`projects/<name>/` is copied twice. One copy is run at a prompt, so to say, the other is submitted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from homerun import Experiment, ScriptRunConfig, Workspace

PROJECTS = Path(__file__).parent / "projects"
OURS = ("__pycache__", "outputs", "logs")
"""Folders that do not count: Python's caches, and what every run has."""


class Project:
    """A project: how it is run by hand, and how it is submitted.

    Args:
        by_hand: the words behind the interpreter; with `program`, the words of a program.
        config: what is given to ScriptRunConfig.
        folder: the part of the project that is the source.
    """

    def __init__(
        self, *by_hand: str, program: bool = False, folder: str = ".", **config: Any
    ) -> None:
        self.by_hand = list(by_hand)
        self.program = program
        self.folder = folder
        self.config = config


ROWS = {
    "flat": Project("train.py", "--epochs", "2", script="train.py", arguments=["--epochs", 2]),
    "package": Project("-m", "digits.train", "a b", script="-m digits.train", arguments=["a b"]),
    "hydra_app": Project(
        "train.py",
        *("lr=0.5", "model=large"),
        script="train.py",
        arguments=["lr=0.5", "model=large"],
    ),
    "fire_app": Project(
        *("train.py", "train", "--lr=0.5", "--layers=[1,2]", "--verbose"),
        script="train.py",
        arguments=["train", "--lr=0.5", "--layers=[1,2]", "--verbose"],
    ),
    "click_app": Project(
        *("cli.py", "train", "--lr", "0.5", "out.txt"),
        script="cli.py",
        arguments=["train", "--lr", 0.5, "out.txt"],
    ),
    "makefile": Project("make", "train", program=True, command=["make", "train"]),
    "shell": Project("./train.sh", "1", "2", program=True, script="train.sh", arguments=[1, 2]),
    "spawn": Project("train.py", script="train.py"),
    "loader": Project("train.py", script="train.py"),
    "relative_data": Project("train.py", script="train.py"),
    "parent_data": Project("train.py", folder="code", script="train.py"),
    "config_beside": Project("jobs/train.py", script="jobs/train.py"),
    "launcher": Project(
        *("launch.py", "2", "train.py", "--lr", "1"),
        script="launch.py",
        arguments=[2, "train.py", "--lr", 1],
    ),
}


def copied(name: str, where: str) -> Path:
    """A copy of a project, made anew; what its .gitignore names is in no repository."""
    made = Path(where, name)
    shutil.copytree(PROJECTS / name, made, ignore=shutil.ignore_patterns("__pycache__"))
    if name == "relative_data":
        for number in range(2):
            part = made / "data" / f"part{number}"
            part.mkdir(parents=True)
            (part / "rows.csv").write_text("1,2\n3,4\n")
    return made


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder with a digest of its content, wherever the folder lies."""
    found = {}
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in OURS]
        for name in names:
            path = Path(above, name)
            content = path.read_bytes().replace(os.fsencode(folder), b"<source>")
            found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def new(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """What was made or changed."""
    return {name: digest for name, digest in after.items() if before.get(name) != digest}


def by_hand(source: Path, command: list[str]) -> tuple[str, int]:
    """The output of a command in a folder, and its exit code."""
    done = subprocess.run(
        command,
        cwd=source,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PWD": str(source)},
        text=True,
        timeout=120,
    )
    return done.stdout.replace(str(source), "<source>"), done.returncode


def as_a_run(source: Path, **config: Any) -> tuple[str, int, Path]:
    """The same of a run, and its folder."""
    run = Experiment(Workspace.from_config(), "projects").submit(ScriptRunConfig(source, **config))
    run.wait_for_completion(raise_on_error=False)
    work = Path(run.directory, "work", source.name)
    output = b"".join(run.stream()).decode()
    told = run.describe()
    process.wait_put_away(run)
    return output.replace(str(work), "<source>"), told["outcome"]["exit_code"], work


@pytest.fixture(autouse=True)
def programs(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python` at the prompt is the interpreter that submits; Python writes no caches."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


@pytest.mark.parametrize("name", ROWS)
def test_a_project_gives_the_same_by_hand_and_as_a_run(workspace_dir: Path, name: str) -> None:
    row = ROWS[name]
    here, there = copied(name, "by-hand") / row.folder, copied(name, "as-a-run") / row.folder
    here, there = here.resolve(), there.resolve()
    before = files(here)

    command = row.by_hand if row.program else [sys.executable, *row.by_hand]
    wanted_output, wanted_code = by_hand(here, command)
    output, code, work = as_a_run(there, **row.config)

    assert output == wanted_output
    assert code == wanted_code
    assert new(before, files(work)) == new(before, files(here))
    assert files(there) == before


def with_editable_install(source: Path, where: str) -> str:
    """The interpreter of a virtual environment in which the project's `src/` is installed."""
    made = Path(where).resolve()
    venv.create(made, symlinks=True)
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "__editable__.digits-1.0.pth").write_text(f"{source}/src\n")
    return f"{made}/bin/python"


def test_a_src_layout_with_an_editable_install_runs_the_code_of_the_submit(
    workspace_dir: Path,
) -> None:
    here, there = copied("src_layout", "by-hand").resolve(), copied("src_layout", "as-a-run")
    there = there.resolve()
    before = files(here)
    python = with_editable_install(there, "environment")

    wanted = by_hand(here, [with_editable_install(here, "other"), "scripts/train.py"])
    output, code, work = as_a_run(there, script="scripts/train.py", interpreter=python)

    assert (output, code) == wanted
    assert "<source>/src/digits" in output
    assert new(before, files(work)) == new(before, files(here))


def test_a_notebook_gives_the_same_as_jupyter_execute_with_its_parameters_as_they_are(
    workspace_dir: Path,
) -> None:
    here, there = copied("notebook", "by-hand").resolve(), copied("notebook", "as-a-run").resolve()
    before = files(here)
    execute = "from nbclient.cli import main; main()"

    _, wanted_code = by_hand(here, [sys.executable, "-c", execute, "train.ipynb"])
    output, code, work = as_a_run(there, script="train.ipynb")
    _, _, other = as_a_run(there, script="train.ipynb", arguments=["--epochs", 1])

    assert (output, code) == ("[0.1, 0.05]\n", wanted_code)
    assert new(before, files(work)) == new(before, files(here))
    assert (other / "rates.json").read_text() == "[0.1]"
    assert files(there) == before
