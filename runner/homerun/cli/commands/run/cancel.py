"""`homerun run cancel` and `run fail`: end runs by name, or all that match."""

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
    from collections.abc import Sequence
    from typing import Any

    from homerun.cli.invocation import Call

_COLUMNS = ["run", "was", "status", "error"]
_RISK = "nothing is stopped: a script may still run there and write to the run's folder"
_GOES_ON = (
    "it is asked to end and is not over yet; supervisor.log in its folder tells what is tried"
)
_OVER = "it was over already; nothing was canceled"
_NONE = "no live run matches; nothing was canceled"
_NONE_FAILED = "no live run matches; nothing was declared failed"


@command("cancel")
@of_runs
@option(
    "--abandon",
    is_flag=True,
    help="Declare over what is NotResponding, because its host or container is gone.",
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
    return told(workspace.abandon_runs(chosen) if abandon else workspace.cancel_runs(chosen))


def told(given: Sequence[dict[str, Any]]) -> Result:
    """What became of runs that were to end: a table, or the rows; 1 where one did not."""
    rows = list(given)

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


@command("fail")
@of_runs
@option("--reason", metavar="TEXT", help="Why: what is shown as the run's error.")
@option(
    "--anyway",
    is_flag=True,
    help="Also runs that are NotResponding: their host or container is gone for good.",
)
def fail(call: Call, reason: str | None, anyway: bool, yes: bool, **given: Any) -> Result:
    """Declare runs failed, and print their final status: those that go on are stopped first.

    A run that is named and over already is shown as Failed from then on. Exits 1 if one of them
    does not end.

    With --anyway, what will never answer is declared Failed too, its host or container gone for
    good. Nothing is stopped then: a script may still run there and write to the run's folder.

    \b
    Example:
      homerun run fail digits_1 --reason "the data was wrong"
      homerun run fail digits_2 --anyway
    """
    choice = Choice(call, **given)
    is_clear = yes or (choice.is_by_name and not anyway)
    check_asks(is_clear)
    live = [one for one in ALL if one not in TERMINAL and (anyway or one != NOT_RESPONDING)]
    chosen = choice.runs(children=True, statuses=live)
    if not chosen:
        return Result([], lambda: [render.Note(_NONE_FAILED)])
    question = f"{f'{_RISK}; ' if anyway else ''}declare {text.plural(len(chosen))} failed?"
    if not is_sure(question, is_clear, chosen):
        return Result([], lambda: [render.Note("nothing was declared failed")], 1)
    workspace = call.workspace()
    silent = [one for one in chosen if anyway and one.get_status() == NOT_RESPONDING]
    answering = [one for one in chosen if one not in silent]
    rows = [*workspace.fail_runs(answering, reason)]
    rows += workspace.abandon_runs(silent, failed=True, error_details=reason)
    return told(rows)


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
