"""Names and paths that try to lead a registry out of its folder: the corpus of the files of runs.

Outside lies a canary: it is never written, moved, registered, or copied out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.hostile import LITERAL, NAMES
from homerun import Dataset, Datastore, Experiment, Model, Workspace
from homerun.base.errors import HomerunError
from runstore import layout
from runstore.errors import StoreError

SECRET = b"the canary's own words"
REGISTRIES = (layout.MODELS, layout.DATASETS, layout.DATASTORES)

Try = Callable[[Workspace, str], object]


@pytest.fixture
def workspace(workspace_dir: Path, tmp_path: Path) -> Workspace:
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "canary").write_bytes(SECRET)
    Path("net").mkdir()
    Path("net/weights").write_text("w")
    return Workspace.from_config()


@pytest.fixture
def uploaded(workspace: Workspace) -> None:
    """A run, a model and a datastore with files, for the names to lead out of."""
    run = Experiment(workspace, "e").start_logging(
        run_id="run", snapshot_directory=None, outputs=False
    )
    run.upload_file("outputs/model.pkl", "net/weights")
    run.complete()
    workspace.get_default_datastore().upload("net", target_path="mine")


def model_of_that_name(workspace: Workspace, name: str) -> object:
    made = Model.register(workspace, "net", name)
    assert Model(workspace, name).name == name
    return made.delete()


def model_at_that_path_of_a_run(workspace: Workspace, name: str) -> object:
    return workspace.get_run("run").register_model("m", name).delete()


def model_that_is_asked_for(workspace: Workspace, name: str) -> object:
    return Model.get_model_path(name, _workspace=workspace)


def dataset_of_that_name(workspace: Workspace, name: str) -> object:
    Dataset.File.from_files("net").register(workspace, name, create_new_version=True)
    assert Dataset.get_by_name(workspace, name).name == name
    assert name in workspace.datasets
    return None


def dataset_of_that_id(workspace: Workspace, name: str) -> object:
    return Dataset.get_by_id(workspace, name).to_path()


def dataset_of_that_path_of_a_datastore(workspace: Workspace, name: str) -> object:
    data = Dataset.File.from_files((workspace.get_default_datastore(), name), validate=False)
    return data.download("down", overwrite=True)


def datastore_of_that_name(workspace: Workspace, name: str) -> object:
    return Datastore.get(workspace, name).upload("net")


def upload_to_that_path(workspace: Workspace, name: str) -> object:
    return workspace.get_default_datastore().upload("net", target_path=name, overwrite=True)


def download_of_that_prefix(workspace: Workspace, name: str) -> object:
    return workspace.get_default_datastore().download("down", prefix=name, overwrite=True)


TRIES = (
    *(model_of_that_name, model_at_that_path_of_a_run, model_that_is_asked_for),
    *(dataset_of_that_name, dataset_of_that_id, dataset_of_that_path_of_a_datastore),
    *(datastore_of_that_name, upload_to_that_path, download_of_that_prefix),
)


def outside(tmp_path: Path, workspace: Workspace) -> dict[str, bytes]:
    """What lies around the registries, with its content: but for copies that were asked for."""
    skipped = tuple(f"{workspace.directory}/{one}" for one in REGISTRIES)
    found = {}
    for path in tmp_path.rglob("*"):
        inner = os.fspath(path)
        is_copy = inner.startswith(f"{os.getcwd()}/down")
        if not inner.startswith(skipped) and not is_copy and path.is_file():
            found[inner] = path.read_bytes()
    return found


@pytest.mark.parametrize("attempt", TRIES, ids=lambda one: one.__name__)
def test_no_name_leads_out_of_a_registry(
    workspace: Workspace, uploaded: None, tmp_path: Path, attempt: Try
) -> None:
    before = outside(tmp_path, workspace)
    refused = []

    for name in (*NAMES, *LITERAL, ""):
        try:
            attempt(workspace, name)
        except (HomerunError, StoreError):
            refused.append(name)

    assert outside(tmp_path, workspace) == before
    copied = [path for path in Path().rglob("down/**/*") if path.is_file()]
    registries = [Path(workspace.directory, one) for one in REGISTRIES]
    kept = [path for one in registries for path in one.rglob("*") if path.is_file()]
    assert not any(SECRET in path.read_bytes() for path in (*copied, *kept))
    assert refused, "nothing of the corpus was refused"
