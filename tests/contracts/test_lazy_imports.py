"""An import inside a function has a reason: an extra, a third-party package, or the budget.

Imports at the top show what a module depends on. Three things pay for each module that they load:
the context of a script, the supervisor, and a command line whose process has just begun. So what
these load may put an import off; elsewhere clarity wins.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import sources
from helpers.sources import DROP_IN, THIRD_PARTY, Import, Module

CONTEXT = ("homerun.sdk.run", "homerun.sdk.offline", "homerun.sdk.context", "azureml.core.run")
"""What a script loads that asks for its run."""

SUPERVISOR = [module.name for module in sources.product() if module.within("homerun.supervisor")]

COMMANDS = (
    "--help",
    "run --help",
    "--version",
    "folder attach -e digits",
    "run submit-script -e digits train.py",
    "run submit-script -c local --async train.py",
    "run train.py",
    "run list",
    "run show @last",
    "run logs @last",
    "run metrics @last",
    "run -d -- sleep 600",
    "run cancel @last",
)
"""What people wait for at a prompt; in this order, in an empty folder with a script."""

EXTRAS = ("homerun.studio",)
"""Rooms of ours that need the packages of an extra."""


@pytest.fixture(scope="module")
def budget(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that the context, the supervisor and a cold command line load."""
    folder = tmp_path_factory.mktemp("budget")
    (folder / "train.py").write_text("")
    found = _loaded(folder, "-c", f"import {', '.join([*CONTEXT, *SUPERVISOR])}")
    for line in COMMANDS:
        found |= _loaded(folder, "-m", "homerun", *line.split())
    return found


def _loaded(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "HOMERUN_STORE": str(folder / ".runs"), "PYTHONPATH": str(DROP_IN)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def needs_more(name: str) -> bool:
    """Whether a module is, or needs while it is loaded, more than the standard library."""
    return name in THIRD_PARTY or name.partition(".")[0] not in (
        *("homerun", "runstore", "azureml"),
        *sys.stdlib_module_names,
    )


NEED_MORE = {
    module.name
    for module in sources.product()
    if module.within(*EXTRAS)
    or any(i.at_load and not i.for_types and needs_more(i.package) for i in sources.imports(module))
}


def has_reason(module: Module, found: Import) -> bool:
    """Whether the package, or the module of ours that stands for one, is not always there."""
    is_of_an_extra = found.module in NEED_MORE and not module.within(*EXTRAS)
    return needs_more(found.package) or is_of_an_extra


def test_an_import_inside_a_function_has_a_reason(budget: set[str]) -> None:
    lazy = [
        f"{module.name}: {found.module}"
        for module in sources.product()
        for found in sources.imports(module)
        if not found.at_load and not found.for_types
        if module.name not in budget and not has_reason(module, found)
    ]
    assert lazy == []
