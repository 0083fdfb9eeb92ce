"""Estimators are script configurations; environments of Azure's own are ones with its packages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homerun import (
    Dataset,
    Environment,
    Estimator,
    Experiment,
    MpiConfiguration,
    Run,
    UserError,
    Workspace,
)
from homerun.assets import curated
from homerun.base.errors import AssetNotFound, NotHere
from homerun.sdk.azure.estimator import PyTorch, SKLearn


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    Path("data").mkdir()
    Path("data/a.txt").write_text("a")
    return Workspace.from_config()


def printed(run: Run) -> list[str]:
    run.wait_for_completion()
    return run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"].splitlines()


def test_an_estimator_is_submitted_as_a_script(
    workspace: Workspace, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import os, sys
        from homerun import Run
        print(sys.argv[1:5])
        print(os.listdir(sys.argv[6]), os.environ["MINE"])
        print(sorted(Run.get_context().input_datasets))
        """,
    )
    data = Dataset.File.from_files("data")
    estimator = Estimator(
        source_directory="source",
        entry_script="train.py",
        script_params={
            "--lr": 0.1,
            "--epochs": 3,
            "--data-folder": data.as_named_input("d").as_mount(),
            "--fast": "",
        },
        compute_target="local",
        inputs=[data.as_named_input("more").as_mount()],
        environment_variables={"MINE": "set"},
        use_gpu=True,
        custom_docker_image="mine:latest",
    )

    lines = printed(Experiment(workspace, "e").submit(estimator))

    assert lines == ["['--lr', '0.1', '--epochs', '3']", "['a.txt'] set", "['d', 'more']"]
    assert estimator.run_config.script == "train.py"


def test_packages_make_an_environment_and_none_make_none(workspace: Workspace) -> None:
    Path("source").mkdir()
    Path("source/req.txt").write_text("numpy\n")
    bare = SKLearn("source", entry_script="t.py")
    packed = SKLearn("source", entry_script="t.py", pip_packages=["tqdm"], conda_packages=["scipy"])
    filed = PyTorch("source", entry_script="t.py", pip_requirements_file="req.txt")

    def pip(one: Estimator) -> list[str]:
        return one.run_config.environment.python.conda_dependencies.pip_packages

    assert bare.is_settled
    assert (pip(packed), pip(filed)) == (
        ["scikit-learn", "tqdm"],
        ["numpy", "torch", "torchvision"],
    )
    own = Environment("mine")
    given = Estimator("source", entry_script="t.py", environment_definition=own)
    assert given.run_config.environment is own


def test_processes_are_those_of_a_script_configuration(workspace: Workspace) -> None:
    old = Estimator("source", entry_script="t.py", node_count=1, process_count_per_node=2)
    new = Estimator(
        "source",
        entry_script="t.py",
        distributed_training=MpiConfiguration(process_count_per_node=2),
    )

    assert old.run_config.mpi.process_count_per_node == 2
    assert new.run_config.mpi.process_count_per_node == 2
    with pytest.raises(UserError, match="PyTorchConfiguration"):
        Estimator("source", entry_script="t.py", node_count=2, distributed_backend="ps")
    with pytest.raises(UserError, match="script_params is a dict"):
        Estimator("source", entry_script="t.py", script_params=["--lr"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scikit-learn"),
        ("AzureML-PyTorch-1.6-GPU", "torch"),
        ("AzureML-TensorFlow-2.2-CPU", "tensorflow"),
        ("AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu", "lightgbm"),
        ("AzureML-Minimal", None),
    ],
)
def test_an_environment_of_azures_own_is_one_with_its_main_packages(
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    package: str | None,
) -> None:
    monkeypatch.setattr(curated, "_told", set())

    found = Environment.get(workspace, name)
    same = workspace.environments[name]

    packages = found.python.conda_dependencies.pip_packages
    assert (found.name, same.python.conda_dependencies.pip_packages) == (name, packages)
    assert packages[:1] == ([package] if package else [])
    told = capsys.readouterr().err
    assert told.count(f"{name} is an image of Azure; here it is an environment with") == 1


def test_the_settings_add_to_the_table_and_a_registered_one_wins(workspace: Workspace) -> None:
    store = workspace.store.for_writing()
    Path(store.root, "settings.json").write_text(
        json.dumps({"curated_environments": {"AzureML-Mine": ["a==1"], "AzureML-Minimal": "b"}})
    )

    def pip(name: str) -> Any:
        return Environment.get(workspace, name).python.conda_dependencies.pip_packages

    assert pip("AzureML-Mine") == ["a==1"]
    with pytest.raises(UserError, match="is a list of packages for pip"):
        pip("AzureML-Minimal")
    own = Environment("AzureML-Tutorial")
    own.python.conda_dependencies.add_pip_package("mine")
    own.register(workspace)
    assert pip("AzureML-Tutorial") == ["mine"]
    with pytest.raises(KeyError, match="there is no environment 'x'; registered are AzureML-Tut"):
        workspace.environments["x"]
    assert issubclass(AssetNotFound, KeyError)


def test_an_image_is_not_used_and_the_packages_beside_it_are(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("req.txt").write_text("numpy\n")

    made = Environment.from_dockerfile("d", "Dockerfile", pip_requirements="req.txt")

    assert made.python.conda_dependencies.pip_packages == ["numpy"]
    assert "nothing runs in a container; its packages are used" in capsys.readouterr().err
    with pytest.raises(NotHere, match=r"homerun has no Environment\.from_docker_image: "):
        Environment.from_docker_image("d", "mine:latest")
    with pytest.raises(NotHere, match=r"homerun has no Environment\.from_docker_build_context: "):
        Environment.from_docker_build_context("d", None)  # type: ignore[attr-defined]
    assert not hasattr(Environment, "build")


def test_an_environment_of_conda_is_its_interpreter(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "envs/mine"
    (place / "bin").mkdir(parents=True)
    (place / "bin/python").symlink_to("/bin/sh")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text(f"/opt/other\n{place}\n")

    found = Environment.from_existing_conda_environment("e", "mine")

    assert found is not None
    assert found.python.interpreter_path == f"{place}/bin/python"
    assert found.python.user_managed_dependencies is True
    for name in ("other", "", "../mine", os.sep):
        assert Environment.from_existing_conda_environment("e", name) is None
