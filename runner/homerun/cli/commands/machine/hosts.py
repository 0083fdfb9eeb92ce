"""`homerun forget-host`: end the record of what a host that is gone will never answer for."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.commands.run.cancel import told
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.output.prompts import check_asks, is_sure
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_RISK = "nothing is stopped: a script that still runs there may write to its run's folder"


@command("forget-host")
@argument("host", required=True)
@option("--reason", metavar="TEXT", help="Why: what is shown as the error of its runs.")
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
def forget_host(call: Call, host: str, reason: str | None, yes: bool) -> Result:
    """Declare failed the NotResponding runs of a host, because it is gone for good.

    Nothing is stopped: a script that still runs there may write to its run's folder. Exits 1 if
    one of them is answered for here.

    \b
    Example:
      homerun forget-host node17
    """
    check_asks(yes)
    workspace = call.workspace()
    found = workspace.runs_of_host(host)
    if not found:
        none = f"no run of {host} is NotResponding; `homerun ls --status NotResponding` lists them"
        return Result([], lambda: [render.Note(none)])
    question = f"{_RISK}; declare {text.plural(len(found))} of {host} failed?"
    if not is_sure(question, yes, found):
        return Result([], lambda: [render.Note("nothing was declared failed")], 1)
    said = reason or f"its host {host} is gone for good"
    return told(workspace.abandon_runs(found, failed=True, error_details=said))
