"""Answers about one run: what is known of it, its children, its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.metrics import chart, summary
from homerun.views import record as record_view
from homerun.views.table import MOST_ROWS
from runstore.errors import RunNotFound

if TYPE_CHECKING:
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_MOST_POINTS = 10_000
_MOST_SKIPPED = 1_000_000_000


def run(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Everything about a run."""
    found = desk.run(ask.run)
    row = desk.row(found.id)
    if row is None:
        raise RunNotFound(found.id)
    return {
        "run": row,
        "details": found.describe(),
        "rollup": desk.board.rollups([found.id]).get(found.id),
        "siblings": desk.board.neighbours(found.id),
        "cursor": desk.board.cursor(),
    }


def children(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The children of a run, or all runs below it, in order of creation."""
    found = desk.run(ask.run)
    ids = desk.board.below(found.id, ask.flag("recursive"))
    skip = ask.whole("skip", 0, _MOST_SKIPPED)
    rows = desk.board.rows(ids[skip:][: ask.whole("limit", 100, MOST_ROWS)], ask.texts("metrics"))
    rollup = desk.board.rollups([found.id]).get(found.id)
    return {"total": len(ids), "skip": skip, "runs": rows, "rollup": rollup}


def record(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The record as it is."""
    return record_view.read(desk.record(ask.run))


def metrics(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The metrics of a run at a glance."""
    gauges = desk.system_gauges if ask.flag("system") else desk.board.gauges
    _, found = gauges.of(desk.run(ask.run).directory).read()
    return {"metrics": found}


def values(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What was logged as a metric, point by point."""
    skip, limit = ask.whole("skip", 0, _MOST_SKIPPED), ask.whole("limit", 100, _MOST_POINTS)
    folder = desk.run(ask.run).directory
    return summary.points(folder, ask.needed("name"), skip, limit, of_system=ask.flag("system"))


def series(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Metrics of runs as series for charts."""
    wish = chart.Wish(
        width=ask.whole("width", 600, 1_000_000),
        x=ask.text("x") or "step",
        since=ask.number("since"),
        until=ask.number("until"),
        smooth=ask.text("smooth"),
        of_system=ask.flag("system"),
    )
    return chart.read(
        [desk.record(one) for one in dict.fromkeys(ask.texts("run"))],
        list(dict.fromkeys(ask.texts("name"))),
        wish,
        ask.text("cursor"),
    )
