"""Comparing runs: the values that differ between their records, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from homerun.base.errors import UserError
from homerun.metrics import summary
from homerun.metrics.kinds import NUMBER
from homerun.views import code as code_view
from homerun.views import details, rows
from homerun.views.comparison import code_diff
from runstore import layout
from runstore.fs import facts
from runstore.run import children, params
from runstore.run.record import Record

Sections = dict[str, dict[str, Any]]

ARGUMENTS = "arguments"
CODE = "code"
FILES = "files"
METRICS = "metrics"
ENVIRONMENT = "environment"
PARAMS = "params"
TAGS = "tags"
PACKAGES = "packages"
RUN = "run"

_OF_THE_RUN = ("script", "target", "in_place", "max_run_duration_seconds", "processes")
_OF_AN_INTERPRETER = {
    "python": "version",
    "interpreter": "python",
    "implementation": "implementation",
    "platform": "platform",
}
_INSTALLED = "installed"
_OF_A_ROW = ("duration_s", "memory_kib")
"""Fields of the run, as lists show them."""
_IF_KNOWN = {
    RUN: ("exit_code", *_OF_A_ROW, "attempts", "target", "in_place"),
    ENVIRONMENT: (*_OF_AN_INTERPRETER, _INSTALLED),
}
"""What a run that goes on has not yet, and one without a script never."""

_OF_GIT = ("azureml.git.", "mlflow.source.git.")
_SNAPSHOT = "ContentSnapshotId"


def members(compared: Sequence[Record]) -> list[Record]:
    """The runs that are meant: a single one with runs below it stands for these, in their order."""
    if len(compared) != 1:
        return [*compared]
    return [*children.below(compared[0])][::-1] or [*compared]


def records(compared: Sequence[Record], code: bool = False) -> dict[str, Any]:
    """Set runs side by side, in the shape of `homerun.compare_runs`.

    Raises:
        UserError: there are fewer than two, or one of them is given twice.
    """
    ids = [record.id for record in compared]
    if len(set(ids)) < 2 or len(set(ids)) < len(ids):
        raise UserError("a comparison is of two runs or more, or of a batch: name each run once")
    found = [_sections(record) for record in compared]
    made: dict[str, Any] = {"runs": ids, "differences": [], "partial": [], "same": []}
    for section, name in _names(found):
        values = [one[section].get(name) for one in found]
        known = [value for value in values if value is not None]
        row = {"section": section, "name": name}
        if not known:
            continue
        if not _is_same(_comparable(found, section, name)):
            made["differences"].append({**row, "values": values})
        elif section == PACKAGES:
            continue  # hundreds, mostly
        elif len(known) < len(values):
            made["partial"].append({**row, "values": values})
        else:
            made["same"].append({**row, "value": values[0]})
    files = [code_diff.files(record) for record in compared]
    for path, contents in code_diff.differing(files).items():
        made["differences"].append({"section": FILES, "name": path, "values": contents})
    if code:
        made["diff"] = "".join(code_diff.unified(compared[0], other) for other in compared[1:])
    return made


def _comparable(found: list[Sections], section: str, name: str) -> list[Any]:
    """The values of the runs that can have one: what was not looked at is no difference."""
    if section == PACKAGES:
        found = [one for one in found if one[PACKAGES]]
    values = [one[section].get(name) for one in found]
    if section == CODE or name in _IF_KNOWN.get(section, ()):
        return [value for value in values if value is not None]
    return values


def _sections(record: Record) -> Sections:
    """What is compared of a run, section by section; its files are compared apart."""
    described = details.row_of(record)
    interpreter = facts.read(record.path, layout.INTERPRETER) or {}
    packages = dict(map(_package, interpreter.get("packages") or ()))
    return {
        RUN: _run(described, record.run),
        PARAMS: described["params"],
        ARGUMENTS: _words([str(one) for one in record.run.get("arguments") or ()]),
        METRICS: dict(_metrics(record.path)),
        TAGS: described["tags"],
        "properties": {
            key: value
            for key, value in described["properties"].items()
            if not key.startswith(_OF_GIT) and key != _SNAPSHOT
        },
        CODE: _code(record),
        ENVIRONMENT: {
            **_asked(record.run.get("environment") or {}),
            **{name: interpreter.get(key) for name, key in _OF_AN_INTERPRETER.items()},
            _INSTALLED: len(packages) if interpreter else None,
            "variables": record.run.get("environment_variables") or None,
        },
        PACKAGES: packages,
    }


def _run(described: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    outcome = described.get("outcome") or {}
    found = {key: asked.get(key) for key in _OF_THE_RUN}
    columns = rows.columns_of(_OF_A_ROW)
    return {
        "experiment": described.get("experiment_name"),
        "name": described.get("display_name"),
        "status": described["status"],
        "cause": outcome.get("cause"),
        "exit_code": outcome.get("exit_code"),
        **{one.name: _rounded(one.value(described)) for one in columns},
        "attempts": len(described.get("attempts") or ()) or 1,
        **found,
    }


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if isinstance(value, float) else value


def _words(arguments: list[str]) -> dict[str, str]:
    """The words of a script that are no parameters, by their position."""
    unnamed = [word for name, (word, *_) in params.pieces(arguments) if not name and word != "--"]
    return {f"#{place}": word for place, word in enumerate(unnamed, 1)}


def _metrics(run_folder: str) -> Iterator[tuple[str, Any]]:
    """The last value of each metric; of several numbers also the least and the greatest."""
    _, found = summary.Gauges(run_folder).read()
    for gauge in sorted(found, key=lambda one: str(one["name"])):
        name = gauge["name"]
        yield name, gauge["last"]
        if gauge["kind"] == NUMBER and gauge["count"] > 1:
            yield f"{name}.min", gauge["min"]
            yield f"{name}.max", gauge["max"]
            yield f"{name}.count", gauge["count"]


def _code(record: Record) -> dict[str, Any]:
    known = code_view.listed(record)
    return {"snapshot": known["snapshot"], **(known["git"] or {})}


def _asked(environment: dict[str, Any]) -> dict[str, Any]:
    """The environment that was asked for."""
    name, version = environment.get("name"), environment.get("version")
    named = name if version is None else f"{name} (version {version})"
    lines = environment.get("packages")
    packages = lines and [str(line).partition(" --hash")[0].rstrip() for line in lines]
    return {"environment": named, "asked for": packages}


def _package(line: str) -> tuple[str, str]:
    """`name==version`, or `name @ address`."""
    for between in ("==", " @ "):
        name, found, version = line.partition(between)
        if found:
            return name, version
    return line, ""


def _names(found: list[Sections]) -> Iterator[tuple[str, str]]:
    """Every section and name that any run has, in the order of the first that has it."""
    for section in found[0]:
        names = {name: None for one in found for name in one[section]}
        yield from ((section, name) for name in names)


def _is_same(values: list[Any]) -> bool:
    first = values[0] if values else None
    return all(value == first or (value != value and first != first) for value in values)
