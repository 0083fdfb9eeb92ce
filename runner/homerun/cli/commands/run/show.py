"""`homerun run show`: everything about one run."""

from __future__ import annotations

import time

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.project.goals import Goal
    from runstore.run.record import Record

_NOT_OF_BATCHES = ("process", "supervisor", "error")
"""Who submitted a batch holds it open only meanwhile, and its table tells what failed."""


_GIT, _GIT_AGAIN = "azureml.git.", "mlflow.source.git."


@command("show")
@shared.one_run
def show(call: Call) -> Result:
    """Show everything about a run; of a batch the table of its runs, too.

    \b
    Example:
      homerun run show digits_1
    """
    from homerun.project import goals
    from homerun.sdk.run import Run
    from homerun.views import details, listing

    record = call.record(call.run_id)
    goal = goals.of_project(call.project())
    (row,) = listing.describe_all([record], goal)
    if record.is_batch:
        return _of_batch(record, row, call.name_of(record), goal)
    row = details.whole_row(record, row)
    interpreter = Run.of(record).get_interpreter()
    if interpreter:
        row["interpreter"] = interpreter
    return Result(row, lambda: [render.Card(_card(row)), *_hint(row)])


def _of_batch(record: Record, row: dict[str, Any], name: str, goal: Goal | None) -> Result:
    from homerun.cli.output import batch_table

    row["runs"] = found = batch_table.rows_of_batch(record)
    card = {key: value for key, value in _card(row).items() if key not in _NOT_OF_BATCHES}

    def shown() -> Iterator[render.Part]:
        yield render.Card(card)
        yield ""
        yield from batch_table.parts(found, row, name, goal.metric if goal else None)

    return Result(row, shown)


def _hint(row: dict[str, Any]) -> list[render.Part]:
    """How the runs below a run are listed."""
    if "children" not in row:
        return []
    return [render.Note(f"homerun ls --parent-run-id {row['run_id']} lists the runs below it")]


def _card(row: dict[str, Any]) -> dict[str, object]:
    now = time.time()
    process = row.get("process") or {}
    outcome = row.get("outcome") or {}
    error = (row.get("error") or {}).get("error") or {}
    return {
        "run": row["run_id"],
        "name": row.get("display_name"),
        "experiment": row.get("experiment_name"),
        "number": row.get("run_number"),
        "status": row["status"],
        "waits": "" if row.get("silent_s") else text.waits(row),
        "silent": text.duration(row["silent_s"]) if row.get("silent_s") else "",
        "waits since": text.moment((row.get("queue") or {}).get("since_utc"), now),
        "script": " ".join(map(str, [text.script(row), *(row.get("arguments") or [])])),
        "reads": "\n".join(map(_data, row.get("inputs") or [])),
        "writes": "\n".join(map(_data, row.get("outputs") or [])),
        "submitted": text.moment(row.get("created_utc"), now),
        "by": row.get("submitted_by"),
        "started": text.moment(row.get("start_time_utc"), now),
        "ended": text.moment(row.get("end_time_utc"), now),
        "took": text.duration(text.took(row, now)),
        "process": process.get("pid"),
        "supervisor": process.get("supervisor_pid"),
        "python": _python(row.get("interpreter")),
        "exit code": outcome.get("exit_code"),
        "signal": outcome.get("signal"),
        "cause": outcome.get("cause"),
        "cpu": text.duration(_cpu(outcome)),
        "peak memory": _peak(outcome),
        "used": _used(row.get("usage") or {}),
        "gpus": "\n".join(map(_gpu, row.get("gpus") or [])),
        "limits": "\n".join(_limits(row.get("limits") or {})),
        "rules": text.rules(row, now),
        "runs below": text.below(row),
        "attempts": "\n".join(_attempt(one, now) for one in row.get("attempts") or []),
        "params": text.tags({"tags": row["params"]}),
        "metrics": "\n".join(_metric(*one) for one in row["metrics"].items()),
        "tags": text.tags(row),
        "properties": text.tags({"tags": _said_once(row["properties"])}),
        "linked": "\n".join(_linked(one) for one in row.get("linked") or []),
        "changed originals": "\n".join(row.get("changed_originals") or []),
        "error": error.get("message"),
        "warnings": "\n".join(row.get("warnings") or []),
        "folder": row.get("directory"),
    }


def _said_once(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties without those that say of git what others have said: two tools look for them."""
    said = {value for key, value in properties.items() if key.startswith(_GIT)}
    return {
        key: value
        for key, value in properties.items()
        if not (key.startswith(_GIT_AGAIN) and value in said)
    }


def _data(one: dict[str, Any]) -> str:
    """What a run reads or writes: its name, and the dataset's version or the datastore's path."""
    if one.get("dataset"):
        return f"{one['name']}: {one['dataset']}:{one.get('version')}"
    if "datastore" in one:
        return f"{one['name']}: {one['datastore']}:{one.get('path') or '/'}"
    return f"{one['name']}: {one.get('id')}"


def _cpu(outcome: dict[str, Any]) -> float | None:
    used = [outcome.get(key) for key in ("cpu_user_s", "cpu_system_s")]
    return None if None in used else sum(used)  # type: ignore[arg-type]


def _used(usage: dict[str, Any]) -> str:
    """What a run has used of its machine, by its samples, in words."""
    cpu, memory = usage.get("cpu_percent"), usage.get("memory")
    parts = []
    if cpu:
        parts.append(f"{cpu['mean']:.0f} % of a processor (at most {cpu['max']:.0f} %)")
    if memory:
        mean, most = sizes.shown(memory["mean"]), sizes.shown(memory["max"])
        parts.append(f"{mean} of memory (at most {most})")
    parts += _gpu_used(usage)
    joules = sum(usage.get(f"{device}_joules", 0) for device in ("cpu", "gpu"))
    if joules:
        parts.append(f"{joules / 3600:.1f} Wh")
    told = {"read_bytes": "read", "written_bytes": "written"}
    moved = [f"{sizes.shown(usage[key])} {word}" for key, word in told.items() if usage.get(key)]
    return ", ".join([*parts, *moved])


def _gpu_used(usage: dict[str, Any]) -> list[str]:
    """What it has used of GPUs; a run without one has used none."""
    percent, memory = usage.get("gpu_percent"), usage.get("gpu_memory")
    parts = []
    if percent:
        parts.append(f"{percent['mean']:.0f} % of a GPU (at most {percent['max']:.0f} %)")
    if memory:
        mean, most = sizes.shown(memory["mean"]), sizes.shown(memory["max"])
        parts.append(f"{mean} of its memory (at most {most})")
    return parts


def _peak(outcome: dict[str, Any]) -> str:
    """The most memory: of all processes together where that was watched, else of the largest."""
    kib = outcome.get("peak_memory_kib")
    together = outcome.get("memory_peak")
    if together:
        return f"{sizes.shown(together)} together"
    return sizes.shown(kib * 1024) if kib else ""


def _gpu(known: dict[str, Any]) -> str:
    """A GPU that a run was given, in words."""
    part = f"{sizes.shown(known['memory'])} of " if known.get("memory") else ""
    about = ", ".join(filter(None, [f"{part}{known['name']}", known["uuid"]]))
    return f"{known['index']} ({about})".strip() if about else str(known["index"])


_KEPT_BY = {"group": "control group", "watch": "looked at each second"}


def _limits(known: dict[str, Any]) -> list[str]:
    """The limits that are in force, in words, and what of them cannot be kept."""
    parts = []
    for name in ("memory", "cpus", "nice", "pids"):
        if name in known:
            by, numbers = known[name].get("by"), known[name].get("processors")
            how = _KEPT_BY.get(by, "") if by else "not kept"
            if numbers and not how:
                how = f"bound to {', '.join(map(str, numbers))}"
            parts.append(_limit(name, known[name]["value"]) + (f" ({how})" if how else ""))
    return [", ".join(parts), *known.get("flaws", ())] if parts else []


def _limit(name: str, value: float) -> str:
    if name == "memory":
        return f"{sizes.shown(value)} of memory"
    if name == "nice":
        return f"nice {value:g}"
    unit = "processor" if name == "cpus" else "processes and threads"
    return f"{value:g} {unit}{'s' if name == 'cpus' and value != 1 else ''}"


def _metric(name: str, known: dict[str, Any]) -> str:
    """`loss 0.25 (min 0.25, max 0.5, 3 values)`."""
    last = "nan" if known["last"] is None else text.short_number(known["last"])
    if known["count"] < 2:
        return f"{name} {last}"
    ends = ", ".join(f"{end} {text.short_number(known[end])}" for end in ("min", "max"))
    return f"{name} {last} ({ends}, {known['count']:,} values)"


def _python(interpreter: dict[str, Any] | None) -> str:
    """What a script ran with, in words."""
    if not interpreter:
        return ""
    count = len(interpreter.get("packages") or ())
    return f"{interpreter.get('version')}, {count} packages ({interpreter.get('python')})"


def _linked(row: dict[str, Any]) -> str:
    """A link to an original that was too much to copy, in words."""
    size = row.get("bytes")
    shown = "" if size is None else f" ({sizes.shown(size)})"
    return f"{row['path']} -> {row['original']}{shown}"


def _attempt(row: dict[str, Any], now: float) -> str:
    """One start of a script, in words."""
    if "start_time_utc" not in row:
        return f"{row['attempt']}: waits"
    if "end_time_utc" not in row:
        return f"{row['attempt']}: started {text.moment(row['start_time_utc'], now)}"
    code = None if row.get("exit_code") is None else f"exit code {row['exit_code']}"
    return f"{row['attempt']}: {row.get('signal') or code or row.get('cause')}"
