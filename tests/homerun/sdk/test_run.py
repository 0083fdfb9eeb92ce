"""Members of Run beside metrics, labels and the end: who it is, secrets, data, and other types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homerun import (
    Environment,
    Experiment,
    Run,
    ScriptRun,
    ScriptRunConfig,
    UserError,
    Workspace,
)
from homerun.base.errors import NotHere, RunEnvironmentError
from homerun.sdk import run as run_module
from homerun.sdk.run import get_run
from runstore.errors import InvalidTransition, RunNotFound


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "loss")


@pytest.fixture
def logged(experiment: Experiment) -> Iterator[Run]:
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    yield run
    run.complete()


@pytest.fixture
def submitted(experiment: Experiment, script: Callable[..., Path]) -> Run:
    script("train.py", "")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    return run


def test_a_run_has_the_name_that_it_was_made_with(experiment: Experiment, logged: Run) -> None:
    with experiment.start_logging("first", snapshot_directory=None, outputs=False) as named:
        child = named.child_run("below")
        child.complete()
        named.display_name = "renamed"

    assert (named.name, child.name, logged.name) == ("first", "below", logged.id)


def test_the_detailed_status_says_that_nothing_is_queued(submitted: Run) -> None:
    assert submitted.get_detailed_status() == {"status": "Completed", "details": None}


def test_the_portal_of_a_run_is_its_folder(submitted: Run) -> None:
    assert submitted.get_portal_url() == f"file://{submitted.directory}"


def test_a_run_can_be_had_by_the_originals_constructor(submitted: Run) -> None:
    experiment = submitted.experiment

    plain = Run(experiment, submitted.id, outputs=None, _run_dto={}, _user_agent="x")
    script_run = ScriptRun(experiment, submitted.id, "somewhere", None)

    assert plain == script_run == submitted
    assert (type(plain), type(script_run)) == (Run, ScriptRun)
    with pytest.raises(RunNotFound):
        Run(experiment, "nothing")


def test_outputs_given_to_the_constructor_are_collected_when_the_run_ends(
    experiment: Experiment,
) -> None:
    made = experiment.start_logging(snapshot_directory=None, outputs=False)

    again = Run(experiment, made.id, outputs="results")
    Path("results/model.txt").write_text("weights")
    again.complete()

    assert again.get_file_names() == ["results/model.txt"]


def test_get_run_gives_a_run_as_its_own_class_or_as_a_plain_one(submitted: Run) -> None:
    whole = get_run(submitted.experiment, submitted.id)
    plain = get_run(submitted.experiment, submitted.id, rehydrate=False, clean_up=False)

    assert whole == plain == submitted
    assert (type(whole), type(plain)) == (ScriptRun, Run)


def test_the_submitted_run_is_found_in_its_script_only(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        run = Run.get_submitted_run()
        assert run is Run.get_context(used_for_context_manager=True)
        run.log("found", 1)
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert run.get_metrics() == {"found": 1}
    with pytest.raises(RunEnvironmentError):
        Run.get_submitted_run()


def test_a_type_provider_makes_the_runs_of_its_type(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sweep(Run):
        def __init__(self, experiment: Experiment, details: dict[str, str]) -> None:
            super().__init__(experiment, details["run_id"])

    monkeypatch.setattr(run_module, "_providers", {})
    Run.add_type_provider("sweep", Sweep)
    run = experiment.start_logging(
        snapshot_directory=None, outputs=False, properties={"azureml.runsource": "sweep"}
    )
    run.complete()

    (found,) = experiment.get_runs(type="sweep")

    assert run.type == found.type == "sweep"
    assert type(found) is Sweep
    assert found == run
    for taken in ("sweep", ScriptRun.RUN_TYPE):
        with pytest.raises(ValueError, match=f"'{taken}' have a provider already"):
            Run.add_type_provider(taken, Sweep)


def test_clean_removes_nothing_of_a_run_that_is_over(submitted: Run) -> None:
    Path(submitted.directory, "work/source/made.txt").write_text("x")

    (line,) = submitted.clean()  # type: ignore[attr-defined]

    assert submitted.directory in line
    assert Path(submitted.directory, "work/source/made.txt").exists()


def test_a_run_that_goes_on_cannot_be_cleaned(
    experiment: Experiment, script: Callable[..., Path], gate: Callable[[str], object]
) -> None:
    held = gate("held")
    script("wait.py", f"open({str(held.path)!r}).read()")  # type: ignore[attr-defined]
    run = experiment.submit(ScriptRunConfig("source", "wait.py"))

    with pytest.raises(InvalidTransition, match="be cleaned up before it is over"):
        run.clean()  # type: ignore[attr-defined]

    run.cancel()


def test_an_upload_tells_of_itself_as_the_original_does(logged: Run) -> None:
    Path("a.txt").write_text("a")

    made = logged.upload_file("outputs/a.txt", "a.txt").serialize()

    assert made["artifactId"] == f"ExperimentRun/dcid.{logged.id}/outputs/a.txt"
    logged.download_file("outputs/a.txt", "b.txt", _validate_checksum=True)
    logged.download_files("outputs", _id=1)
    assert Path("b.txt").read_text() == "a"


def test_the_environment_of_a_run_is_the_one_that_was_asked_for(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    config = ScriptRunConfig("source", "train.py", environment=Environment("mine"))
    run = Experiment(Workspace.from_config(), "e").submit(config)
    run.wait_for_completion()

    assert run.get_environment().name == "mine"
    assert run.get_environment().python.user_managed_dependencies is True


def test_a_live_script_that_is_completed_from_outside_goes_on_and_can_be_canceled(
    workspace_dir: Path, script: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    script("train.py", "import time; time.sleep(600)")
    run = Experiment(Workspace.from_config(), "e").submit(ScriptRunConfig("source", "train.py"))

    run.complete()
    told = capsys.readouterr().err
    run.cancel()

    assert f"run {run.id} goes on: it is Completed when its script ends well" in told
    assert run.get_status() == "Canceled"
    with pytest.raises(InvalidTransition, match="be completed: it is over"):
        run.complete()


def test_there_is_no_compute_to_list_runs_by() -> None:
    with pytest.raises(NotHere, match="every run is on this machine"):
        Run.list_by_compute("cluster", type=None)


# Secrets and data


@pytest.mark.parametrize("variable", ["db-password", "db_password", "DB_PASSWORD"])
def test_a_secret_is_an_environment_variable(
    logged: Run, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "s3cret")

    assert logged.get_secret("db-password") == "s3cret"
    assert logged.get_secrets(["db-password"]) == {"db-password": "s3cret"}


@pytest.mark.parametrize("name", ["db-password", "a=b", "", "a\0b", "größe"])
def test_a_secret_that_is_not_there_says_what_to_set(logged: Run, name: str) -> None:
    with pytest.raises(UserError, match=r"there is no secret .* set the environment variable"):
        logged.get_secret(name)
    with pytest.raises(UserError, match="there is no secret"):
        logged.get_secrets([name])


def test_data_is_named_by_the_environment(logged: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (logged.input_datasets, logged.output_datasets)
    monkeypatch.setenv("AZUREML_DATASET_ENVIRONMENT_VARS", "digits:mount, faces:download,gone:x")
    monkeypatch.setenv("AZUREML_DATASET_FILE_OUTPUTS", "model;;gone")
    for name in ("digits", "faces", "model"):
        monkeypatch.setenv(name, f"/data/{name}")

    assert nothing == ({}, {})
    assert logged.input_datasets == {"digits": "/data/digits", "faces": "/data/faces"}
    assert logged.output_datasets == {"model": "/data/model"}


def test_an_offline_run_has_these_members_too(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.get_context()
    monkeypatch.setenv("TOKEN", "s3cret")

    assert run.name == run.id
    assert run.get_detailed_status() == {"status": "Running", "details": None}
    assert run.get_portal_url() == f"file://{workspace_dir}"
    assert (run.get_secret("token"), run.input_datasets) == ("s3cret", {})
    with pytest.raises(AttributeError, match="an offline run belongs to no experiment"):
        run.experiment  # noqa: B018
