"""`homerun doctor`: check what works on this machine."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.output import render
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_STATE = len("missing")


@command("doctor")
def doctor(call: Call) -> Result:
    """Check what works on this machine and in this store, and say what to do about the rest.

    It changes nothing. Exits 1 only if something that homerun needs is broken.

    \b
    Example:
      homerun doctor
    """
    rows = [one.row() for one in call.workspace(wakes=False).examine()]
    broken = [row for row in rows if row["state"] == "broken"]
    return Result(rows, lambda: _lines(rows), 1 if broken else 0)


def _lines(rows: list[dict[str, str | None]]) -> list[render.Part]:
    """A line for each finding; below one that is not ok, what to do."""
    wide = max(len(str(row["name"])) for row in rows)
    parts: list[render.Part] = []
    area = None
    for row in rows:
        if row["area"] != area:
            area = row["area"]
            parts.append(str(area))
        parts.append(f"  {row['state']:<{_STATE}}  {row['name']:<{wide}}  {row['value']}")
        if row["advice"]:
            parts.append(f"  {'':{_STATE}}  {'':{wide}}  > {row['advice']}")
    for state, what in (("broken", "this is broken"), ("warn", "this needs a look")):
        names = [str(row["name"]) for row in rows if row["state"] == state]
        if names:
            parts.append(render.Note(f"{what}: {', '.join(names)}"))
    return parts
