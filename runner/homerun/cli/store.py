"""`homerun store …`: the folder that holds the records."""

from __future__ import annotations

import click

from homerun.cli import options


@click.group()
def store() -> None:
    """Check the folder that holds the records.

    \b
    Example:
      homerun store check
    """


@store.command()
@click.option("--repair", is_flag=True, help="Move what is damaged aside, remove leftovers.")
@options.common
def check(repair: bool, path: str | None, output: str | None) -> int:
    """Name every damaged file of the store; exits 1 while there are any.

    \b
    Example:
      homerun store check --repair
    """
    from homerun.cli import render, words

    here = options.workspace(path)
    found = here.check(repair=repair)
    rows = [{"path": one.path, "problem": one.problem, "repaired": one.repaired} for one in found]
    left = sum(not one.repaired for one in found)
    if options.wants_json(output):
        render.json(rows)
    elif rows:
        render.table(["problem", "repaired", "path"], [_line(row) for row in rows])
        if left and not repair:
            words.say("homerun store check --repair moves damaged files aside; nothing is lost")
    else:
        words.say(f"{here.directory}: nothing is damaged")
    return 1 if left else 0


def _line(row: dict[str, object]) -> list[object]:
    return [row["problem"], "yes" if row["repaired"] else "no", row["path"]]
