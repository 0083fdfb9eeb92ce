"""`homerun experiment …`: the experiments of a workspace."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.experiment import Experiment

_COLUMNS = ["name", "latest run", "#", "status", "submitted"]
_EXPENDABLE = ("#", "submitted")


@click.command("list")
@options.common
def list_experiments(path: str | None, output: str | None) -> int:
    """List the experiments, each with its latest run.

    \b
    Example:
      homerun experiment list
    """
    from homerun.cli import render, words

    found = options.workspace(path).experiments
    rows = [_row(name, one) for name, one in found.items()]
    if options.wants_json(output):
        render.json(rows)
    elif rows:
        render.table(_COLUMNS, _table(rows), _EXPENDABLE)
    else:
        words.say(
            "there are no experiments yet; homerun run submit-script -e NAME SCRIPT makes one"
        )
    return 0


def _row(name: str, experiment: Experiment) -> dict[str, Any]:
    for run in experiment.get_runs():
        row = run.describe()
        keys = ("run_id", "run_number", "status", "created_utc")
        return {"name": name, "latest_run": {key: row.get(key) for key in keys}}
    return {"name": name, "latest_run": None}


def _table(rows: list[dict[str, Any]]) -> list[list[object]]:
    from time import time

    from homerun.cli import words

    now = time()
    lines: list[list[object]] = []
    for row in rows:
        latest = row["latest_run"] or {}
        shown = [latest.get(key) or words.NONE for key in ("run_id", "run_number", "status")]
        lines.append([row["name"], *shown, words.ago(latest.get("created_utc"), now)])
    return lines
