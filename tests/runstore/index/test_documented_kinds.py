"""The tables of conditions in docs/cli.md, row by row: what is accepted, and as what it is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runstore.errors import InvalidQuery
from runstore.index.fields import AREAS, SHORT, split
from runstore.index.kinds import DURATION, OPERATORS, SIZE, TIME
from runstore.index.query import on
from runstore.index.row import FIELDS

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"
REFUSED = "\N{EN DASH}"


def table(heading: str) -> list[list[str]]:
    """The rows of the table with such a heading."""
    _, _, rest = DOCS.read_text().partition(f"\n{heading}")
    lines = rest.splitlines()[2:]
    rows = lines[: next(at for at, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def of_fields() -> list[tuple[list[str], list[str]]]:
    """The names of fields, and the operators that they take."""
    found: list[tuple[list[str], list[str]]] = []
    for names, _, operators, *_ in table("| field | kind |"):
        known = {"the same": found[-1][1] if found else [], "all": [*OPERATORS]}
        found.append((words(names), known.get(operators, words(operators))))
    return found


def as_field(name: str) -> str:
    return name.replace("NAME", "x").replace("KEY", "x")


def value_for(name: str, operator: str) -> str:
    kind = split(name).kind
    kinds = {TIME: "2026-11-21", DURATION: "1h", SIZE: "1GB", "status": "Failed"}
    return "word" if operator == "~" else kinds.get(kind, "1")


@pytest.mark.parametrize(
    ("name", "operators"),
    [(as_field(name), operators) for names, operators in of_fields() for name in names],
)
def test_a_field_takes_the_operators_of_its_row_and_no_others(
    name: str, operators: list[str]
) -> None:
    for operator in OPERATORS:
        if operator in operators:
            on(name, operator, value_for(name, operator))
        else:
            with pytest.raises(InvalidQuery):
                on(name, operator, value_for(name, operator))


def test_every_field_has_a_row() -> None:
    named = {name.partition(".")[0] for names, _ in of_fields() for name in names}

    shown = {one.short or one.name for one in FIELDS if one.is_shown}
    assert named == {*shown, *AREAS, "text"}
    assert {*SHORT} <= named


def read(name: str, operator: str, text: str) -> str:
    """As what a value is read."""
    field = split(name)
    try:
        wanted = on(name, operator, text).wanted
    except InvalidQuery:
        return REFUSED
    if isinstance(wanted, tuple):
        return "span"
    if not isinstance(wanted, str):
        units = {DURATION: "seconds", SIZE: "KiB"}
        return "NaN" if wanted != wanted else units.get(field.kind, "number")
    if wanted != text and (field.kind == TIME or operator == "<"):
        return "moment"
    if field.area == "params" and text == "true":
        return "boolean"
    return "status" if name == "status" else "seconds" if operator == "<" else "text"


def cells() -> list[tuple[str, str, str]]:
    heading = "| value | "
    line = next(line for line in DOCS.read_text().splitlines() if line.startswith(heading))
    names = list(map(as_field, words(line)))
    return [
        (name, text.strip("'"), cell)
        for values, *row in table(heading)
        for text in words(values)
        for name, cell in zip(names, row)
    ]


@pytest.mark.parametrize(("name", "text", "cell"), cells())
def test_a_value_is_read_as_its_cell_says(name: str, text: str, cell: str) -> None:
    equal, ordered = read(name, "=", text), read(name, "<", text)

    assert cell == (equal if equal == ordered else f"{equal} / {ordered}")
