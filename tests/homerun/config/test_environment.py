"""Environments and the packages that they name, as objects: made, changed, kept, written, read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import children
from homerun import (
    CondaDependencies,
    Environment,
    Experiment,
    RunConfiguration,
    ScriptRunConfig,
    SubmitError,
    UserError,
    Workspace,
)
from homerun.environments import registry, resolve
from homerun.environments.conda import lines_of_pip


def test_packages_are_added_replaced_and_removed() -> None:
    made = CondaDependencies.create(
        conda_packages=["numpy=1.20", "conda-forge::scipy"],
        pip_packages=["Scikit_Learn==1.0", "torch[extra]>=2; python_version>'3'"],
        python_version="3.9",
    )
    made.add_conda_package("numpy=1.26")
    made.add_pip_package("scikit-learn==1.3")
    made.add_channel("conda-forge")
    made.add_channel("conda-forge")
    made.set_pip_index_url("https://one")
    made.set_pip_option("--index-url https://two")
    made.set_pip_option("--pre")
    made.remove_pip_package("torch")
    made.remove_conda_package("nothing")

    assert made.conda_packages == ["python=3.9", "numpy=1.26", "conda-forge::scipy"]
    assert made.pip_packages == ["scikit-learn==1.3"]
    assert made.pip_options == ["--index-url https://two", "--pre"]
    assert made.conda_channels == ["conda-forge"]
    assert made.python_version == "3.9"


def test_packages_are_written_and_read_as_a_conda_file(tmp_path: Path) -> None:
    made = CondaDependencies.create(pip_packages=["rich"], conda_packages=["numpy"])

    path = made.save(tmp_path)
    made.save_to_file(str(tmp_path), "other.yml")

    assert path == str(tmp_path / "conda_dependencies.yml")
    assert CondaDependencies(path) == made == CondaDependencies(tmp_path / "other.yml")
    assert made.serialize_to_string() == (tmp_path / "other.yml").read_text(encoding="utf-8")
    assert Environment.from_conda_specification("e", path).python.conda_dependencies == made


def test_what_is_no_conda_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for content in ("dependencies: numpy", "dependencies: [{npm: [x]}]", "- numpy"):
        (tmp_path / "c.yml").write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match=r"c\.yml") as raised:
            CondaDependencies(tmp_path / "c.yml")
        assert "\n" not in raised.value.message
    with pytest.raises(UserError, match="is a list of packages, not a text"):
        CondaDependencies.create(pip_packages="numpy")


def test_a_requirements_file_means_the_same_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "own.whl").touch()
    (tmp_path / "requirements.txt").write_text(
        "# a comment\n--find-links wheels\nnumpy==1.26  # why\nrich \\\n  >=13\n"
        "-r more/requirements.txt\n./own.whl\nx @ https://host/x.whl#sha256=ab\n",
        encoding="utf-8",
    )
    (tmp_path / "more/requirements.txt").write_text("-c pins.txt\npandas\n", encoding="utf-8")

    made = Environment.from_pip_requirements("train", tmp_path / "requirements.txt")

    found = made.python.conda_dependencies
    assert found.pip_options == [f"--find-links {tmp_path}/wheels", f"-c {tmp_path}/more/pins.txt"]
    assert found.pip_packages == [
        "numpy==1.26",
        "rich    >=13",
        "pandas",
        str(tmp_path / "own.whl"),
        "x @ https://host/x.whl#sha256=ab",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [("-e ./no", "names ./no, which is not in"), ("-r r.txt", "names itself"), (None, "cannot be")],
)
def test_requirements_that_cannot_be_kept_are_refused(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "r.txt").write_text(content, encoding="utf-8")

    with pytest.raises(UserError, match=message):
        Environment.from_pip_requirements("train", tmp_path / "r.txt")


def test_an_environments_name_is_a_text() -> None:
    with pytest.raises(TypeError, match="name is a text, not int"):
        Environment(5)  # type: ignore[arg-type]
    assert str(Environment("x")) == "Environment(Name: x,\nVersion: None)"


def test_registered_environments_keep_every_version(workspace_dir: Path) -> None:
    workspace = Workspace.create("kept")
    made = _environment("numpy==1.0")

    versions = [made.register(workspace).version, made.register(workspace).version]
    made.python.conda_dependencies.add_pip_package("numpy==2.0")
    versions.append(made.register(workspace).version)

    assert versions == ["1", "1", "2"]
    assert made.version is None
    for version, package in (("1", "numpy==1.0"), ("2", "numpy==2.0"), (None, "numpy==2.0")):
        found = Environment.get(workspace, "my env/ü", version)
        assert found.python.conda_dependencies.pip_packages == [package]
    assert list(workspace.environments) == ["my env/ü"] == list(Environment.list(workspace))
    assert workspace.environments["my env/ü"].version == "2"
    assert Environment.get(workspace, "my env/ü", label="latest").version == "2"


def _secretive() -> Environment:
    made = _environment("azure-keyvault-secrets==4.2")
    made.python.conda_dependencies.set_pip_index_url("https://ann:canary@example.org/simple")
    made.environment_variables = {"HF_TOKEN": "canary", "LEVEL": "3"}
    made.docker.base_image_registry.password = "canary"
    return made


def test_a_registered_environment_is_kept_without_secrets_and_that_is_said(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.create("kept")

    returned = _secretive().register(workspace)
    again = _secretive().register(workspace)

    files = [path for path in Path(workspace.store.root).rglob("*") if path.is_file()]
    found = Environment.get(workspace, "my env/ü")
    assert (returned.version, again.version) == ("1", "1")
    assert returned.environment_variables["HF_TOKEN"] == "canary"
    assert [path for path in files if b"canary" in path.read_bytes()] == []
    assert "'my env/ü' is kept without the secrets in it" in capsys.readouterr().err
    assert found.python.conda_dependencies.pip_packages == ["azure-keyvault-secrets==4.2"]
    assert found.python.conda_dependencies.pip_options == [
        "--index-url https://*****@example.org/simple"
    ]
    assert found.environment_variables == {"HF_TOKEN": "*****", "LEVEL": "3"}


def test_an_environment_that_an_earlier_version_kept_with_its_secrets_is_a_finding(
    workspace_dir: Path,
) -> None:
    workspace = Workspace.create("kept")
    registry.register(workspace.store, _secretive().to_dict(), lambda said: said)
    _secretive().register(workspace)

    found = workspace.check()
    repaired = workspace.check(repair=True)

    assert [one.path for one in found] == [".environments/my%20env%2F%C3%BC/1.json"]
    assert found[0].problem.startswith("an earlier version kept a secret in it: register")
    assert [one.repaired for one in repaired] == [False]


def test_a_run_in_such_an_environment_needs_its_secrets_again(
    workspace_dir: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create("kept")
    script("train.py", "import os; print(os.environ['HF_TOKEN'], os.environ['LEVEL'])")
    made = _secretive()
    made.register(workspace)
    made.python.user_managed_dependencies = True
    made.register(workspace)

    def submitted(version: str, **variables: str) -> str:
        environment = Environment.get(workspace, "my env/ü", version)
        config = ScriptRunConfig(
            "source", "train.py", environment=environment, environment_variables=variables
        )
        run = Experiment(workspace, "secret").submit(config)
        run.wait_for_completion()
        return b"".join(run.stream()).decode()

    with pytest.raises(SubmitError, match="without the value of HF_TOKEN, a secret: set that"):
        submitted("2")
    given = submitted("2", HF_TOKEN="given")
    monkeypatch.setenv("HF_TOKEN", "own")
    with pytest.raises(SubmitError, match=r"write \$\{NAME\} for a variable that holds one"):
        submitted("1")
    assert (given, submitted("2")) == ("given 3\n", "own 3\n")


def test_twenty_who_register_at_once_give_as_many_versions_as_contents(
    workspace_dir: Path,
) -> None:
    workspace = Workspace.create("raced")

    given = children.race(
        20, lambda number: _environment(f"p=={number % 5}").register(workspace).version
    )

    assert sorted(set(given)) == ["1", "2", "3", "4", "5"]
    assert [given[number::5] for number in range(5)] == [[given[n]] * 4 for n in range(5)]


def test_an_environment_that_is_not_there_is_said_in_one_line(workspace_dir: Path) -> None:
    workspace = Workspace.create("empty")
    _environment("p").register(workspace)

    for name, version, message in (
        ("none", None, "there is no environment 'none'; `register` keeps one"),
        ("my env/ü", "7", "in version 7; its versions are 1"),
        ("AzureML-Unheard-Of-1.0", None, "its packages are not known here"),
    ):
        with pytest.raises(UserError, match=message):
            Environment.get(workspace, name, version)
    with pytest.raises(UserError, match="give a version, or label='latest'"):
        Environment.get(workspace, "my env/ü", "1", label="latest")


def test_an_environment_is_written_to_a_folder_and_read(tmp_path: Path) -> None:
    made = _environment("numpy==1.0")
    made.environment_variables = {"A": "1"}

    made.save_to_directory(tmp_path / "kept")

    assert Environment.load_from_directory(tmp_path / "kept") == made
    with pytest.raises(UserError, match="is there already; give overwrite=True"):
        made.save_to_directory(tmp_path / "kept")
    made.save_to_directory(tmp_path / "kept", overwrite=True)
    with pytest.raises(UserError, match="cannot be read"):
        Environment.load_from_directory(tmp_path / "none")


def _environment(package: str) -> Environment:
    made = Environment("my env/ü")
    made.python.conda_dependencies.add_pip_package(package)
    return made


BLANK = "-e 'with blank'"
ENDS = ("own.whl --hash=sha256:ab", "./pkg ; python_version>'3'", "-e .[all]")


def conda_file(folder: Path, *lines: str) -> Path:
    """A conda file with these lines in its section of pip."""
    folder.mkdir(exist_ok=True)
    path = folder / "environment.yml"
    listed = "".join(f"\n    - {line}" for line in lines)
    path.write_text(f"dependencies:\n  - python\n  - pip:{listed}\n", encoding="utf-8")
    return path


def key_of(wanted: CondaDependencies) -> str:
    found, _ = resolve.recipe("e", wanted, None, False)
    assert found is not None
    return found.key


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that is not the current one, with a package in it and requirements above it."""
    (tmp_path / "jobs" / "pkg").mkdir(parents=True)
    (tmp_path / "jobs" / "with blank").mkdir()
    (tmp_path / "jobs" / "own.whl").touch()
    (tmp_path / "jobs" / "pins.txt").write_text("numpy==1.26\n", encoding="utf-8")
    (tmp_path / "jobs" / "dev.txt").write_text("-c pins.txt\npytest\n", encoding="utf-8")
    return tmp_path / "jobs"


def test_paths_of_pip_in_a_conda_file_are_relative_to_the_file(project: Path) -> None:
    given = ("-r dev.txt", "-e .", "-e ./pkg[all]", "./pkg", "pkg[all]", "-rdev.txt", BLANK, *ENDS)

    found = lines_of_pip(CondaDependencies(conda_file(project, *given)))

    of_dev = [f"-c {project}/pins.txt", "pytest"]
    assert found == [
        *of_dev,
        f"-e {project}",
        f"-e {project}/pkg[all]",
        f"{project}/pkg",
        "pkg[all]",
        *of_dev,
        f'-e "{project}/with blank"',
        f"{project}/own.whl --hash=sha256:ab",
        f"{project}/pkg ; python_version>'3'",
        f"-e {project}[all]",
    ]


@pytest.mark.parametrize("line", ["-r dev.txt", "-e .", "./pkg"])
def test_a_line_of_pip_alone_makes_an_environment_that_differs_with_the_content(
    project: Path, line: str
) -> None:
    wanted = CondaDependencies(conda_file(project, line))

    first, again = key_of(wanted), key_of(wanted)
    (project / "dev.txt").write_text("rich\n", encoding="utf-8")
    (project / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (project / "pkg" / "code.py").write_text("a = 1\n", encoding="utf-8")

    assert first == again != key_of(wanted)


def test_code_of_an_editable_install_does_not_make_another_environment(project: Path) -> None:
    wanted = CondaDependencies(conda_file(project, "-e ."))
    first = key_of(wanted)

    (project / "pkg" / "code.py").write_text("a = 1\n", encoding="utf-8")

    assert key_of(wanted) == first


@pytest.mark.parametrize("line", ["-r no.txt", "-e ./no", "./no", "-e no"])
def test_what_a_conda_file_names_and_is_not_there_is_refused(project: Path, line: str) -> None:
    wanted = CondaDependencies(conda_file(project, line))

    with pytest.raises(UserError, match="no") as refused:
        lines_of_pip(wanted)
    assert "\n" not in refused.value.message


def test_a_conda_file_means_the_same_saved_elsewhere_or_registered(
    project: Path, tmp_path: Path
) -> None:
    given = CondaDependencies(conda_file(project, "-r dev.txt", "./pkg", "rich"))

    given.save(tmp_path / "other.yml")
    beside = given.save(project / "beside.yml")

    expected = lines_of_pip(given)
    assert lines_of_pip(CondaDependencies(tmp_path / "other.yml")) == expected
    assert lines_of_pip(CondaDependencies.of(given.to_dict())) == expected
    assert CondaDependencies(beside) == given


def test_paths_of_packages_in_a_run_configuration_are_relative_to_its_project(
    project: Path,
) -> None:
    (project / ".azureml").mkdir()
    (project / ".azureml" / "train.runconfig").write_text(
        "environment:\n  python:\n    userManagedDependencies: false\n    condaDependencies:\n"
        "      dependencies:\n      - pip:\n        - ./pkg\n",
        encoding="utf-8",
    )

    found = RunConfiguration.load(project, "train").environment.python.conda_dependencies

    assert lines_of_pip(found) == [f"{project}/pkg"]


def test_hashes_of_packages_are_in_no_notice() -> None:
    hashes = " ".join(f"--hash=sha256:{number:064x}" for number in range(60))
    lines = [f"azureml-core==1.5 {hashes}", f"numpy==1.26 {hashes}"]
    wanted = CondaDependencies.create(pip_packages=lines)

    found, told = resolve.recipe("e", wanted, None, False)

    assert found is not None
    assert found.lines == [lines[1]]
    assert told == ["azureml-core==1.5: not installed, homerun stands in for the SDK"]
