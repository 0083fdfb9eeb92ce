"""`homerun run compare`: runs side by side."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.sdk.compare import compare_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call

_LONGEST = 40
_TAB = 8
_MOST_PACKAGES = 10
PACKAGES, FILES = "packages", "files"
"""Sections of a comparison."""


@command("compare")
@option("--all", "everything", is_flag=True, help="Also show what is the same in all of them.")
@option("--code", is_flag=True, help="Also show how the code differs, line by line.")
@argument(
    "words_of_runs",
    metavar="RUN RUN...",
    many=True,
    required=True,
    complete=shared.run_ids,
)
def compare(call: Call, words_of_runs: tuple[str, ...], everything: bool, code: bool) -> Result:
    """Show how runs differ: arguments, tags, metrics, code, environment.

    RUN is an id, a unique prefix of one, or a word such as @last. What is the same in all runs is
    left out; in JSON it is always there. --code compares the code of each run with the first one's.

    \b
    Example:
      homerun run compare digits_1 digits_2
    """
    found = compare_runs([call.find(word) for word in words_of_runs], code)
    return Result(found, lambda: _shown(found, everything))


def _shown(found: dict[str, Any], everything: bool) -> Iterator[render.Part]:
    rows = list(found["differences"])
    if everything:
        count = len(found["runs"])
        rows += [{**row, "values": [row["value"]] * count} for row in found["same"]]
    if not everything:
        rows = _folded(rows)
    if rows:
        yield render.Table(["what", "of", *found["runs"]], _table(rows))
    else:
        yield render.Note("nothing in the records differs")
    for line in found.get("diff", "").split("\n")[:-1]:
        yield line.expandtabs(_TAB)
    same = len(found["same"])
    if same and not everything:
        yield render.Note(f"{same} more {'is' if same == 1 else 'are'} the same; --all shows them")


def _folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with many packages that some of the runs had not as one row of their numbers."""
    partial = [row for row in rows if row["section"] == PACKAGES and None in row["values"]]
    if len(partial) <= _MOST_PACKAGES:
        return rows
    had = zip(*[[value is not None for value in row["values"]] for row in partial])
    kept = [row for row in rows if row not in partial]
    at = next((n for n, row in enumerate(kept) if row["section"] == FILES), len(kept))
    told = f"({len(partial)} that not all have)"
    return [*kept[:at], {"section": PACKAGES, "name": told, "values": [*map(sum, had)]}, *kept[at:]]


def _table(rows: list[dict[str, Any]]) -> list[list[object]]:
    """The rows of each section together; the section is named in the first."""
    made: list[list[object]] = []
    for section in {row["section"]: None for row in rows}:
        own = [row for row in rows if row["section"] == section]
        for at, row in enumerate(own):
            made.append([section if at == 0 else "", row["name"], *map(_cell, row["values"])])
    return made


def _cell(value: Any) -> str:
    if value is None:
        return text.NONE
    if isinstance(value, dict):
        value = " ".join(f"{key}={one}" for key, one in value.items())
    elif isinstance(value, list):
        value = " ".join(map(str, value))
    shown = text.short_number(value) if isinstance(value, float) else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
