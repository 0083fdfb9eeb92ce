"""`homerun queue …`: the runs that wait for a slot of a target."""

from __future__ import annotations

import time

from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.targets import queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace
    from homerun.targets.queue import TargetQueue

    Command = TypeVar("Command", bound=Callable[..., Any])

_COLUMNS = ["position", "run", "#", "experiment", "script", "priority", "slots", "since", "waits"]
_EXPENDABLE = ("slots", "priority", "experiment", "script", "since", "run")


def _target(summary: str) -> Callable[[Command], Command]:
    return option("-t", "--target", metavar="NAME", help=summary, complete=shared.targets_offered)


@command("list")
@_target("Only this target.")
def list_queues(call: Call, target: str | None) -> Result:
    """List the runs that wait, in the order in which they start, and why each of them waits.

    In JSON: a list of targets, each with its slots, how many are busy, and who waits.

    \b
    Example:
      homerun queue list
    """
    found = [one.describe() for one in _queues(call.workspace(), target)]
    return Result(found, lambda: [part for row in found for part in _parts(row)])


@command("pause")
@_target("The target (default: the default target).")
def pause(call: Call, target: str | None) -> Result:
    """Start no more of the runs that wait for a target; live runs continue.

    \b
    Example:
      homerun queue pause
    """
    found = call.workspace(wakes=False).queue(target)
    found.pause()
    return _told(found)


@command("resume")
@_target("The target (default: the default target).")
def resume(call: Call, target: str | None) -> Result:
    """Start the runs that wait for a target again.

    \b
    Example:
      homerun queue resume
    """
    found = call.workspace(wakes=False).queue(target)
    found.resume()
    return _told(found)


@command("slots")
@argument("count", kind=Number(least=1, most=999), required=True, metavar="N")
@_target("The target (default: the default target).")
def slots(call: Call, count: int, target: str | None) -> Result:
    """Set how many runs of a target go on at once; a lower number counts as runs end.

    \b
    Example:
      homerun queue slots 2
    """
    found = call.workspace(wakes=False)
    name = found.queue(target).target  # there has to be such a target
    found.targets.add(name, count)
    return _told(call.workspace().queue(name))  # more slots may let more of them start


@command("move")
@argument("word", metavar="RUN", required=True, complete=shared.run_ids)
@option("--before", metavar="RUN", complete=shared.run_ids, help="Start it before this run.")
@option("--last", "is_last", is_flag=True, help="Start it behind all others.")
def move(call: Call, word: str, before: str | None, is_last: bool) -> Result:
    """Have a run that waits start first, before another run, or last.

    It gets the priority of the run that it now starts before, or behind.

    \b
    Example:
      homerun queue move 4
      homerun queue move 4 --before 2
    """
    if before is not None and is_last:
        raise UsageError("give either --before RUN or --last")
    record = call.record(word)
    found = call.workspace(wakes=False).queue(str(record.run.get("target")))
    found.move(record, before=call.record(before) if before else None, is_last=is_last)
    return Result(row := found.describe(), lambda: _parts(row))


def _queues(workspace: Workspace, target: str | None) -> list[TargetQueue]:
    if target is not None:
        return [workspace.queue(target)]
    return queue.queues(workspace.store)


def _told(found: TargetQueue) -> Result:
    row = found.describe()
    return Result(row, lambda: [_head(row)])


def _head(row: dict[str, Any]) -> str:
    """A queue as one line."""
    slots = "no such target" if row["slots"] is None else f"{row['busy']} of {row['slots']} busy"
    paused = ", paused" if row["paused"] else ""
    single = "" if row["is_limited"] else " (no limit: single runs take no slot)"
    if row["slots"] == 0:
        slots, single = "its engine has the slots", ""
    return f"{row['target']}: {slots}, {len(row['waiting'])} waiting{paused}{single}"


def _parts(row: dict[str, Any]) -> list[render.Part]:
    now = time.time()
    lines: list[list[object]] = [
        [
            one["position"],
            one["run_id"],
            one.get("run_number", text.NONE),
            one.get("experiment_name", text.NONE),
            " ".join(map(str, [one.get("script_name", text.NONE), *one.get("arguments", [])])),
            one["priority"],
            one["slots"],
            text.ago(one["since_utc"], now),
            one["reason"],
        ]
        for one in row["waiting"]
    ]
    table: list[render.Part] = [render.Table(_COLUMNS, lines, _EXPENDABLE)] if lines else []
    return [_head(row), *table]
