"""`homerun run update` and `homerun run tree`: what people write on runs, and runs as a family."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import option
from homerun.cli.output import console, render
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run


@command("update")
@shared.run
@option(
    "--add-tag",
    "added",
    check=shared.pairs,
    many=True,
    metavar="KEY[=VALUE]",
    help="Set a tag; can be given several times.",
)
@option(
    "--remove-tag",
    "removed",
    many=True,
    metavar="KEY",
    help="Remove a tag; can be given several times.",
)
@option("--display-name", metavar="NAME", help="Set the name that people see.")
@option("--description", metavar="TEXT", help="Set the description.")
def update(
    call: Call,
    added: list[tuple[str, str | None]],
    removed: tuple[str, ...],
    display_name: str | None,
    description: str | None,
) -> Result:
    """Change the tags, the name or the description of a run, and print what it has now.

    \b
    Example:
      homerun run update digits_1 --add-tag quality="great run" --remove-tag draft
    """
    if not (added or removed or display_name is not None or description is not None):
        raise UsageError("there is nothing to change; give --add-tag or another option")
    run = call.run()
    if removed:
        run.remove_tags(list(removed))
    if added:
        run.set_tags(dict(added))
    if display_name is not None:
        run.display_name = display_name
    if description is not None:
        run.description = description
    row = run.describe()
    fields = {
        "run": row["run_id"],
        "name": row.get("display_name"),
        "description": row.get("description"),
        "tags": console.tags(row),
    }
    return Result(row, lambda: [render.Card(fields)])


@command("tree")
@shared.run
def tree(call: Call) -> Result:
    """Show a run with all the runs below it.

    In JSON: the run as `run show` prints it, with its children as a list under `children`.

    \b
    Example:
      homerun run tree digits_1
    """
    nested = _nested(call.run())
    return Result(nested, lambda: _branches(nested, ""))


def _nested(run: Run) -> dict[str, Any]:
    """A run and all below it, the oldest first."""
    children = list(run.get_children())[::-1]
    return {**run.describe(), "children": [_nested(child) for child in children]}


def _branches(row: dict[str, Any], indent: str, last: bool | None = None) -> Iterator[render.Part]:
    """A run and all below it, each with the lines that lead to it."""
    what = [row.get("display_name"), row.get("script_name"), console.tags(row)]
    lead = indent + {None: "", True: "└─ ", False: "├─ "}[last]
    rest = "  ".join(str(part) for part in what if part)
    yield render.Branch(lead, row["run_id"], row["status"], rest)
    below = indent + {None: "", True: "   ", False: "│  "}[last]
    for at, child in enumerate(row["children"], 1):
        yield from _branches(child, below, at == len(row["children"]))
