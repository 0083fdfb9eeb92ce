"""`homerun top`, and `homerun run watch`, which is the same: the runs on the whole terminal."""

from __future__ import annotations

import gc
import sys
import threading

from homerun.base.errors import HomerunError, UserError
from homerun.base.installed import line_that_installs
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.interrupts import Interrupted
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import console
from homerun.cli.top.picture import Picture
from homerun.project import goals
from homerun.views.live.watchlist import Scope, Watchlist

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.top.deeds import Deeds

_NO_TERMINAL = "{} needs a terminal; homerun run list shows the runs once"
_NO_TEXTUAL = "homerun top needs textual, which is not installed: {}"
_PATIENCE_S = 0.5
"""So long the runs are waited for; if they take longer, Textual is loaded meanwhile."""


def _selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which runs are shown."""
    one_run = option(
        "-r",
        "--run",
        "run_id",
        metavar="RUN",
        complete=shared.run_ids,
        help="Only this run and all below it.",
    )
    for add in (
        *(shared.where(), shared.tags(), shared.statuses()),
        *(shared.of_experiment("Runs of this experiment."), one_run),
        argument("run_word", metavar="[RUN]", complete=shared.run_ids),
    ):
        function = add(function)
    return function


@command("top")
@_selection
def top(call: Call, **chosen: Any) -> int:
    """Show runs on the whole terminal, live: first those that run, then those that ended last.

    With a run: only it and all below it. Below the table stand the selected run's metrics, log and
    children. Keys: s stops, r submits again, t tags, / filters, o orders, ? helps, q quits.
    Quitting ends no run.

    \b
    Example:
      homerun top
      homerun top -e digits --status Running
    """
    return _watch(call, "top", **chosen)


@command("watch")
@_selection
def watch(call: Call, **chosen: Any) -> int:
    """Show runs on the whole terminal, as they are now: the same as `homerun top`.

    \b
    Example:
      homerun run watch
      homerun run watch -e digits --status Running
    """
    return _watch(call, "run watch", **chosen)


def _watch(
    call: Call,
    name: str,
    statuses: tuple[str, ...],
    tags: list[tuple[str, str | None]],
    where: tuple[str, ...],
) -> int:
    """Show the runs until the user quits; the metric that is looked at is the project's goal."""
    if call.run_id is not None and (statuses or tags or where):
        raise UsageError("name a run, or select runs by options; not both")
    if not all(map(console.is_terminal, (sys.stdin, sys.stdout, sys.stderr))):
        raise UserError(_NO_TERMINAL.format(name))

    project = call.project()
    goal = goals.of_project(project)
    workspace = call.workspace()
    record = None if call.run_id is None else call.run()._record
    wanted = [key if value is None else (key, value) for key, value in tags]
    scope = Scope(record, None if record else call.experiment, statuses, wanted, where)
    metric = goal and goal.metric
    is_read = threading.Event()
    with (
        Picture(console.may_colour()) as picture,
        Watchlist(workspace.store, scope, is_read.set, goal) as watched,
    ):
        if is_read.wait(_PATIENCE_S) and watched.rows is not None:
            picture.show(watched, metric)
        gc.disable()  # the objects of Textual's modules are no garbage; see `Top.on_noticed`
        try:
            from homerun.cli.top.app import Top
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] in ("homerun", "runstore"):
                raise
            raise HomerunError(_NO_TEXTUAL.format(line_that_installs("textual"))) from error

        def deeds() -> Deeds:
            from homerun.cli.top.deeds import Deeds  # loads what a submit needs

            return Deeds(workspace, watched.board)

        def minimizes(metric: str) -> bool:
            try:
                return not goals.of_metric(metric, project).is_most
            except UserError:  # nothing tells
                return False

        shown = Top(deeds, watched, metric, minimizes, console.may_colour(), picture)
        shown.run()
    if shown.interrupted is not None:
        raise Interrupted(shown.interrupted)
    return 0
