"""`homerun run watch`: the runs on the whole terminal, as they are now."""

from __future__ import annotations

import sys

from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import console
from homerun.cli.watch.controller import Watcher
from homerun.cli.watch.fullscreen import FullScreen
from homerun.views.watchlist import Scope, Watchlist

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_NO_TERMINAL = "run watch needs a terminal; homerun run list shows the runs once"


@command("watch")
@argument("run_word", metavar="[RUN]", complete=shared.run_ids)
@option(
    "-r",
    "--run",
    "run_id",
    metavar="RUN",
    complete=shared.run_ids,
    help="Only this run and all below it.",
)
@shared.of_experiment("Runs of this experiment.")
@shared.statuses()
@shared.tags()
@shared.where()
def watch(
    call: Call,
    statuses: tuple[str, ...],
    tags: list[tuple[str, str | None]],
    where: tuple[str, ...],
) -> int:
    """Watch runs on the whole terminal: the live ones, then the newest others.

    With a run: only it and all below it. Keys: up and down select, l follows the log, c
    cancels, t sets a tag, o shows the folder, / filters, ? helps, q quits. Quitting ends no run.

    \b
    Example:
      homerun run watch
      homerun run watch -e digits --status Running
    """
    if call.run_id is not None and (statuses or tags or where):
        raise UsageError("name a run, or select runs by options; not both")
    if not console.is_terminal(sys.stdin) or not console.is_terminal(sys.stdout):
        raise UserError(_NO_TERMINAL)

    workspace = call.workspace()
    record = None if call.run_id is None else call.run()._record
    wanted = [key if value is None else (key, value) for key, value in tags]
    scope = Scope(record, None if record else call.experiment, statuses, wanted, where)
    console.colours_as(console.may_colour())
    with FullScreen() as screen, Watchlist(workspace.store, scope, screen.wake) as watched:
        Watcher(workspace, watched, screen).run()
    return 0
