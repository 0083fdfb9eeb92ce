"""`homerun run show`: everything about one run."""

from __future__ import annotations

import time

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call


@command("show")
@shared.one_run
def show(call: Call) -> Result:
    """Show everything about a run.

    \b
    Example:
      homerun run show digits_1
    """
    found = call.run()
    row, interpreter = found.describe(), found.get_interpreter()
    if interpreter:
        row["interpreter"] = interpreter
    return Result(row, lambda: [render.Card(_card(row))])


def _card(row: dict[str, Any]) -> dict[str, object]:
    now = time.time()
    process = row.get("process") or {}
    outcome = row.get("outcome") or {}
    error = (row.get("error") or {}).get("error") or {}
    return {
        "run": row["run_id"],
        "name": row.get("display_name"),
        "experiment": row.get("experiment_name"),
        "number": row.get("run_number"),
        "status": row["status"],
        "waits": text.waits(row),
        "waits since": (row.get("queue") or {}).get("since_utc"),
        "script": " ".join(map(str, [text.script(row), *(row.get("arguments") or [])])),
        "submitted": row.get("created_utc"),
        "by": row.get("submitted_by"),
        "started": row.get("start_time_utc"),
        "ended": row.get("end_time_utc"),
        "took": text.duration(text.took(row, now)),
        "process": process.get("pid"),
        "supervisor": process.get("supervisor_pid"),
        "python": _python(row.get("interpreter")),
        "exit code": outcome.get("exit_code"),
        "signal": outcome.get("signal"),
        "cause": outcome.get("cause"),
        "attempts": "\n".join(_attempt(one) for one in row.get("attempts") or []),
        "tags": text.tags(row),
        "properties": text.tags({"tags": row.get("properties")}),
        "linked": "\n".join(_linked(one) for one in row.get("linked") or []),
        "changed originals": "\n".join(row.get("changed_originals") or []),
        "error": error.get("message"),
        "warnings": "\n".join(row.get("warnings") or []),
        "folder": row.get("directory"),
    }


def _python(interpreter: dict[str, Any] | None) -> str:
    """What a script ran with, in words."""
    if not interpreter:
        return ""
    count = len(interpreter.get("packages") or ())
    return f"{interpreter.get('version')}, {count} packages ({interpreter.get('python')})"


def _linked(row: dict[str, Any]) -> str:
    """A link to an original that was too much to copy, in words."""
    size = row.get("bytes")
    shown = "" if size is None else f" ({sizes.shown(size)})"
    return f"{row['path']} -> {row['original']}{shown}"


def _attempt(row: dict[str, Any]) -> str:
    """One start of a script, in words."""
    if "start_time_utc" not in row:
        return f"{row['attempt']}: waits"
    if "end_time_utc" not in row:
        return f"{row['attempt']}: started {row['start_time_utc']}"
    code = None if row.get("exit_code") is None else f"exit code {row['exit_code']}"
    return f"{row['attempt']}: {row.get('signal') or code or row.get('cause')}"
