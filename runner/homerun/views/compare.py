"""Runs side by side: what differs between them in all that is on record."""

from __future__ import annotations

from homerun.base.errors import UserError
from homerun.metrics import summary
from homerun.views import code as code_view
from homerun.views import code_diff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from homerun.sdk.run import Run

    Sections = dict[str, dict[str, Any]]

ARGUMENTS = "arguments"
CODE = "code"
FILES = "files"
METRICS = "metrics"
PACKAGES = "packages"
RUN = "run"

_OF_THE_RUN = ("script", "target", "in_place", "max_run_duration_seconds", "processes")
_OF_AN_INTERPRETER = {
    "python": "version",
    "interpreter": "python",
    "implementation": "implementation",
    "platform": "platform",
}
_OF_GIT = ("azureml.git.", "mlflow.source.git.")
_SNAPSHOT = "ContentSnapshotId"


def compare_runs(runs: Sequence[Run], code: bool = False) -> dict[str, Any]:
    """Set runs side by side.

    Args:
        runs: two or more of them, of any experiments.
        code: also the difference of their snapshots, line by line, of each run from the first.

    Returns:
        `runs`: their ids. `differences`: for each thing that is not the same in all of them
        `section`, `name` and `values`, one for each run, None where a run has no such thing.
        `same`: `section`, `name` and `value` of what is. With `code` also `diff`, a text.

    Raises:
        UserError: fewer than two, or one of them twice.
    """
    ids = [run.id for run in runs]
    if len(set(ids)) < 2 or len(set(ids)) < len(ids):
        raise UserError("a comparison is of two runs or more: name each of them once")
    found = [_sections(run) for run in runs]
    differences: list[dict[str, Any]] = []
    same: list[dict[str, Any]] = []
    for section, name in _names(found):
        values = [one[section].get(name) for one in found]
        if section == PACKAGES and _is_same([v for v, one in zip(values, found) if one[PACKAGES]]):
            continue  # hundreds, mostly
        if all(value is None for value in values):
            continue
        if _is_same(values):
            same.append({"section": section, "name": name, "value": values[0]})
        else:
            differences.append({"section": section, "name": name, "values": values})
    for path, contents in code_diff.differing([code_diff.files(run) for run in runs]).items():
        differences.append({"section": FILES, "name": path, "values": contents})
    made: dict[str, Any] = {"runs": ids, "differences": differences, "same": same}
    if code:
        made["diff"] = "".join(code_diff.unified(runs[0], other) for other in runs[1:])
    return made


def _sections(run: Run) -> Sections:
    """All that is compared of a run but its files, section by section."""
    described, record = run.describe(), run._record
    interpreter = run.get_interpreter() or {}
    packages = dict(map(_package, interpreter.get("packages") or ()))
    return {
        RUN: _run(described, record.run),
        ARGUMENTS: dict(_arguments([str(one) for one in record.run.get("arguments") or ()])),
        METRICS: dict(_metrics(run)),
        "tags": described["tags"],
        "properties": {
            key: value
            for key, value in described["properties"].items()
            if not key.startswith(_OF_GIT) and key != _SNAPSHOT
        },
        CODE: _code(run),
        "environment": {
            **_asked(record.run.get("environment") or {}),
            **{name: interpreter.get(key) for name, key in _OF_AN_INTERPRETER.items()},
            "installed": len(packages) if interpreter else None,
            "variables": record.run.get("environment_variables") or None,
        },
        PACKAGES: packages,
    }


def _run(described: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    outcome = described.get("outcome") or {}
    found = {key: asked.get(key) for key in _OF_THE_RUN}
    took = outcome.get("elapsed_s")
    return {
        "experiment": described.get("experiment_name"),
        "name": described.get("display_name"),
        "status": described["status"],
        "cause": outcome.get("cause"),
        "exit_code": outcome.get("exit_code"),
        "took_s": None if took is None else round(took, 3),
        "peak_memory_kib": outcome.get("peak_memory_kib"),
        "attempts": len(described.get("attempts") or ()) or 1,
        **found,
    }


def _arguments(words: list[str]) -> Iterator[tuple[str, Any]]:
    """The options by name, each with its value or True; the other words by their place."""
    found: dict[str, Any] = {}
    place, at = 0, 0
    while at < len(words):
        word, at = words[at], at + 1
        if not _is_option(word):
            place += 1
            found[f"#{place}"] = word
            continue
        name, equals, value = word.partition("=")
        if not equals and at < len(words) and not _is_option(words[at]):
            value, at = words[at], at + 1
            equals = "="
        found[name] = _more(found.get(name), value if equals else True)
    yield from found.items()


def _more(known: Any, value: Any) -> Any:
    """The values of an option that is given several times, as one text."""
    return value if known is None else f"{known} {value}"


def _is_option(word: str) -> bool:
    rest = word.lstrip("-")
    return word != rest and bool(rest) and not (rest[0].isdecimal() or rest[0] == ".")


def _metrics(run: Run) -> Iterator[tuple[str, Any]]:
    """The last value of each metric; of a number logged several times also the least and most."""
    _, found = summary.Gauges(run.directory).read()
    for gauge in sorted(found, key=lambda one: str(one["name"])):
        name = gauge["name"]
        yield name, gauge["last"]
        if gauge["kind"] == summary.NUMBER and gauge["count"] > 1:
            yield f"{name}.min", gauge["min"]
            yield f"{name}.max", gauge["max"]
            yield f"{name}.count", gauge["count"]


def _code(run: Run) -> dict[str, Any]:
    known = code_view.listed(run)
    return {"snapshot": known["snapshot"], **(known["git"] or {})}


def _asked(environment: dict[str, Any]) -> dict[str, Any]:
    """The environment that a run was to have."""
    name, version = environment.get("name"), environment.get("version")
    named = name if version is None else f"{name} (version {version})"
    return {"environment": named, "asked for": environment.get("packages")}


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
