"""`homerun run list`: the runs of a workspace."""

from __future__ import annotations

import time
from itertools import islice

from homerun.base import sizes
from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared, times
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import progress, render, text
from homerun.cli.result import Result
from homerun.views import rows as listed
from runstore.errors import InvalidQuery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.project.file import ProjectFile
    from homerun.views.rows import RowColumn
    from runstore.run.record import Record
    from runstore.store import Store

_COLUMNS = ["#", "name", "status"]
_LATER = ["took", "started", "script", "tags"]
_EXPENDABLE = ("tags", "script", "parent", "started", "took")
_EXPERIMENT, _WAITS, _BELOW, _PARENT = "experiment", "waits", "runs below", "parent"
_MOST_PARAMS = 6
"""More that differ are left out: `--columns` shows any."""

_ROOM = "a wider terminal shows more, --columns chooses them"
_METRICS = "metrics"
_CHUNK = 256
_LAST = 10
_OWN = (
    *("id", "number", "name", "status", "script", "created", "started", "duration_s"),
    *("experiment", "parent", "text", "tags", "properties"),
)
"""The areas of fields that the usual table shows anyway, or that the user knows."""

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
    *("-n", "--last", "last"),
    kind=Number(least=1),
    metavar="N",
    help="At most N runs (default: 10; all with a query).",
)
@shared.statuses()
@shared.tags()
@option(
    "--parent-run-id",
    metavar="RUN",
    complete=shared.run_ids,
    help="Only children of this run.",
)
@option("--children", is_flag=True, help="Include child runs, as a condition or --sort does.")
@option(
    *("--compute-target-name", "target"),
    metavar="NAME",
    complete=shared.targets_offered,
    help="Only runs of this target.",
)
@option(
    "--since",
    check=times.since_utc,
    metavar="TIME",
    help="Submitted since: 30m, 2h, 3d, a date, or a date and time.",
)
@shared.where()
@option(
    "--sort",
    metavar="FIELD",
    complete=shared.fields_offered,
    help="Sort by this field; -FIELD: the largest first.",
)
@option(
    "--columns",
    many=True,
    metavar="FIELDS",
    complete=shared.fields_offered,
    help="Show these fields, e.g. number,status,params.lr,metrics.loss,error.",
)
@option(
    "--skip",
    kind=Number(least=0),
    default=0,
    metavar="N",
    help="Skip the first N runs.",
)
@option(
    "--minimal",
    is_flag=True,
    help="Only ids, types, status, times, targets and tags, under az ml's names.",
)
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
    columns: tuple[str, ...],
    skip: int,
    minimal: bool,
    expressions: tuple[str, ...],
) -> Result:
    """List runs, the newest first, a batch as one row.

    With a condition (--where, --status, --tags) or --sort the runs below others are listed too;
    without, only with --parent-run-id or --children. A JMESPath expression shapes the result, as
    --query does. Without --last it applies to all runs.

    \b
    A condition is FIELD, or FIELD and one of = != < <= > >= ~ (contains) and a value:
      metrics.loss < 0.1     the last value; also metrics.loss.min, .max, .mean, .count
      params.lr in (0.1, 1)  also params.fast = true
      tags.fruit = apple     also properties.KEY
      created > 2h           newer than two hours ago; also 2026-11-01, started, ended
      duration > 1h30m       also cpu
      memory > 10GB          also read, written, gpu_memory; now, or at most
      cpu_percent > 50%      also gpu_percent; gpus > 0, joules > 1000
      status = failed        also number, script, name, description, user, parent,
                             type, experiment, id, error ~ word
      text ~ word            anywhere in these, in tags, params and properties
    Join several with `and` and `or`; put odd names in quotes.

    \b
    Example:
      homerun run list -e digits --last 3 --status Completed
      homerun run list --where 'metrics.loss < 0.1' --sort metrics.loss
      homerun run list --where 'status = failed and created > 1d' --columns number,error
      homerun run list "[?tags.quality=='great run'].run_id"
    """
    from homerun.project import goals
    from homerun.views import listing

    _check_no_name(expressions)
    call.take_query(expressions)
    project = call.project()
    goal = goals.of_project(project)
    chosen = _chosen(columns, project)
    workspace = call.workspace()
    call.check_experiment(workspace)
    conditions = list(where)
    is_looked_through = bool(conditions or tags or statuses or sort)
    if parent_run_id is not None:
        conditions.append(f"parent = '{call.find(parent_run_id).id}'")
    if target is not None:
        conditions.append(f"target = '{target}'")
    if since is not None:
        conditions.append(f"created >= {since}")
    if statuses:
        conditions.append(f"status in ({','.join(statuses)})")
    wanted = listing.conditions(
        tags=[key if value is None else (key, value) for key, value in tags], where=conditions
    )
    children = children or is_looked_through
    store = workspace.store
    found = listing.runs(store, call.experiment, wanted, children, sort)
    if last is None:
        last = None if call.query else _LAST
    end = None if last is None else skip + last
    picked = islice(progress.counted(found, "looking at runs"), skip, end)
    rows = [row for part in _chunks(picked) for row in listing.describe_all(part, goal)]
    named = listing.keyed_fields(where, sort, columns)
    elsewhere = listing.check_keys(store, call.experiment, named, rows)
    is_narrowed = bool(conditions or tags or skip)
    nothing = [render.Note(elsewhere or (_NONE_LIKE_THAT if is_narrowed else _NONE_YET))]
    if minimal:
        lean = [{name: row.get(key) for name, key in _MINIMAL.items()} for row in rows]
        return Result(lean, None if lean else lambda: nothing)
    if not rows:
        return Result(rows, lambda: nothing)

    def table() -> list[render.Part]:
        total = None
        if last is not None and (len(rows) == last or skip):
            total = listing.count(store, call.experiment, wanted, children)
        named = listing.named_columns(where, sort, [goal.metric] if goal else [])
        differing = listed.differing(rows)[:_MOST_PARAMS]
        parents = {} if parent_run_id is not None else _numbers_of_parents(store, rows)
        made = _of_columns(rows, chosen) if chosen else _table(rows, differing, named, parents)
        is_folded = not children and parent_run_id is None and any("children" in r for r in rows)
        notes = [render.Note(elsewhere)] if elsewhere else []
        return [made, *_rest(len(rows), total, skip, is_folded), *notes]

    return Result(rows, table)


_NONE_LIKE_THAT = "no run matches; homerun ls shows the newest runs"
_NONE_YET = "there are no runs; homerun run SCRIPT starts one"


def _chosen(columns: tuple[str, ...], project: ProjectFile) -> list[RowColumn]:
    """The columns that the command line asks for, else the project's file.

    Raises:
        UsageError, UserError: one of them is not a field.
    """
    from homerun.views import rows as listed

    try:
        return listed.columns_of(columns or project.said.get("columns", ()))
    except InvalidQuery as error:
        if columns:
            raise UsageError(f"--columns: {error.message}") from error
        raise UserError(f"{project.path}: columns: {error.message}") from error


def _check_no_name(expressions: tuple[str, ...]) -> None:
    """Check that a query is not a single word: of a list that is nothing, so a name was meant.

    Raises:
        UsageError: it is one.
    """
    word = expressions[0] if expressions else ""
    if word.replace("-", "").replace("_", "").isalnum():
        raise UsageError(
            f"{word!r} would be a query: the runs of an experiment are homerun ls -e {word}, "
            f"and one run is homerun show {word}"
        )


def _chunks(found: Iterator[Record]) -> Iterator[list[Record]]:
    while part := list(islice(found, _CHUNK)):
        yield part


def _rest(shown: int, total: int | None, skip: int, is_folded: bool) -> list[render.Part]:
    """How many there are in all, and how to see more; nothing where these are all."""
    told = []
    if total is not None and total > shown:
        first = f"{skip + 1} to {skip + shown}" if skip else f"{shown}"
        told.append(f"{first} of {total:,} runs")
        told += [] if skip else [f"--last {total} shows all"]
    if is_folded:
        told.append("--children lists the runs below, too")
    return [render.Note("; ".join(told))] if told else []


def _of_columns(rows: list[dict[str, Any]], chosen: list[RowColumn]) -> render.Table:
    """The chosen columns; without what names a run among them, its number stands before them."""
    now = time.time()
    titles = [one.name for one in chosen]
    lines = [[_cell(row, one, now) for one in chosen] for row in rows]
    if not {"id", "number"} & set(titles):
        titles.insert(0, _COLUMNS[0])
        lines = [[_number(row), *line] for row, line in zip(rows, lines)]
    if not {"id", _EXPERIMENT} & set(titles):
        titles, lines = _with_experiment(titles, lines, rows)
    return render.Table(titles, lines)


def _number(row: dict[str, Any]) -> str:
    return str(row.get("run_number", text.NONE))


def _with_experiment(
    titles: list[str], lines: list[list[str]], rows: list[dict[str, Any]]
) -> tuple[list[str], list[list[str]]]:
    """The same with a column for the experiment, if there are several."""
    if len({row.get("experiment_name") for row in rows}) < 2:
        return titles, lines
    names = [row.get("experiment_name", text.NONE) for row in rows]
    return [*titles, _EXPERIMENT], [[*line, name] for line, name in zip(lines, names)]


def _cell(row: dict[str, Any], column: RowColumn, now: float) -> str:
    """A field of a run for people."""
    value = column.value(row)
    if value is None and column.place[0] == _METRICS:
        return _last_value(row, column.place[1])
    if value is None:
        return text.NONE
    if column.is_time:
        return text.ago(value, now)
    if column.is_duration:
        return text.duration(value)
    if column.is_percent:
        return f"{value:.0f}%"
    return sizes.shown(value * 1024) if column.is_size else text.short_number(value)


def _last_value(row: dict[str, Any], name: str) -> str:
    """The last value of a metric that has no numbers, such as a text or an image."""
    from homerun.metrics import results

    found = results.metrics_of_run(row["directory"], row["run_id"], name, populate=True)
    return text.last_value(found.get(name))


def _numbers_of_parents(store: Store, rows: list[dict[str, Any]]) -> dict[str, str]:
    """How the parents of runs are named, by their ids."""
    found = {}
    for run_id in {row["parent_run_id"] for row in rows if "parent_run_id" in row}:
        parent = store.get(run_id)
        number = None if parent is None else parent.run.get("number")
        found[run_id] = f"#{number}" if number else run_id
    return found


def _table(
    rows: list[dict[str, Any]],
    differing: list[RowColumn],
    named: list[RowColumn],
    parents: dict[str, str],
) -> render.Table:
    """The usual table: with what differs among the parameters, and the fields that were named."""
    now = time.time()
    both = [*differing, *named]
    shown = list({one.place: one for one in both if one.place[0] not in _OWN}.values())
    usual = (*_COLUMNS, *_LATER, _EXPERIMENT, _BELOW, _WAITS, _PARENT)
    titles = listed.titles(shown, usual)
    columns = [*_COLUMNS, *titles, *_LATER]
    lines = [
        [
            _number(row),
            row.get("display_name") or row["run_id"],
            row["status"],
            *(_cell(row, one, now) for one in shown),
            text.duration(text.took(row, now)),
            text.ago(row.get("start_time_utc"), now),
            text.script(row),
            text.tags(row),
        ]
        for row in rows
    ]
    columns, lines = _with_experiment(columns, lines, rows)
    if parents:
        columns.append(_PARENT)
        named_so = [parents.get(str(row.get("parent_run_id")), text.NONE) for row in rows]
        lines = [[*line, parent] for line, parent in zip(lines, named_so)]
    if any("children" in row for row in rows):
        columns.append(_BELOW)
        lines = [[*line, text.below(row)] for line, row in zip(lines, rows)]
    if any("queue" in row or "silent_s" in row for row in rows):
        columns.append(_WAITS)
        lines = [[*line, text.waits(row)] for line, row in zip(lines, rows)]
    asked = {one.place for one in named}
    fits = sorted(zip(titles, shown), key=lambda one: one[1].place not in asked)
    expendable = (*_EXPENDABLE, *(title for title, _ in fits[:0:-1]))
    return render.Table(columns, lines, expendable, named=tuple(titles), hint=_ROOM)
