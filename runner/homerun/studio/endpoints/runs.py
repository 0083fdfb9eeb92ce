"""Answers about many runs: the store, its experiments, the table, and its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.views.table import MOST_ROWS

if TYPE_CHECKING:
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_MOST_SKIPPED = 10_000_000


def info(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The store and the server."""
    return desk.info()


def home(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What failed, what waits, what runs, and what has ended."""
    return desk.home.read(ask.text("since"))


def experiments(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The experiments, with their active runs and how the last ones went."""
    found = desk.board.experiments(ask.flag("archived"))
    return {"experiments": found, "unread": desk.board.unread()}


def runs(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A part of the table of runs, or the rows of some ids."""
    metrics = ask.texts("metrics")
    ids = ask.texts("ids")
    if ids:
        rows = desk.board.rows(ids, metrics)
        told = {"total": len(rows), "skip": 0, "runs": rows, "groups": None}
        return {**told, "cursor": desk.board.cursor(), "unread": None}
    return desk.board.page(
        experiment=ask.text("experiment"),
        where=ask.texts("where"),
        sort=ask.text("sort"),
        group=[one for one in ask.texts("group") if one],
        children=ask.flag("children"),
        skip=ask.whole("skip", 0, _MOST_SKIPPED),
        limit=ask.whole("limit", 100, MOST_ROWS),
        metrics=metrics,
    )


def fields(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What runs can be sorted and filtered by."""
    found = desk.board.fields(ask.text("experiment"), ask.flag("children"), ask.texts("where"))
    return {
        **found,
        "fields": [{**one, "is_most": _way(desk, one["name"])} for one in found["fields"]],
    }


def _way(desk: Desk, field: str) -> bool | None:
    area, _, metric = field.partition(".")
    return desk.home.way_of(metric) if area == "metrics" else None


def values(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The most frequent values of a field."""
    found = desk.board.values(ask.needed("field"), ask.text("experiment"), ask.text("like") or "")
    return {"values": found}
