"""What holds in a folder, and where it comes from: the command line, a variable, a file, a guess.

Each question has one order of answers, the first of which counts. `homerun config` shows them.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ, places
from homerun.base.errors import UserError
from homerun.config import workspace_config
from runstore import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.project.file import ProjectFile

_PROGRAM = "bin/python"
_ENVIRONMENT = ".venv"
_CONDA_BASE = "base"
_NO_NAME = "runs"


class Default:
    """A value, and where it comes from, in words."""

    def __init__(self, value: Any, source: str) -> None:
        self.value = value
        self.source = source


def current_experiment(folder: str, file: ProjectFile) -> Default:
    """The experiment of a folder's runs where the command line names none.

    HOMERUN_EXPERIMENT, the project's file, the experiment that the folder is attached to, the
    name of the project's folder.

    Raises:
        UserError: what the variable or the file says is no experiment's name.
    """
    told = environ.variable(environ.EXPERIMENT)
    if told:
        return Default(_checked(told, environ.EXPERIMENT), environ.EXPERIMENT)
    if "experiment" in file.said:
        return Default(_checked(file.said["experiment"], file.path), file.path)
    try:
        config, name = workspace_config.experiment_of(folder)
    except UserError:
        home = places.project_of(os.path.realpath(folder))
        return Default(_as_name(os.path.basename(home)), f"the name of {home}")
    return Default(name, config)


def python(source: str, file: ProjectFile) -> Default | None:
    """The interpreter for scripts where the command line names none; None: homerun's own.

    The project's file, the environment that is activated, `.venv` in the source folder. Conda's
    base environment, which is activated in every shell, comes behind `.venv`.

    Raises:
        UserError: there is no such program as the file says.
    """
    if "python" in file.said:
        return Default(_named_in(file), file.path)
    base = environ.variable("CONDA_DEFAULT_ENV") == _CONDA_BASE
    activated = ["VIRTUAL_ENV", *([] if base else ["CONDA_PREFIX"])]
    found = [(environ.variable(name), f"${name}") for name in activated]
    beside = f"{source}/{_ENVIRONMENT}"
    found.append((beside if _is_own(beside) else None, f"{_ENVIRONMENT} in {source}"))
    if base:
        found.append((environ.variable("CONDA_PREFIX"), "$CONDA_PREFIX"))
    for home, where in found:
        path = f"{home}/{_PROGRAM}"
        if home and os.access(path, os.X_OK):
            is_homeruns = os.path.realpath(home) == os.path.realpath(sys.prefix)
            return None if is_homeruns else Default(path, where)
    return None


def _named_in(file: ProjectFile) -> str:
    """The interpreter that a file names: a path is one below the file's folder."""
    named = os.path.expanduser(str(file.said["python"]))
    path = os.path.join(file.folder, named) if os.sep in named else named
    if os.sep in named and not os.access(path, os.X_OK):
        raise UserError(f"{file.path}: there is no program {path}; correct python there")
    return path


def _is_own(home: str) -> bool:
    """Whether an environment that no one has activated was made by this user, or by root."""
    try:
        owners = {os.lstat(path).st_uid for path in (home, f"{home}/{_PROGRAM}")}
    except OSError:
        return False
    return owners <= {0, os.geteuid()}


def _checked(name: str, where: str) -> str:
    if names.is_experiment(name):
        return name
    raise UserError(f"{where}: {name!r} is not a valid experiment: use letters, digits, '_', '-'")


def _as_name(folder: str) -> str:
    """The name of a folder as one that an experiment can have."""
    kept = "".join(c if c.isalnum() or c in "_-" else "-" for c in folder).strip("_-")
    return kept[: names.MAX_EXPERIMENT] or _NO_NAME
