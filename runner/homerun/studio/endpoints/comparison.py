"""Answers about runs side by side."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from homerun.studio.http.requests import bad
from homerun.views.comparison import code_diff
from homerun.views.comparison import compare as sections
from homerun.views.comparison import importance as weights
from homerun.views.table import MOST_ROWS
from runstore.errors import RunNotFound

if TYPE_CHECKING:
    from collections.abc import Container

    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk
    from runstore.run.record import Record

MOST_COMPARED = 100
_MOST_LINES = 3_000
_MOST_TEXT = 1 << 20
_COUNT = ".count"
_BOUNDS = (".min", ".max")


def compare(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Runs side by side, section by section."""
    records, gone = _records(desk, ask)
    runs = {row["id"]: row for row in desk.board.rows([record.id for record in records])}
    # One may go between the two reads, and each value has to stand below its own run.
    gone += [record.id for record in records if record.id not in runs]
    records = [record for record in records if record.id in runs]
    rows: list[dict[str, Any]] = []
    if len(records) > 1:
        found = sections.records(records)
        rows = [_row(desk, one, len(records), "values") for one in found["differences"]]
        rows += [_row(desk, one, len(records), "partial") for one in found["partial"]]
        rows += [_row(desk, one, len(records), "value") for one in found["same"]]
        metrics = {row["name"] for row in rows if row["section"] == sections.METRICS}
        rows = [row for row in rows if not _is_count(row, metrics)]
    return {
        "runs": [runs[record.id] for record in records],
        "gone": gone,
        "rows": rows[:_MOST_LINES],
        "more": len(rows) > _MOST_LINES,
    }


def code(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The changes from the code of a run to that of another."""
    text = code_diff.unified(desk.record(ask.needed("run")), desk.record(ask.needed("other")))
    size = len(text.encode("utf-8", "replace"))
    is_cut = len(text) > _MOST_TEXT
    return {"size": size, "text": text[:_MOST_TEXT], "is_cut": is_cut, "is_binary": False}


def importance(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What a metric depends on."""
    ids, metric = ask.texts("run"), ask.needed("metric")
    if not 1 < len(ids) <= MOST_ROWS:
        raise bad(f"name 2 to {MOST_ROWS} runs, with run=ID each")
    rows = desk.board.rows(ids, [metric])
    values = [row["metrics"].get(metric, {}).get("last") for row in rows]
    known = sum(value is not None and isfinite(value) for value in values)
    asked = weights.question([row["params"] for row in rows], values)
    found, more = desk.param_weights.of(asked)
    return {"metric": metric, "runs": known, "params": found, "more": more}


def _records(desk: Desk, ask: Ask) -> tuple[list[Record], list[str]]:
    """The runs that are named, each once, and the ids of those that are gone."""
    ids = list(dict.fromkeys(ask.texts("run")))
    if not 0 < len(ids) <= MOST_COMPARED:
        raise bad(f"name 1 to {MOST_COMPARED} runs, with run=ID each")
    found: dict[str, Record] = {}
    gone = []
    for run_id in ids:
        try:
            record = desk.record(run_id)
        except RunNotFound:
            gone.append(run_id)
            continue
        found[record.id] = record
    return list(found.values()), gone


def _row(desk: Desk, found: dict[str, Any], runs: int, key: str) -> dict[str, Any]:
    section, name = found["section"], found["name"]
    is_metric = section == sections.METRICS
    return {
        "section": section,
        "name": name,
        "values": [found["value"]] * runs if key == "value" else found["values"],
        "differs": key == "values",
        "is_most": desk.home.way_of(_metric(name)) if is_metric else None,
    }


def _metric(name: str) -> str:
    """The metric that a line is about."""
    return next((name[: -len(end)] for end in _BOUNDS if name.endswith(end)), name)


def _is_count(row: dict[str, Any], metrics: Container[str]) -> bool:
    """Whether a line only tells how many points a metric of these runs has."""
    name = str(row["name"])
    is_told = name.endswith(_COUNT) and name[: -len(_COUNT)] in metrics
    return is_told and row["section"] == sections.METRICS
