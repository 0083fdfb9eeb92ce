"""`homerun run …`: the runs of a workspace."""

from __future__ import annotations

import click

from homerun.cli import options
from runstore.status import ALL, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COLUMNS = ["run", "#", "status", "started", "took", "script", "tags"]
_EXPENDABLE = ("tags", "script", "took", "#", "started")
_WAITS = "waits"


@click.command("list")
@click.option("-e", "--experiment-name", "experiment", metavar="NAME", help="Of this one only.")
@click.option(
    "--last", type=click.IntRange(min=1), default=10, show_default=True, help="At most so many."
)
@click.option("--status", type=click.Choice(ALL, case_sensitive=False), help="Of this status only.")
@click.option(
    "--tags",
    callback=options.pairs,
    multiple=True,
    metavar="KEY[=VALUE]",
    help="With this tag only; can be given several times.",
)
@click.option("--parent-run-id", metavar="ID", help="The children of this run.")
@click.option("--children", is_flag=True, help="Also runs that have a parent.")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Such as 'metrics.loss < 0.1'; can be given several times.",
)
@click.option("--sort", metavar="FIELD", help="By this field; -FIELD: the largest first.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Leave out the first so many.")
@options.common
def list_runs(
    experiment: str | None,
    last: int,
    status: str | None,
    tags: list[tuple[str, str | None]],
    parent_run_id: str | None,
    children: bool,
    where: tuple[str, ...],
    sort: str | None,
    skip: int,
    path: str | None,
    output: str | None,
) -> int:
    """List runs, the newest first; children only under --parent-run-id or --children.

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
    """
    from itertools import islice

    from homerun import filters
    from homerun.cli import render, words

    workspace = options.workspace(path)
    conditions = list(where)
    if parent_run_id is not None:
        conditions.append(f"parent = {workspace.get_run(parent_run_id).id}")
    found = workspace.get_runs(
        experiment,
        tags=[key if value is None else (key, value) for key, value in tags],
        status=status,
        include_children=children,
        where=conditions,
        sort=sort,
    )
    shown = list(islice(found, skip, skip + last))
    rows = [one.describe() for one in shown]
    if options.wants_json(output):
        render.json(rows)
    elif rows:
        metrics = filters.metrics_of(where, sort)
        values = [
            [one.get_metrics(name, populate=True).get(name) for name in metrics] for one in shown
        ]
        columns = [*_COLUMNS, *metrics]
        lines = _table(rows, values)
        if any("queue" in row for row in rows):
            columns.append(_WAITS)
            lines = [[*line, _waits(row)] for line, row in zip(lines, rows)]
        render.table(columns, lines, _EXPENDABLE)
    elif conditions or tags or status or skip:
        words.say("no run is like that; homerun run list shows the newest of all")
    else:
        words.say("there are no runs yet; homerun run submit-script -e NAME SCRIPT makes one")
    return 0


@click.command()
@options.run_id
@options.common
def show(run_id: str, path: str | None, output: str | None) -> int:
    """Show everything about a run.

    \b
    Example:
      homerun run show -r digits_1
    """
    from homerun.cli import render

    found = options.find(path, run_id)
    row, interpreter = found.describe(), found.get_interpreter()
    if interpreter:
        row["interpreter"] = interpreter
    if options.wants_json(output):
        render.json(row)
    else:
        render.card(_card(row))
    return 0


@click.command()
@options.run_id
@options.common
def cancel(run_id: str, path: str | None, output: str | None) -> int:
    """Cancel a run, with all of its processes, and print its final status.

    A run that is over already keeps its status.

    \b
    Example:
      homerun run cancel -r digits_1
    """
    from homerun.cli import render

    found = options.find(path, run_id)
    found.cancel()
    status = found.get_status()
    if options.wants_json(output):
        render.json({"run_id": found.id, "status": status, "directory": found.directory})
    else:
        click.echo(f"{found.id}: {status}")
    return 0 if status in TERMINAL else 1


@click.command("monitor-logs")
@options.run_id
@options.common
def monitor_logs(run_id: str, path: str | None, output: str | None) -> int:
    """Show a run's output from its beginning, and follow it to the run's end.

    Exits 0 only if the run Completed. Ctrl-C ends the watching; the run goes on.

    \b
    Example:
      homerun run monitor-logs -r digits_1
    """
    from homerun.cli import watching

    return watching.to_the_end(options.find(path, run_id), output)


@click.command("download-logs")
@options.run_id
@click.option(
    "-d", "--output-dir", metavar="DIR", required=True, help="The folder, made if need be."
)
@options.common
def download_logs(run_id: str, output_dir: str, path: str | None, output: str | None) -> int:
    """Copy a run's log files into a folder, and print the paths of the copies.

    \b
    Example:
      homerun run download-logs -r digits_1 -d logs
    """
    from homerun.cli import render, words

    found = options.find(path, run_id)
    made = found.get_all_logs(output_dir)
    if options.wants_json(output):
        render.json(made)
    elif made:
        click.echo("\n".join(map(words.plain, made)))
    else:
        words.say(f"run {found.id} has no logs")
    return 0


@click.command()
@options.run_id
@options.common
def metrics(run_id: str, path: str | None, output: str | None) -> int:
    """Show a run's metrics.

    In JSON: by name, a value that was logged once as itself, several as a list.

    \b
    Example:
      homerun run metrics -r digits_1
    """
    from homerun.cli import render, words

    found = options.find(path, run_id)
    is_json = options.wants_json(output)
    values = found.get_metrics(populate=not is_json)  # for people: a file's name, not its address
    if is_json:
        render.json(values)
    elif values:
        columns = ["name", "last", "min", "max", "count"]
        render.table(columns, [_statistics(name, value) for name, value in values.items()])
    else:
        words.say(f"run {found.id} has logged no metrics; a script logs them with run.log")
    return 0


def _table(rows: list[dict[str, Any]], metrics: list[list[Any]]) -> list[list[object]]:
    from time import time

    from homerun.cli import words

    now = time()
    return [
        [
            row["run_id"],
            row.get("run_number", words.NONE),
            row["status"],
            words.ago(row.get("start_time_utc"), now),
            words.duration(words.took(row, now)),
            _script(row),
            words.tags(row),
            *map(_last, values),
        ]
        for row, values in zip(rows, metrics)
    ]


def _card(row: dict[str, Any]) -> dict[str, object]:
    from time import time

    from homerun.cli import words

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
        "took": words.duration(words.took(row, now)),
        "process": process.get("pid"),
        "supervisor": process.get("supervisor_pid"),
        "python": _python(row.get("interpreter")),
        "exit code": outcome.get("exit_code"),
        "signal": outcome.get("signal"),
        "cause": outcome.get("cause"),
        "attempts": "\n".join(_attempt(one) for one in row.get("attempts") or []),
        "tags": words.tags(row),
        "properties": words.tags({"tags": row.get("properties")}),
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
    from homerun.cli import words

    place = row.get("queue")
    return f"#{place['position']}: {place['reason']}" if place else words.NONE


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


def _statistics(name: str, value: Any) -> list[object]:
    from homerun.cli import words

    if isinstance(value, dict):  # rows or a table: as many as its longest column
        rows = max((len(c) if isinstance(c, list) else 1 for c in value.values()), default=0)
        return [words.plain(name), _last(value), words.NONE, words.NONE, rows]
    values = value if isinstance(value, list) else [value]
    numbers = [one for one in values if isinstance(one, (int, float)) and one == one]
    least, most = (min(numbers), max(numbers)) if numbers else (None, None)
    return [words.plain(name), _last(value), words.number(least), words.number(most), len(values)]


def _last(value: Any) -> str:
    """The last value of a metric, short; an image is the name of its file."""
    from homerun.cli import words

    if isinstance(value, dict):
        return f"a table of {', '.join(map(words.plain, value))}"
    if isinstance(value, list):
        value = value[-1] if value else None
    return words.number(value)
