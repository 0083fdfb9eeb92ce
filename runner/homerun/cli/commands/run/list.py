"""`homerun run list`: the runs of a workspace."""

from __future__ import annotations

import time
from itertools import islice

from homerun.cli.command import command
from homerun.cli.options import shared, times
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import progress, render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run

_COLUMNS = ["run", "#", "status", "started", "took", "script", "tags"]
_EXPENDABLE = ("tags", "script", "took", "#", "started")
_WAITS = "waits"
_LAST = 10
_MINIMAL = {
    "RunId": "run_id",
    "RunType": "run_type",
    "Status": "status",
    "StartTime": "start_time_utc",
    "EndTime": "end_time_utc",
    "Target": "target",
    "Tags": "tags",
}


@command("list")
@shared.of_experiment("Only runs of this experiment.")
@option(
    "--last",
    kind=Number(least=1),
    metavar="N",
    help="At most N runs (default: 10; all with a query).",
)
@shared.statuses()
@shared.tags()
@option("--parent-run-id", metavar="RUN", help="Only children of this run.")
@option("--children", is_flag=True, help="Include child runs.")
@option("--compute-target-name", "target", metavar="NAME", help="Only runs of this target.")
@option(
    "--since",
    check=times.since_utc,
    metavar="TIME",
    help="Submitted since: 30m, 2h, 3d, a date, or a date and time.",
)
@shared.where()
@option("--sort", metavar="FIELD", help="Sort by this field; -FIELD: the largest first.")
@option(
    "--skip",
    kind=Number(least=0),
    default=0,
    metavar="N",
    help="Skip the first N runs.",
)
@option("--minimal", is_flag=True, help="Only ids, types, status, times, targets and tags.")
@argument("expressions", metavar="[JMESPATH]", many=True)
def list_runs(
    call: Call,
    last: int | None,
    statuses: tuple[str, ...],
    tags: list[tuple[str, str | None]],
    parent_run_id: str | None,
    children: bool,
    target: str | None,
    since: str | None,
    where: tuple[str, ...],
    sort: str | None,
    skip: int,
    minimal: bool,
    expressions: tuple[str, ...],
) -> Result:
    """List runs, the newest first; children only under --parent-run-id or --children.

    A JMESPath expression shapes the result, as --query does. Without --last it applies to all
    runs.

    \b
    A condition is FIELD, or FIELD and one of = != < <= > >= ~ (contains) and a value:
      metrics.loss < 0.1     the last value; also metrics.loss.min, .max, .count
      tags.fruit = apple     also properties.KEY
      created > 2026-11-01   also started, ended, status, type, number, script,
                             name, description, user, parent, experiment, id
      text ~ word            anywhere in these, in tags and properties

    \b
    Example:
      homerun run list -e digits --last 3 --status Completed
      homerun run list --where 'metrics.loss < 0.1' --sort metrics.loss
      homerun run list "[?tags.quality=='great run'].run_id"
    """
    from homerun.views import listing

    call.take_query(expressions)
    workspace = call.workspace()
    call.check_experiment(workspace)
    conditions = list(where)
    if parent_run_id is not None:
        conditions.append(f"parent = {call.find(parent_run_id).id}")
    if target is not None:
        conditions.append(f"target = {target}")
    if since is not None:
        conditions.append(f"created >= {since}")
    found = workspace.get_runs(
        call.experiment,
        tags=[key if value is None else (key, value) for key, value in tags],
        status=statuses[0] if len(statuses) == 1 else None,
        include_children=children,
        where=conditions,
        sort=sort,
    )
    kept = (
        (run, row)
        for run, row in _described(progress.counted(found, "looking at runs"))
        if len(statuses) < 2 or row["status"] in statuses
    )
    if last is None:
        last = None if call.query else _LAST
    shown = [*islice(kept, skip, None if last is None else skip + last)]
    rows = [row for _, row in shown]
    if minimal:
        lean = [{name: row.get(key) for name, key in _MINIMAL.items()} for row in rows]
        return Result(lean, None if lean else lambda: [render.Note(_NONE_LIKE_THAT)])
    is_narrowed = bool(conditions or tags or statuses or skip)
    return Result(rows, lambda: _list(shown, listing.metrics_of(where, sort), is_narrowed))


_NONE_LIKE_THAT = "no run matches; homerun run list shows the newest runs"
_NONE_YET = "there are no runs; homerun run submit-script -e NAME SCRIPT starts one"


def _described(found: Iterable[Run]) -> Iterator[tuple[Run, dict[str, Any]]]:
    return ((run, run.describe()) for run in found)


def _list(
    shown: list[tuple[Run, dict[str, Any]]], metrics: list[str], is_narrowed: bool
) -> list[render.Part]:
    if not shown:
        return [render.Note(_NONE_LIKE_THAT if is_narrowed else _NONE_YET)]
    rows = [row for _, row in shown]
    values = [
        [run.get_metrics(name, populate=True).get(name) for name in metrics] for run, _ in shown
    ]
    columns = [*_COLUMNS, *metrics]
    lines = _table(rows, values)
    if any("queue" in row for row in rows):
        columns.append(_WAITS)
        lines = [[*line, text.waits(row)] for line, row in zip(lines, rows)]
    return [render.Table(columns, lines, _EXPENDABLE)]


def _table(rows: list[dict[str, Any]], metrics: list[list[Any]]) -> list[list[object]]:
    now = time.time()
    return [
        [
            row["run_id"],
            row.get("run_number", text.NONE),
            row["status"],
            text.ago(row.get("start_time_utc"), now),
            text.duration(text.took(row, now)),
            text.script(row),
            text.tags(row),
            *map(text.last_value, values),
        ]
        for row, values in zip(rows, metrics)
    ]
