"""`homerun run report`: runs as one page to keep, or to send to others."""

from __future__ import annotations

from itertools import islice

from homerun.assets import saved_views
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import copy_file, render
from homerun.cli.result import Result
from homerun.metrics.curves import AXES, STEP
from homerun.project import goals
from homerun.project.report import page
from homerun.views import listing
from homerun.views.comparison import compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.cli.invocation import Call
    from runstore.run.record import Record

_FILE = "report.html"


@command("report")
@option(
    *("-m", "--metric", "names"),
    metavar="NAME",
    many=True,
    complete=shared.metrics_offered,
    help="A chart of this metric; can be given several times. Left out: the goal, and the others.",
)
@option(
    *("-x", "--axis"),
    metavar="AXIS",
    kind=OneOf(AXES),
    default=STEP,
    help="What runs from left to right: step, time, relative or index (default: step).",
)
@option("--view", metavar="NAME", help="The runs of this view, as it is saved in Studio.")
@option("--title", metavar="TEXT", help="The heading (default: the view's name, or the runs).")
@option(
    *("-f", "--file", "file"),
    metavar="FILE",
    default=_FILE,
    help=f"The page (default: {_FILE}); an existing one is not overwritten.",
)
@argument("words_of_runs", metavar="[RUN]...", many=True, complete=shared.run_ids)
def report(
    call: Call,
    words_of_runs: tuple[str, ...],
    names: tuple[str, ...],
    axis: str,
    view: str | None,
    title: str | None,
    file: str,
) -> Result:
    """Write runs, or those of a view, as one HTML page that needs nothing else.

    It has their table, curves, parameters, metrics, errors, code and environments, and can be read
    without homerun, without a network and without scripts. A batch stands for its runs.

    \b
    Example:
      homerun run report 17 18 -m loss -f report.html
      homerun run report --view "lr sweep" -f sweep.html
    """

    if bool(words_of_runs) == bool(view):
        raise UsageError("name the runs of the report, or a view with --view: one of both")
    if not file.lower().endswith((".html", ".htm")):
        raise UsageError(f"{file}: a report is written as .html")
    copy_file.check_path(file)
    workspace = call.workspace()
    about = [("Workspace", workspace.name)]
    if view:
        name, records, said = _of_view(call, view)
        about += [("View", name), *said]
    else:
        records = compare.members([call.record(word) for word in words_of_runs])
        name = ", ".join(run.id for run in records[:3]) + (", …" if len(records) > 3 else "")
    goal = goals.of_project(call.project())
    parts = page.whole_page(records, title or name, about, names, goal, axis)
    copy_file.write_whole(file, "".join(parts).encode("utf-8", "backslashreplace"))
    told = {"file": file, "runs": [record.id for record in records]}
    count = f"{len(records)} run{'' if len(records) == 1 else 's'}"
    note = render.Note(f"{file} is written: {count}")
    return Result(told, lambda: [note], plain=f"{file}\n")


def _of_view(call: Call, word: str) -> tuple[str, Sequence[Record], list[tuple[str, str]]]:
    """A view's name, the runs that it shows, and what it asks for."""

    store = call.workspace().store
    found = saved_views.find_view(store, word)
    query = found.query
    where = query.get("where", [])
    sort = next(iter(query.get("sort", ())), None)
    wanted = listing.conditions(where=where)
    runs = listing.runs(store, found.experiment or None, wanted, "children" in query, sort)
    records = list(islice(runs, page.MOST_RUNS + 1))
    if not records:
        raise UsageError(f"the view {found.name!r} shows no runs")
    if len(records) > page.MOST_RUNS:
        raise UsageError(
            f"the view {found.name!r} shows more than {page.MOST_RUNS} runs: narrow its filter"
        )
    asked = [("Experiment", found.experiment), ("Filter", " and ".join(where))]
    return found.name, records, [*asked, ("Order", sort or "the newest first")]
