"""`homerun run metrics` and `run plot`: what runs have logged, in figures and as curves."""

from __future__ import annotations

import os
import sys
from datetime import datetime

from homerun.base import sizes, terminal
from homerun.cli.command import command
from homerun.cli.commands.run.compare import run_names
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import console, copy_file, render, text
from homerun.cli.output.plot import Plot
from homerun.cli.result import Result
from homerun.metrics import curves, figure, points, results, summary
from homerun.metrics.curves import AXES, STEP
from homerun.metrics.kinds import NUMBER
from homerun.project import goals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.metrics.curves import RunCurve
    from homerun.sdk.run import Run
    from runstore.run.record import Record

_COLUMNS = ["name", "last", "min", "max", "count", "trend"]
_EXPENDABLE = ("trend", "count", "min", "max")
_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 20
_WIDE_PIPE = 100
_MOST_PARAMS, _MOST_LETTERS = 3, 20
_MOST_PLOTS = 6
_MOST_LEFT = 3
_SAID = {
    STEP: "by step",
    curves.TIME: "by time",
    curves.RELATIVE: "since its first point",
    curves.INDEX: "by number",
}
_MOST_ASKED = 50
"""Of so many runs it is asked which metrics there are."""


@command("metrics")
@shared.one_run
@option(
    "--name",
    "names",
    metavar="NAME",
    many=True,
    complete=shared.metrics_offered,
    help="Only this metric; can be given several times.",
)
@option(
    "--system",
    is_flag=True,
    help="What the run used of its machine, instead of what it logged.",
)
@option("--csv", "as_csv", is_flag=True, help="Print each logged value as a line of CSV.")
def metrics(call: Call, names: tuple[str, ...], system: bool, as_csv: bool) -> Result | int:
    """Show a run's metrics.

    JSON has a key for each metric: its value, or the list of its values. --csv prints name, index,
    step, time and value of each point, with every digit.

    \b
    Example:
      homerun run metrics digits_1
      homerun run metrics digits_1 --name loss --csv > loss.csv
    """
    found = call.run()
    if as_csv:
        if call.wants_result:
            raise UsageError("--csv is a format of its own; leave out -o and --query")
        return _write_csv(found, names, of_system=system)
    if system:
        values: dict[str, Any] = dict(found.get_system_metrics())
        none = f"run {found.id} has no samples: they are taken of a run that goes on for a while"
    else:
        values = found.get_metrics(populate=call.is_for_people)  # a file's name, not its address
        none = f"run {found.id} has logged no metrics; a script logs them with run.log"
        if found._record.is_batch:
            name = call.name_of(found._record)
            none = f"{found.id} is a batch: homerun show {name} shows the metrics of its runs"
    if names and values:
        missing = [one for one in names if one not in values]
        if missing:
            known = ", ".join(map(text.printable, values))
            raise UsageError(f"run {found.id} has no metric {missing[0]!r}; it has {known}")
        values = {name: values[name] for name in names}

    def shown() -> list[render.Part]:
        rows = [_statistics(name, value, _writing(name, system)) for name, value in values.items()]
        return [render.Table(_COLUMNS, rows, _EXPENDABLE)] if rows else [render.Note(none)]

    return Result(values, shown)


@command("plot")
@option(
    *("-m", "--metric", "names"),
    metavar="NAME",
    many=True,
    complete=shared.metrics_offered,
    help="A metric; can be given several times (default: the project's goal, or all).",
)
@option(
    *("-x", "--axis"),
    metavar="AXIS",
    kind=OneOf(AXES),
    default=STEP,
    help="What runs from left to right: step, time, relative or index (default: step).",
)
@option("--log", "is_log", is_flag=True, help="A logarithmic scale: values above 0 only.")
@option(
    *("-f", "--file", "file"),
    metavar="FILE",
    help="Write a picture instead: .png, .svg, .pdf, or .html, a page that needs nothing else.",
)
@argument(
    "words_of_runs",
    metavar="RUN...",
    many=True,
    required=True,
    complete=shared.run_ids,
)
def plot(
    call: Call,
    words_of_runs: tuple[str, ...],
    names: tuple[str, ...],
    axis: str,
    is_log: bool,
    file: str | None,
) -> Result:
    """Draw metrics of runs as curves: in the terminal, or to a file.

    A batch that has no such metric itself stands for its runs. Each place shows all of its points,
    from the least to the greatest, so that no spike is lost; a script that was begun again is
    another stroke. NaN and the infinities have signs of their own. With several runs letters say
    whose a curve is. A pipe gets the chart as text, with -o json what is drawn as columns.

    \b
    Example:
      homerun run plot 17 18 -m loss
      homerun run plot @last -m loss -x relative -f loss.svg
    """
    if file is not None:
        _check_file(file)
    records = _meant([call.record(word) for word in words_of_runs], names)
    chosen = list(dict.fromkeys(names)) or _logged(call, records)
    found = curves.curves_of(records, chosen, axis, is_log)
    missing = [name for name in chosen if all(one.metric != name for one in found)]
    if missing:
        raise UsageError(_no_metric(missing[0], records))
    labels = _labels(records)
    left_out = _left_out(records, found)
    if call.wants_result or not call.is_for_people:
        for note in left_out:
            note.say()
    if file is not None:
        kind = file.rpartition(".")[2].lower()
        copy_file.write_whole(file, figure.draw(found, labels, kind, axis, is_log))
        written = render.Note(f"{file} is written")
        return Result({"file": file}, lambda: [written, *left_out], plain=f"{file}\n")

    def drawn() -> Iterator[Plot]:
        for metric in chosen:
            of_metric = [one for one in found if one.metric == metric]
            whose = f" of {labels[of_metric[0].run]}" if len(of_metric) == 1 else ""
            scale = ", logarithmic" if is_log else ""
            title = f"{metric}{whose} ({_SAID[axis]}{scale})"
            yield Plot(title, of_metric, labels, _writing_x(axis), is_log)

    if call.wants_result:
        grids = [curves.grid_of([one], figure.PLACES) for one in found]
        return Result([one.describe(grid) for one, grid in zip(found, grids)])
    plain = (
        [] if call.is_for_people else [line for one in drawn() for line in one.lines(_WIDE_PIPE)]
    )
    return Result([], lambda: [*drawn(), *left_out], plain="".join(f"{line}\n" for line in plain))


def _left_out(records: Sequence[Record], drawn: Sequence[RunCurve]) -> list[render.Note]:
    """What to say of the runs that have none of the curves."""
    having = {one.run for one in drawn}
    gone = [name for name, one in zip(run_names(records), records) if one.id not in having]
    if not gone:
        return []
    more = f" and {len(gone) - _MOST_LEFT} more" if len(gone) > _MOST_LEFT else ""
    told = text.printable(f"{', '.join(gone[:_MOST_LEFT])}{more}")
    return [render.Note(f"left out, for they have no such metric: {told}")]


def _labels(records: Sequence[Record]) -> dict[str, str]:
    """What each run is called: its number, and behind it the parameters in which they differ."""
    found = dict(zip((record.id for record in records), run_names(records)))
    if len(records) > 1:
        from homerun.views import listing, rows

        told = listing.describe_all(records)
        for column in rows.differing(told)[:_MOST_PARAMS]:
            for row in told:
                value = column.value(row)
                if value is not None:
                    found[row["run_id"]] += f" {column.title} {str(value)[:_MOST_LETTERS]}"
    return found


def _meant(records: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """The runs whose curves are asked for, each once: of a batch those below it, unless it has such
    a metric itself.
    """
    from homerun.views.comparison import compare

    found = {}
    for record in records:
        own = _names_of([record])
        is_itself = any(name in own for name in names or own)
        for one in [record] if is_itself else compare.members([record]):
            found[one.id] = one
    return [*found.values()]


def _check_file(path: str) -> None:
    """Check that a picture can be written there.

    Raises:
        UserError: it cannot.
    """
    kind = os.path.splitext(path)[1].lower()[1:]
    if kind not in figure.KINDS:
        raise UsageError(f"{path}: a plot is written as .{', .'.join(figure.KINDS)}")
    copy_file.check_path(path)


def _logged(call: Call, records: Sequence[Record]) -> list[str]:
    """The metric that is the project's goal, where a run has logged it; else all of them."""
    known = _names_of(records)
    goal = goals.of_project(call.project())
    if goal is not None and goal.metric in known:
        return [goal.metric]
    if not known:
        raise UsageError(f"{records[0].id} has logged no numbers; a script logs them with run.log")
    return known[:_MOST_PLOTS]


def _names_of(records: Sequence[Record]) -> list[str]:
    """The metrics of numbers that the first of the runs have logged."""
    seen = [summary.Gauges(record.path).read()[1] for record in records[:_MOST_ASKED]]
    numbers = (one["name"] for each in seen for one in each if one["kind"] == NUMBER)
    return list(dict.fromkeys(numbers))


def _no_metric(name: str, records: Sequence[Record]) -> str:
    known = ", ".join(map(text.printable, _names_of(records))) or "none"
    return f"no run has a metric {name!r} of numbers; they have {known}"


def _writing_x(axis: str) -> Callable[[float], str]:
    if axis == curves.TIME:
        return _moment
    return text.duration if axis == curves.RELATIVE else lambda at: f"{at:,}"


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006
    except (OverflowError, ValueError, OSError):
        return f"{at:,.0f} s"  # of a clock that was far out


def trend(numbers: list[float]) -> str:
    """Numbers as small bars, the first on the left; of many some at equal distances."""
    finite = [one for one in numbers if one - one == 0]
    if len(finite) < 2:
        return text.NONE
    steps = min(_WIDE, len(finite))
    chosen = [finite[at * (len(finite) - 1) // (steps - 1)] for at in range(steps)]
    least, most = min(chosen), max(chosen)
    if least == most:
        return _BARS[0] * steps
    scale = (len(_BARS) - 1) / (most - least) if most - least < float("inf") else 0.0
    return "".join(_BARS[round((one - least) * scale)] for one in chosen)


def _write_csv(run: Run, names: tuple[str, ...], *, of_system: bool) -> int:
    import csv
    from io import StringIO

    held = StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(points.COLUMNS)
    found = points.points(run._record, names, of_system=of_system)
    for at, (name, index, step, time, value) in enumerate(found):
        writer.writerow([name, index, "" if step is None else step, repr(time), _exact(value)])
        if at % 1000 == 0:
            _put(held)
    _put(held)
    return 0


def _put(held: Any) -> None:
    if sys.stdout is not None:
        said = held.getvalue()
        if console.is_terminal(sys.stdout):
            said = terminal.escaped(said, but_for="\n")
        sys.stdout.buffer.write(said.encode("utf-8", "backslashreplace"))
    held.seek(0)
    held.truncate()


def _exact(value: Any) -> str:
    """A value with every digit; NaN and the infinities as JSON has them."""
    if isinstance(value, float) and value - value != 0.0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, str):
        return value or ""
    return repr(value)


def _writing(name: str, of_system: bool) -> Callable[[Any], str]:
    """How the values of a metric are written for people."""
    return sizes.shown if of_system and results.is_size(name) else text.short_number


def _statistics(name: str, value: Any, written: Callable[[Any], str]) -> list[object]:
    if isinstance(value, dict):  # rows or a table: as many as its longest column
        rows = max((len(c) if isinstance(c, list) else 1 for c in value.values()), default=0)
        return [
            text.printable(name),
            text.last_value(value),
            text.NONE,
            text.NONE,
            rows,
            text.NONE,
        ]
    values = value if isinstance(value, list) else [value]
    numbers = [one for one in values if isinstance(one, (int, float)) and one == one]
    least, most = (min(numbers), max(numbers)) if numbers else (None, None)
    return [
        text.printable(name),
        written(values[-1]) if written is sizes.shown else text.last_value(value),
        written(least),
        written(most),
        len(values),
        trend(numbers),
    ]
