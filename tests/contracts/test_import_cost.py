"""What an import loads, as sets of modules, in every interpreter that this machine has.

Time depends on the machine; what is loaded does not. The bare interpreter is the floor: a module
that its `site` has loaded already costs nothing more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.probes import Interpreter
from helpers.sources import FACES, PLUG_INS, SOURCE_ROOTS, THIRD_PARTY, product
from homerun import Experiment, ScriptRunConfig, Workspace

COSTLY = {
    *("re", "enum", "json", "signal", "ctypes", "subprocess", "typing", "pathlib"),
    *("dataclasses", "logging", "datetime", "threading"),
}
"""Modules that cost most of a start each, with what they load in turn."""

MOST = 46
"""So many modules may the context load, its own ones included."""

DROP_IN_MODULES = {"azureml", "azureml.core", "azureml.core.run", "homerun.azureml"}
"""What `from azureml.core import Run` loads more than homerun's own import."""

CORE = [
    module.name
    for module in product()
    if not module.within(*FACES, *PLUG_INS, "sitecustomize")
    and not module.name.endswith("__main__")
]

MEASURE = """
import sys
sys.path += sys.argv[1:-1]
before = set(sys.modules)
exec(sys.argv[-1])
print(*sorted(set(sys.modules) - before))
"""


def loaded_by(code: str, python: str, *options: str) -> set[str]:
    """The modules that the code adds to an interpreter which knows our packages, not installed."""
    roots = [str(root) for root in SOURCE_ROOTS]
    done = subprocess.run(
        [python, *options, "-B", "-c", MEASURE, *roots, code],
        capture_output=True,
        text=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("HOMERUN_")},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["homerun", "runstore"])
def test_a_package_loads_nothing_else(package: str, interpreter: Interpreter) -> None:
    loaded = loaded_by(f"import {package}", interpreter.path, "-I", "-S")

    assert loaded - {"__future__"} == {package}


@pytest.mark.parametrize("package", ["homerun", "azureml.core"])
def test_the_offline_context_loads_nothing_costly(package: str, interpreter: Interpreter) -> None:
    code = f"from {package} import Run; Run.get_context()"

    loaded = loaded_by(code, interpreter.path, "-I", "-S")

    assert loaded & COSTLY == set()
    assert len(loaded - DROP_IN_MODULES) <= MOST, sorted(loaded)


@pytest.mark.parametrize("package", ["homerun", "azureml.core"])
def test_the_context_of_a_run_loads_nothing_costly(
    package: str, workspace_dir: Path, script: Callable[..., Path], interpreter: Interpreter
) -> None:
    script(
        "train.py",
        f"""
        import sys
        before = set(sys.modules)
        from {package} import Run
        Run.get_context().log("loss", 0.25)
        print(*sorted(set(sys.modules) - before))
        """,
    )
    config = ScriptRunConfig("source", "train.py", interpreter=interpreter.path)

    run = Experiment(Workspace.from_config(), "cost").submit(config)
    run.wait_for_completion()
    loaded = set(b"".join(run.stream()).decode().split())

    assert "homerun.sdk.context" in loaded
    assert loaded & COSTLY == set()
    assert len(loaded - DROP_IN_MODULES) <= MOST, sorted(loaded)


def test_the_supervisor_loads_nothing_costly(interpreter: Interpreter) -> None:
    loaded = loaded_by("import homerun.supervisor.main", interpreter.path, "-I", "-S")

    assert "homerun.supervisor.main" in loaded
    assert loaded & COSTLY == set()


COMMAND = """
import os, sys
sys.path += sys.argv.pop(1).split(os.pathsep)
before = set(sys.modules)
leave = os._exit

def tell(code):
    print(*sorted(set(sys.modules) - before), file=sys.stderr, flush=True)
    leave(code)

os._exit = tell
from homerun.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "may_load"),
    [
        (["--help"], set()),
        (["run", "source/train.py"], set()),
        (["ls", "-o", "table"], {"datetime"}),  # of sqlite3
    ],
)
def test_a_command_of_a_day_loads_nothing_costly(
    workspace_dir: Path, script: Callable[..., Path], words: list[str], may_load: set[str]
) -> None:
    script("train.py", "")
    roots = os.pathsep.join(map(str, SOURCE_ROOTS))
    command = [sys.executable, "-I", "-S", "-B", "-c", COMMAND, roots, *words]

    for _ in range(2):  # the first one is told what is said once
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    loaded = set(done.stderr.splitlines()[-1].split())
    assert "homerun.cli.entry" in loaded
    assert loaded & COSTLY <= may_load


def test_the_core_loads_without_any_third_party_package(interpreter: Interpreter) -> None:
    loaded = loaded_by(f"import {', '.join(CORE)}", interpreter.path, "-I", "-S")

    assert set(CORE) <= loaded
    assert loaded & set(THIRD_PARTY) == set()
