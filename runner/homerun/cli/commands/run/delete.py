"""`homerun run delete`."""

from __future__ import annotations

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.options.params import option
from homerun.cli.output import render, text
from homerun.cli.output.progress import Progress
from homerun.cli.output.prompts import check_asks, is_sure
from homerun.cli.result import Result
from homerun.cli.selection import Choice, of_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_NAMED = 3
"""More runs are not named in the line that says how they come back."""

_NONE = "no run matches; nothing was deleted"


@command("delete")
@of_runs
@option("--purge", is_flag=True, help="Remove them for good, bypassing the trash.")
def delete(call: Call, purge: bool, yes: bool, **given: Any) -> Result:
    """Move runs to the store's trash, with all below them.

    A condition (--status, --tags, --where) takes only the runs that match, also those below others.
    A run above one that does not match stays.

    The runs must be over. `homerun restore` restores one; `homerun store gc` removes what has
    been in the trash for 30 days. A run's number is never used again.

    \b
    Example:
      homerun run delete digits_1
      homerun run delete -e digits --status Failed --yes
    """
    choice = Choice(call, **given)
    check_asks(yes)
    chosen = choice.runs(children=choice.is_by_condition)
    keeping = call.workspace().keeping
    stay: list[render.Part] = []
    if choice.is_by_condition:
        chosen, holding = keeping.fitting(chosen)
        stay = [render.Note(_told_of(one.id)) for one in holding]
    if not chosen:
        return Result({"run_ids": [], "freed_bytes": 0}, lambda: [*stay, render.Note(_NONE)])
    if not yes:
        wanted = keeping.to_delete(chosen)
        if not is_sure(_question(wanted, purge), yes, chosen):
            return Result({"run_ids": [], "freed_bytes": 0}, _nothing, 1)

    # Now: what is gone has no name any more.
    names = [call.name_of(run._record) for run in chosen[: _NAMED + 1]]
    with Progress("deleting runs", len(chosen)) as progress:
        done = keeping.delete(chosen, purge=purge, tell=progress)
    return Result(done, lambda: [*stay, render.Note(_told(done, purge, names))])


def _question(wanted: dict[str, Any], purge: bool) -> str:
    below = len(wanted["below"])
    those = f", {below} of them below others" if below else ""
    statuses = ", ".join(f"{count:,} {one}" for one, count in wanted["by_status"].items())
    how = "remove for good" if purge else "move to the trash"
    runs = f"{text.plural(len(wanted['run_ids']))} ({statuses})"
    return f"{how}: {runs}{those}, {sizes.shown(wanted['size_bytes'])}?"


def _told_of(run_id: str) -> str:
    return f"{run_id} stays: runs below it do not match; homerun run delete {run_id} takes all"


def _nothing() -> list[render.Part]:
    return [render.Note("nothing was deleted")]


def _told(done: dict[str, Any], purge: bool, names: list[str]) -> str:
    runs = text.plural(len(done["run_ids"]))
    if purge:
        return f"removed {runs} for good: {sizes.shown(done['freed_bytes'])} freed"
    back = "RUN takes one back"
    if len(names) <= _NAMED:
        them = "it" if len(done["run_ids"]) == 1 else "them"
        back = f"{' '.join(names)} takes {them} back"
    return f"moved {runs} to the trash; homerun restore {back}"
