"""`homerun run tree`: a run with all the runs below it."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.output import console, render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run

_MOST_LEVELS = 200
"""What is nested much deeper, Python writes no JSON of."""


@command("tree")
@shared.one_run
def tree(call: Call) -> Result:
    """Show a run with all the runs below it.

    In JSON: the run as `run show` prints it, with its children as a list under `children`.

    \b
    Example:
      homerun run tree digits_1
    """
    nested = _nested(call.run())
    return Result(nested, lambda: _branches(nested, ""))


def _nested(run: Run) -> dict[str, Any]:
    """A run and all below it, the oldest first; each once, even if records name it twice."""
    top = _row(run)
    waiting, seen = [(run, top, 1)], {run.id}
    while waiting:
        above, row, depth = waiting.pop()
        for child in list(above.get_children())[::-1]:
            if depth == _MOST_LEVELS:
                told = f"homerun run tree -r {above.id} shows what lies below that"
                console.inform(f"{_MOST_LEVELS} levels are shown; {told}")
                break
            if child.id not in seen:
                seen.add(child.id)
                row["children"].append(_row(child))
                waiting.append((child, row["children"][-1], depth + 1))
    return top


def _row(run: Run) -> dict[str, Any]:
    return {**run.describe(), "children": []}


def _branches(row: dict[str, Any], indent: str, last: bool | None = None) -> Iterator[render.Part]:
    """A run and all below it, each with the lines that lead to it."""
    what = [row.get("display_name"), row.get("script_name"), text.tags(row)]
    lead = indent + {None: "", True: "└─ ", False: "├─ "}[last]
    rest = "  ".join(str(part) for part in what if part)
    yield render.Branch(lead, row["run_id"], row["status"], rest)
    below = indent + {None: "", True: "   ", False: "│  "}[last]
    for at, child in enumerate(row["children"], 1):
        yield from _branches(child, below, at == len(row["children"]))
