"""`homerun store gc` and `homerun store stats`."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.commands.run.selection import size
from homerun.cli.options import times
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import option
from homerun.cli.output import render
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_DAY_S = 86400.0


@command("gc")
@option("--dry-run", is_flag=True, help="Only say what would be removed.")
@option(
    "--older-than",
    "seconds",
    check=times.age,
    metavar="AGE",
    help="Of the trash, what was deleted so long ago; else 30d.",
)
def gc(call: Call, dry_run: bool, seconds: float | None) -> Result:
    """Remove what nobody needs: code that no run names, what killed processes left, old trash.

    Runs may be submitted meanwhile. Nothing of a run that is not in the trash is touched.

    \b
    Example:
      homerun store gc --dry-run
    """
    from homerun.cli.output.progress import Progress

    keeping = call.workspace().keeping
    days = None if seconds is None else seconds / _DAY_S
    with Progress("looking at runs", keeping.count_runs()) as progress:
        found = keeping.collect(dry_run=dry_run, trash_days=days, progress=progress)
    return Result(found, lambda: _garbage(found), 1 if found["failed"] else 0)


@command("stats")
@option(
    "--largest",
    kind=Number(least=0),
    default=5,
    metavar="N",
    help="Name so many of the largest runs; else 5.",
)
def stats(call: Call, largest: int) -> Result:
    """Count the runs by status and experiment, and the bytes that each part takes.

    \b
    Example:
      homerun store stats
    """
    from homerun.cli.output.progress import Progress

    keeping = call.workspace().keeping
    with Progress("looking at runs", keeping.count_runs()) as progress:
        found = keeping.statistics(largest, progress)
    return Result(found, lambda: _numbers(found))


def _garbage(found: dict[str, Any]) -> list[render.Part]:
    lines = [[one["what"], one["path"], size(one["size_bytes"])] for one in found["items"]]
    parts: list[render.Part] = []
    if lines:
        parts.append(render.Table(["what", "path", "size"], lines))
    parts += [render.Note(line) for line in (*found["kept"], *found["failed"])]
    freed = size(found["freed_bytes"])
    if not lines:
        parts.append(render.Note("there is nothing to remove"))
    elif found["dry_run"]:
        line = f"{freed} would be freed; homerun store gc, without --dry-run, does it"
        parts.append(render.Note(line))
    else:
        parts.append(render.Note(f"{freed} freed"))
    return parts


def _numbers(found: dict[str, Any]) -> list[render.Part]:
    statuses = found["statuses"]
    card = {
        "store": found["directory"],
        "runs": f"{found['runs']:,}",
        **{f"  {name}": f"{statuses[name]:,}" for name in sorted(statuses)},
        "bytes": size(found["size_bytes"]),
        **{f"  {name}": size(bytes_) for name, bytes_ in found["parts"].items()},
    }
    parts: list[render.Part] = [render.Card(card)]
    experiments = [
        [row["experiment_name"], f"{row['runs']:,}", size(row["size_bytes"])]
        for row in found["experiments"]
    ]
    if experiments:
        parts += ["", render.Table(["experiment", "runs", "size"], experiments)]
    largest = [
        [row["run_id"], row["status"], row["experiment_name"], size(row["size_bytes"])]
        for row in found["largest"]
    ]
    if largest:
        columns = ["largest run", "status", "experiment", "size"]
        parts += ["", render.Table(columns, largest, ("experiment",))]
    return parts
