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


@command("why")
@shared.one_run
def why(call: Call) -> Result:
    """Say what happened to a run, why, and what can be done (default: the last one that Failed).

    \b
    Example:
      homerun run why digits_1
    """
    found = diagnosis(call.record(call.run_id or _LAST_FAILED))
    return Result(found, lambda: [render.Card(_card(found))])


def _card(found: dict[str, Any]) -> dict[str, object]:
    by = " ".join(filter(None, [found.get("by"), text.moment(found.get("at"), time.time())]))
    return {
        "run": found["run_id"],
        "status": found["status"],
        "what": found["what"],
        "stopped by": by,
        "exception": found.get("exception"),
        "attempts": found["attempts"] if found.get("attempts", 1) > 1 else None,
        "last lines": "\n".join(found.get("last_lines", [])),
        "log": found.get("log"),
        "what to do": "\n".join(found["advice"]),
    }
