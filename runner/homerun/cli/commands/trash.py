"""`homerun store trash …`: deleted runs."""

from __future__ import annotations

import time

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.options import offers, times
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.output.prompts import check_asks, is_sure
from homerun.cli.result import Result
from homerun.project.trash_names import TrashNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from runstore.run.record import Record

_COLUMNS = ["#", "run", "status", "experiment", "deleted", "by", "size"]
_EXPENDABLE = ("by", "experiment", "size")
_DAY_S = 86400.0


@command("list")
def list_trash(call: Call) -> Result:
    """List the deleted runs, the latest deletion first.

    \b
    Example:
      homerun store trash list
    """
    rows = call.workspace().trash.list()

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note("the trash is empty")]
        lines = [
            [
                text.NONE if row["run_number"] is None else row["run_number"],
                row["display_name"] or row["run_id"],
                *(row["status"], row["experiment_name"]),
                text.ago(row["deleted_utc"], time.time()),
                row["deleted_by"] or text.NONE,
                sizes.shown(row["size_bytes"]),
            ]
            for row in rows
        ]
        return [render.Table(_COLUMNS, lines, _EXPENDABLE)]

    return Result(rows, shown)


@command("restore")
@argument("words", metavar="RUN...", many=True, required=True, complete=offers.trash_offers)
def restore(call: Call, words: tuple[str, ...]) -> Result:
    """Restore deleted runs, with the child runs that were deleted with them.

    A run is named by its number, its id or four letters of it, or its display name; @last is the
    run that was deleted last.

    \b
    Example:
      homerun store trash restore 17
    """
    workspace = call.workspace()
    trashed = TrashNames(workspace.store, call.folder)
    found = [trashed.find(word) for word in words]
    restored: list[str] = []
    told: list[str] = []
    for record in found:
        if record.id in restored:  # with one that was named before
            continue
        told.append(_name_of(record))
        family = workspace.trash.restore(record.id)
        restored += family
        if len(family) > 1:
            told[-1] += f" and {text.plural(len(family) - 1)} below it"
    return Result({"run_ids": restored}, lambda: [render.Note(f"restored {one}") for one in told])


def _name_of(record: Record) -> str:
    """`digits #17 baseline (digits_1795258967_a433537a)`."""
    number = record.run.get("number")
    name = record.labels().display_name
    words = [record.experiment, f"#{number}" if number else "", name or "", f"({record.id})"]
    return text.printable(" ".join(filter(None, words)))


@command("empty")
@option(
    "--older-than",
    "seconds",
    check=times.age,
    metavar="AGE",
    help="Only runs deleted this long ago: 30d, 12h.",
)
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
def empty(call: Call, seconds: float | None, yes: bool) -> Result:
    """Remove deleted runs for good.

    \b
    Example:
      homerun store trash empty --older-than 30d --yes
    """
    check_asks(yes)
    trash = call.workspace().trash
    nothing = {"run_ids": [], "freed_bytes": 0}
    question = "remove for good what is in the trash?"
    if seconds is not None:
        question = f"remove for good what was deleted {text.duration(seconds)} ago or before?"
    if not yes:
        rows = trash.list()
        if not rows:
            return Result(nothing, lambda: [render.Note("the trash is empty")])
        total = sizes.shown(sum(row["size_bytes"] for row in rows))
        question = f"the trash holds {text.plural(len(rows))}, {total}; {question}"
    if not is_sure(question, yes):
        return Result(nothing, lambda: [render.Note("nothing was removed")], 1)
    done = trash.empty((seconds or 0.0) / _DAY_S)
    line = f"removed {text.plural(len(done['run_ids']))}: {sizes.shown(done['freed_bytes'])} freed"
    return Result(done, lambda: [render.Note(line)])
