"""`homerun run …`: the runs of a workspace."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared, times
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import console, progress, render
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
@shared.experiment("Of this one only.")
@option(
    "--last",
    kind=Number(least=1),
    metavar="N",
    help="At most so many; else 10, with a query all.",
)
@shared.statuses()
@shared.tags()
@option("--parent-run-id", metavar="RUN", help="The children of this run.")
@option("--children", is_flag=True, help="Also runs that have a parent.")
@option("--compute-target-name", "target", metavar="NAME", help="Of this target only.")
@option(
    "--since",
    check=times.since,
    metavar="TIME",
    help="Submitted since: 30m, 2h, 3d, a date, or a date and time.",
)
@shared.where()
@option("--sort", metavar="FIELD", help="By this field; -FIELD: the largest first.")
@option(
    "--skip",
    kind=Number(least=0),
    default=0,
    metavar="N",
    help="Leave out the first so many.",
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

    A JMESPath expression shapes the result, as --query does. Without --last it is asked of all
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
    from itertools import islice

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


@command("show")
@shared.run
def show(call: Call) -> Result:
    """Show everything about a run.

    \b
    Example:
      homerun run show digits_1
    """
    found = call.run()
    row, interpreter = found.describe(), found.get_interpreter()
    if interpreter:
        row["interpreter"] = interpreter
    return Result(row, lambda: [render.Card(_card(row))])


@command("monitor-logs")
@shared.run
def monitor_logs(call: Call) -> Result | int:
    """Show a run's output from its beginning, and follow it to the run's end.

    Exits 0 only if the run Completed. Ctrl-C ends the watching; the run goes on.

    \b
    Example:
      homerun run monitor-logs digits_1
    """
    from homerun.cli.commands.run import follow

    return follow.to_the_end(call.run(), call)


@command("download-logs")
@shared.run
@option("-d", "--output-dir", metavar="DIR", required=True, help="The folder, made if need be.")
def download_logs(call: Call, output_dir: str) -> Result:
    """Copy a run's log files into a folder, and print the paths of the copies.

    \b
    Example:
      homerun run download-logs digits_1 -d logs
    """
    found = call.run()
    made = found.get_all_logs(output_dir)
    return Result(made, lambda: made or [render.Note(f"run {found.id} has no logs")])


_NONE_LIKE_THAT = "no run is like that; homerun run list shows the newest of all"
_NONE_YET = "there are no runs yet; homerun run submit-script -e NAME SCRIPT makes one"


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
        lines = [[*line, _waits(row)] for line, row in zip(lines, rows)]
    return [render.Table(columns, lines, _EXPENDABLE)]


def _table(rows: list[dict[str, Any]], metrics: list[list[Any]]) -> list[list[object]]:
    from time import time

    now = time()
    return [
        [
            row["run_id"],
            row.get("run_number", console.NONE),
            row["status"],
            console.ago(row.get("start_time_utc"), now),
            console.duration(console.took(row, now)),
            _script(row),
            console.tags(row),
            *map(console.last, values),
        ]
        for row, values in zip(rows, metrics)
    ]


def _card(row: dict[str, Any]) -> dict[str, object]:
    from time import time

    now = time()
    process = row.get("process") or {}
    outcome = row.get("outcome") or {}
    error = (row.get("error") or {}).get("error") or {}
    return {
        "run": row["run_id"],
        "name": row.get("display_name"),
        "experiment": row.get("experiment_name"),
        "number": row.get("run_number"),
        "status": row["status"],
        "waits": _waits(row),
        "waits since": (row.get("queue") or {}).get("since_utc"),
        "script": " ".join(map(str, [_script(row), *(row.get("arguments") or [])])),
        "submitted": row.get("created_utc"),
        "by": row.get("submitted_by"),
        "started": row.get("start_time_utc"),
        "ended": row.get("end_time_utc"),
        "took": console.duration(console.took(row, now)),
        "process": process.get("pid"),
        "supervisor": process.get("supervisor_pid"),
        "python": _python(row.get("interpreter")),
        "exit code": outcome.get("exit_code"),
        "signal": outcome.get("signal"),
        "cause": outcome.get("cause"),
        "attempts": "\n".join(_attempt(one) for one in row.get("attempts") or []),
        "tags": console.tags(row),
        "properties": console.tags({"tags": row.get("properties")}),
        "error": error.get("message"),
        "warnings": "\n".join(row.get("warnings") or []),
        "folder": row.get("directory"),
    }


def _python(interpreter: dict[str, Any] | None) -> str:
    """What a script ran with, in words."""
    if not interpreter:
        return ""
    count = len(interpreter.get("packages") or ())
    return f"{interpreter.get('version')}, {count} packages ({interpreter.get('python')})"


def _waits(row: dict[str, Any]) -> str:
    """Where a run waits, and why."""
    place = row.get("queue")
    return f"#{place['position']}: {place['reason']}" if place else console.NONE


def _attempt(row: dict[str, Any]) -> str:
    """One start of a script, in words."""
    if "start_time_utc" not in row:
        return f"{row['attempt']}: waits"
    if "end_time_utc" not in row:
        return f"{row['attempt']}: started {row['start_time_utc']}"
    code = None if row.get("exit_code") is None else f"exit code {row['exit_code']}"
    return f"{row['attempt']}: {row.get('signal') or code or row.get('cause')}"


def _script(row: dict[str, Any]) -> str:
    return str(row.get("script_name") or "-")
