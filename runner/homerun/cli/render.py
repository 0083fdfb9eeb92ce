"""Results on standard output: JSON for programs, tables for people.

JSON is strict and UTF-8: NaN and the infinities, which JSON lacks, are the texts "NaN",
"Infinity" and "-Infinity". rich is loaded for tables only.
"""

from __future__ import annotations

import sys

from homerun.cli import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_UNBOUNDED = 4096
"""Columns of a table that does not go to a terminal: nothing is cut."""

_NEVER_CUT = ("run", "status", "name")
_NUMBERS = ("#", "last", "min", "max", "count", "runs")


def json(value: object) -> None:
    """Print a value as JSON."""
    from json import dumps

    try:
        text = dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = dumps(_strict(value), indent=2, ensure_ascii=False)
    if sys.stdout is not None:
        # Half a surrogate pair, which UTF-8 cannot carry, becomes its JSON escape.
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")


def table(columns: list[str], rows: list[list[object]]) -> None:
    """Print a table with a heading; a `status` is coloured, ids and statuses are never cut."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, name in enumerate(columns):
        fixed = name in _NEVER_CUT
        width = max(len(name), *(len(str(row[at])) for row in rows)) if rows else len(name)
        grid.add_column(
            name,
            no_wrap=True,
            overflow="ellipsis",
            min_width=width if fixed else min(width, 6),
            justify="right" if name in _NUMBERS else "left",
        )
    for row in rows:
        grid.add_row(*[_cell(name, value) for name, value in zip(columns, row)])
    _print(grid)


def card(fields: dict[str, object]) -> None:
    """Print one thing: a name and a value per line; what has no value is left out."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.items():
        if value not in (None, "", words.NONE):
            grid.add_row(name, _cell(name, value, lines=True))
    _print(grid)


def _cell(column: str, value: object, *, lines: bool = False) -> Text:
    """A cell, never read as markup; a control character in it is shown, not obeyed."""
    from rich.text import Text

    parts = str(value).split("\n") if lines else [str(value)]
    style = words.COLOURS.get(str(value), "") if column == "status" else ""
    return Text("\n".join(map(words.plain, parts)), style=style)


def _print(grid: Table) -> None:
    console = _console()
    # Not cropped: a line that is too long for the terminal wraps, and an id stays whole.
    console.print(grid, crop=False)


def _console() -> Console:
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    at_terminal = words.is_terminal(sys.stdout)
    return Console(width=None if at_terminal else _UNBOUNDED, highlight=False, soft_wrap=False)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0.0:
        if value != value:
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner) for inner in value]
    return value
