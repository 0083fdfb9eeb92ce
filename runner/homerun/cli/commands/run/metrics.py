"""`homerun run metrics`: what a run has logged, at a glance, as JSON, or point by point."""

from __future__ import annotations

import sys

from homerun.base import sizes, terminal
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import option
from homerun.cli.output import console, render, text
from homerun.cli.result import Result
from homerun.metrics import points, results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run

_COLUMNS = ["name", "last", "min", "max", "count", "trend"]
_EXPENDABLE = ("trend", "count", "min", "max")
_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 20


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
