"""`homerun run cancel`: cancel runs by name, or all that match."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options.params import option
from homerun.cli.output import render, text
from homerun.cli.output.prompts import check_asks, is_sure
from homerun.cli.result import Result
from homerun.cli.selection import Choice, of_runs
from runstore.status import ALL, NOT_RESPONDING, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_COLUMNS = ["run", "was", "status", "error"]
_RISK = "nothing is stopped: a script may still run there and write to the run's folder"
_GOES_ON = (
    "it is asked to end and is not over yet; supervisor.log in its folder tells what is tried"
)
_OVER = "it was over already; nothing was canceled"
_NONE = "no live run matches; nothing was canceled"


@command("cancel")
@of_runs
@option(
    "--abandon",
    is_flag=True,
    help="Declare runs over that are NotResponding, their host or container gone for good.",
)
def cancel(call: Call, abandon: bool, yes: bool, **given: Any) -> Result:
    """Cancel runs, with all of their processes, and print their final status.

    A run that is already over keeps its status. Runs are canceled in parallel. Exits 1 if one of
    them does not end.

    With --abandon nothing is stopped: it is for runs whose host or container is gone for good, and
    runs below them go with them. A script may still run there and write to the run's folder.

    \b
    Example:
      homerun run cancel digits_1
      homerun run cancel -e digits --status Running --yes
      homerun run cancel digits_2 --abandon
    """
    choice = Choice(call, **given)
    is_clear = yes or (choice.is_by_name and not abandon)
    check_asks(is_clear)
    live = [one for one in ALL if one not in TERMINAL and one != NOT_RESPONDING]
    chosen = choice.runs(children=True, statuses=[NOT_RESPONDING] if abandon else live)
    if len(chosen) == 1 and choice.is_by_name and not abandon:
        return _one(chosen[0])
    if not chosen:
        return Result([], lambda: [render.Note(_NONE)])
    if not is_sure(_question(len(chosen), abandon), is_clear, chosen):
        return Result([], lambda: [render.Note("nothing was canceled")], 1)
    workspace = call.workspace()
    rows = list(workspace.abandon_runs(chosen) if abandon else workspace.cancel_runs(chosen))

    def shown() -> list[render.Part]:
        errors = any(row["error"] for row in rows)
        lines = [
            [row[key if key != "run" else "run_id"] or "-" for key in _COLUMNS] for row in rows
        ]
        columns = _COLUMNS if errors else _COLUMNS[:-1]
        table = render.Table(columns, [line[: len(columns)] for line in lines])
        is_gone = any(row["was"] == NOT_RESPONDING and row["status"] in TERMINAL for row in rows)
        return [table, render.Note(_RISK)] if is_gone else [table]

    is_done = all(row["error"] is None and row["status"] in TERMINAL for row in rows)
    return Result(rows, shown, 0 if is_done else 1)


def _question(count: int, abandon: bool) -> str:
    if abandon:
        return f"{_RISK}; abandon {text.plural(count)}?"
    return f"cancel {text.plural(count)}?"


def _one(found: Any) -> Result:
    was = found.get_status()
    if was not in TERMINAL:
        found.cancel()
    status = found.get_status()
    told = {"run_id": found.id, "status": status, "directory": found.directory}
    if was in TERMINAL:
        return Result(told, lambda: [f"{found.id}: {status}", render.Note(_OVER)])
    if status in TERMINAL:
        return Result(told, lambda: [f"{found.id}: {status}"])
    return Result(told, lambda: [f"{found.id}: {status}", render.Note(_GOES_ON)], 1)
