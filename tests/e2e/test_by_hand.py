"""A script in a run is as by hand at a terminal, but for what the page *What a run gets* lists.

One program says all that it can see of itself. What it says by hand, changed in the ways that the
page lists, is what it says in a run; so a difference that no row explains fails, and so does a row
without a difference.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.probes import Interpreter
from helpers.sources import ROOT
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.environments import python_path
from homerun.metrics.usage import stacks

PROGRAM = """
import fcntl, io, json, locale, os, sys

def stream(of):
    number = of.fileno()
    return {
        "class": type(of).__name__, "is text": isinstance(of, io.TextIOWrapper),
        "buffer": type(of.buffer).__name__, "name": of.name, "mode": of.mode,
        "terminal": of.isatty(), "lines": of.line_buffering, "through": of.write_through,
        "encoding": of.encoding, "errors": of.errors,
        "file": os.readlink(f"/proc/self/fd/{number}"),
        "appends": bool(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND),
    }

def text(name):
    with open(f"/proc/self/{name}") as file:
        return file.read()

kept = (
    *("Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff"),
    *("CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Cpus_allowed", "Mems_allowed"),
)
lines = [line.partition(":") for line in text("status").splitlines()]
listed = map(int, os.listdir("/proc/self/fd"))
said = {
    "cwd": os.getcwd(), "argv": sys.argv, "path": sys.path, "file": __file__, "name": __name__,
    "spec": repr(__spec__), "package": repr(__package__), "modules": sorted(sys.modules),
    "flags": repr(sys.flags), "executable": sys.executable, "prefix": sys.prefix,
    "finders": [repr(finder).split(" object")[0] for finder in sys.meta_path],
    "environment": dict(os.environ),
    "descriptors": sorted(min(n, 200) for n in listed if os.path.lexists(f"/proc/self/fd/{n}")),
    "stdin": stream(sys.stdin), "stdout": stream(sys.stdout), "stderr": stream(sys.stderr),
    "locale": [locale.setlocale(locale.LC_ALL, None), locale.getpreferredencoding(False)],
    "file names": [sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()],
    "status": {name: rest.split() for name, _, rest in lines if name in kept},
    "limits": text("limits"), "oom": text("oom_score_adj"), "cgroup": text("cgroup"),
    "personality": text("personality"), "slack": text("timerslack_ns"),
    "namespaces": [os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")],
    "nice": os.nice(0), "affinity": sorted(os.sched_getaffinity(0)),
    "policy": os.sched_getscheduler(0),
    "leads its group": os.getpgrp() == os.getpid(),
    "session": os.getsid(0),
}
with open(sys.argv[1], "w") as file:
    json.dump(said, file)
"""

Said = dict[str, Any]


def in_the_copy(said: Said, run: Run) -> None:
    source, work = said["cwd"], os.path.realpath(work_of(run))
    said["cwd"] = said["environment"]["PWD"] = said["path"][0] = work
    said["file"] = said["file"].replace(source, work)


def with_our_path(said: Said, run: Run) -> None:
    ours = python_path.folder()
    said["path"] = [said["path"][0], ours, *said["path"][1:]]
    said["environment"]["PYTHONPATH"] = ours


def with_the_project_last(said: Said, run: Run) -> None:
    said["path"] += [work_of(run), f"{work_of(run)}/src"]


def with_its_run(said: Said, run: Run) -> None:
    store = str(run.experiment.workspace.directory)
    said["environment"].update(
        {
            "AZUREML_RUN_ID": run.id,
            "HOMERUN_RUN_FOLDER": run.directory,
            "HOMERUN_RUN_ID": run.id,
            "HOMERUN_RUN_UUID": run._record.run["uuid"],
            "HOMERUN_SOURCE_DIRECTORY": os.path.realpath("."),
            "HOMERUN_STORE": store,
            "HOMERUN_WORK_DIRECTORY": work_of(run),
        }
    )


def with_mlflows(said: Said, run: Run) -> None:
    said["environment"].update(
        {
            "MLFLOW_EXPERIMENT_ID": run.experiment.name,
            "MLFLOW_EXPERIMENT_NAME": run.experiment.name,
            "MLFLOW_RUN_ID": run.id,
            "MLFLOW_TRACKING_URI": f"homerun://{run.experiment.workspace.directory}",
        }
    )


def without_input(said: Said, run: Run) -> None:
    said["stdin"].update(terminal=False, lines=False, file="/dev/null")


def into_the_log(said: Said, run: Run) -> None:
    log = os.path.realpath(f"{run.directory}/user_logs/std_log.txt")
    for name in ("stdout", "stderr"):
        said[name].update(terminal=False, file=log, appends=True)


def by_lines(said: Said, run: Run) -> None:
    for name in ("stdout", "stderr"):
        said[name]["class"] = "Lines"
    said["stdin"]["through"] = True  # of no meaning for input
    said["environment"]["PYTHONUNBUFFERED"] = "homerun"


def on_its_own(said: Said, run: Run) -> None:
    said["session"] = run.describe()["process"]["supervisor_pid"]


def with_stacks(said: Said, run: Run) -> None:
    (caught,) = said["status"]["SigCgt"]
    said["status"]["SigCgt"] = [f"{int(caught, 16) | 1 << stacks.SIGNAL - 1:016x}"]
    said["descriptors"].append(200)  # or a higher one
    said["modules"] = sorted([*said["modules"], "faulthandler"])


def without_two_signals(said: Said, run: Run) -> None:
    (ignored,) = said["status"]["SigIgn"]
    said["status"]["SigIgn"] = [f"{int(ignored, 16) | 1 << 31 | 1 << 32:016x}"]


DIFFERENCES = {
    "current folder": in_the_copy,
    "our packages": with_our_path,
    "end of `sys.path`": with_the_project_last,
    "variables of the run": with_its_run,
    "variables of MLflow": with_mlflows,
    "input": without_input,
    "output": into_the_log,
    "lines": by_lines,
    "session": on_its_own,
    "signal 50": with_stacks,
    "signals 32 and 33": without_two_signals,
}


def work_of(run: Run) -> str:
    return f"{run.directory}/{run._record.run['work']}"


def by_hand(command: list[str], source: Path) -> None:
    """Type a command at a terminal."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            command,
            cwd=source,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            check=True,
            preexec_fn=os.setpgrp,
            env=dict(os.environ),  # and not what readline has added
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def source(
    workspace_dir: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project as its owner stands in it, at a prompt."""
    script("train.py", PROGRAM)
    script("src/package/__init__.py", "")
    of_mlflow = [name for name in os.environ if name.startswith("MLFLOW_")]
    for name in ("PYTHONUNBUFFERED", "PYTHONPATH", "OLDPWD", *of_mlflow):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PWD", str(workspace_dir / "source"))
    monkeypatch.setenv("TERM", "xterm-256color")
    return workspace_dir / "source"


def test_a_script_sees_in_a_run_what_it_sees_by_hand(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: Interpreter
) -> None:
    experiment = Experiment(Workspace.from_config(), "by-hand")
    monkeypatch.chdir(source)
    told = tmp_path / "told.json"

    by_hand([interpreter.path, "train.py", str(told)], source)
    expected = json.loads(told.read_text())
    config = ScriptRunConfig(".", "train.py", [told], interpreter=interpreter.path)
    run = experiment.submit(config)
    run.wait_for_completion()
    found = json.loads(told.read_text())

    for change in DIFFERENCES.values():
        change(expected, run)
    assert found == expected


def test_the_page_lists_each_of_these_differences_and_no_other() -> None:
    page = (ROOT / "docs/what-a-run-gets.md").read_text()

    table = page.partition("## By hand and in a run")[2].partition("\n## ")[0]
    named = re.findall(r"^\| \*\*(.+?)\*\* \|", table, re.MULTILINE)

    assert named == [*DIFFERENCES]
