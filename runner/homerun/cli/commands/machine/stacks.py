"""`homerun run stacks`: where the processes of a run are just now."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.result import Result
from homerun.metrics.usage.stacks import stacks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.output import render


@command("stacks")
@shared.one_run
def stacks(call: Call) -> Result:
    """Print the Python stacks of all processes of a run that goes on (default: the newest run).

    It is for a run that hangs. py-spy tells them if it is installed; else the processes do so
    themselves, and go on. What is not a Python is named, with where it waits in the kernel.

    \b
    Example:
      homerun run stacks digits_1
    """
    found = stacks_of(call.record(call.run_id or "@last"))
    return Result(found, lambda: _lines(found))


def _lines(found: list[dict[str, Any]]) -> list[render.Part]:
    parts: list[render.Part] = []
    for row in found:
        script = ", the script" if row["is_script"] else ""
        parts.append(f"{row['pid']}{script}: {row['command']}")
        told = row.get("stacks") or row["why"]
        parts += [f"  {line}" for line in told.splitlines()]
    return parts
