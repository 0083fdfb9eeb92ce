"""Run configurations: their fields, their files in every public shape, and the runs they make."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import (
    DockerConfiguration,
    Environment,
    Experiment,
    MpiConfiguration,
    PyTorchConfiguration,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    TensorflowConfiguration,
    UserError,
    Workspace,
)
from homerun.base.errors import MissingPath, RunConfigurationError
from homerun.config.unused import names as ignored

SHAPES = Path(__file__).parents[2] / "data" / "runconfigs"

SHOW = """
import os, sys
print(sys.argv[1:], *(os.environ.get(name) for name in ("A", "B", "C")), sys.executable)
"""


def test_a_field_that_there_is_not_is_refused() -> None:
    config = RunConfiguration()

    for part in (config, config.environment, config.environment.python, config.history):
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            part.nonsense = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="is 'node_count' meant"):
        config.node_counts = 2  # type: ignore[attr-defined]


BAD = {
    "a script that is a number": ("script", 5, "script is a text"),
    "arguments as one text": ("arguments", "--lr", "arguments is a list"),
    "an argument that is None": ("arguments", [None], "holds NoneType"),
    "a framework of nobody": ("framework", "Caffe", "framework is one of Python, PySpark"),
    "a communicator of nobody": ("communicator", "Smoke", "communicator is one of None"),
    "a negative time": ("max_run_duration_seconds", -1, "is a number of seconds"),
    "a count that is text": ("node_count", "2", "node_count is a whole number"),
    "variables as a list": ("environment_variables", ["A=1"], "environment_variables is a dict"),
    "a variable that is None": ("environment_variables", {"A": None}, "use texts and numbers"),
    "a target that is nothing": ("target", 5, "target is a target's name"),
    "an environment that is a name": ("environment", "train", "environment is a Environment"),
    "signals that are not pairs": ("stop_signals", ["INT"], "stop_signals are pairs"),
}


@pytest.mark.parametrize(("name", "value", "message"), BAD.values(), ids=BAD.keys())
def test_a_value_that_a_field_cannot_have_is_refused(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        setattr(RunConfiguration(), name, value)

    assert "\n" not in raised.value.message


def test_it_prints_as_json_in_the_originals_spelling() -> None:
    config = RunConfiguration("train.py", ["--lr", 0.1])

    printed = json.loads(repr(config))

    assert repr(config).startswith('{\n    "script": "train.py"')
    assert printed["maxRunDurationSeconds"] is None
    assert printed["environment"]["python"]["userManagedDependencies"] is False
    assert printed["history"] == {
        "outputCollection": True,
        "snapshotProject": True,
        "directoriesToWatch": ["logs"],
    }
    assert printed["applicationEndpoints"] == {}


SHAPES_READ = {
    ("attached", "local"): (["train.py", [], "default-environment"], []),
    ("attached", "docker"): (["train.py", [], "default-environment"], ["environment.docker"]),
    ("attached", "docker.runconfig"): (
        ["train.py", [], "default-environment"],
        ["environment.docker"],
    ),
    (".", "short"): (["train.py", ["--lr", 0.1], None], []),
    (".", "snake"): (["train.py", [], "mine"], []),
    (".", "inline.yml"): (["train.py", [], "inline"], []),
    (".", "plain.json"): (["train.py", ["--json", 1], "json"], []),
    (".", "noenvironment"): (["train.py", [], "default-environment"], []),
    (".", "cluster"): (
        ["train.py", [], "gpu"],
        ["priority", "docker", "somethingNew"],
    ),
    (".", "command"): ([None, [], None], []),
    (".", "separate"): (["train.py", [], "apart"], []),
    ("old", "workbench"): ([None, ["--epochs", 3], "default-environment"], []),
    ("old", "early"): (["train.py", [], "default-environment"], ["containerInstance"]),
}
PACKAGES = "environment.python.conda_dependencies"


@pytest.mark.parametrize(("folder", "name"), SHAPES_READ, ids="-".join)
def test_every_shape_of_file_is_read(folder: str, name: str) -> None:
    config = RunConfiguration.load(SHAPES / folder, name)

    read, without_meaning = SHAPES_READ[folder, name]
    assert [config.script, config.arguments, config.environment.name] == read
    assert [field for field in ignored(config) if field != PACKAGES] == without_meaning


def test_a_files_details_arrive_in_their_fields() -> None:
    snake, inline = (RunConfiguration.load(SHAPES, name) for name in ("snake", "inline.yml"))
    old = RunConfiguration.load(SHAPES / "old", "workbench")

    assert snake.max_run_duration_seconds == 90
    assert snake.environment_variables == {"MODE": "fast"}
    assert snake.history.directories_to_watch == ["logs", "boards"]
    assert inline.environment.version == "3"
    assert inline.environment.environment_variables == {"NUMBER": "5"}
    assert inline.environment.python.conda_dependencies.pip_packages == [
        "pandas==1.5.3",
        "azureml-defaults",
    ]
    assert inline.environment.python.conda_dependencies.python_version == "3.9"
    assert old.environment.python.conda_dependencies.python_version == "3.8.13"
    assert old.environment_variables == {"EXAMPLE_ENV_VAR": "Example Value"}


@pytest.mark.parametrize("kind", ["name", "name.runconfig", "name.yml", "name.json"])
def test_what_was_saved_is_loaded_as_the_same(tmp_path: Path, kind: str) -> None:
    config = _rich()

    config.save(tmp_path, kind)
    loaded = RunConfiguration.load(tmp_path, kind)

    file = kind if "." in kind else f"{kind}.runconfig"
    assert (tmp_path / ".azureml" / file).is_file()
    assert loaded.environment.python.conda_dependencies_file == ".azureml/conda_dependencies.yml"
    loaded.environment.python.conda_dependencies_file = None
    assert loaded == config


def test_the_environment_may_be_saved_apart(tmp_path: Path) -> None:
    config = _rich()

    config.save(tmp_path, "apart", separate_environment_yaml=True)

    assert "environment: .azureml/environment.yml" in (
        tmp_path / ".azureml/apart.runconfig"
    ).read_text(encoding="utf-8")
    loaded = RunConfiguration.load(tmp_path, "apart")
    loaded.environment.python.conda_dependencies_file = None
    assert loaded == config


def test_two_configurations_in_one_folder_keep_their_own_packages(tmp_path: Path) -> None:
    one, two = RunConfiguration(), RunConfiguration()
    one.environment.python.conda_dependencies.add_pip_package("numpy")
    two.environment.python.conda_dependencies.add_pip_package("pandas")

    for _ in range(2):
        one.save(tmp_path, "one")
        two.save(tmp_path, "two")

    for name, packages in (("one", ["numpy"]), ("two", ["pandas"])):
        loaded = RunConfiguration.load(tmp_path, name)
        assert loaded.environment.python.conda_dependencies.pip_packages == packages


def test_the_older_folder_is_used_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "aml_config").mkdir()

    RunConfiguration("train.py").save(tmp_path, "local")

    assert (tmp_path / "aml_config/local.runconfig").is_file()
    assert RunConfiguration.load(tmp_path, "local").script == "train.py"


def test_a_configuration_is_saved_where_it_was_loaded_from(tmp_path: Path) -> None:
    shutil.copytree(SHAPES / ".azureml", tmp_path / ".azureml")
    config = RunConfiguration.load(tmp_path / ".azureml" / "short.runconfig")
    config.arguments = ["--lr", 0.5]

    config.save()

    assert RunConfiguration.load(tmp_path, "short").arguments == ["--lr", 0.5]


def test_what_cannot_be_saved_loaded_or_deleted_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.runconfig").write_text("a: [1\nb: 2\n", encoding="utf-8")
    (tmp_path / "list.runconfig").write_text("- 1\n", encoding="utf-8")
    (tmp_path / "wrong.runconfig").write_text("nodeCount: many\n", encoding="utf-8")
    (tmp_path / "gone.runconfig").write_text("condaDependenciesFile: c.yml\n", encoding="utf-8")
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: RunConfiguration().save(tmp_path), "needs a name"),
        (lambda: RunConfiguration().save(tmp_path / "no/such", "x"), "there is no folder"),
        (lambda: RunConfiguration.load(tmp_path, "nope"), "there is no run configuration 'nope'"),
        (lambda: RunConfiguration.load(tmp_path / "nope"), "there is no file"),
        (lambda: RunConfiguration.load(tmp_path, "broken"), "is not valid YAML in line 2"),
        (lambda: RunConfiguration.load(tmp_path, "list"), "holds no fields"),
        (lambda: RunConfiguration.load(tmp_path, "wrong"), "wrong.runconfig: .*whole number"),
        (lambda: RunConfiguration.load(tmp_path, "gone"), "names the packages' file c.yml"),
        (lambda: RunConfiguration.delete(tmp_path, "nope"), "there is no run configuration"),
    ]

    for call, message in refused:
        with pytest.raises(UserError, match=message) as raised:
            call()
        assert "\n" not in raised.value.message
    with pytest.raises(FileNotFoundError):
        RunConfiguration().save(tmp_path / "no/such", "x")
    assert issubclass(MissingPath, UserError)


def test_a_configuration_is_deleted_by_its_name(tmp_path: Path) -> None:
    RunConfiguration().save(tmp_path, "local")

    RunConfiguration.delete(tmp_path, "local")

    assert not (tmp_path / ".azureml/local.runconfig").exists()


def test_the_object_and_its_file_give_the_same_run(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", SHOW)
    config = RunConfiguration("train.py", ["--lr", 0.1])
    config.environment.environment_variables = {"A": "env", "B": "env"}
    config.environment.python.user_managed_dependencies = True
    config.environment_variables = {"B": "config"}
    config.max_run_duration_seconds, config.grace_s = 120, 3
    config.save(workspace_dir, "mine")

    runs = [
        _run(ScriptRunConfig("source", run_config=each, environment_variables={"C": 1}))
        for each in (config, RunConfiguration.load(workspace_dir, "mine"))
    ]

    assert _output(runs[0]).startswith("['--lr', '0.1'] env config 1 ")
    assert _output(runs[0]) == _output(runs[1])
    asked = [{**run._record.run} for run in runs]
    for one in asked:
        for own in ("id", "uuid", "number", "time", "submitted_from", "pid"):
            one.pop(own)
    assert asked[0] == asked[1]
    assert (asked[0]["max_run_duration_seconds"], asked[0]["grace_s"]) == (120, 3)


@pytest.mark.usefixtures("store_made")
def test_what_both_sides_say_is_the_script_run_configs_and_said(
    workspace_dir: Path, script: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    script("train.py", SHOW)
    config = RunConfiguration("other.py", ["theirs"])
    config.priority, config.docker = 4, DockerConfiguration(True)
    given = ScriptRunConfig(
        "source", "train.py", ["ours"], config, compute_target="gpu", max_run_duration_seconds=5
    )

    run = _run(given)

    assert _output(run).startswith("['ours']")
    assert run._record.run["max_run_duration_seconds"] is None
    unused = "compute_target, max_run_duration_seconds: not used, since run_config is given"
    assert capfd.readouterr().err.splitlines() == [
        f"homerun: {unused}; set them there",
        "homerun: script, arguments of run_config: not used, ScriptRunConfig has its own",
        "homerun: without a meaning on one machine, and not used: priority, docker",
    ]


def test_a_target_of_the_cloud_means_this_machine_and_is_said(
    workspace_dir: Path, script: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    script("train.py", SHOW)
    config = ScriptRunConfig("source", "train.py")
    config.run_config.target = "cpu-cluster"

    run = _run(config)

    assert run._record.run["target"] == "local"
    assert "there is no target 'cpu-cluster' here" in capfd.readouterr().err


def test_the_run_config_is_kept_by_reference(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", SHOW)
    config = RunConfiguration()
    given = ScriptRunConfig("source", "train.py", run_config=config)

    config.environment_variables = {"A": "later"}

    assert given.run_config is config
    assert " later " in _output(_run(given))


def test_a_config_without_one_has_its_own(workspace_dir: Path, script: Callable[..., Path]) -> None:
    script("train.py", SHOW)
    config = ScriptRunConfig("source", "train.py", [1], environment_variables={"A": "mine"})
    config.run_config.environment_variables["B"] = "more"

    assert config.run_config.script == "train.py"
    assert _output(_run(config)).startswith("['1'] mine more ")


def test_an_environment_gives_its_variables_and_its_interpreter(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", SHOW)
    environment = Environment("mine")
    environment.environment_variables = {"A": "there"}
    other = workspace_dir / "python"
    other.symlink_to(os.path.realpath(shutil.which("true") or ""))
    environment.python.interpreter_path = str(other)
    environment.python.user_managed_dependencies = True

    run = _run(ScriptRunConfig("source", "train.py", environment=environment))

    assert run._record.run["command"] == [str(other), "train.py"]


def test_output_that_is_not_collected_stays_in_the_scripts_folder(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "import os; open('outputs/model', 'w').close(); os.mkdir('boards')\n"
        "open('boards/events', 'w').close()")  # fmt: skip
    config = ScriptRunConfig("source", "train.py")
    config.run_config.history.output_collection = False
    config.run_config.history.snapshot_project = False
    config.run_config.history.directories_to_watch = ["logs", "boards", "../source", "none"]

    run = _run(config)

    assert run.get_file_names() == ["user_logs/std_log.txt"]
    assert os.path.exists(f"{run.directory}/work/source/outputs/model")
    assert run.get_snapshot_id() is None
    assert list(run.get_details()["logFiles"]) == [
        "user_logs/std_log.txt",
        "supervisor.log",
        "boards/events",
    ]


@pytest.mark.parametrize(
    ("wanted", "noted"),
    [
        (MpiConfiguration(2, 3), ("Python", "IntelMpi", 3)),
        (PyTorchConfiguration("Gloo", 2, node_count=2), ("PyTorch", "Gloo", 2)),
        (TensorflowConfiguration(2), ("TensorFlow", "ParameterServer", 1)),
    ],
)
def test_a_distributed_job_is_noted_as_in_the_original(
    wanted: object, noted: tuple[str, str, int]
) -> None:
    config = ScriptRunConfig(".", "train.py", distributed_job_config=wanted).run_config

    assert (config.framework, config.communicator, config.node_count) == noted


def test_other_configurations_of_a_wrong_type_are_refused() -> None:
    for name in ("distributed_job_config", "docker_runtime_config"):
        with pytest.raises(RunConfigurationError, match=f"{name} is a"):
            ScriptRunConfig(".", "train.py", **{name: 5})  # type: ignore[arg-type]
    with pytest.raises(RunConfigurationError, match="communication_backend is one of"):
        PyTorchConfiguration("smoke")
    with pytest.raises(UserError, match="run_config is a RunConfiguration, not int"):
        ScriptRunConfig(".", "train.py", run_config=5)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="resume_from is of the cloud"):
        ScriptRunConfig(".", "train.py", resume_from="x")  # type: ignore[arg-type]


def test_limits_of_the_run_configuration_hold_where_the_submit_has_none_of_its_own(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    config = RunConfiguration("train.py")
    config.memory, config.nice, config.cpus = "2 GB", 3, 1
    config.save(str(workspace_dir), "limited")
    loaded = RunConfiguration.load(str(workspace_dir), "limited")

    run = _run(ScriptRunConfig("source", run_config=loaded, nice=4))
    limits = run.describe()["limits"]

    assert "pids" not in loaded.to_dict()
    assert {name: limits[name]["value"] for name in ("memory", "cpus", "nice")} == {
        "memory": 2 << 30,
        "cpus": 1,
        "nice": 4,
    }
    assert "pids" not in limits


@pytest.mark.parametrize(("name", "value"), [("memory", "much"), ("cpus", 0), ("nice", 40)])
def test_a_limit_that_cannot_be_is_refused_by_its_name(
    workspace_dir: Path, script: Callable[..., Path], name: str, value: object
) -> None:
    script("train.py", "")
    config = RunConfiguration("train.py")
    setattr(config, name, value)

    with pytest.raises(UserError, match=rf"^RunConfiguration\.{name} is "):
        _run(ScriptRunConfig("source", run_config=config))


def _rich() -> RunConfiguration:
    config = RunConfiguration("train.py", ["--lr", 0.1, "ü"], framework="pytorch")
    config.environment = Environment("rich")
    config.environment.environment_variables = {"A": "1"}
    config.environment.python.conda_dependencies.add_conda_package("numpy=1.26")
    config.environment.python.conda_dependencies.add_pip_package("rich>=13")
    config.environment_variables = {"ünicode": "1", "EMPTY": ""}
    config.history.directories_to_watch = ["logs", "boards"]
    config.max_run_duration_seconds = 60
    config.stop_signals = [("INT", 5), ("TERM", 10)]
    config.data_references = {"x": {"mode": "mount"}}
    config.mpi = MpiConfiguration(2)
    return config


def _run(config: ScriptRunConfig) -> Run:
    run = Experiment(Workspace.from_config(), "configured").submit(config)
    run.wait_for_completion()
    return run


def _output(run: Run) -> str:
    return b"".join(run.stream()).decode()
