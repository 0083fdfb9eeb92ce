"""`homerun config`: what holds in this folder, and where each value comes from."""

from __future__ import annotations

import sys

from homerun.cli.command import command
from homerun.cli.output import render
from homerun.cli.result import Result
from homerun.project import defaults, file, goals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_OWN = "homerun's own"
_USUAL = "default"


@command("config")
def config(call: Call) -> Result:
    """Show what holds for runs that are submitted here, and where each value comes from.

    The command line comes first, then variables such as HOMERUN_EXPERIMENT, then homerun.toml or
    `[tool.homerun]` in pyproject.toml, here or above. The file can hold: experiment, python,
    target, columns, minimize, maximize and env.

    \b
    Example:
      homerun config
    """
    project = call.project()
    python = defaults.python(call.folder, project)
    goal = goals.of_project(project)
    found = {
        "experiment": defaults.current_experiment(call.folder, project),
        "python": python or defaults.Default(sys.executable, _OWN),
        "target": _said(project, "target", "the default one"),
        "goal": defaults.Default(str(goal) if goal else None, project.path if goal else _USUAL),
        "columns": _said(project, "columns", None),
        "env": _said(project, "env", None),
        "rules": _said(project, "rules", None),
        "notify": _said(project, "notify", None),
        "store": defaults.Default(call.store().root, _USUAL),
    }
    value = {key: {"value": one.value, "source": one.source} for key, one in found.items()}

    def shown() -> list[render.Part]:
        lines = [[key, _text(one.value), one.source] for key, one in found.items()]
        return [render.Table(["setting", "value", "from"], lines)]

    return Result(value, shown)


def _said(project: file.ProjectFile, key: str, usual: object) -> defaults.Default:
    """What the project's file says, or what holds without a word."""
    if key in project.said:
        return defaults.Default(project.said[key], project.path)
    return defaults.Default(usual, _USUAL)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return " ".join(f"{name}={_text(one)}" for name, one in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)
