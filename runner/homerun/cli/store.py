"""`homerun store …`: the folder that holds the records."""

from __future__ import annotations

import click

from homerun.cli import options


@click.command()
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
        for row in rows:
            click.echo(_line(row))
        if left and not repair:
            words.say("homerun store check --repair moves damaged files aside; nothing is lost")
    else:
        words.say(f"{here.directory}: nothing is damaged")
    return 1 if left else 0


@click.command()
@options.common
def reindex(path: str | None, output: str | None) -> int:
    """Find at once what was copied in, removed or edited by hand.

    Otherwise that is found within a minute. The index is a cache: nothing is lost without it.

    \b
    Example:
      homerun store reindex
    """
    from homerun.cli import render

    here = options.workspace(path)
    count = here.reindex()
    if options.wants_json(output):
        render.json({"directory": here.directory, "runs": count})
    else:
        click.echo(f"{here.directory}: {count} runs")
    return 0


def _line(row: dict[str, object]) -> str:
    """A finding as compilers print theirs."""
    from homerun.cli import words

    done = " (repaired)" if row["repaired"] else ""
    return words.plain(f"{row['path']}: {row['problem']}{done}")
