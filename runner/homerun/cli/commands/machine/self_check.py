"""`homerun self-check`: whether this install works."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.output import render
from homerun.cli.result import Result
from homerun.project import self_check as checks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from homerun.cli.invocation import Call

_COLUMNS = ("check", "state", "value")


@command("self-check")
def self_check(call: Call) -> Result:
    """Check that this install works: run, cancel and read back scripts in a temporary folder.

    Nothing of it is left. Exits 1 if a check fails; homerun doctor then looks at the machine.

    \b
    Example:
      homerun self-check
    """
    rows = [dict(zip(_COLUMNS, one)) for one in checks.outcomes_of_checks()]
    broken = [row for row in rows if row["state"] == checks.BROKEN]

    def shown() -> Iterator[render.Part]:
        yield render.Table(_COLUMNS, [[*row.values()] for row in rows])
        if broken:
            yield render.Note("homerun doctor says what this machine lacks")

    return Result(rows, shown, 1 if broken else 0)
