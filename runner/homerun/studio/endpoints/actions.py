"""Answers to what is to be changed: runs, the queue, and new runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.sdk import bulk
from homerun.studio.http import responses
from homerun.studio.http.requests import bad

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from homerun.sdk.run import Run
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk


def labels(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Change names, descriptions and tags."""
    name, description = ask.said("name"), ask.said("description")
    tags, gone = ask.said_pairs("tags"), ask.said_list("remove_tags")
    if name is None and description is None and not tags and not gone:
        raise bad("give name, description, tags or remove_tags")
    return _each(desk, ask, lambda run: bulk.label(run, name, description, tags, gone))


def cancel(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Ask for the end of runs."""
    return _each(desk, ask, bulk.cancel)


def fail(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Declare runs failed."""
    message = ask.said("message")
    return _each(desk, ask, lambda run: bulk.fail(run, message))


def resubmit(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Submit runs again."""
    secrets = ask.said_list("secrets")
    if secrets and len(ask.said_list("ids")) != 1:
        raise bad("secrets are given for one run at a time")
    with desk.writing:
        return _each(desk, ask, lambda run: bulk.again(run, secrets))


def delete(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Put runs into the trash."""
    return _fresh(desk, bulk.delete(desk.workspace, _ids(ask)))


def trash(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The runs in the trash."""
    return {"runs": desk.workspace.trash.list()}


def restore(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take runs back from the trash."""
    return _fresh(desk, bulk.restore(desk.workspace, _ids(ask)))


def archive(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Leave experiments out of listings; their runs stay."""
    return _fresh(desk, bulk.set_archived(desk.workspace, _names(ask), is_archived=True))


def reactivate(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Bring archived experiments back into listings."""
    return _fresh(desk, bulk.set_archived(desk.workspace, _names(ask), is_archived=False))


def submit(desk: Desk, ask: Ask) -> Response:
    """Submit a script."""
    with desk.writing:
        run, told = bulk.submit(
            desk.workspace,
            ask.said_needed("experiment"),
            ask.said("source"),
            ask.said_needed("script"),
            ask.said_list("arguments"),
            ask.said("target") or None,
            ask.said_pairs("tags"),
            ask.said("name"),
            ask.said_number("max_run_duration_seconds"),
        )
    _fresh(desk, {})
    return responses.of_json({"run": desk.row(run.id), "notices": told}, 201)


def submit_defaults(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What a form for a new run begins with."""
    former = ask.text("run")
    return bulk.defaults(desk.workspace, desk.run(former) if former else None)


def submit_scripts(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The scripts in a folder."""
    return bulk.scripts(desk.workspace, ask.text("source"))


def targets(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The targets, what goes on at each, and what waits for it."""
    return {"targets": desk.board.targets()}


def pause(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Start nothing more on a target."""
    return _queue(desk, ask, is_paused=True)


def resume(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Start runs on a target again."""
    return _queue(desk, ask, is_paused=False)


def _queue(desk: Desk, ask: Ask, is_paused: bool) -> dict[str, Any]:
    queue = desk.workspace.queue(ask.said_needed("target"))
    if is_paused:
        queue.pause()
    else:
        queue.resume()
    _fresh(desk, {})
    return next(one for one in desk.board.targets() if one["target"] == queue.target)


def _each(desk: Desk, ask: Ask, act: Callable[[Run], str]) -> dict[str, Any]:
    return _fresh(desk, bulk.each(desk.workspace, _ids(ask), act))


def _ids(ask: Ask) -> list[str]:
    ids = ask.said_list("ids")
    if not ids:
        raise bad("give ids, a list of runs")
    return ids


def _names(ask: Ask) -> list[str]:
    names = ask.said_list("names")
    if not names:
        raise bad("give names, a list of experiments")
    return names


def _fresh(desk: Desk, told: dict[str, Any]) -> dict[str, Any]:
    """An answer after which each question shows what was changed."""
    desk.board.live.freshen()
    desk.pulse.hurry()
    return told
