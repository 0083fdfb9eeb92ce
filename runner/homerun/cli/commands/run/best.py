"""`homerun run best`: the runs that reached most, or least, of a metric."""

from __future__ import annotations

from itertools import islice

from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.project import goals, run_names
from homerun.views import listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace

_SHOWN = 5


@command("best")
@argument("metric", metavar="[METRIC]", complete=shared.metrics_offered)
@shared.of_experiment("The experiment (default: the current one).")
@option("--max", "most", is_flag=True, help="More of the metric is better.")
@option("--min", "least", is_flag=True, help="Less of the metric is better.")
@option("--parent-run-id", metavar="RUN", help="Only the runs of this batch.")
@option(
    *("-n", "--last", "count"),
    kind=Number(least=1),
    metavar="N",
    help="At most N runs (default: 5).",
)
def best(
    call: Call,
    metric: str | None,
    most: bool,
    least: bool,
    parent_run_id: str | None,
    count: int | None,
) -> Result:
    """List the best runs of an experiment by the last value of a metric, the best one first.

    Child runs are among them. Without METRIC it is the goal that homerun.toml names, as
    `minimize = ["loss"]`. Whether more is better follows from --max or --min, from that file, or
    from the metric's name: `loss` is to be low, `accuracy` high.

    \b
    Example:
      homerun run best loss -e digits
    """
    if most and least:
        raise UsageError("more of it is better, or less: give --max or --min, not both")
    project = call.project()
    if metric is None:
        goal = goals.of_project(project)
        if goal is None:
            raise UsageError(
                "say which metric, as in homerun best loss, or once in homerun.toml: "
                'minimize = ["loss"]'
            )
    else:
        is_most = most if most or least else None
        try:
            goal = goals.of_metric(metric, project, is_most)
        except UserError:
            _check_name(call.workspace(), metric)
            raise
    workspace = call.workspace()
    parent = None if parent_run_id is None else call.record(parent_run_id)
    experiment = parent.experiment if parent else str(call.current_experiment().value)
    run_names.require_experiment(workspace.store, experiment)
    runs = run_names.best(workspace.store, experiment, goal, parent.id if parent else None)
    found = list(islice(runs, count or _SHOWN))
    if metric is not None and not found:
        _check_name(workspace, metric)
    place = f"{experiment}, below {parent.id}" if parent else experiment
    rows = listing.describe_all(found)

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note(f"no run of {place} has logged {goal.metric}")]
        lines = [[_number(row), *_rest(row, goal.metric)] for row in rows]
        table = render.Table(
            ["#", goal.metric, "status", "took", "run", "arguments"], lines, ("took",)
        )
        return [table, render.Note(f"{goal} of {place}")]

    return Result(rows, shown)


def _check_name(workspace: Workspace, metric: str) -> None:
    """Check that any run has logged a metric.

    Raises:
        InvalidQuery: none has; the error names those that are near.
    """
    listing.check_keys(workspace.store, None, listing.keyed_fields(metrics=[metric]))


def _last(known: dict[str, float | None] | None) -> str:
    if known is None:
        return text.NONE
    return "nan" if known["last"] is None else text.short_number(known["last"])


def _number(row: dict[str, Any]) -> object:
    return row.get("run_number", text.NONE)


def _rest(row: dict[str, Any], metric: str) -> list[object]:
    return [
        _last(row["metrics"].get(metric)),
        row["status"],
        text.duration(text.took(row)),
        row["run_id"],
        " ".join(map(str, row.get("arguments") or [])),
    ]
