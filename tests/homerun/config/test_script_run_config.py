"""What a configuration accepts, refuses, and makes of a script and its arguments."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from homerun import RunConfiguration, ScriptRunConfig, SubmitError, UserError


def test_arguments_become_text(tmp_path: Path) -> None:
    given = ["--lr", 0.1, 3, True, "", "ü\n", tmp_path]

    config = ScriptRunConfig(".", "train.py", given)

    assert config.arguments == ["--lr", "0.1", "3", "True", "", "ü\n", str(tmp_path)]


def test_numbers_of_numpy_are_numbers() -> None:
    words = [np.int64(3), np.float32(0.1), np.float64(0.1), np.bool_(True), np.str_("a")]

    config = ScriptRunConfig(
        ".",
        "train.py",
        np.array([1, 2]),
        command=words,
        slots=np.int64(2),
        grace_s=np.float32(1.5),
        retry_on=[np.int8(75)],
        environment_variables={"A": np.int64(4), "B": np.float32(0.1)},
        in_place=np.bool_(True),
    )

    assert config.arguments == ["1", "2"]
    assert config.command == ["3", "0.1", "0.1", "True", "a"]
    assert (config.slots, config.grace_s, config.in_place) == (2, 1.5, True)
    assert config.retry_on == ["exit:75"]
    assert config.environment_variables == {"A": "4", "B": "0.1"}


def test_numbers_of_numpy_are_numbers_in_a_run_configuration() -> None:
    found = RunConfiguration("train.py", arguments=[np.int64(1), np.float64(0.5)])
    found.node_count = np.int64(1)
    found.max_run_duration_seconds = np.float32(2)
    found.environment.version = np.int64(3)

    assert found.arguments == [1, 0.5]
    assert [type(one) for one in found.arguments] == [int, float]
    assert (found.node_count, found.max_run_duration_seconds) == (1, 2.0)
    assert found.environment.version == "3"


def test_arguments_may_be_any_sequence() -> None:
    assert ScriptRunConfig(".", "train.py", (1, 2)).arguments == ["1", "2"]
    assert ScriptRunConfig(".", "train.py", range(2)).arguments == ["0", "1"]
    assert ScriptRunConfig(".", "train.py").arguments == []


BAD = {
    "arguments as one text": ({"arguments": "--lr 0.1"}, "arguments is a list"),
    "arguments as bytes": ({"arguments": b"x"}, "arguments is a list"),
    "arguments as a number": ({"arguments": 5}, "arguments is a list"),
    "arguments as a dict": ({"arguments": {"--lr": 0.1}}, "a list of texts and numbers, not dict"),
    "arguments as an empty dict": ({"arguments": {}}, "a list of texts and numbers, not dict"),
    "arguments without an order": ({"arguments": {"a", "b"}}, "a list of .* numbers, not set"),
    "arguments as a table": ({"arguments": np.zeros((2, 2))}, "a list of .* numbers, not ndarray"),
    "a command as a dict": (
        {"script": None, "command": {"ls": 1}},
        "command is a list .* not dict",
    ),
    "an argument that is an array": ({"arguments": [np.zeros(1)]}, "arguments holds ndarray"),
    "an argument that is None": ({"arguments": ["--lr", None]}, "arguments holds NoneType"),
    "an argument that is a list": ({"arguments": [["--lr"]]}, "arguments holds list"),
    "an argument that is bytes": ({"arguments": [b"x"]}, "arguments holds bytes"),
    "an argument with a NUL": ({"arguments": ["a\0b"]}, "NUL"),
    "a path with bytes": ({"arguments": [os.DirEntry]}, "arguments holds"),
    "a script that is a number": ({"script": 5}, "script is a path, not int"),
    "a script with a NUL": ({"script": "a\0b.py"}, "NUL"),
    "a source folder that is a number": ({"source_directory": 5}, "source_directory"),
    "a source folder with a NUL": ({"source_directory": "a\0b"}, "NUL"),
    "a command that is a number": ({"script": None, "command": 5}, "command is a list"),
    "a command with None": ({"script": None, "command": [None]}, "command holds NoneType"),
    "a command line with a NUL": ({"script": None, "command": "a\0b"}, "NUL"),
    "a negative grace": ({"grace_s": -1}, "grace_s is a number of seconds"),
    "a grace that is text": ({"grace_s": "5"}, "grace_s is a number of seconds"),
    "a grace that is not a number": ({"grace_s": float("nan")}, "grace_s is a number of seconds"),
    "an endless grace": ({"grace_s": float("inf")}, "grace_s is a number of seconds"),
    "a limit that is a bool": (
        {"max_run_duration_seconds": True},
        "max_run_duration_seconds is a number",
    ),
    "variables as a list": ({"environment_variables": ["A=1"]}, "environment_variables is a dict"),
    "a variable's name with =": (
        {"environment_variables": {"A=B": "1"}},
        "'A=B' is not a valid name",
    ),
    "a variable without a name": ({"environment_variables": {"": "1"}}, "'' is not a valid name"),
    "a variable's name that is a number": (
        {"environment_variables": {5: "1"}},
        "5 is not a valid name",
    ),
    "a variable that is None": ({"environment_variables": {"A": None}}, "holds NoneType"),
    "a variable with a NUL": ({"environment_variables": {"A": "a\0"}}, "NUL"),
    "an unknown on_exit": ({"on_exit": "stay"}, "'sweep' or 'leave', not 'stay'"),
    "an interpreter that is a number": ({"interpreter": 5}, "interpreter"),
    "a run_config": ({"run_config": object()}, "run_config is a RunConfiguration, not object"),
}


@pytest.mark.parametrize(("fields", "message"), BAD.values(), ids=BAD.keys())
def test_what_has_no_meaning_is_refused_in_one_line(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        ScriptRunConfig(**{"source_directory": ".", "script": "train.py", **fields})  # type: ignore[arg-type]

    assert "\n" not in str(raised.value)


def test_a_script_in_a_subfolder_runs_from_the_source_folder(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("jobs/train.py", "")

    config = ScriptRunConfig("source", "jobs/../jobs/train.py", [1])

    assert config.script_path() == "jobs/train.py"
    assert config.argv() == [sys.executable, "jobs/train.py", "1"]


def test_a_script_may_be_named_by_its_full_path(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    path = script("train.py", "")

    assert ScriptRunConfig("source", str(path)).script_path() == "train.py"


def test_a_source_folder_behind_a_link_holds_its_script(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    (workspace_dir / "link").symlink_to("source")

    config = ScriptRunConfig("link", str(workspace_dir / "link/train.py"))

    assert config.script_path() == "train.py"
    assert config.source() == str(workspace_dir.resolve() / "source")


SCRIPTS = {
    "missing": ("no_such.py", "there is no script no_such.py in the source directory"),
    "outside": ("../outside.py", "is outside of the source directory"),
    "outside by its full path": ("/etc/passwd", "is outside of the source directory"),
    "a folder": (".", "there is no script ."),
    "beside, with the folder's name in front": ("../source2/train.py", "is outside"),
}


@pytest.mark.parametrize(("name", "message"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_script_that_is_not_in_the_source_folder_is_refused(
    workspace_dir: Path, script: Callable[..., Path], name: str, message: str
) -> None:
    script("train.py", "")
    script("outside.py", "", folder=".")
    script("train.py", "", folder="source2")

    with pytest.raises(SubmitError, match=message) as raised:
        ScriptRunConfig("source", name).argv()

    assert "\n" not in str(raised.value)


def test_a_source_folder_that_is_missing_is_refused(workspace_dir: Path) -> None:
    with pytest.raises(SubmitError, match="the source directory no/such is not a folder"):
        ScriptRunConfig("no/such", "train.py").source()


def test_a_source_folder_that_is_a_file_is_refused(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    with pytest.raises(SubmitError, match=r"source/train\.py is not a folder"):
        ScriptRunConfig("source/train.py", "train.py").source()


def test_script_or_command_is_needed_and_not_both(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    with pytest.raises(SubmitError, match="there is nothing to run"):
        ScriptRunConfig("source").argv()
    with pytest.raises(SubmitError, match="not both"):
        ScriptRunConfig("source", "train.py", command="ls").argv()


def test_a_command_is_words_or_a_line_for_the_shell(workspace_dir: Path) -> None:
    line = ScriptRunConfig(".", command="echo $1 | cat", arguments=["x"])
    words = ScriptRunConfig(".", command=["sh", "-c", "true"])

    assert line.argv()[:3] == ["/bin/sh", "-c", "echo $1 | cat"]
    assert os.path.isabs(words.argv()[0])
    assert words.argv()[1:] == ["-c", "true"]


def test_python_in_a_command_is_the_runs_interpreter(workspace_dir: Path) -> None:
    assert ScriptRunConfig(".", command=["python", "-V"]).argv() == [sys.executable, "-V"]
    assert ScriptRunConfig(".", command=["python3"], interpreter="/bin/sh").argv() == ["/bin/sh"]


@pytest.mark.parametrize(
    "config",
    [
        ScriptRunConfig(".", command=["no-such-program"]),
        ScriptRunConfig(".", command=["python"], interpreter="no-such-program"),
    ],
    ids=["command", "interpreter"],
)
def test_a_program_that_is_missing_is_refused(workspace_dir: Path, config: ScriptRunConfig) -> None:
    with pytest.raises(SubmitError, match="there is no program 'no-such-program'"):
        config.argv()


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


@pytest.fixture
def tools(workspace_dir: Path) -> Path:
    """A source folder with programs, and programs of the same names where one submits."""
    for name in ("train.sh", "bin/tool", "tool"):
        program(workspace_dir / name)
        program(workspace_dir / "source" / name)
    return program(workspace_dir / "far/tool").parent


@pytest.mark.parametrize(
    ("word", "path", "found"),
    [
        ("./train.sh", "/usr/bin", "./train.sh"),
        ("bin/tool", "/usr/bin", "bin/tool"),
        ("tool", "bin:{far}", "bin/tool"),
        ("tool", ":{far}", "./tool"),
        ("tool", "{far}:bin", "{far}/tool"),
        ("{far}/tool", "", "{far}/tool"),
    ],
)
def test_a_program_is_looked_for_in_the_source_and_in_the_path_of_the_run(
    tools: Path, word: str, path: str, found: str
) -> None:
    config = ScriptRunConfig(
        "source",
        command=[word.format(far=tools), "x"],
        environment_variables={"PATH": path.format(far=tools)},
    )

    assert config.argv() == [found.format(far=tools), "x"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("./far/tool", "there is no program './far/tool' in .*source"),
        ("./plain", "'./plain' may not be executed: `chmod \\+x` it"),
    ],
)
def test_a_program_that_the_source_does_not_have_is_refused(
    tools: Path, workspace_dir: Path, word: str, message: str
) -> None:
    program(workspace_dir / "source/plain", mode=0o644)

    with pytest.raises(SubmitError, match=message):
        ScriptRunConfig("source", command=[word]).argv()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a script below its top; the current folder is another one."""
    (tmp_path / "digits/.git").mkdir(parents=True)
    (tmp_path / "digits/tools").mkdir()
    (tmp_path / "digits/tools/train.py").touch()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "digits"


@pytest.mark.parametrize("named", ["{project}/tools/train.py", "../digits/tools/train.py"])
def test_a_script_outside_of_the_current_folder_means_its_own_project(
    project: Path, named: str
) -> None:
    config = ScriptRunConfig(None, named.format(project=project))

    assert config.source() == os.path.realpath(project)
    assert config.script_path() == "tools/train.py"


def test_a_script_outside_without_a_repository_means_its_own_folder(project: Path) -> None:
    os.rmdir(project / ".git")

    config = ScriptRunConfig(None, str(project / "tools/train.py"))

    assert (config.source(), config.script_path()) == (
        os.path.realpath(project / "tools"),
        "train.py",
    )


def test_a_script_inside_leaves_the_current_folder_the_source(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "tools")

    assert ScriptRunConfig(None, "train.py").source() == os.path.realpath(project / "tools")
    named = ScriptRunConfig(None, str(project / "tools/train.py"))
    assert named.source() == os.path.realpath(project / "tools")


def test_a_folder_that_is_no_project_is_no_source_unless_its_full_path_is_given(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project / "tools"))
    monkeypatch.chdir(project / "tools")
    tools = os.path.realpath(project / "tools")

    for config in (ScriptRunConfig(None, "train.py"), ScriptRunConfig(".", command="true")):
        with pytest.raises(SubmitError, match=f"a run takes no copy of {tools}, your home folder"):
            config.source()
    assert ScriptRunConfig("~", "train.py").source() == tools
    assert ScriptRunConfig(None, "train.py", in_place=True).source() == tools


def test_a_script_by_its_full_path_in_no_project_means_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(project.parent))
    monkeypatch.chdir(project.parent)

    config = ScriptRunConfig(None, str(project / "tools/train.py"))

    assert config.source() == os.path.realpath(project)
