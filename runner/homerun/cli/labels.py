"""`homerun run update` and `homerun run tree`: what people write on runs, and runs as a family."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.run import Run


@click.command()
@options.run_id
@click.option(
    "--add-tag",
    "added",
    callback=options.pairs,
    multiple=True,
    metavar="KEY[=VALUE]",
    help="Set a tag; can be given several times.",
)
@click.option(
    "--remove-tag",
    "removed",
    multiple=True,
    metavar="KEY",
    help="Remove a tag; can be given several times.",
)
@click.option("--display-name", metavar="NAME", help="Set the name that people see.")
@click.option("--description", metavar="TEXT", help="Set the description.")
@options.common
def update(
    run_id: str,
    added: list[tuple[str, str | None]],
    removed: tuple[str, ...],
    display_name: str | None,
    description: str | None,
    path: str | None,
    output: str | None,
) -> int:
    """Change the tags, the name or the description of a run, and print what it has now.

    \b
    Example:
      homerun run update -r digits_1 --add-tag quality="great run" --remove-tag draft
    """
    from homerun.cli import render

    if not (added or removed or display_name is not None or description is not None):
        raise click.UsageError("there is nothing to change; give --add-tag or another option")
    run = options.find(path, run_id)
    if removed:
        run.remove_tags(list(removed))
    if added:
        run.set_tags(dict(added))
    if display_name is not None:
        run.display_name = display_name
    if description is not None:
        run.description = description
    row = run.describe()
    kept = {key: row.get(key) for key in ("run_id", "display_name", "description", "tags")}
    if options.wants_json(output):
        render.json(kept)
    else:
        _show(kept)
    return 0


@click.command()
@options.run_id
@options.common
def tree(run_id: str, path: str | None, output: str | None) -> int:
    """Show a run with all the runs below it.

    In JSON: the run as `run show` prints it, with its children as a list under `children`.

    \b
    Example:
      homerun run tree -r digits_1
    """
    from homerun.cli import render

    run = options.find(path, run_id)
    if options.wants_json(output):
        render.json(_nested(run))
    else:
        for indent, one in _indented(run, ""):
            render.branch(indent, _line(one))
    return 0


def _show(kept: dict[str, Any]) -> None:
    from homerun.cli import render, words

    render.card(
        {
            "run": kept["run_id"],
            "name": kept["display_name"],
            "description": kept["description"],
            "tags": words.tags(kept),
        }
    )


def _oldest_first(run: Run) -> list[Run]:
    return list(run.get_children())[::-1]


def _nested(run: Run) -> dict[str, Any]:
    return {**run.describe(), "children": [_nested(child) for child in _oldest_first(run)]}


def _indented(run: Run, indent: str, last: bool | None = None) -> Iterator[tuple[str, Run]]:
    """A run and all below it, each with the lines that lead to it."""
    yield indent + {None: "", True: "└─ ", False: "├─ "}[last], run
    below = indent + {None: "", True: "   ", False: "│  "}[last]
    children = _oldest_first(run)
    for at, child in enumerate(children, 1):
        yield from _indented(child, below, at == len(children))


def _line(run: Run) -> tuple[str, str, str]:
    """A run's id, its status, and what else tells it from its siblings."""
    from homerun.cli import words

    row = run.describe()
    what = [row.get("display_name"), row.get("script_name"), words.tags(row)]
    return run.id, str(row["status"]), "  ".join(str(part) for part in what if part)
