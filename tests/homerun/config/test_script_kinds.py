"""What runs a script that is no Python file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, SubmitError, Workspace
from homerun.config.distributed import TORCH, Processes

BINARY = b"\x7fELF\0\0"

KINDS = {
    "a Python file": ("train.py", b"", ["{python}", "train.py"]),
    "a Python file with a first line": ("train.py", b"#!/bin/sh\n", ["{python}", "train.py"]),
    "a text without a suffix": ("train", b"print()", ["{python}", "train"]),
    "a text that begins with a dash": ("-train", b"print()", ["{python}", "./-train"]),
    "a first line with a program": ("go.sh", b"#!/bin/sh\n", ["/bin/sh", "./go.sh"]),
    "a first line with options": ("go", b"#! /bin/sh -e -u\n", ["/bin/sh", "-e -u", "./go"]),
    "a first line with env": ("go", b"#!/usr/bin/env sh", ["/usr/bin/env", "sh", "./go"]),
    "a first line of Windows": ("go", b"#!/bin/sh\r\n", ["/bin/sh", "./go"]),
    "a first line with Python": ("go", b"#!/usr/bin/python3.9 -E\n", ["{python}", "go"]),
    "a first line with Python by env": ("go", b"#!/usr/bin/env python3\n", ["{python}", "go"]),
    "a shell script": ("jobs/go.sh", b"echo", ["{bin}/bash", "./jobs/go.sh"]),
    "an R script": ("fit.R", b"cat(1)", ["{bin}/Rscript", "./fit.R"]),
    "a program": ("tool", BINARY, ["./tool"]),
}


def program(path: Path, content: str | bytes = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_folder(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs, the only one on PATH."""
    folder = workspace_dir / "bin"
    for name in ("bash", "Rscript"):
        program(folder / name)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(("name", "content", "command"), KINDS.values(), ids=KINDS.keys())
def test_a_script_is_run_by_its_kind(
    bin_folder: Path, name: str, content: bytes, command: list[str]
) -> None:
    program(Path("source") / name, content)

    argv = ScriptRunConfig("source", name, ["--lr", 1]).argv()

    wanted = [word.format(python=sys.executable, bin=bin_folder) for word in command]
    assert argv == [*wanted, "--lr", "1"]


def test_a_module_is_run_as_by_python_m(workspace_dir: Path) -> None:
    Path("source").mkdir()

    config = ScriptRunConfig("source", "-m  package.train", [1])

    assert config.argv() == [sys.executable, "-m", "package.train", "1"]
    assert config.script_path() == "-m package.train"


REFUSED = {
    "a module with a dash": ("-m my-package", None, "'my-package' is not a valid name of a module"),
    "a module without a name": ("-m ", None, "'' is not a valid name of a module"),
    "an interpreter that is not here": (
        "go",
        b"#!/no/such -x\n",
        "asks for /no/such, which",
    ),
    "a program that may not be executed": ("tool", BINARY, "`chmod \\+x` it"),
    "R without Rscript": ("fit.r", b"", "needs Rscript, which is not on PATH"),
    "a notebook with a bare argument": ("a.ipynb", b"{}", "a.ipynb: 'data' is not a parameter"),
}


@pytest.mark.parametrize(("name", "content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_run_is_refused(
    workspace_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes | None,
    message: str,
) -> None:
    monkeypatch.setenv("PATH", str(workspace_dir))
    Path("source").mkdir()
    if content is not None:
        (Path("source") / name).write_bytes(content)

    with pytest.raises(SubmitError, match=message) as refused:
        ScriptRunConfig("source", name, ["data"]).argv()

    assert "\n" not in str(refused.value)


def test_a_notebook_that_cannot_run_is_refused_with_the_line_that_helps(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.environments.notebook.lacking", lambda: "nbclient")
    program(Path("source/train.ipynb"), "{}")

    with pytest.raises(SubmitError, match=r"-m pip install nbclient ipykernel$"):
        ScriptRunConfig("source", "train.ipynb").argv()

    other = ScriptRunConfig("source", "train.ipynb", interpreter="/bin/sh")
    assert other.argv()[:2] == ["/bin/sh", "-c"]  # of another interpreter nothing is known


def test_a_notebook_is_not_started_as_several_processes(workspace_dir: Path) -> None:
    program(Path("source/train.ipynb"), "{}")
    config = ScriptRunConfig("source", "train.ipynb")
    config.processes = Processes(TORCH, 2)

    with pytest.raises(SubmitError, match="a notebook is one process"):
        config.argv()


def test_scripts_of_each_kind_run_and_are_submitted_again(workspace_dir: Path) -> None:
    program(Path("source/go.sh"), 'echo "$0 $1"; exit 3\n')
    program(Path("source/tool"), Path("/bin/echo").read_bytes())
    program(Path("source/package/train.py"), "import sys; print(__name__, sys.argv[1:])")
    experiment = Experiment(Workspace.from_config(), "kinds")

    runs = [
        experiment.submit(ScriptRunConfig("source", name, ["a b"]))
        for name in ("go.sh", "tool", "-m package.train")
    ]
    for run in runs:
        run.wait_for_completion(raise_on_error=False)
    again = [run.resubmit() for run in runs]  # type: ignore[attr-defined]
    for run in again:
        run.wait_for_completion(raise_on_error=False)

    said = ["./go.sh a b\n", "a b\n", "__main__ ['a b']\n"]
    assert [b"".join(run.stream()).decode() for run in [*runs, *again]] == said * 2
    ends = ["Failed", "Completed", "Completed"]
    assert [run.get_status() for run in [*runs, *again]] == ends * 2


def test_a_shell_script_is_recorded_with_the_python_of_its_path(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    program(Path("source/go.sh"), "#!/bin/sh\n")
    beside = program(Path("programs/python"))
    config = ScriptRunConfig(
        "source", "go.sh", environment_variables={"PATH": str(beside.parent.resolve())}
    )

    run = Experiment(Workspace.from_config(), "kinds").submit(config)
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert os.path.basename(run._record.run["command"][0]) == "sh"
