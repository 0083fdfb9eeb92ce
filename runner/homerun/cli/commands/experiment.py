"""`homerun experiment …`: the experiments of a workspace."""

from __future__ import annotations

import time

from homerun.cli.command import command
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.views import experiments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_COLUMNS = ["name", "latest run", "#", "status", "submitted"]
_EXPENDABLE = ("#", "submitted")
_NONE_YET = "there are no experiments; homerun run submit-script -e NAME SCRIPT creates one"


@command("list")
def list_experiments(call: Call) -> Result:
    """List the experiments, each with its latest run.

    \b
    Example:
      homerun experiment list
    """
    workspace = call.workspace()
    rows = [experiments.row(workspace.store, name) for name in workspace.experiments]
    return Result(rows, lambda: [_table(rows) if rows else render.Note(_NONE_YET)])


def _table(rows: list[dict[str, Any]]) -> render.Table:
    now = time.time()
    lines: list[list[object]] = []
    for row in rows:
        latest = row["latestRun"] or {}
        shown = [latest.get(key) or text.NONE for key in ("runId", "runNumber", "status")]
        lines.append([row["name"], *shown, text.ago(latest.get("createdUtc"), now)])
    return render.Table(_COLUMNS, lines, _EXPENDABLE)
