"""Answers about saved views: the list, and what is saved, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.assets import saved_views
from homerun.studio.http.requests import bad

if TYPE_CHECKING:
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk


def views(desk: Desk, ask: Ask) -> dict[str, Any]:
    """All views of the store."""
    return {"views": [one.describe() for one in saved_views.stored(desk.workspace.store)]}


def write(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Save a view: a new one, or a change of one."""
    query = ask.said_query("query")
    if query is None:
        raise bad("query is missing")
    made = saved_views.save_view(
        desk.workspace.store,
        ask.said_needed("name"),
        ask.said_needed("page"),
        query,
        ask.said_flag("is_default"),
        ask.said("id") or None,
        ask.said_whole("revision"),
    )
    desk.pulse.hurry()
    return made.describe()


def delete(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Delete a view."""
    revision = ask.said_whole("revision")
    found = saved_views.remove(desk.workspace.store, ask.said_needed("id"), revision)
    desk.pulse.hurry()
    return found.describe()
