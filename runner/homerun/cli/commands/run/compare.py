"""`homerun run compare`: runs side by side."""

from __future__ import annotations

from collections import Counter

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from homerun.cli.invocation import Call
    from runstore.run.record import Record

_LONGEST = 40
_LONGEST_OF_MANY = 24
_TAB = 8
_MOST_BESIDE = 3
_MOST_PACKAGES = 10
RUN, PARAMS, METRICS, TAGS, PACKAGES, FILES = (
    *("run", "params", "metrics", "tags", "packages"),
    "files",
)
"""Sections of a comparison."""

_IN_ROWS = (RUN, PARAMS, METRICS)
_SHOWN = ("name", "status", "duration_s", "experiment", "exit_code", "cause", "memory_kib")
"""Of the run itself: what rows show, or what follows from it."""

_AGGREGATES = ("min", "max", "mean", "count")


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
    """Show how runs differ: parameters, metrics, tags, code, environment.

    A batch alone stands for its runs. Of more than three each is a row. What is the same in all
    runs is left out; in JSON it is always there. --code compares the code of each run with the
    first one's.

    \b
    Example:
      homerun run compare digits_1 digits_2
    """
    from homerun.views.comparison import compare as comparison

    compared = comparison.members([call.record(word) for word in words_of_runs])
    found = comparison.records(compared, code)
    names = run_names(compared)

    def shown() -> Iterator[render.Part]:
        yield from (_rows if len(names) > _MOST_BESIDE else _beside)(found, names, everything)
        for line in found.get("diff", "").split("\n")[:-1]:
            yield line.expandtabs(_TAB)
        if not everything and (note := _left(found)):
            yield render.Note(note)

    return Result(found, shown)


def run_names(compared: Sequence[Record]) -> list[str]:
    """The runs by number; where they are of several experiments also by these."""
    is_one = len({record.experiment for record in compared}) == 1
    found = []
    for record in compared:
        number = record.run.get("number")
        own = f"#{number}" if is_one else f"{record.experiment}/{number}"
        found.append(own if number else record.id)
    return found


def _left(found: dict[str, Any]) -> str:
    """How much was left out."""
    same, partial = len(found["same"]), len(found["partial"])
    told = [f"{same} that {'is' if same == 1 else 'are'} the same"] if same else []
    told += [f"{partial} that only some runs have"] if partial else []
    return f"left out: {', '.join(told)}; --all shows them" if told else ""


def _beside(found: dict[str, Any], names: list[str], everything: bool) -> Iterator[render.Part]:
    """A column for each run."""
    rows = _chosen(found, everything)
    if not everything:
        rows = _folded(_without_copies(rows, found))
    if rows:
        yield render.Table(["what", "of", *names], _table(rows), even=(*names, "of"))
    else:
        yield render.Note("nothing in the records differs")


def _rows(found: dict[str, Any], names: list[str], everything: bool) -> Iterator[render.Part]:
    """A row for each run, and a column for each parameter and metric that differs."""
    rows = {(row["section"], row["name"]): row["values"] for row in _chosen(found, everything)}
    always = _chosen(found, everything=True)
    own = {row["name"]: row["values"] for row in always if row["section"] == RUN}
    columns: dict[str, list[object]] = {"#": [name.removeprefix("#") for name in names]}
    if any(own.get("name", ())):
        columns["name"] = [value or text.NONE for value in own["name"]]
    columns["status"] = own["status"]
    took = own.get("duration_s") or [None] * len(names)
    columns["took"] = [text.duration(value) for value in took]
    keyed = [key for key in rows if key[0] in (PARAMS, METRICS) and not _is_aggregate(key, rows)]
    named = [name for _, name in keyed]
    titles = {
        key: ".".join(key) if key[1] in columns or named.count(key[1]) > 1 else key[1]
        for key in keyed
    }
    columns.update(
        (titles[key], [_cell(one, _LONGEST_OF_MANY) for one in rows[key]]) for key in keyed
    )
    first = [name for name in ("#", "name", "status") if name in columns]
    order = [*first, *titles.values(), "took"]
    yield render.Table(
        order,
        zip(*(columns[name] for name in order)),
        ("took", *_expendable(titles)),
        named=(*titles.values(), "took"),
        hint="a wider terminal shows more, -o json all",
    )
    if not keyed:
        yield render.Note("no parameter and no metric differs")
    if others := _others(_without_copies(found["differences"], found)):
        yield render.Note(f"what else differs: {others}; -o json tells, or a comparison of two")


def _is_aggregate(key: tuple[str, str], rows: dict[tuple[str, str], list[Any]]) -> bool:
    """Whether a row is of a metric's least, greatest, … value."""
    section, name = key
    metric, _, last = name.rpartition(".")
    return section == METRICS and last in _AGGREGATES and (METRICS, metric) in rows


def _expendable(titles: dict[tuple[str, str], str]) -> Iterator[str]:
    """The columns to leave out first: the last ones, of parameters and metrics in turn."""
    rest = [[titles[key] for key in titles if key[0] == area] for area in (PARAMS, METRICS)]
    while any(rest):
        yield max(rest, key=len).pop()


def _others(rows: list[dict[str, Any]]) -> str:
    """What differs beside parameters and metrics, in a few words."""
    of_runs = [row["name"] for row in rows if row["section"] == RUN and row["name"] not in _SHOWN]
    counted = Counter(row["section"] for row in rows if row["section"] not in _IN_ROWS)
    return ", ".join([*of_runs, *(f"{section} ({count})" for section, count in counted.items())])


def _chosen(found: dict[str, Any], everything: bool) -> list[dict[str, Any]]:
    """What differs, or all."""
    if not everything:
        return list(found["differences"])
    count = len(found["runs"])
    same = [{**row, "values": [row["value"]] * count} for row in found["same"]]
    return [*found["differences"], *found["partial"], *same]


def _without_copies(rows: list[dict[str, Any]], found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows without tags that say a parameter once more, as those of a grid do."""
    said = {row["name"]: row["values"] for row in found["differences"] if row["section"] == PARAMS}
    return [
        row
        for row in rows
        if row["section"] != TAGS
        or [*map(_cell, row["values"])] != [*map(_cell, said.get(row["name"], ()))]
    ]


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


def _cell(value: Any, longest: int = _LONGEST) -> str:
    if value is None:
        return text.NONE
    if isinstance(value, dict):
        value = " ".join(f"{key}={one}" for key, one in value.items())
    elif isinstance(value, list):
        value = text.of_param(value)
    elif isinstance(value, bool):
        value = str(value).lower()
    shown = text.short_number(value) if isinstance(value, float) else str(value)
    return text.shortened(shown, longest)
