"""`homerun run watch`: the runs on the whole terminal, as they are now."""

from __future__ import annotations

import sys

from homerun.cli import options, words
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.params import argument, option
from homerun.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.call import Call

_NO_TERMINAL = "run watch needs a terminal; homerun run list shows the runs once"


@command("watch")
@argument("run_word", metavar="[RUN]", complete=options.run_ids)
@option(
    "-r",
    "--run",
    "run_id",
    metavar="RUN",
    complete=options.run_ids,
    help="Only this run and all below it.",
)
@options.experiment("Runs of this experiment.")
@options.statuses()
@options.tags()
@options.where()
def watch(
    call: Call,
    statuses: tuple[str, ...],
    tags: list[tuple[str, str | None]],
    where: tuple[str, ...],
) -> int:
    """Watch runs on the whole terminal: those that go on, then the newest others.

    Of a run that is named: itself and all below it. Keys: up and down select, l follows the log, c
    cancels, t sets a tag, o shows the folder, / filters, ? helps, q quits. No run ends with it.

    \b
    Example:
      homerun run watch
      homerun run watch -e digits --status Running
    """
    if call.run_id is not None and (statuses or tags or where):
        raise UsageError("name a run, or say what runs are like; not both")
    if not words.is_terminal(sys.stdin) or not words.is_terminal(sys.stdout):
        raise UserError(_NO_TERMINAL)
    from homerun.cli.fullscreen import FullScreen
    from homerun.cli.watcher import Watcher
    from homerun.glance import Choice, Watch

    workspace = call.workspace()
    run = None if call.run_id is None else call.run()
    wanted = [key if value is None else (key, value) for key, value in tags]
    choice = Choice(run, None if run else call.experiment, statuses, wanted, where)
    words.colours_as(words.may_colour())
    with FullScreen() as screen, Watch(workspace, choice, screen.wake) as watched:
        Watcher(workspace, watched, screen).run()
    return 0
