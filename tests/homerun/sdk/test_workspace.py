"""A workspace: where it is found, what it is called, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, UserError, Workspace, WorkspaceError
from homerun.config.workspace_config import check_name
from runstore.errors import ExperimentNotFound, RunNotFound
from runstore.store import Store

FLAT = {"subscription_id": "s-1", "resource_group": "group", "workspace_name": "flat-ws"}
SCOPE = {
    "Id": None,
    "Scope": "/subscriptions/s-2/resourceGroups/rg/providers/"
    "Microsoft.MachineLearningServices/workspaces/scope-ws",
}


def write_config(path: Path, content: object = FLAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def make_store(folder: Path) -> Path:
    return Path(Store(str(folder / ".runs")).for_writing().root)


def enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    return folder


# from_config: its order


def test_homerun_store_wins_over_everything_else(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(workspace_dir / "config.json")
    make_store(workspace_dir)
    monkeypatch.setenv("HOMERUN_STORE", "elsewhere/store")

    found = Workspace.from_config()

    assert found.directory == str(workspace_dir / "elsewhere/store")


def test_homerun_store_may_begin_with_a_tilde(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workspace_dir))
    monkeypatch.setenv("HOMERUN_STORE", "~/store")

    found = Workspace.from_config()
    made = Workspace.create("my-ws")

    assert found.directory == made.directory == str(workspace_dir / "store")


def test_a_config_json_that_is_a_link_is_read(workspace_dir: Path, tmp_path: Path) -> None:
    write_config(tmp_path / "kept.json")
    (workspace_dir / "config.json").symlink_to(tmp_path / "kept.json")

    assert Workspace.from_config().name == "flat-ws"


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
@pytest.mark.parametrize(
    ("content", "labels"),
    [(FLAT, ("flat-ws", "s-1", "group")), (SCOPE, ("scope-ws", "s-2", "rg"))],
    ids=["flat", "scope"],
)
def test_an_azure_configuration_names_the_workspace_of_its_folder(
    workspace_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    content: object,
    labels: tuple[str, str, str],
) -> None:
    write_config(workspace_dir / place, content)
    enter(workspace_dir / "deep/down", monkeypatch)

    found = Workspace.from_config()

    assert (found.name, found.subscription_id, found.resource_group) == labels
    assert found.directory == str(workspace_dir / ".runs")


def test_a_configuration_further_up_wins_over_a_nearer_store(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(workspace_dir / "project")
    write_config(workspace_dir / "config.json")
    enter(workspace_dir / "project/src", monkeypatch)

    assert Workspace.from_config().directory == str(workspace_dir / ".runs")


def test_dot_azureml_further_up_wins_over_a_bare_config_here(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(workspace_dir / ".azureml/config.json", SCOPE)
    write_config(workspace_dir / "project/config.json", FLAT)
    enter(workspace_dir / "project", monkeypatch)

    assert Workspace.from_config().name == "scope-ws"


@pytest.mark.parametrize("content", [{"model": "bert", "lr": 0.1}, ["a list"], "text"])
def test_a_config_json_of_somebody_else_is_passed_over(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    write_config(workspace_dir / "config.json")
    write_config(workspace_dir / "model/config.json", content)
    enter(workspace_dir / "model", monkeypatch)

    assert Workspace.from_config().directory == str(workspace_dir / ".runs")


def test_a_config_json_that_is_no_json_is_passed_over(workspace_dir: Path) -> None:
    (workspace_dir / "config.json").write_bytes(b"lr = 0.1 \xff")

    assert Workspace.from_config().directory == str(workspace_dir / ".runs")


def test_the_nearest_store_upwards_is_found(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(workspace_dir)
    nearest = make_store(enter(workspace_dir / "project", monkeypatch))
    enter(workspace_dir / "project/src/deep", monkeypatch)

    assert Workspace.from_config().directory == str(nearest)


def test_a_folder_named_like_a_store_is_none(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = make_store(workspace_dir)
    enter(workspace_dir / "project/.runs", monkeypatch)
    monkeypatch.chdir(workspace_dir / "project")

    assert Workspace.from_config().directory == str(above)


def test_a_new_workspace_is_here_and_only_the_first_write_makes_it(workspace_dir: Path) -> None:
    workspace = Workspace.from_config()
    read = (workspace.experiments, list(workspace.get_runs()), workspace.name)
    before = list(workspace_dir.iterdir())

    Experiment(workspace, "explore-runs")

    assert read == ({}, [], "workspace")
    assert before == []
    assert [path.name for path in workspace_dir.iterdir()] == [".runs"]


def test_a_folder_may_be_given_to_look_from(workspace_dir: Path) -> None:
    write_config(workspace_dir / "project/config.json")

    assert Workspace.from_config(str(workspace_dir / "project")).name == "flat-ws"


def test_a_configuration_file_may_be_given_itself(workspace_dir: Path) -> None:
    path = write_config(workspace_dir / "project/.azureml/config.json", SCOPE)

    found = Workspace.from_config(str(path))

    assert (found.name, found.directory) == ("scope-ws", str(workspace_dir / "project/.runs"))


@pytest.mark.parametrize(
    "content", [b"{", b"[1]", b'{"workspace_name": ""}', b'{"subscription_id": "s"}', b""]
)
def test_a_configuration_that_names_no_workspace_is_refused_by_its_path(
    workspace_dir: Path, content: bytes
) -> None:
    path = write_config(workspace_dir / ".azureml/config.json")
    path.write_bytes(content)

    with pytest.raises(UserError, match=str(path)) as raised:
        Workspace.from_config()

    assert "\n" not in str(raised.value)


def test_a_path_that_is_not_there_is_refused(workspace_dir: Path) -> None:
    with pytest.raises(UserError, match="no/such"):
        Workspace.from_config("no/such")


# get and create


def test_get_returns_the_workspace_that_bears_the_name(workspace_dir: Path) -> None:
    made = Workspace.create("my-ws")

    found = Workspace.get("my-ws", subscription_id="any", resource_group="any")

    assert (found.name, found.directory) == ("my-ws", made.directory)


def test_get_refuses_another_name_and_makes_nothing(workspace_dir: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"'other'.*Workspace\.create\('other'\)"):
        Workspace.get("other")

    assert list(workspace_dir.iterdir()) == []


def test_create_makes_the_store_here_with_its_labels(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.create("my-ws", subscription_id="s-1", resource_group="rg", sku="basic")
    enter(workspace_dir / "src", monkeypatch)

    found = Workspace.from_config()

    assert (found.name, found.subscription_id, found.resource_group) == ("my-ws", "s-1", "rg")
    assert found.directory == str(workspace_dir / ".runs")


def test_create_refuses_a_workspace_that_is_there(workspace_dir: Path) -> None:
    Workspace.create("my-ws")

    with pytest.raises(WorkspaceError, match="exist_ok=True"):
        Workspace.create("my-ws")


def test_create_with_exist_ok_returns_the_one_that_is_there(workspace_dir: Path) -> None:
    first = Workspace.create("my-ws", subscription_id="s-1")

    again = Workspace.create("my-ws", subscription_id="s-2", exist_ok=True)

    assert again.store.id == first.store.id
    assert again.subscription_id == "s-1"


def test_create_with_exist_ok_refuses_another_name(workspace_dir: Path) -> None:
    Workspace.create("my-ws")

    with pytest.raises(WorkspaceError, match="'my-ws', not 'other'"):
        Workspace.create("other", exist_ok=True)

    assert Workspace.from_config().name == "my-ws"


def test_create_beside_a_configuration_of_another_name_makes_nothing(workspace_dir: Path) -> None:
    write_config(workspace_dir / "config.json")

    with pytest.raises(WorkspaceError, match="'flat-ws', not 'other'"):
        Workspace.create("other")

    assert [path.name for path in workspace_dir.iterdir()] == ["config.json"]


@pytest.mark.parametrize("name", ["abc", "A_b-9", "9lives", "x" * 33, "größe"])
def test_a_workspace_may_have_the_originals_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "ab", "x" * 34, "-abc", "_abc", "a b c", "a/bc", "a.bc", "älter", None, 123]
)
def test_no_other_name_makes_a_workspace(workspace_dir: Path, name: object) -> None:
    with pytest.raises(UserError, match="is not a valid workspace name") as raised:
        Workspace.create(name)  # type: ignore[arg-type]

    assert "\n" not in str(raised.value)
    assert list(workspace_dir.iterdir()) == []


def test_labels_are_text_whatever_the_configuration_holds(workspace_dir: Path) -> None:
    content = {"workspace_name": "ws-1", "subscription_id": 7, "resource_group": None}
    write_config(workspace_dir / "config.json", content)

    found = Workspace.from_config()

    assert (found.subscription_id, found.resource_group) == ("7", "")
    assert found.location == "local"


def test_a_workspace_is_shown_as_the_original_shows_it(workspace_dir: Path) -> None:
    made = Workspace.create("my-ws", subscription_id="s-1", resource_group="rg")

    assert repr(made) == (
        "Workspace.create(name='my-ws', subscription_id='s-1', resource_group='rg')"
    )


# What it holds


def test_experiments_are_listed_by_their_true_names(workspace_dir: Path) -> None:
    workspace = Workspace.from_config()
    for name in ("loss", "Loss", "größe", "x" * 255):
        Experiment(workspace, name)

    found = workspace.experiments

    assert set(found) == {"loss", "Loss", "größe", "x" * 255}
    assert [found[name].name for name in sorted(found)] == sorted(found)


def test_a_run_is_found_by_id_or_by_a_beginning_that_only_it_has(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    workspace = Workspace.from_config()
    config = ScriptRunConfig("source", "train.py")
    first = Experiment(workspace, "one").submit(config, run_id="first")
    other = Experiment(workspace, "two").submit(config, run_id="first-too")

    assert workspace.get_run("first") == first  # exactly this id, though another begins with it
    assert workspace.get_run("first-") == other
    assert workspace.get_run("first-too").experiment.name == "two"


@pytest.mark.parametrize("run_id", ["nothing", "", "../x", "a/b", ".ids", "\0", "é", "x" * 300])
def test_a_run_that_is_not_there_is_not_found(workspace_dir: Path, run_id: str) -> None:
    workspace = Workspace.create("my-ws")

    with pytest.raises(RunNotFound) as raised:
        workspace.get_run(run_id)

    assert "\n" not in str(raised.value)


def test_runs_of_an_unknown_experiment_are_refused(workspace_dir: Path) -> None:
    with pytest.raises(ExperimentNotFound, match="'nothing'"):
        Workspace.from_config().get_runs("nothing")


def test_a_script_sees_the_workspace_that_it_was_submitted_to(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    write_config(workspace_dir / "config.json", FLAT)
    write_config(workspace_dir / "source/config.json", SCOPE)
    write_config(workspace_dir / "source/.azureml/config.json", SCOPE)
    script(
        "train.py",
        """
        from homerun import Run, Workspace
        run = Run.get_context()
        for found in (run.experiment.workspace, Workspace.from_config(), Workspace.get("flat-ws")):
            print(found.name, found.directory, found.subscription_id)
        """,
    )
    workspace = Workspace.from_config()

    run = Experiment(workspace, "inside").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    seen = b"".join(run.stream()).decode().splitlines()
    assert workspace.name == "flat-ws"
    assert seen == [f"flat-ws {workspace_dir}/.runs s-1"] * 3


def test_a_field_that_no_run_has_is_told_once_and_is_no_error(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.from_config()
    experiment = Experiment(workspace, "typos")
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        run.log("loss", 1)
    capsys.readouterr()

    for _ in range(2):
        assert list(experiment.get_runs(where="metrics.losss < 2")) == []
        assert len(list(workspace.get_runs(sort="-metrics.accuracy"))) == 1
        assert [one.id for one in workspace.get_runs(where="metrics.loss < 2")] == [run.id]

    assert capsys.readouterr().err.splitlines() == [
        "homerun: no run has metrics.losss; did you mean metrics.loss?",
        "homerun: no run has metrics.accuracy; there are metrics.loss",
    ]
