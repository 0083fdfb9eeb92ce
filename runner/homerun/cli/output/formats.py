"""Results as text for programs: JSON, YAML, tab-separated values; and a table of any value.

JSON is strict: NaN and the infinities, which it lacks, are the texts "NaN", "Infinity" and
"-Infinity". No format passes control characters of others on: JSON and YAML have escapes, which
mean the same, and tab-separated values show them.
"""

from __future__ import annotations

from homerun.base import terminal
from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JSON = "json"
JSONC = "jsonc"
TABLE = "table"
TSV = "tsv"
YAML = "yaml"
YAMLC = "yamlc"
NONE = "none"
FORMATS = (JSON, JSONC, TABLE, TSV, YAML, YAMLC, NONE)


def formatted(value: object, name: str, coloured: bool) -> str:
    """A value in one of the formats but `table`; it ends in a newline unless it is empty."""
    if name == NONE:
        return ""
    if name == TSV:
        return tsv(value)
    if name in (YAML, YAMLC):
        from homerun.base import yaml_files

        text = yaml_files.dump(strict(value))
        return _coloured(text, _YAML_PARTS) if coloured and name == YAMLC else text
    text = json(value) + "\n"
    return _coloured(text, _JSON_PARTS) if coloured and name == JSONC else text


def json(value: object, indent: int = 2, sort_keys: bool = False) -> str:
    """A value as JSON."""
    from json import dumps

    def text(said: object) -> str:
        return dumps(said, indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False)

    try:
        return _plain(text(value))
    except ValueError:
        return _plain(text(strict(value)))


def _plain(text: str) -> str:
    """JSON with an escape for each character that is not printable, which means the same."""
    from json import dumps

    bare = text.replace("\n", "")
    for one in set(bare) if not bare.isprintable() else ():
        if not one.isprintable():
            text = text.replace(one, dumps(one)[1:-1])
    return text


def tsv(value: object) -> str:
    """One line for each item, its values with tabs between them; no keys.

    Items with keys have a value for each key that any of them has, so that columns stay columns. A
    list of words inside of an item is a line as a shell takes it, any other list the number of its
    elements; a dict is empty.
    """
    rows = value if isinstance(value, list) else [] if value is None else [value]
    keys = dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row)
    return "".join("\t".join(map(_field, _values(row, [*keys]))) + "\n" for row in rows)


def columns(value: object) -> tuple[list[str], list[list[object]]]:
    """Any value as a table: a row for each item, a column for each key that has a plain value."""
    rows = value if isinstance(value, list) else [] if value is None else [value]
    if any(isinstance(row, dict) for row in rows):
        kept = [row if isinstance(row, dict) else {} for row in rows]
        keys = dict.fromkeys(
            key for row in kept for key, one in row.items() if not isinstance(one, (dict, list))
        )
        return [*keys], [[_cell(row.get(key)) for key in keys] for row in kept]
    if any(isinstance(row, list) for row in rows):
        lists = [row if isinstance(row, list) else [row] for row in rows]
        width = max(map(len, lists))
        names = [f"Column{at}" for at in range(1, width + 1)]
        return names, [[*map(_cell, row), *[""] * (width - len(row))] for row in lists]
    return ["Result"] if rows else [], [[_cell(row)] for row in rows]


def strict(value: Any) -> Any:
    """A value without what JSON lacks."""
    if isinstance(value, float) and value - value != 0.0:
        if value != value:
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(inner) for inner in value]
    return value


def _values(row: object, keys: list[str]) -> list[object]:
    if isinstance(row, dict):
        return [row.get(key, "") for key in keys]
    return row if isinstance(row, list) else [row]


def _field(value: object) -> str:
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        if not all(isinstance(one, (str, int, float)) for one in value):
            return str(len(value))
        from shlex import join

        value = join(map(str, map(strict, value)))
    text = str(value).lower() if isinstance(value, bool) else str(strict(value))
    return terminal.escaped(text.replace("\t", " ").replace("\n", " "))


def _cell(value: object) -> object:
    if isinstance(value, (dict, list)) or value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else strict(value)


_STRING = r'"(?:[^"\\]|\\.)*"'
_OTHERS = r"-?\d[\d.eE+-]*|true|false|null"
_JSON_PARTS = rf"(?P<key>{_STRING}(?=:))|(?P<text>{_STRING})|(?P<other>{_OTHERS})"
_YAML_PARTS = r"(?m)(?P<key>^[ -]*[^\s:-][^:\n]*(?=:))|(?P<other>(?<=: )[^\n]+$)"
_COLOURS = {"key": "blue", "text": "green", "other": "cyan"}


def _coloured(text: str, parts: str) -> str:
    import re

    def styled(found: re.Match[str]) -> str:
        return console.painted(found[0], _COLOURS[str(found.lastgroup)])

    return re.sub(parts, styled, text)
