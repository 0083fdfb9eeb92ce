"""`homerun queue …`: the runs that wait for a slot of a target."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.queues import TargetQueue
    from homerun.workspace import Workspace

    Command = TypeVar("Command", bound=Callable[..., Any])

_COLUMNS = ["position", "run", "experiment", "script", "priority", "slots", "since", "waits"]
_EXPENDABLE = ("slots", "priority", "experiment", "script", "since")


def _target(text: str) -> Callable[[Command], Command]:
    return click.option("-t", "--target", metavar="NAME", help=text)


@click.command("list")
@_target("Of this target only.")
@options.common
def list_queues(target: str | None, path: str | None, output: str | None) -> int:
    """List the runs that wait, in the order in which they start, and why each of them waits.

    In JSON: a list of targets, each with its slots, how many are busy, and who waits.

    \b
    Example:
      homerun queue list
    """
    from homerun.cli import render

    workspace = options.workspace(path)
    found = [one.describe() for one in _queues(workspace, target)]
    if options.wants_json(output):
        render.json(found)
    else:
        for row in found:
            _show(row)
    return 0


@click.command()
@_target("The target; else the default one.")
@options.common
def pause(target: str | None, path: str | None, output: str | None) -> int:
    """Start nothing more of what waits for a target; what runs goes on.

    \b
    Example:
      homerun queue pause
    """
    found = options.workspace(path, wakes=False).queue(target)
    found.pause()
    return _tell(found, output)


@click.command()
@_target("The target; else the default one.")
@options.common
def resume(target: str | None, path: str | None, output: str | None) -> int:
    """Start again what waits for a target.

    \b
    Example:
      homerun queue resume
    """
    found = options.workspace(path, wakes=False).queue(target)
    found.resume()
    return _tell(found, output)


def _queues(workspace: Workspace, target: str | None) -> list[TargetQueue]:
    from homerun import queues

    if target is not None:
        return [workspace.queue(target)]
    return queues.of(workspace)


def _tell(found: TargetQueue, output: str | None) -> int:
    row = found.describe()
    if options.wants_json(output):
        from homerun.cli import render

        render.json(row)
    else:
        click.echo(_head(row))
    return 0


def _head(row: dict[str, Any]) -> str:
    """A queue as one line."""
    slots = "no such target" if row["slots"] is None else f"{row['busy']} of {row['slots']} busy"
    paused = ", paused" if row["paused"] else ""
    return f"{row['target']}: {slots}, {len(row['waiting'])} waiting{paused}"


def _show(row: dict[str, Any]) -> None:
    from time import time

    from homerun.cli import render, words

    click.echo(_head(row))
    now = time()
    lines: list[list[object]] = [
        [
            one["position"],
            one["run_id"],
            one.get("experiment_name", words.NONE),
            " ".join(map(str, [one.get("script_name", words.NONE), *one.get("arguments", [])])),
            one["priority"],
            one["slots"],
            words.ago(one["since_utc"], now),
            one["reason"],
        ]
        for one in row["waiting"]
    ]
    if lines:
        render.table(_COLUMNS, lines, _EXPENDABLE)
