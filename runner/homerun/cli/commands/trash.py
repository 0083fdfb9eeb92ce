"""`homerun store trash …`: deleted runs."""

from __future__ import annotations

import time

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.options import times
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.output.prompts import check_asks, is_sure
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_COLUMNS = ["run", "status", "experiment", "deleted", "by", "size"]
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
                *(row["run_id"], row["status"], row["experiment_name"]),
                text.ago(row["deleted_utc"], time.time()),
                row["deleted_by"] or text.NONE,
                sizes.shown(row["size_bytes"]),
            ]
            for row in rows
        ]
        return [render.Table(_COLUMNS, lines, _EXPENDABLE)]

    return Result(rows, shown)


@command("restore")
@argument("run_ids", metavar="RUN...", many=True, required=True)
def restore(call: Call, run_ids: tuple[str, ...]) -> Result:
    """Restore deleted runs, with the child runs that were deleted with them.

    \b
    Example:
      homerun store trash restore digits_1
    """
    trash = call.workspace().trash
    done = [one for run_id in run_ids for one in trash.restore(run_id)]
    return Result({"run_ids": done}, lambda: [render.Note(f"restored {text.plural(len(done))}")])


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
