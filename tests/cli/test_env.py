"""`homerun env list`, `build` and `gc`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from homerun import CondaDependencies, Environment, Workspace
from homerun.environments import recipe

CONDA = f"""#!/bin/sh
echo "conda says: $@"
case "$PATH" in *broken*) exit 3;; esac
mkdir -p "$5/bin" && ln -s {sys.executable} "$5/bin/python"
"""


@pytest.fixture
def registered(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a registered environment that a conda of our own makes in a moment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    tool = workspace_dir / "bin/conda"
    tool.parent.mkdir()
    tool.write_text(CONDA, encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    environment = Environment("train")
    environment.python.conda_dependencies = CondaDependencies.create(conda_packages=["nccl"])
    environment.register(Workspace.from_config())
    return "train"


def test_an_environment_is_built_ahead_listed_and_removed(cli, registered, terminal):
    assert cli("env", "list").json == []
    assert "there are no environments" in cli("env", "list", "-o", "table").err

    done = cli("env", "build", registered)
    again = cli("env", "build", registered)

    assert done.json == again.json
    assert "conda says: env create" in done.err
    assert "conda says" not in again.err
    (row,) = cli("env", "list").json
    assert (row["name"], row["directory"]) == ("train", done.json["directory"])
    assert row["packages"]
    shown = terminal("env", "list")
    assert shown.end() == 0
    assert shown.text.splitlines()[1].split()[:2] == [row["key"], "train"]
    assert cli("env", "gc").json == []
    assert cli("env", "gc", "--older-than", "0").json == [row["key"]]
    assert [name for name in os.listdir(recipe.home()) if not name.endswith(".lock")] == []


def test_an_environment_that_a_run_uses_is_not_removed(cli, registered):
    folder = cli("env", "build", registered).json["directory"]
    held = recipe.use(folder)
    assert held is not None

    kept = cli("env", "gc", "--older-than", "0").json
    os.close(held)

    assert kept == []
    assert cli("env", "gc", "--older-than", "0").json == [os.path.basename(folder)]


def test_what_a_killed_build_left_is_removed_by_gc(cli, registered):
    folder = cli("env", "build", registered).json["directory"]
    left = f"{folder}-00000000"
    os.mkdir(left)

    assert cli("env", "gc").json == []

    assert not os.path.exists(left)
    assert recipe.is_ready(folder)


def test_what_cannot_be_built_is_said_in_one_line_behind_the_installers_words(
    cli, registered, monkeypatch
):
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/broken")

    done = cli("env", "build", registered)

    assert (done.code, done.out) == (1, b"")
    assert "'train' could not be built: conda ended with 3" in done.last_line


def test_the_environment_of_a_run_configuration_is_built(cli, registered, workspace_dir):
    (workspace_dir / ".azureml").mkdir()
    (workspace_dir / ".azureml/plain.runconfig").write_text("script: train.py\n", encoding="utf-8")

    assert cli("env", "build", "-c", "plain").json["directory"] is None
    assert cli("env", "build").code == 2
    assert "there is no environment 'none'" in cli("env", "build", "none").last_line


def test_a_run_can_be_given_the_packages_of_a_conda_file(cli, registered, script, workspace_dir):
    script("train.py", "import os; print(os.environ['VIRTUAL_ENV'])")
    (workspace_dir / ".azureml").mkdir()
    managed = "script: train.py\nenvironment: {python: {userManagedDependencies: true}}\n"
    (workspace_dir / ".azureml/own.runconfig").write_text(managed, encoding="utf-8")
    (workspace_dir / "gpu.yml").write_text("dependencies: [nccl]\n", encoding="utf-8")
    submit = ("run", "submit-script", "-e", "given", "--source-directory", "source")

    done = cli(*submit, "-d", "gpu.yml", "train.py")
    configured = cli(*submit, "-d", "gpu.yml", "-c", "own")
    missing = cli(*submit, "-d", "none.yml", "train.py")

    (row,) = cli("env", "list").json
    assert row["name"] == "gpu"
    assert done.out.decode().splitlines()[-1] == row["directory"]
    assert configured.out.decode().splitlines()[-1] == row["directory"]
    assert (missing.code, missing.out) == (1, b"")
    assert "none.yml cannot be read" in missing.last_line


def test_the_documented_line_builds_its_environment_once(cli, registered, script, workspace_dir):
    script("train.py", "import os; print(os.environ['VIRTUAL_ENV'])", ".")
    folder = workspace_dir / ".azureml"
    folder.mkdir()
    (folder / "sklearn.runconfig").write_text(
        "script: train.py\nframework: Python\ncommunicator: None\ntarget: local\nnodeCount: 1\n"
        "environment:\n  name: sklearn\n  python:\n    userManagedDependencies: false\n"
        "    condaDependenciesFile: .azureml/conda_dependencies.yml\n",
        encoding="utf-8",
    )
    (folder / "conda_dependencies.yml").write_text(
        "name: project_environment\ndependencies:\n- scikit-learn=1.0\n- pip:\n"
        "  - azureml-defaults\n",
        encoding="utf-8",
    )
    line = ("run", "submit-script", "-c", "sklearn", "-e", "testexperiment", "train.py")

    first, second = (cli(*line).out.decode().splitlines() for _ in range(2))

    (row,) = cli("env", "list").json
    assert first[0].startswith("homerun: building the environment 'sklearn'")
    assert first[1:] == second == [row["directory"]]
