"""The table of a batch: a row for each of its runs, with what differs and what they reached."""

from __future__ import annotations

import time

from homerun.cli.output import console, render, text
from homerun.runs import children
from homerun.views import listing, rows
from runstore.status import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.run.record import Record

_MOST_PARAMS = 6
_MOST_METRICS = 6
_PART = 256
_ORDER = (COMPLETED, FAILED, CANCELED, RUNNING, QUEUED)
_OWN = ("#", "name", "status", "took", "run", "tags")


def rows_of_batch(parent: Record) -> list[dict[str, Any]]:
    """The runs of a batch as rows of a list, in the order in which they were given."""
    records = children.of_batch(parent)
    parts = [records[start : start + _PART] for start in range(0, len(records), _PART)]
    return [row for part in parts for row in listing.describe_all(part)]


def batch_table(found: list[dict[str, Any]], goal: str | None = None) -> render.Table:
    """The table of such rows.

    Args:
        goal: the metric that comes first.
    """
    now = time.time()
    params = rows.differing(found)[:_MOST_PARAMS]
    names = {name: None for row in found for name in row["metrics"]}
    first = [name for name in names if name == goal]
    metrics = [*first, *(name for name in names if name != goal)][:_MOST_METRICS]
    shown = [*params, *map(rows.metric_column, metrics)]
    titles = rows.titles(shown, _OWN)
    has_names = any(row.get("display_name") for row in found)
    tags = [text.tags({"tags": rows.further_tags(row)}) for row in found]
    columns = ["#", *(["name"] if has_names else []), "status", *titles, "took", "run"]
    lines = [
        [
            row.get("run_number", text.NONE),
            *([row.get("display_name") or text.NONE] if has_names else []),
            row["status"],
            *(text.short_number(one.value(row)) for one in shown),
            text.duration(text.took(row, now)),
            row["run_id"],
            *([of_row] if any(tags) else []),
        ]
        for row, of_row in zip(found, tags)
    ]
    columns += ["tags"] if any(tags) else []
    return render.Table(columns, lines, ("tags", "run", "took", *titles[:0:-1]))


def parts(
    found: list[dict[str, Any]], row: dict[str, Any], name: str, goal: str | None = None
) -> Iterator[render.Part]:
    """The table, and how many runs went how; `row` is that of their parent, `name` its name."""
    yield batch_table(found, goal)
    counts: dict[str, int] = {}
    for one in found:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    told = ", ".join(filter(None, [how_it_went(row["status"], counts), text.best_of_them(row)]))
    told += f"; homerun why {name}" if FAILED in counts else ""
    yield render.Note(told, console.COLOURS.get(row["status"]))


def how_it_went(status: str, counts: dict[str, int]) -> str:
    """`2 runs Completed`, or the status of a batch and the number of its runs by theirs."""
    if list(counts) == [status]:
        return f"{text.plural(counts[status])} {status}"
    return f"{status}: {counted(counts)}"


def counted(counts: dict[str, int]) -> str:
    """The number of runs by status, as `3 Completed, 2 Running, 15 Queued`."""
    rest = [name for name in counts if name not in _ORDER]
    return ", ".join(f"{counts[name]} {name}" for name in (*_ORDER, *rest) if counts.get(name))
