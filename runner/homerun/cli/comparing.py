"""`homerun run compare`: runs side by side."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 40
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also what is the same in all of them.")
@click.option("--code", is_flag=True, help="Also how the code differs, line by line.")
@options.common
@click.argument("run_ids", metavar="ID ID...", nargs=-1, required=True)
def compare(
    run_ids: tuple[str, ...],
    everything: bool,
    code: bool,
    path: str | None,
    output: str | None,
) -> int:
    """Show how runs differ: arguments, tags, metrics, code, environment.

    An ID may be the beginning of one. What is the same in all of them is left out; in JSON it is
    always there. With --code the code of each is set against that of the first.

    \b
    Example:
      homerun run compare digits_1 digits_2
    """
    from homerun.cli import render, words
    from homerun.comparing import compare_runs

    workspace = options.workspace(path)
    found = compare_runs([workspace.get_run(run_id) for run_id in run_ids], code)
    if options.wants_json(output):
        render.json(found)
        return 0
    shown = list(found["differences"])
    if everything:
        shown += [{**row, "values": [row["value"]] * len(run_ids)} for row in found["same"]]
    if shown:
        render.table(["what", "of", *found["runs"]], _rows(shown))
    else:
        words.say("nothing that is on record differs")
    for line in found.get("diff", "").split("\n")[:-1]:
        click.secho("\t".join(map(words.plain, line.split("\t"))), fg=_COLOURS.get(line[:1]))
    count = len(found["same"])
    if count and not everything:
        words.say(f"{count} more {'is' if count == 1 else 'are'} the same; --all shows them")
    return 0


def _rows(shown: list[dict[str, Any]]) -> list[list[object]]:
    """Sorted by section in the order of their first rows; a section is named once."""
    sections = {row["section"]: None for row in shown}
    rows: list[list[object]] = []
    for section in sections:
        named = section
        for row in shown:
            if row["section"] == section:
                rows.append([named, row["name"], *map(_cell, row["values"])])
                named = ""
    return rows


def _cell(value: Any) -> str:
    from homerun.cli import words

    if value is None:
        return words.NONE
    if isinstance(value, dict):
        value = " ".join(f"{key}={one}" for key, one in value.items())
    elif isinstance(value, list):
        value = " ".join(map(str, value))
    text = words.number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
