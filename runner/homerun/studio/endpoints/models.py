"""Answers about registered models: the list, one of them with its versions, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.assets import catalog, contents
from homerun.assets import models as registry
from homerun.base.errors import ModelNotFound
from homerun.files import archive
from homerun.studio.http import responses
from homerun.studio.http.requests import bad

if TYPE_CHECKING:
    from starlette.responses import Response

    from homerun.assets.catalog import Listing
    from homerun.assets.versions import Version
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_ZIP = "application/zip"


def models(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The latest version of each model; of a run: the versions that it has registered."""
    run_id = ask.text("run")
    if run_id is None:
        return _listed(desk, catalog.listed(desk.workspace.store))
    return _listed(desk, catalog.made_by(desk.workspace.store, desk.record(run_id).id))


def model(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A version of a model, the latest unless told, and which versions there are."""
    found = _found(desk, ask)
    others = _listed(desk, catalog.versions_of(desk.workspace.store, found.name))
    (details,) = _with_runs(desk, [catalog.details_of(found)])
    return {"model": details, **others}


def file(desk: Desk, ask: Ask) -> Response:
    """A file of a model. It is checked while it is sent: one that was changed ends too early."""
    found, path = _found(desk, ask), ask.needed("file")
    kept = next((one for one in catalog.files_of(found) if one["path"] == path), None)
    if kept is None:
        raise ModelNotFound(f"the model {found.id} has no file {path!r}")
    wrong = catalog.trouble(found, kept)
    if wrong is not None:
        raise bad(wrong)
    parts = contents.checked_parts(found.files, kept)
    return responses.of_parts(
        parts, path.rpartition("/")[2], "application/octet-stream", kept["size"]
    )


def folder(desk: Desk, ask: Ask) -> Response:
    """All files of a model as an archive, while it is made."""
    found = _found(desk, ask)
    name = f"{found.name}-{found.number}.zip"
    return responses.of_parts(archive.zip_of_model(found), name, _ZIP)


def _found(desk: Desk, ask: Ask) -> Version:
    """The version that is asked for; unless one is told, the newest that can be used."""
    store, name, version = desk.workspace.store, ask.needed("name"), ask.text("version")
    newest = catalog.usable(store, name) if version is None else None
    return newest or registry.get(store, name, version)


def _listed(desk: Desk, found: Listing) -> dict[str, Any]:
    rows = _with_runs(desk, found.rows)
    return {"models": rows, "refused": found.refused, "more": found.more}


def _with_runs(desk: Desk, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the runs behind them; None: it is gone."""
    ids = list({row["run_id"] for row in rows if row["run_id"] is not None})
    runs = {row["id"]: row for row in desk.board.rows(ids)} if ids else {}
    return [{**row, "run": runs.get(row["run_id"])} for row in rows]
