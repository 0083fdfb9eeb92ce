"""Answers to what is to be changed: runs, the queue, and new runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.runs import resubmit as again
from homerun.sdk import bulk
from homerun.studio.http import responses
from homerun.studio.http.requests import RefusedError, bad
from homerun.views import error_codes

_AT_ONCE = 1_000
"""So many of the runs that a query means are changed by one request."""

_MOST_COUNTED = 500

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
    return _some(desk, ask, lambda run: bulk.label(run, name, description, tags, gone))


def cancel(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Ask for the end of runs."""
    return _some(desk, ask, bulk.cancel)


def fail(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Declare runs failed."""
    message = ask.said("message")
    return _some(desk, ask, lambda run: bulk.fail(run, message))


def resubmit(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Submit runs again."""
    secrets = ask.said_list("secrets")
    if secrets and len(ask.said_list("ids")) != 1:
        raise bad("secrets are given for one run at a time")
    with desk.writing:
        found = bulk.each(desk.workspace, _ids(ask), lambda run: bulk.again(run, secrets))
    return _fresh(desk, _whole(found))


def delete(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Put runs into the trash."""
    ids, behind = _chosen(desk, ask)
    return _fresh(desk, {**bulk.delete(desk.workspace, ids), "next": behind})


def trash(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The runs in the trash."""
    return {"runs": desk.workspace.trash.list()}


def restore(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take runs back from the trash."""
    return _fresh(desk, _whole(bulk.restore(desk.workspace, _ids(ask))))


def archive(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Leave experiments out of listings; their runs stay."""
    done = bulk.set_archived(desk.workspace, _names(ask), is_archived=True)
    return _fresh(desk, _whole(done))


def reactivate(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Bring archived experiments back into listings."""
    done = bulk.set_archived(desk.workspace, _names(ask), is_archived=False)
    return _fresh(desk, _whole(done))


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
            settings=_settings(ask),
            packages=ask.said("packages") or None,
            grid=ask.said_query("grid"),
            past=_past(desk, ask),
        )
    _fresh(desk, {})
    return responses.of_json({"run": desk.row(run.id), "notices": told}, 201)


def _settings(ask: Ask) -> dict[str, Any]:
    """What is said of the submit beside its work; None: it is to be as usual."""
    numbers = ("slots", "gpus", "max_retries", "priority")
    found: dict[str, Any] = {name: ask.said_whole(name) for name in numbers}
    found["max_run_duration_seconds"] = ask.said_number("max_run_duration_seconds")
    found["interpreter"] = ask.said("interpreter") or None
    return {name: value for name, value in found.items() if name in ask.body}


def _past(desk: Desk, ask: Ask) -> bulk.Past | None:
    """The run that a form was filled with, and what of it is to stay."""
    former = ask.said("former")
    if not former:
        return None
    code = ask.said("code") or again.SNAPSHOT
    if code not in (again.SNAPSHOT, again.NOW):
        raise bad(f"code is {again.SNAPSHOT} or {again.NOW}")
    variables = ask.said_pairs("environment_variables")
    return bulk.Past(desk.run(former), variables, code == again.NOW)


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


def selection(desk: Desk, ask: Ask) -> dict[str, Any]:
    """How many runs a query means, and from where on: what an action on all of them is told.

    With `until`, the place of an earlier answer, later runs are none of them.
    """
    query = ask.text("experiment"), ask.texts("where"), ask.flag("children")
    ids = ask.texts("ids")
    if len(ids) > _MOST_COUNTED:
        raise bad(f"ids names {len(ids)} runs: at most {_MOST_COUNTED} are counted at once")
    desk.board.complete(ids)
    total, _, until = desk.board.meant(*query, ask.text("until") or None, ids=ids)
    return {"total": total, "until": until, "unread": desk.board.unread()}


def _some(desk: Desk, ask: Ask, act: Callable[[Run], str]) -> dict[str, Any]:
    ids, behind = _chosen(desk, ask)
    return _fresh(desk, {**bulk.each(desk.workspace, ids, act), "next": behind})


def _whole(told: dict[str, Any]) -> dict[str, Any]:
    """An answer behind which nothing is left to do."""
    return {**told, "next": None}


def _chosen(desk: Desk, ask: Ask) -> tuple[list[str], str | None]:
    """The runs to act on, by their ids, or some of those that a query means; and where to go on.

    A query comes with the number of runs that was confirmed: if it means more by now it is refused.
    """
    query = ask.said_query("query")
    if query is None:
        return _ids(ask), None
    confirmed, until = ask.said_number("count"), ask.said("until")
    if confirmed is None or not until:
        raise bad("give count and until, as api/selection has told them")
    experiment = next(iter(query.get("experiment", ())), None)
    where, children = query.get("where", []), bool(query.get("children"))
    total, ids, behind = desk.board.meant(experiment, where, children, until, _AT_ONCE)
    if desk.board.unread() is not None:
        said = "the store is being read, and not all runs are known yet: select them in a minute"
        raise RefusedError(409, error_codes.CONFLICT, said)
    if total > confirmed:
        raise RefusedError(
            409,
            error_codes.CONFLICT,
            f"{total:,} runs match by now, and {confirmed:,.0f} were confirmed: select them again",
        )
    left_out = set(ask.said_list("without"))
    return [run_id for run_id in ids if run_id not in left_out], behind


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
