"""Members of Workspace and Experiment that notebooks of the original use around their runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from homerun import Experiment, ScriptRunConfig, UserError, Workspace, WorkspaceError
from homerun.base.errors import NotHere
from homerun.sdk.azure.azure_services import AzureServices
from homerun.sdk.experiment import ViewType
from runstore.errors import ExperimentNotFound
from runstore.store import Store

LABELS = ("s-1", "rg", "my-ws")


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    return Workspace.from_config()


# Workspace


def test_the_originals_constructor_gives_the_workspace_here_its_labels(workspace_dir: Path) -> None:
    found = Workspace(*LABELS, tags={"team": "vision"})

    assert (found.subscription_id, found.resource_group, found.name) == LABELS
    assert found.directory == f"{workspace_dir}/.runs"
    assert (found.location, found.sku, found.tags) == ("local", "basic", {"team": "vision"})
    assert list(workspace_dir.iterdir()) == []


def test_the_originals_constructor_takes_names_too(workspace_dir: Path) -> None:
    found = Workspace(workspace_name="my-ws", subscription_id="s-1", resource_group="rg")

    assert repr(found) == (
        "Workspace.create(name='my-ws', subscription_id='s-1', resource_group='rg')"
    )


def test_the_originals_constructor_refuses_a_workspace_of_another_name(workspace_dir: Path) -> None:
    Workspace.create("other")

    with pytest.raises(WorkspaceError, match="'other', not 'my-ws'"):
        Workspace(*LABELS)


@pytest.mark.parametrize("name", ["", "a b", None])
def test_the_originals_constructor_refuses_an_odd_name(workspace_dir: Path, name: str) -> None:
    with pytest.raises(UserError, match="is not a valid workspace name"):
        Workspace("s", "g", name)


def test_create_keeps_tags_and_edition(workspace_dir: Path) -> None:
    Workspace.create("my-ws", sku="enterprise", tags={"team": "vision", "year": 2026})

    found = Workspace.from_config()

    assert (found.sku, found.tags) == ("enterprise", {"team": "vision", "year": "2026"})


def test_the_workspaces_are_the_one_here(workspace_dir: Path) -> None:
    before = Workspace.list("s-1")
    made = Workspace.create("my-ws", subscription_id="s-1", resource_group="rg")

    (found,) = Workspace.list("s-1")["my-ws"]

    assert before == {}
    assert found.directory == made.directory
    assert Workspace.list("s-2") == Workspace.list("s-1", resource_group="no") == {}
    assert list(Workspace.list()) == ["my-ws"]


def test_details_have_the_originals_keys(workspace_dir: Path) -> None:
    made = Workspace.create("my-ws", subscription_id="s-1", resource_group="rg")

    details = made.get_details()

    assert details == {
        "id": "/subscriptions/s-1/resourceGroups/rg/providers/"
        "Microsoft.MachineLearningServices/workspaces/my-ws",
        "name": "my-ws",
        "location": "local",
        "type": "Microsoft.MachineLearningServices/workspaces",
        "tags": {},
        "sku": "basic",
        "workspaceid": made.store.id,
        "description": "",
        "friendlyName": "my-ws",
        "creationTime": details["creationTime"],
        "directory": made.directory,
    }


def test_a_written_configuration_is_found_again(workspace_dir: Path) -> None:
    Workspace(*LABELS).write_config()

    found = Workspace.from_config()

    content = json.loads((workspace_dir / ".azureml/config.json").read_text())
    assert (found.subscription_id, found.resource_group, found.name) == LABELS
    assert found.directory == f"{workspace_dir}/.runs"
    assert content == {"Id": None, "Scope": found.get_details()["id"]}
    assert os.listdir(workspace_dir / ".azureml") == ["config.json"]


def test_a_configuration_written_elsewhere_leads_to_the_same_store(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace_dir / "deep/notebooks").mkdir(parents=True)
    Workspace(*LABELS).write_config("deep/notebooks", "mine")
    written = workspace_dir / "deep/notebooks/.azureml/mine.json"

    found = Workspace.from_config(str(written))
    Path(written).rename(written.with_name("config.json"))
    monkeypatch.chdir(workspace_dir / "deep/notebooks")

    assert found.directory == Workspace.from_config().directory == f"{workspace_dir}/.runs"
    assert Workspace.from_config(str(workspace_dir)).name == found.name == "my-ws"


@pytest.mark.parametrize("folder", ["aml_config", ".azureml"])
def test_a_configuration_goes_where_one_is_already(workspace_dir: Path, folder: str) -> None:
    (workspace_dir / folder).mkdir()
    (workspace_dir / folder / "project.json").write_text("{}")

    Workspace.of(Store(".runs"), {"name": "my-ws"}).write_config()

    assert os.listdir(workspace_dir / folder) == ["project.json"]
    assert Workspace.from_config().name == "my-ws"


def test_a_configuration_is_written_into_a_folder_of_configurations_itself(
    workspace_dir: Path,
) -> None:
    (workspace_dir / ".azureml").mkdir()

    Workspace(*LABELS).write_config(".azureml")

    assert os.listdir(workspace_dir / ".azureml") == ["config.json"]


@pytest.mark.parametrize(("path", "name"), [("no/such", None), (".", "../x"), (".", "")])
def test_a_configuration_that_cannot_be_written_is_one_sentence(
    workspace: Workspace, path: str, name: str | None
) -> None:
    with pytest.raises(UserError, match=r"configuration") as raised:
        workspace.write_config(path, name)

    assert "\n" not in str(raised.value)


NOTHING = [
    *("compute_targets", "datasets", "environments", "models", "images"),
    *("webservices", "linked_services", "private_endpoints"),
]


@pytest.mark.parametrize("name", NOTHING)
def test_what_only_azure_has_is_empty_here(workspace: Workspace, name: str) -> None:
    assert getattr(workspace, name) == {}


@pytest.mark.parametrize("name", AzureServices._absent)
def test_a_member_that_is_not_here_says_why_in_one_sentence(
    workspace: Workspace, name: str
) -> None:
    with pytest.raises(NotHere, match=f"homerun has no Workspace.{name}: ") as raised:
        getattr(workspace, name)

    assert isinstance(raised.value, UserError)
    assert "\n" not in str(raised.value)
    assert not hasattr(workspace, name)


def test_a_misspelt_member_is_named_by_python_as_ever(workspace: Workspace) -> None:
    with pytest.raises(AttributeError, match="'Workspace' object has no attribute 'experimets'"):
        workspace.experimets  # type: ignore[attr-defined] # noqa: B018


def test_there_is_no_default_cluster_and_only_two_kinds_of_them(workspace: Workspace) -> None:
    assert workspace.get_default_compute_target("cpu") is None
    with pytest.raises(ValueError, match="'tpu'"):
        workspace.get_default_compute_target("tpu")
    assert Workspace.setup().directory == workspace.directory
    assert Workspace.DEFAULT_CPU_CLUSTER_NAME == "cpu-cluster"


# Experiment


def test_an_experiment_has_an_id_that_stays(workspace: Workspace) -> None:
    first, other = Experiment(workspace, "loss"), Experiment(workspace, "other")

    again = Experiment(Workspace.from_config(), "loss")

    assert [len(part) for part in first.id.split("-")] == [8, 4, 4, 4, 12]
    assert first.id == again.id != other.id


def test_tags_of_an_experiment_change_and_are_seen_by_all(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "loss")

    experiment.set_tags({"team": "vision", "year": 2026, "old": "x"})
    experiment.tag("good")
    experiment.remove_tags(["old", "never"])
    experiment.refresh()

    assert experiment.tags == {"team": "vision", "year": "2026", "good": None}
    assert Experiment(Workspace.from_config(), "loss").tags == experiment.tags


@pytest.mark.parametrize(
    "action",
    [
        lambda e: e.set_tags("team"),
        lambda e: e.tag(5),
        lambda e: e.remove_tags(5),
        lambda e: e.reactivate("other"),
        lambda e: Experiment.list(e.workspace, view_type="Some"),
        lambda e: Experiment.list(e.workspace, tags=5),
    ],
)
def test_what_an_experiment_refuses_is_one_sentence(
    workspace: Workspace, action: Callable[[Experiment], object]
) -> None:
    with pytest.raises(UserError) as raised:
        action(Experiment(workspace, "loss"))

    assert "\n" not in str(raised.value)


def test_labels_of_an_experiment_that_is_not_there_are_none(workspace: Workspace) -> None:
    gone = Experiment.existing(workspace, "gone")

    assert (gone.tags, gone.archived_time) == ({}, None)
    with pytest.raises(ExperimentNotFound):
        gone.tag("x")


def test_an_archived_experiment_is_left_out_until_it_is_brought_back(workspace: Workspace) -> None:
    one, two = Experiment(workspace, "one"), Experiment(workspace, "two")

    before = datetime.now(timezone.utc)
    one.archive()

    def listed(view: str) -> list[str]:
        return [found.name for found in Experiment.list(workspace, view_type=view)]

    assert list(workspace.experiments) == listed(ViewType.ActiveOnly) == ["two"]
    assert (listed(ViewType.All), listed(ViewType.ArchivedOnly)) == (["one", "two"], ["one"])
    assert one.archived_time is not None
    assert before <= one.archived_time <= datetime.now(timezone.utc)
    assert two.archived_time is None

    one.reactivate()

    assert listed(ViewType.ActiveOnly) == ["one", "two"]
    assert one.archived_time is None


def test_a_new_run_brings_an_archived_experiment_back(
    workspace: Workspace, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    names = ("batch", "logged", "submitted")
    batch, logged, submitted = (Experiment(workspace, name) for name in names)
    for experiment in (batch, logged, submitted):
        experiment.archive()

    submitted.submit(ScriptRunConfig("source", "train.py"))
    logged.start_logging(snapshot_directory=None, outputs=False).complete()
    batch.submit_many([ScriptRunConfig("source", "train.py")]).wait_for_completion()

    assert tuple(workspace.experiments) == names


def test_experiments_are_found_by_their_tags(workspace: Workspace) -> None:
    for name, year in (("one", 2025), ("two", 2026)):
        Experiment(workspace, name).tag("year", year)
    Experiment(workspace, "three")

    def found(tags: object) -> list[str]:
        return [one.name for one in Experiment.list(workspace, tags=tags)]  # type: ignore[arg-type]

    assert found("year") == ["one", "two"]
    assert found({"year": 2026}) == ["two"]
    assert found(["year", ("year", 2025)]) == ["one"]
    assert found({"year": 1999}) == []


def test_a_run_may_be_called_labels(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "loss")
    experiment.tag("quality", "great")

    run = experiment.start_logging(run_id="labels", snapshot_directory=None, outputs=False)
    run.complete()

    assert workspace.get_run("labels") == run
    assert experiment.tags == {"quality": "great"}
    assert workspace.check() == []


def test_broken_labels_of_an_experiment_are_named_by_the_check(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "loss")
    experiment.tag("quality", "great")
    (written,) = Path(workspace.directory, "loss/.labels").iterdir()
    with open(written, "ab") as file:
        file.write(b"\n{half\n")

    (finding,) = workspace.check()

    assert finding.path == f"loss/.labels/{written.name}"
    assert "1 line is broken" in finding.problem
    assert experiment.tags == {"quality": "great"}


def test_tags_set_by_two_processes_at_once_are_all_kept(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "loss")
    code = (
        "import sys; from homerun import Experiment, Workspace\n"
        "one = Experiment(Workspace.from_config(), 'loss')\n"
        "for n in range(20): one.tag(f'{sys.argv[1]}-{n}')"
    )

    writers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]

    assert [writer.wait() for writer in writers] == [0, 0]
    assert set(experiment.tags) == {f"{name}-{n}" for name in "ab" for n in range(20)}


def test_an_attached_folder_names_its_experiment(workspace_dir: Path) -> None:
    workspace = Workspace(*LABELS)
    scope = f"{workspace.get_details()['id']}/projects/explore-runs"
    (workspace_dir / ".azureml").mkdir()
    (workspace_dir / ".azureml/config.json").write_text(
        json.dumps({"Id": "explore-runs", "Scope": scope})
    )
    (workspace_dir / "src").mkdir()

    found = Experiment.from_directory("src")

    assert (found.name, found.workspace.name) == ("explore-runs", "my-ws")
    assert found.workspace.directory == f"{workspace_dir}/.runs"


def test_a_folder_that_is_attached_to_nothing_says_so(workspace_dir: Path) -> None:
    Workspace(*LABELS).write_config()

    with pytest.raises(UserError, match="is attached to no experiment"):
        Experiment.from_directory(".")


def test_the_portal_of_an_experiment_is_its_folder(workspace_dir: Path) -> None:
    os.environ["HOMERUN_STORE"] = f"{workspace_dir}/a b#ü"
    try:
        experiment = Experiment(Workspace.from_config(), "loss")
        url = urlparse(experiment.get_portal_url())
    finally:
        del os.environ["HOMERUN_STORE"]

    assert (url.scheme, url.netloc) == ("file", "")
    assert unquote(url.path) == f"{workspace_dir}/a b#ü/loss"
    assert Experiment.get_docs_url().startswith("https://learn.microsoft.com/")
    assert experiment.workspace_object is experiment.workspace
