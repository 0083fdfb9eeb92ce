"""A report of runs: one page with their table, curves, records, code and environments.

It needs no server and no network, and runs nothing: pictures are in it, each text is escaped, and
its own policy forbids the rest.
"""

from __future__ import annotations

import time
from html import escape

from homerun.base import accounts, terminal
from homerun.base.errors import UserError
from homerun.base.installed import __version__
from homerun.base.times import instant
from homerun.metrics import curves, summary
from homerun.metrics.kinds import NUMBER
from homerun.project.report import picture
from homerun.views import code, listing
from homerun.views.rows import differing, metric_column
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from runstore.run.record import Record

    Row = dict[str, Any]

MOST_RUNS = 100
_MOST_CHARTS = 30
_MOST_CURVES = 200
_MOST_PARAMS, _MOST_METRICS = 12, 8
_MOST_CODE = 1 << 20
_OF_PYTHON = {
    "python": "version",
    "interpreter": "python",
    "implementation": "implementation",
    "platform": "platform",
}
_MOST_FILES = 50
_STYLE = """
body{margin:2em auto;max-width:64em;padding:0 1em;font:15px/1.45 system-ui,sans-serif}
body{color:#1b2027;background:#fff}
h1,h2,h3{line-height:1.2}h2{margin-top:2em;border-bottom:1px solid #dfe3e8}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}
th,td{padding:3px 10px;border-bottom:1px solid #dfe3e8;text-align:left;vertical-align:top}
th{color:#59626e;font-weight:600}td{overflow-wrap:anywhere}
pre{overflow-x:auto;padding:8px;background:#f6f7f9}
svg{width:100%;height:auto}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0}
.dim{color:#59626e}.bad{color:#b3261e}summary{cursor:pointer}section.run{break-inside:avoid-page}
"""
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1>
"""


def whole_page(
    records: Sequence[Record],
    title: str,
    about: Sequence[tuple[str, str]] = (),
    metrics: Sequence[str] = (),
    goal: tuple[str, bool] | None = None,
    x: str = curves.STEP,
) -> Iterator[str]:
    """The page, part by part.

    Args:
        about: what there is to say of the report itself, by name.
        metrics: the charts; none: the goal, and what most of the runs have logged.

    Raises:
        UserError: there are no runs, or too many, or no such metric.
    """
    if not records or len(records) > MOST_RUNS:
        raise UserError(f"a report is of 1 to {MOST_RUNS} runs, not of {len(records)}")
    rows = listing.describe_all(records, goal)
    charts = _charts(records, metrics, goal)
    return _parts(records, rows, title, about, charts, x)


def _parts(
    records: Sequence[Record],
    rows: Sequence[Row],
    title: str,
    about: Sequence[tuple[str, str]],
    charts: Sequence[str],
    x: str,
) -> Iterator[str]:
    yield _HEAD.format(title=_text(title), style=_STYLE)
    made = f"{instant(time.time())} by {accounts.own_name()}, homerun {__version__}"
    yield _table([(name, value) for name, value in (*about, ("Made", made)) if value])
    names = {row["run_id"]: _name(row) for row in rows}
    yield f"<h2>{len(rows)} run{'' if len(rows) == 1 else 's'}</h2>{_overview(rows, charts)}"
    numbers = {record.id: number for number, record in enumerate(records)}
    if charts:
        yield "<h2>Charts</h2>"
    for metric in charts:
        yield _chart(records, metric, names, numbers, x)
    yield "<h2>Records</h2>"
    snapshots: dict[str, str] = {}
    for record, row in zip(records, rows):
        yield _of_run(record, row, snapshots)
    yield "</body></html>\n"


def _overview(rows: Sequence[Row], charts: Sequence[str]) -> str:
    columns = [*differing(rows)[:_MOST_PARAMS], *map(metric_column, charts[:_MOST_METRICS])]
    heads = ["Run", "Status", "Created", *(one.title for one in columns), "Error"]
    lines = []
    for row in rows:
        cells = [
            f'<a href="#run-{_text(row["run_id"])}">{_name(row)}</a>',
            _text(row["status"]),
            _text(str(row.get("created_utc") or "")[:19].replace("T", " ")),
            *(_text(_figure(one.value(row))) for one in columns),
            _text(row.get("failure") or ""),
        ]
        lines.append(f"<tr><td>{'</td><td>'.join(cells)}</td></tr>")
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _chart(
    records: Sequence[Record],
    metric: str,
    names: dict[str, str],
    numbers: dict[str, int],
    x: str,
) -> str:
    found = curves.curves_of(records[:_MOST_CURVES], [metric], x)
    if not found:
        return f'<h3>{_text(metric)}</h3><p class="dim">No run has logged numbers as it.</p>'
    legend = "".join(
        f'<li><svg viewBox="0 0 26 10" style="width:26px"><path d="M0 5H26" stroke-width="2" '
        f'stroke="{picture.look_of(numbers[one.run])[0]}" '
        f'stroke-dasharray="{picture.look_of(numbers[one.run])[1]}"/></svg> {names[one.run]}</li>'
        for one in found
    )
    drawn = picture.draw_chart(found, numbers, x)
    return f'<h3>{_text(metric)}</h3>{drawn}<ul class="legend">{legend}</ul>'


def _of_run(record: Record, row: Row, snapshots: dict[str, str]) -> str:
    run_id = _text(row["run_id"])
    parts = [f'<section class="run" id="run-{run_id}"><h3>{_name(row)}</h3>']
    known = ("run_id", "status", "script_name", "target", "submitted_by", "description")
    said = [(name, row.get(name)) for name in known]
    said += [("arguments", " ".join(map(str, row.get("arguments") or ())))]
    said += [(name, row.get(name)) for name in ("start_time_utc", "end_time_utc")]
    parts.append(_table([(name, value) for name, value in said if value]))
    if row.get("failure"):
        parts.append(f'<p class="bad">{_text(row["failure"])}</p>')
    for title, pairs in (
        ("Parameters", row["params"]),
        ("Tags", row["tags"]),
        ("Metrics", {name: _last(found) for name, found in row["metrics"].items()}),
        ("Environment", _environment(record)),
    ):
        if pairs:
            parts.append(f"<h4>{title}</h4>{_table(list(pairs.items()))}")
    parts += [_packages(record), _code(record, snapshots), "</section>"]
    return "".join(parts)


def _last(found: Row) -> str:
    told = [_figure(found.get("last"))]
    if found.get("count", 0) != 1:
        told.append(
            f"{_figure(found.get('min'))} … {_figure(found.get('max'))} of {found['count']}"
        )
    return " · ".join(told)


def _environment(record: Record) -> dict[str, Any]:
    """What the run ran with, and from which commit."""
    interpreter = facts.read(record.path, layout.INTERPRETER) or {}
    found = {name: interpreter.get(key) for name, key in _OF_PYTHON.items()}
    found["host"] = (record.fact(layout.STARTED) or {}).get("host")
    git = code.listed(record)["git"] or {}
    found.update((f"git {name}", value) for name, value in git.items())
    return {name: value for name, value in found.items() if value}


def _packages(record: Record) -> str:
    found = (facts.read(record.path, layout.INTERPRETER) or {}).get("packages") or []
    if not found:
        return ""
    lines = _text("\n".join(map(str, found)))
    return f"<details><summary>{len(found)} packages</summary><pre>{lines}</pre></details>"


def _code(record: Record, snapshots: dict[str, str]) -> str:
    """The text files of the run's code, once for all runs that had the same."""
    listed = code.listed(record)
    if not listed["is_there"]:
        return ""
    same = snapshots.setdefault(listed["snapshot"], record.id)
    if same != record.id:
        where = _text(same)
        return f'<p class="dim">Its code is that of <a href="#run-{where}">{where}</a>.</p>'
    parts, left = [], _MOST_CODE
    paths = [one["path"] for one in listed["files"] if one["kind"] == "file"]
    for path in paths[:_MOST_FILES]:
        try:
            file = code.file(record, path)
        except (StoreError, UserError, OSError):
            continue  # the snapshot is damaged: the others tell
        if file["text"] is None or file["size"] > left:
            continue
        left -= file["size"]
        text = _text(file["text"])
        parts.append(f"<details><summary>{_text(path)}</summary><pre>{text}</pre></details>")
    if listed["has_diff"]:
        changes = _text(code.diff(record)["text"] or "")
        parts.append(f"<details><summary>not committed</summary><pre>{changes}</pre></details>")
    more = len(paths) - len(parts) + bool(listed["has_diff"])
    said = f'<p class="dim">{more} more files are not in this page.</p>' if more > 0 else ""
    return f"<h4>Code</h4>{''.join(parts)}{said}" if parts else ""


def _charts(
    records: Sequence[Record], metrics: Sequence[str], goal: tuple[str, bool] | None
) -> list[str]:
    if metrics:
        return [*dict.fromkeys(metrics)][:_MOST_CHARTS]
    counted: dict[str, int] = {}
    for record in records:
        for one in summary.Gauges(record.path).read()[1]:
            if one["kind"] == NUMBER:
                counted[one["name"]] = counted.get(one["name"], 0) + 1
    first = goal[0] if goal else ""
    return sorted(counted, key=lambda name: (name != first, -counted[name]))[:_MOST_CHARTS]


def _table(pairs: Sequence[tuple[str, Any]]) -> str:
    rows = (
        f"<tr><th>{_text(name)}</th><td>{_text(_figure(value))}</td></tr>" for name, value in pairs
    )
    return f"<table>{''.join(rows)}</table>"


def _name(row: Row) -> str:
    number = f"#{row['run_number']} " if row.get("run_number") else ""
    return _text(f"{row['experiment_name']} {number}{row.get('display_name') or ''}".strip())


def _figure(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _text(value: object) -> str:
    """A text as the page shows it: escaped, and what cannot be seen as its escape."""
    return escape(terminal.escaped(str(value), but_for="\n\t"))
