"""What `--dry-run` prints."""

from __future__ import annotations

import shlex

from homerun.base import sizes
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.project.preview import preview

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.runs.submit import Request

_SHOWN = 10


def dry_run(request: Request, source: str, rows: list[Any]) -> Result:
    """What would be run.

    Args:
        source: what names the experiment.
        rows: the combinations of a grid.
    """
    found = preview(request)
    grid = [values for values, _ in rows]
    value = {**found, "grid": grid} if grid else found

    def parts() -> list[render.Part]:
        card = {
            "experiment": f"{request.experiment} ({source})",
            "command": " ".join(map(shlex.quote, found["command"])),
            "grid": _listed(grid),
            "code": _code(found),
            "target": found["target"],
            "variables": " ".join(found["variables"]),
            "packages": _packages(found),
            "store": found["store"],
            "notices": "\n".join(found["notices"]),
        }
        return [render.Card(card), render.Note("nothing was started: this is a dry run")]

    return Result(value, parts)


def _listed(grid: list[dict[str, str]]) -> str:
    """The runs of a grid, a line each, and how many there are."""
    if not grid:
        return ""
    lines = [" ".join(f"{key}={value}" for key, value in row.items()) for row in grid[:_SHOWN]]
    more = [f"… {len(grid) - _SHOWN} more"] if len(grid) > _SHOWN else []
    return "\n".join([text.plural(len(grid)), *lines, *more])


def _code(found: dict[str, Any]) -> str:
    where = text.printable(found["source_directory"])
    if found["in_place"]:
        return f"{where}, in place"
    return f"{where}: {text.plural(found['files'], 'file')}, {sizes.shown(found['bytes'])}"


def _packages(found: dict[str, Any]) -> str:
    if "packages" not in found:
        return ""
    return f"{found['packages']} ({'built' if found['is_built'] else 'to be built'})"
