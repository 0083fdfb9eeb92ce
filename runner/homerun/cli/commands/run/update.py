"""`homerun run update`, `tag`: change the tags, the name or the description of a run."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run


@command("update")
@shared.one_run
@option(
    "--add-tag",
    "added",
    check=shared.tag_pairs,
    many=True,
    metavar="KEY[=VALUE]",
    help="Set a tag; can be given several times.",
)
@option(
    "--remove-tag",
    "removed",
    many=True,
    complete=shared.tags_offered,
    metavar="KEY",
    help="Remove a tag; can be given several times.",
)
@option("--display-name", metavar="NAME", help="Set the display name.")
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
    return _labels(run)


@command("tag")
@argument("word", metavar="RUN", required=True, complete=shared.run_ids)
@argument("added", metavar="KEY[=VALUE]...", many=True, check=shared.tag_pairs)
@option(
    "--remove",
    "removed",
    many=True,
    complete=shared.tags_offered,
    metavar="KEY",
    help="Remove a tag; can be given several times.",
)
def tag(
    call: Call, word: str, added: list[tuple[str, str | None]], removed: tuple[str, ...]
) -> Result:
    """Set tags of a run, or remove them, and print what it has now.

    \b
    Example:
      homerun run tag digits_1 keep quality="great run"
      homerun run tag digits_1 --remove draft
    """
    run = call.find(word)
    if removed:
        run.remove_tags(list(removed))
    if added:
        run.set_tags(dict(added))
    return _labels(run)


def _labels(run: Run) -> Result:
    """What a run is called and tagged as now."""
    row = run.describe()
    fields = {
        "run": row["run_id"],
        "name": row.get("display_name"),
        "description": row.get("description"),
        "tags": text.tags(row),
    }
    return Result(row, lambda: [render.Card(fields)])
