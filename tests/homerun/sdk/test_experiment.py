"""An experiment: its name, what is submitted to it, and its runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import GeneratorType

import pytest

from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from runstore.errors import ExperimentNotFound, InvalidName, RunExists


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    return Workspace.from_config()


@pytest.fixture
def config(script: Callable[..., Path]) -> ScriptRunConfig:
    script("train.py", "")
    return ScriptRunConfig("source", "train.py")


GOOD = ["a", "A", "9", "explore-runs", "a_b-C9", "x" * 255, "größe", "aß-漢字", "CON", "x--"]


@pytest.mark.parametrize("name", GOOD)
def test_an_experiment_may_have_the_originals_names(workspace: Workspace, name: str) -> None:
    made = Experiment(workspace, name)

    assert made.name == name
    assert list(workspace.experiments) == [name]
    assert list(made.get_runs()) == []


BAD = {
    "empty": "",
    "slash": "a/b",
    "backslash": "a\\b",
    "dot": "a.b",
    "two dots": "..",
    "blank": "a b",
    "newline": "a\n",
    "dash first": "-a",
    "underscore first": "_a",
    "letter of another script first": "größe"[2:],
    "256 characters": "x" * 256,
    "NUL": "a\0b",
    "surrogate": "a\udc80",
    "none": None,
    "number": 5,
    "bytes": b"abc",
}


@pytest.mark.parametrize("name", BAD.values(), ids=BAD.keys())
def test_no_other_name_makes_an_experiment(
    workspace: Workspace, workspace_dir: Path, name: object
) -> None:
    with pytest.raises(InvalidName, match="is not a valid experiment name: use 1 to 255") as raised:
        Experiment(workspace, name)  # type: ignore[arg-type]

    assert "\n" not in str(raised.value)
    assert list(workspace_dir.iterdir()) == []


def test_names_that_differ_by_case_only_are_two_experiments(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    lower, upper = Experiment(workspace, "loss"), Experiment(workspace, "LOSS")

    first, second = lower.submit(config), upper.submit(config)

    folders = {path.name.casefold() for path in Path(".runs").iterdir()}
    assert list(lower.get_runs()) == [first]
    assert list(upper.get_runs()) == [second]
    assert (first.number, second.number) == (1, 1)
    assert len(folders) == len(list(Path(".runs").iterdir()))


def test_an_experiment_made_twice_is_one(workspace: Workspace, config: ScriptRunConfig) -> None:
    run = Experiment(workspace, "loss").submit(config)

    assert list(Experiment(Workspace.from_config(), "loss").get_runs()) == [run]


def test_get_runs_is_a_lazy_generator_from_the_newest_on(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    experiment = Experiment(workspace, "loss")
    submitted = [experiment.submit(config) for _ in range(3)]

    runs = experiment.get_runs()

    assert isinstance(runs, GeneratorType)
    assert next(runs) == next(Run.list(experiment)) == submitted[2]
    assert list(runs) == [submitted[1], submitted[0]]


def test_a_run_submitted_meanwhile_does_not_join_a_listing_that_has_begun(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    experiment = Experiment(workspace, "loss")
    submitted = [experiment.submit(config) for _ in range(2)]

    runs = experiment.get_runs()
    newest = next(runs)
    later = experiment.submit(config)

    assert newest == submitted[1]
    assert list(runs) == [submitted[0]]
    assert next(experiment.get_runs()) == later


def test_runs_of_a_workspace_come_newest_first_across_experiments(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    experiments = [Experiment(workspace, name) for name in ("one", "two", "one")]

    submitted = [experiment.submit(config) for experiment in experiments]

    assert list(workspace.get_runs()) == submitted[::-1]
    assert list(workspace.get_runs("one")) == [submitted[2], submitted[0]]


def test_runs_are_numbered_from_one_in_each_experiment(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    one, two = Experiment(workspace, "one"), Experiment(workspace, "two")

    numbers = [experiment.submit(config).number for experiment in (one, two, one)]

    assert numbers == [1, 1, 2]


def test_tags_given_at_submit_are_stored_as_text_and_shown(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    tags = {"quality": "great", "epochs": 3, "note": None, "größe": "ü\n", "": "empty"}

    run = Experiment(workspace, "loss").submit(config, tags=tags)

    shown = workspace.get_run(run.id).describe()["tags"]
    assert shown == {"quality": "great", "epochs": "3", "note": None, "größe": "ü\n", "": "empty"}


@pytest.mark.parametrize("tags", ["quality", ["quality"], {1: "great"}, {None: "x"}])
def test_tags_of_another_shape_are_refused_and_start_nothing(
    workspace: Workspace, config: ScriptRunConfig, tags: object
) -> None:
    experiment = Experiment(workspace, "loss")

    with pytest.raises(UserError, match="tag") as raised:
        experiment.submit(config, tags=tags)  # type: ignore[arg-type]

    assert "\n" not in str(raised.value)
    assert list(experiment.get_runs()) == []


def test_a_run_id_can_be_given(workspace: Workspace, config: ScriptRunConfig) -> None:
    run = Experiment(workspace, "loss").submit(config, run_id="my-run_1")

    assert run.id == "my-run_1"
    assert Path(run.directory) == Path(".runs/loss/my-run_1").absolute()


def test_a_given_run_id_is_unique_across_experiments(
    workspace: Workspace, config: ScriptRunConfig
) -> None:
    Experiment(workspace, "one").submit(config, run_id="my-run")
    other = Experiment(workspace, "two")

    with pytest.raises(RunExists, match="choose another id"):
        other.submit(config, run_id="my-run")

    assert list(other.get_runs()) == []
    assert len(list(workspace.get_runs())) == 1


@pytest.mark.parametrize("run_id", ["", "a/b", "..", ".hidden", "a b", "ü", "x" * 129, 5])
def test_a_run_id_of_other_characters_is_refused(
    workspace: Workspace, config: ScriptRunConfig, run_id: str
) -> None:
    experiment = Experiment(workspace, "loss")

    with pytest.raises(InvalidName, match="is not a valid run id"):
        experiment.submit(config, run_id=run_id)

    assert list(experiment.get_runs()) == []


def test_a_made_run_id_names_its_experiment(workspace: Workspace, config: ScriptRunConfig) -> None:
    run = Experiment(workspace, "loss").submit(config)

    experiment, seconds, digits = run.id.split("_")
    assert experiment == "loss"
    assert seconds.isdigit()
    assert len(bytes.fromhex(digits)) == 4


@pytest.mark.parametrize("config", ["train.py", None, {"script": "train.py"}, ScriptRunConfig])
def test_only_a_script_run_config_can_be_submitted(workspace: Workspace, config: object) -> None:
    with pytest.raises(UserError, match="submit takes a ScriptRunConfig, not"):
        Experiment(workspace, "loss").submit(config)  # type: ignore[arg-type]


def test_an_experiment_is_shown_as_the_original_shows_it(workspace: Workspace) -> None:
    shown = repr(Experiment(workspace, "loss"))

    assert shown == "Experiment(Name: loss,\nWorkspace: workspace)"
    assert str(Experiment(workspace, "loss")) == shown


def test_submit_with_show_output_returns_when_the_run_is_over(
    workspace: Workspace, script: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    script("hello.py", "print('hello from the script')")

    run = Experiment(workspace, "loss").submit(
        ScriptRunConfig("source", "hello.py"), show_output=True
    )

    assert run.get_status() == "Completed"
    assert "\nhello from the script\n" in capsys.readouterr().out


def test_a_deleted_experiment_is_archived_and_its_runs_are_in_the_trash(
    workspace_dir: Path,
) -> None:
    workspace = Workspace.from_config()
    experiment = Experiment(workspace, "gone")
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        pass

    Experiment.delete(workspace, experiment.id)

    assert list(workspace.get_runs()) == []
    assert [row["run_id"] for row in workspace.trash.list()] == [run.id]
    assert "gone" not in workspace.experiments
    with pytest.raises(ExperimentNotFound):
        Experiment.delete(workspace, "never")
