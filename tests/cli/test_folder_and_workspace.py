"""`folder attach`, `workspace …`, `login` and `account …`: the lines that tutorials begin with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from helpers import wheels
from homerun import Experiment, Workspace
from homerun.snapshots import scan

ATTACH = ("folder", "attach", "-w", "myworkspace", "-g", "myresourcegroup")
SAMPLES = [
    ".amlignore",
    ".azureml/conda_dependencies.yml",
    ".azureml/config.json",
    ".azureml/docker.runconfig",
    ".azureml/local.runconfig",
    ".azureml/sklearn.runconfig",
    ".azureml/sklearn_conda_dependencies.yml",
]


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_attach_writes_what_the_original_does_and_tells_it_in_its_words(invoke, workspace_dir):
    done = invoke(*ATTACH, "-e", "testexperiment", "--subscription", "0000")

    assert done.json == {
        "Experiment name": "testexperiment",
        "Subscription id": "0000",
        "Resource group": "myresourcegroup",
        "Workspace name": "myworkspace",
        "Project path": str(workspace_dir),
    }
    assert files(workspace_dir) == SAMPLES
    assert Experiment.from_directory(".").name == "testexperiment"
    found = Workspace.from_config()
    assert (found.name, found.resource_group) == ("myworkspace", "myresourcegroup")


def test_the_sample_of_attach_ignores_nothing_of_a_users(invoke, workspace_dir):
    (workspace_dir / ".gitignore").write_text("data/\n")
    for name in ("docs/guide.md", "outputs/best.pt", "train.py", "data/x"):
        (workspace_dir / name).parent.mkdir(exist_ok=True)
        (workspace_dir / name).touch()
    invoke(*ATTACH)

    tree = scan.scan(str(workspace_dir), store=None)

    found = {
        f"{folder}/{entry[0]}": entry[1] for folder, entries in tree.folders for entry in entries
    }
    taken = [found[name] for name in ("docs/guide.md", "outputs/best.pt", "/train.py", "data/x")]
    assert taken == ["file", "file", "file", "linked"]


def test_docker_differs_from_local_by_the_container_alone(invoke, workspace_dir):
    invoke(*ATTACH)

    local, docker = (
        yaml.safe_load((workspace_dir / f".azureml/{name}.runconfig").read_text())
        for name in ("local", "docker")
    )
    assert docker["environment"]["docker"]["enabled"] is True
    docker["environment"]["docker"]["enabled"] = False
    assert docker == local


def test_attach_changes_no_file_that_is_there(invoke, workspace_dir):
    (workspace_dir / ".azureml").mkdir()
    mine = {
        ".amlignore": "mine",
        ".azureml/local.runconfig": "script: mine.py\n",
        ".azureml/sklearn_conda_dependencies.yml": "name: mine\n",
    }
    for name, text in mine.items():
        (workspace_dir / name).write_text(text)

    assert invoke(*ATTACH).code == 0
    before = {name: (workspace_dir / name).read_bytes() for name in files(workspace_dir)}
    assert invoke(*ATTACH).code == 0

    assert {name: before[name].decode() for name in mine} == mine
    assert {name: (workspace_dir / name).read_bytes() for name in files(workspace_dir)} == before


def test_a_folder_that_is_attached_to_something_else_stays_so(invoke, workspace_dir):
    invoke(*ATTACH)
    before = (workspace_dir / ".azureml/config.json").read_text()

    done = invoke("folder", "attach", "-e", "other")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "it is never changed: remove it" in done.err
    assert (workspace_dir / ".azureml/config.json").read_text() == before


def test_a_folder_whose_name_no_experiment_can_have_needs_another(invoke, workspace_dir):
    os.mkdir("my project")

    done = invoke(*ATTACH, "-p", "my project")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "'my project' is not a valid experiment name" in done.err
    assert "-e" in done.err
    assert files(workspace_dir) == []


def test_after_attach_the_line_of_the_documentation_works_as_it_stands(
    cli, invoke, script, workspace_dir, monkeypatch
):
    wheels.make(workspace_dir / "wheels", "scikit_learn", "1.0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(workspace_dir / "wheels"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    script("train.py", "import scikit_learn; print(scikit_learn.VERSION)", ".")
    invoke(*ATTACH)

    done = cli("run", "submit-script", "-c", "sklearn", "-e", "testexperiment", "train.py")

    assert (done.code, done.text.splitlines()[-1]) == (0, "1.0"), done.err
    assert invoke("run", "list", "[].experiment_name").json == ["testexperiment"]


def test_an_attached_folder_needs_no_experiment(cli, script):
    script("train.py", "", ".")
    cli(*ATTACH, "-e", "mine")

    assert cli("run", "submit-script", "-c", "local", "train.py").code == 0
    assert cli("run", "list", "-e", "mine", "length(@)").json == 1


def test_a_workspace_is_made_once_listed_and_shown(invoke, workspace_dir):
    make = ("workspace", "create", "-w", "mine", "-g", "group")

    assert invoke("workspace", "list").json == []
    assert invoke(*make).json["name"] == "mine"
    again = invoke(*make)
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "--exist-ok" in again.err
    assert invoke(*make, "--exist-ok").code == 0
    assert [row["name"] for row in invoke("workspace", "list").json] == ["mine"]
    assert invoke("workspace", "show").json["resourceGroup"] == "group"


@pytest.mark.parametrize(
    "words",
    [
        ["login"],
        ["login", "--service-principal", "-u", "name", "-p", "secret", "--tenant", "t"],
        ["account", "set", "-s", "0000"],
        ["account", "set", "--subscription", "0000"],
        ["account", "show"],
    ],
    ids=" ".join,
)
def test_an_account_is_never_needed(invoke, workspace_dir, words):
    done = invoke(*words, "-o", "table")

    assert done.code == 0
    assert "no" in done.text + done.err
    assert files(workspace_dir) == []
