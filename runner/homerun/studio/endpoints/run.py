"""Answers about one run: what is known of it, its children, its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.files import browse
from homerun.metrics import chart, groups, kinds, summary
from homerun.metrics.groups import RunGroup
from homerun.runs import resubmit
from homerun.views import record as record_view
from homerun.views.table import MOST_ROWS
from runstore.errors import RunNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.sdk.run import Run
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_MOST_POINTS = 10_000
_TEXTS = ("python", "version", "implementation", "platform")
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
        "counts": _counts(desk, found),
        "can_resubmit": resubmit.is_possible(found._record),
        "can_edit": resubmit.can_be_edited(found._record),
        "goal": _goal(desk),
        "rollup": desk.home.rollup(found.id),
        "siblings": desk.board.neighbours(found.id),
        "cursor": desk.board.cursor(),
    }


def _goal(desk: Desk) -> dict[str, Any] | None:
    return dict(zip(("metric", "is_most"), desk.board.goal)) if desk.board.goal else None


def _counts(desk: Desk, found: Run) -> dict[str, int]:
    _, metrics = desk.board.gauges.of(found.directory).read()
    numbers = sum(one["kind"] == kinds.NUMBER for one in metrics)
    files = browse.count(found._record)
    return {"metrics": numbers, "media": len(metrics) - numbers, "files": files}


def ran_with(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What the script of a run ran with, and the packages it had."""
    found = desk.run(ask.run).get_interpreter() or {}
    known = {key: found[key] for key in _TEXTS if isinstance(found.get(key), str)}
    packages = found.get("packages")
    if isinstance(packages, list):
        known["packages"] = [str(one) for one in packages]
    return known


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
    ids = list(dict.fromkeys(ask.texts("run")))
    names = list(dict.fromkeys(ask.texts("name")))
    cursor, by = ask.text("cursor"), ask.texts("group")
    if not by:
        found = chart.read([desk.record(one) for one in ids], names, wish, cursor)
        return {**found, "groups": []}
    wanted = [word for text in ask.texts("stat") for word in text.split(",")]
    told = groups.read(_grouped(desk, ids, by), names, wish, wanted or groups.STATISTICS, cursor)
    return {"series": [], **told}


def _grouped(desk: Desk, ids: Sequence[str], by: Sequence[str]) -> list[RunGroup]:
    """Runs with the same values of some fields together."""
    records = {record.id: record for record in map(desk.record, ids)}
    return [
        RunGroup(values, [records[one] for one in alike])
        for values, alike in desk.board.alike(list(records), by)
    ]
