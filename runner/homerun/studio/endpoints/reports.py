"""Answers with reports: runs as one page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homerun.project.report import page
from homerun.studio.http import responses
from homerun.studio.http.requests import bad

if TYPE_CHECKING:
    from starlette.responses import Response

    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk


def report(desk: Desk, ask: Ask) -> Response:
    """A report of some runs, or of those that a query means, as a file."""
    ids, where = ask.texts("ids"), ask.texts("where")
    experiment, sort = ask.text("experiment"), ask.text("sort")
    if not ids:
        found = desk.board.page(
            experiment=experiment,
            where=where,
            sort=sort,
            children=ask.flag("children"),
            limit=page.MOST_RUNS + 1,
        )
        if found["total"] > page.MOST_RUNS:
            raise bad(
                f"{found['total']:,} runs are too many for a report: at most {page.MOST_RUNS}"
            )
        ids = [row["id"] for row in found["runs"]]
    title = ask.text("title") or experiment or "Runs"
    about = [("Workspace", desk.workspace.name), ("Experiment", experiment or "")]
    about += [("Filter", " and ".join(where)), ("Order", sort or "")]
    records = [desk.record(one) for one in ids]
    parts = page.whole_page(records, title, about, ask.texts("metrics"), desk.board.goal)
    data = (part.encode("utf-8", "backslashreplace") for part in parts)
    return responses.of_parts(data, "report.html", "application/octet-stream")
