"""`homerun target …`: where runs are placed, and how many at once."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.workspace import Workspace

_COLUMNS = ["target", "type", "slots", "default"]


@click.command("list")
@options.common
def list_targets(path: str | None, output: str | None) -> int:
    """List the targets: `local`, which is always there, and those that were added.

    \b
    Example:
      homerun target list
    """
    return _tell(options.workspace(path), output)


@click.command()
@click.argument("name")
@click.option("--type", "kind", type=click.Choice(["local"]), default="local", help="Its kind.")
@click.option(
    "--slots",
    type=click.IntRange(min=1, max=999),
    metavar="N",
    help="So many runs at once; else as before, or one per processor.",
)
@click.option("--default", "default", is_flag=True, help="Runs go there unless told otherwise.")
@options.common
def add(
    name: str,
    kind: str,
    slots: int | None,
    default: bool,
    path: str | None,
    output: str | None,
) -> int:
    """Add a target, or change the one of that name; `local` too can be given its slots.

    \b
    Example:
      homerun target add small --type local --slots 1
    """
    found = options.workspace(path, wakes=False)
    found.targets.add(name, slots, kind, default)
    return _tell(options.workspace(path), output)  # more slots may let more of them start


@click.command()
@click.argument("name")
@options.common
def remove(name: str, path: str | None, output: str | None) -> int:
    """Remove a target that nothing waits for; of `local` only its number of slots is forgotten.

    \b
    Example:
      homerun target remove small
    """
    found = options.workspace(path)
    found.targets.remove(name)
    return _tell(found, output)


def _tell(found: Workspace, output: str | None) -> int:
    from homerun.cli import render, words

    default = found.targets.default
    rows: list[dict[str, Any]] = [
        {"name": one.name, "type": "local", "slots": one.size, "default": one.name == default}
        for one in found.targets
    ]
    if options.wants_json(output):
        render.json(rows)
    else:
        lines: list[list[object]] = [
            [row["name"], row["type"], row["slots"], "yes" if row["default"] else words.NONE]
            for row in rows
        ]
        render.table(_COLUMNS, lines)
    return 0
