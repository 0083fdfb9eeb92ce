"""`homerun store …`: the folder that holds the records."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options.params import option
from homerun.cli.output import render
from homerun.cli.output.progress import Waiting
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_REPAIR = "homerun store check --repair moves damaged files aside; nothing is lost"


@command("check")
@option("--repair", is_flag=True, help="Move what is damaged aside, remove leftovers.")
def check(call: Call, repair: bool) -> Result:
    """Name every damaged file of the store; exits 1 while there are any.

    \b
    Example:
      homerun store check --repair
    """
    here = call.workspace()
    with Waiting("reading every record"):
        found = here.check(repair=repair)
    rows = [{"path": one.path, "problem": one.problem, "repaired": one.repaired} for one in found]
    left = sum(not one.repaired for one in found)

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note(f"{here.directory}: nothing is damaged")]
        lines: list[render.Part] = [_line(row) for row in rows]
        return [*lines, render.Note(_REPAIR)] if left and not repair else lines

    return Result(rows, shown, 1 if left else 0)


@command("reindex")
def reindex(call: Call) -> Result:
    """Find at once what was copied in, removed or edited by hand.

    Otherwise that is found within a minute. The index is a cache: nothing is lost without it.

    \b
    Example:
      homerun store reindex
    """
    here = call.workspace()
    with Waiting("reading every run"):
        count = here.reindex()
    told = {"directory": here.directory, "runs": count}
    return Result(told, lambda: [f"{here.directory}: {count} runs"])


def _line(row: dict[str, object]) -> str:
    """A finding as compilers print theirs."""
    done = " (repaired)" if row["repaired"] else ""
    return f"{row['path']}: {row['problem']}{done}"
