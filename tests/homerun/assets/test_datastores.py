"""Datastores: folders of the store's own and others, what is copied there, and where nothing is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from homerun import DataReference, Dataset, Datastore, UserError, Workspace
from homerun.assets import datastores
from homerun.base.errors import AssetNotFound
from runstore.errors import InvalidName


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    (workspace_dir / "data/deep").mkdir(parents=True)
    (workspace_dir / "data/a.txt").write_text("a")
    (workspace_dir / "data/deep/b.txt").write_text("b")
    return Workspace.from_config()


def test_the_default_one_is_a_folder_of_the_store(workspace: Workspace) -> None:
    found = workspace.get_default_datastore()

    assert (found.name, found.datastore_type) == ("workspaceblobstore", "Folder")
    assert found.directory == f"{workspace.directory}/.datastores/workspaceblobstore"
    assert found == workspace.datastores["workspaceblobstore"] == Datastore.get_default(workspace)
    assert not os.path.exists(workspace.directory)


def test_files_are_copied_there_and_back(workspace: Workspace) -> None:
    store = workspace.get_default_datastore()

    reference = store.upload("data", target_path="mine", show_progress=True)
    store.upload_files(["data/a.txt", "data/deep/b.txt"], target_path="flat")
    store.upload_files(["data/deep/b.txt"], relative_root="data", target_path="kept")
    count = store.download("copy", prefix="mine")

    assert reference.path_on_datastore == "mine"
    assert count == 2
    assert Path("copy/mine/deep/b.txt").read_text() == "b"
    names = sorted(inner for _, inner in datastores.below(store.directory))
    assert names == ["flat/a.txt", "flat/b.txt", "kept/deep/b.txt", "mine/a.txt", "mine/deep/b.txt"]


def test_what_lies_in_the_store_is_its_owners_alone(workspace: Workspace) -> None:
    os.umask(os.umask(0o022))
    store = workspace.get_default_datastore()

    store.upload("data")

    modes = {
        os.lstat(path).st_mode & 0o777
        for path in (store.directory, f"{store.directory}/deep", f"{store.directory}/a.txt")
    }
    assert modes == {0o700, 0o600}


def test_what_is_there_is_replaced_only_if_asked(workspace: Workspace) -> None:
    store = workspace.get_default_datastore()
    store.upload("data")
    Path("data/a.txt").write_text("new")

    store.upload("data")
    before = Path(store.directory, "a.txt").read_text()
    store.upload("data", overwrite=True)

    assert (before, Path(store.directory, "a.txt").read_text()) == ("a", "new")
    assert sorted(os.listdir(store.directory)) == ["a.txt", "deep"]


def test_a_name_is_bound_to_a_folder_and_unbound(workspace: Workspace) -> None:
    found = Datastore.register_folder(workspace, "images", "data")
    found.set_as_default()

    assert workspace.get_default_datastore().directory == os.path.abspath("data")
    said = json.loads(Path(workspace.directory, "settings.json").read_text())
    assert said["datastores"] == {"images": {"folder": os.path.abspath("data")}}
    found.unregister()

    assert workspace.get_default_datastore().name == "workspaceblobstore"
    assert Path("data/a.txt").exists()


def test_a_cloud_one_is_refused_until_its_name_is_bound(workspace: Workspace) -> None:
    given = {"container_name": "c", "account_name": "a", "account_key": "k"}

    with pytest.raises(UserError, match="`homerun datastore add blob FOLDER`") as raised:
        Datastore.register_azure_blob_container(workspace, "blob", **given)  # type: ignore[attr-defined]
    assert "\n" not in raised.value.message
    Datastore.register_folder(workspace, "blob", "data")

    found = Datastore.register_azure_blob_container(  # type: ignore[attr-defined]
        workspace=workspace, datastore_name="blob", **given
    )
    assert found.directory == os.path.abspath("data")


def test_one_that_is_not_there_says_how_to_bind_it(workspace: Workspace) -> None:
    with pytest.raises(AssetNotFound, match="`homerun datastore add nope FOLDER`"):
        Datastore.get(workspace, "nope")
    with pytest.raises(KeyError, match="there is no datastore 'nope' here"):
        _ = workspace.datastores["nope"]
    Datastore.register_folder(workspace, "images", "data")
    os.rename("data", "moved")
    with pytest.raises(UserError, match="is not there: mount it"):
        Datastore.get(workspace, "images").upload("moved")
    with pytest.raises(UserError, match="it is always there"):
        workspace.get_default_datastore().unregister()


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "é", "a\0", "x" * 256, None], ids=ascii)
def test_a_name_that_no_datastore_has_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(InvalidName, match="is not a valid name for a datastore"):
        Datastore.register_folder(workspace, name, "data")
    assert not Path(workspace.directory, "settings.json").exists()


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "a\\..\\..\\x", "a\0"], ids=ascii)
def test_a_path_that_leads_out_is_refused(workspace: Workspace, path: str) -> None:
    store = workspace.get_default_datastore()
    for use in (
        lambda: store.path(path),
        lambda: store.upload("data", path),
        lambda: store.download("copy", path),
        lambda: Dataset.File.from_files((store, path)),
    ):
        with pytest.raises(UserError, match="leads out of its datastore"):
            use()
    assert sorted(os.listdir(".")) in (["data"], [".runs", "data"])


def test_a_link_on_the_way_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    store = workspace.get_default_datastore()
    store.upload("data")
    away = tmp_path / "away"
    away.mkdir()
    os.symlink(away, f"{store.directory}/link")

    with pytest.raises(UserError, match="cannot be copied"):
        store.upload("data", target_path="link")

    assert list(away.iterdir()) == []


def test_a_link_in_the_place_of_its_folder_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    store = workspace.get_default_datastore()
    store.upload("data")
    os.rename(store.directory, tmp_path / "away")
    os.symlink(tmp_path / "away", store.directory)

    with pytest.raises(UserError, match="cannot be used"):
        store.upload("data", overwrite=True)


def test_references_are_those_of_the_original(workspace: Workspace) -> None:
    store = workspace.get_default_datastore()

    reference = store.path("a/", "name").as_download()

    assert str(reference) == "$AZUREML_DATAREFERENCE_name"
    assert (reference.mode, reference.path_on_datastore) == ("download", "a")
    assert reference.path("b").path_on_datastore == "a/b"
    assert str(store.as_mount()).startswith("$AZUREML_DATAREFERENCE_workspaceblobstore")
    assert isinstance(DataReference(store, "x", "y"), DataReference)
