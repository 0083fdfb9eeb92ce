"""`homerun run why`: what happened to a run, and what can be done."""

from __future__ import annotations

import time

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.views.diagnosis import diagnosis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_LAST_FAILED = "@last-failed"
_MOST_WAYS = 8
_MOST_RUNS = 10


@command("why")
@shared.one_run
def why(call: Call) -> Result:
    """Say what happened to a run, why, and what can be done (default: the last one that Failed).

    Of a batch it says how many of its runs failed, and in which ways.

    \b
    Example:
      homerun run why digits_1
    """
    found = diagnosis(call.record(call.run_id or _LAST_FAILED), call.name_of)
    return Result(found, lambda: [render.Card(_card(found))])


def _card(found: dict[str, Any]) -> dict[str, object]:
    by = " ".join(filter(None, [found.get("by"), text.moment(found.get("at"), time.time())]))
    return {
        "run": found["run_id"],
        "status": found["status"],
        "what": found["what"],
        "stopped by": by,
        "rules": text.rules(found, time.time()),
        "exception": found.get("exception"),
        "failed": "\n".join(map(_way, found.get("failures", [])[:_MOST_WAYS])),
        "attempts": found["attempts"] if found.get("attempts", 1) > 1 else None,
        "last lines": "\n".join(_last_lines(found)),
        "log": found.get("log"),
        "what to do": "\n".join(found["advice"]),
    }


def _way(one: dict[str, Any]) -> str:
    """`2 x ValueError: diverged (#13, #14)`: a way in which runs of a batch failed."""
    named = [f"#{run['run_number']}" if run["run_number"] else run["run_id"] for run in one["runs"]]
    more = len(named) - _MOST_RUNS
    rest = [f"and {more} more"] if more > 0 else []
    return f"{one['count']} x {one['what']}  ({', '.join([*named[:_MOST_RUNS], *rest])})"


def _last_lines(found: dict[str, Any]) -> list[str]:
    """Those of the run; of a batch those of the first that failed in the most frequent way."""
    if not found.get("failures"):
        return list(found.get("last_lines", []))
    first = found["failures"][0]
    run = first["runs"][0]
    which = f"#{run['run_number']}" if run["run_number"] else run["run_id"]
    return [f"of {which}:", *first["last_lines"]] if first["last_lines"] else []
