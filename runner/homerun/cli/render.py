"""Results on standard output: JSON for programs, tables for people.

JSON is strict and UTF-8: NaN and the infinities, which JSON lacks, are the texts "NaN",
"Infinity" and "-Infinity". rich is loaded for tables only.
"""

from __future__ import annotations

import sys

from homerun.cli import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rich.console import Console
    from rich.text import Text

_UNBOUNDED = 4096
"""Columns of a table that does not go to a terminal: nothing is cut."""

_GAP = 2
_MAY_BE_CUT = ("script", "tags")
_CUT = 6
_NUMBERS = ("#", "last", "min", "max", "count", "position", "priority", "slots")


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


def table(columns: list[str], rows: list[list[object]], expendable: tuple[str, ...] = ()) -> None:
    """Print a table with a heading; a `status` is coloured.

    Args:
        expendable: columns to leave out, in this order, where the terminal is too narrow. Of the
            rest only script and tags are ever cut, so that an id can always be copied.
    """
    from rich.cells import cell_len

    console = _console()
    lines: list[Sequence[object]] = [columns, *rows]
    shown = [[words.plain(value) for value in row] for row in lines]
    natural = {name: max(map(cell_len, cells)) for name, *cells in zip(columns, *shown)}
    widths = _fitted(natural, expendable, console.width)
    for at, row in enumerate(shown):
        cells = dict(zip(columns, row))
        style = "" if at else "bold"
        line = _line([(name, cells[name], width) for name, width in widths.items()])
        # A line that is still too long is for the terminal to wrap: nothing of an id is cut off.
        console.print(line, style=style, soft_wrap=True)


def branch(indent: str, line: tuple[str, str, str]) -> None:
    """Print one run of a tree: its id, its coloured status, and the rest."""
    from rich.text import Text

    run_id, status, rest = line
    cells: list[str | Text] = [indent, run_id, "  ", _cell("status", status)]
    cells += ["  ", words.plain(rest)] if rest else []
    _console().print(Text.assemble(*cells), soft_wrap=True)


def card(fields: dict[str, object]) -> None:
    """Print one thing: a name and a value per line; what has no value is left out.

    Lines are as long as they are: a path that is copied from a terminal has no break in it.
    """
    from rich.text import Text

    console = _console()
    kept = {name: value for name, value in fields.items() if value not in (None, "", words.NONE)}
    width = max(map(len, kept))
    for name, value in kept.items():
        first, *rest = str(value).split("\n")
        line = Text.assemble((f"{name:<{width}}  ", "bold"), _cell(name, first))
        console.print(line, soft_wrap=True)
        for more in rest:
            console.print(Text(" " * (width + 2) + words.plain(more)), soft_wrap=True)


def _fitted(natural: dict[str, int], expendable: tuple[str, ...], room: int) -> dict[str, int]:
    """The columns that a terminal has room for, each with its width."""
    widths = dict(natural)
    for name in expendable:
        least = [min(n, _CUT) if one in _MAY_BE_CUT else n for one, n in widths.items()]
        if _total(least) <= room:
            break
        del widths[name]
    for name in reversed(_MAY_BE_CUT):
        excess = _total([*widths.values()]) - room
        if name in widths and excess > 0:
            widths[name] = max(min(widths[name], _CUT), widths[name] - excess)
    return widths


def _total(widths: list[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _line(cells: list[tuple[str, object, int]]) -> Text:
    """One line of a table from (column, value, width)."""
    from rich.text import Text

    line = Text()
    for column, value, width in cells:
        cell = _cell(column, value)
        cell.truncate(width, overflow="ellipsis")
        cell.align("right" if column in _NUMBERS else "left", width)
        line.append_text(cell).append(" " * _GAP)
    line.rstrip()
    return line


def _cell(column: str, value: object) -> Text:
    """A cell, never read as markup; a control character in it is shown, not obeyed."""
    from rich.text import Text

    style = words.COLOURS.get(str(value), "") if column == "status" else ""
    return Text(words.plain(value), style=style)


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
