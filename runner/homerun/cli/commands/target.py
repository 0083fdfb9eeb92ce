"""`homerun target …`: where runs are placed, and how many at once."""

from __future__ import annotations

import time

from homerun.cli.command import command
from homerun.cli.options.kinds import Duration, Number, OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.sdk.azure import target_test
from homerun.targets import registry
from homerun.targets.engines import types
from homerun.targets.local import LOCAL
from homerun.targets.queue import TargetQueue
from runstore.errors import BaseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace
    from homerun.targets.target import Target

_COLUMNS = ["target", "type", "slots", "default"]


def _words(given: str | None) -> list[str] | None:
    return None if given is None else [word.strip() for word in given.split(",")]


@command("list")
def list_targets(call: Call) -> Result:
    """List the targets: `local`, which is always there, and those that were added.

    \b
    Example:
      homerun target list
    """
    return _told(call.workspace())


def _of_engines(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give a command the options of all types of engines."""
    for name, has in reversed(list(types.offered().items())):  # the last one stands first
        words = "; ".join(dict.fromkeys(one.words for _, one in has))
        of = "" if len(has) == len(types.TYPES) else f" ({', '.join(kind for kind, _ in has)})"
        example = f", e.g. {has[0][1].example}" if has[0][1].example else ""
        is_list = has[0][1].is_list
        function = option(
            f"--{name.replace('_', '-')}",
            f"engine_{name}",
            many=is_list,
            metavar="VALUE",
            help=f"{words[:1].upper()}{words[1:]}{example}{of}.",
            section="Of an engine",
        )(function)
    return function


@command("add")
@argument("name", required=True)
@option(
    "--type",
    "kind",
    kind=OneOf([LOCAL, *types.TYPES]),
    metavar="TYPE",
    help=f"The target's type: {', '.join([LOCAL, *types.TYPES])} (default: local).",
)
@option(
    "--slots",
    kind=Number(least=1, most=999),
    metavar="N",
    help="Runs at once (default: unchanged; one per processor for a new target).",
)
@option("--default", "default", is_flag=True, help="Make it the default target.")
@_of_engines
def add(
    call: Call, name: str, kind: str | None, slots: int | None, default: bool, **engine: Any
) -> Result:
    """Add a target, or change the one of that name; `local` too can be given its slots.

    \b
    Example:
      homerun target add small --type local --slots 1
    """
    given = {key.partition("_")[2]: value for key, value in engine.items()}
    options = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in given.items()
        if value not in (None, ())
    }
    call.workspace(wakes=False).targets.add(name, slots, kind, default, options)
    return _told(call.workspace())  # more slots may let more of them start


@command("show")
@argument("name", required=True)
def show(call: Call, name: str) -> Result:
    """Show a target: where it is, what is set of it, and how many runs wait there.

    \b
    Example:
      homerun target show small
    """
    found = call.workspace()
    one = registry.get(found.store.root, name)
    row = {
        **_row(one, found.targets.default),
        "waiting": len(list(TargetQueue(found.store, name))),
        "settings": {key: value for key, value in one.said.items() if key != "type"}
        if name != LOCAL
        else {},
    }
    shown = {**row, "default": "yes" if row["default"] else "no"}
    shown.update({key: _listed(value) for key, value in shown.pop("settings").items()})
    return Result(row, lambda: [render.Card(shown)])


def _listed(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


@command("default")
@argument("name", required=True)
def set_default(call: Call, name: str) -> Result:
    """Have a target be meant where none is named.

    \b
    Example:
      homerun target default small
    """
    call.workspace(wakes=False).targets.set_default(name)
    return _told(call.workspace())


@command("test")
@argument("name", required=True)
@option(
    "--timeout",
    kind=Duration(),
    default=600.0,
    metavar="TIME",
    help="How long its run may take; then it is canceled (default: 10m).",
)
def test(call: Call, name: str, timeout: float) -> Result:
    """Test a target: ask its engine, then submit a tiny run; each step with its time.

    \b
    Example:
      homerun target test small
    """
    rows: list[dict[str, Any]] = []
    began, problem = time.monotonic(), ""
    try:
        for step, seen in target_test.steps(call.workspace(), name, timeout):
            now = time.monotonic()
            rows.append({"step": step, "seen": seen, "seconds": round(now - began, 3)})
            began = now
    except (OSError, BaseError) as error:
        problem = getattr(error, "message", None) or str(error)
    value = {"name": name, "steps": rows, "problem": problem or None}
    lines = [[row["step"], f"{row['seconds']:.1f} s", row["seen"]] for row in rows]
    parts: list[render.Part] = [render.Table(["step", "took", "seen"], lines)] if lines else []
    if problem:
        parts.append(f"the target {name} does not work yet: {problem}")
    return Result(value, lambda: parts, code=1 if problem else 0)


@command("set")
@argument("name", required=True)
@option(
    "--gpus",
    check=_words,
    metavar="GPU,…",
    help="The GPUs that its runs may have, by number or name, e.g. 0,1; all lifts that.",
)
@option(
    "--per-user",
    kind=Number(least=0, most=999),
    metavar="N",
    help="The most GPUs that a user's runs have at once; 0 lifts that.",
)
@option(
    "--reserve",
    many=True,
    metavar="NAME=GPU@FROM-TO",
    help="Keep a GPU for a user at these hours, e.g. alice=0@18:00-23:00; can be given several "
    "times, and replaces what was reserved; none lifts that.",
)
def set_rules(
    call: Call,
    name: str,
    gpus: list[str] | None,
    per_user: int | None,
    reserve: tuple[str, ...],
) -> Result:
    """Set which GPUs the runs of a target may have, how many, and when.

    \b
    Example:
      homerun target set local --gpus 0,1 --per-user 1 --reserve alice=0@18:00-23:00
    """
    reserved = None if not reserve else [] if reserve == ("none",) else list(reserve)
    call.workspace(wakes=False).targets.set_gpus(
        name, devices=[] if gpus == ["all"] else gpus, per_user=per_user, reserved=reserved
    )
    return _told(call.workspace())


@command("remove")
@argument("name", required=True)
def remove(call: Call, name: str) -> Result:
    """Remove a target that nothing waits for; of `local` only its number of slots is forgotten.

    \b
    Example:
      homerun target remove small
    """
    found = call.workspace()
    found.targets.remove(name)
    return _told(found)


def _row(one: Target, default: str) -> dict[str, Any]:
    where = {"where": one.engine.about()} if one.engine is not None else {}
    return {
        "name": one.name,
        "type": str(one.said.get("type") or LOCAL) if one.engine else LOCAL,
        "slots": one.size if one.engine is None else None,
        "default": one.name == default,
        **where,
        **{key: one.said[key] for key in registry.GPU_RULES if one.said.get(key)},
    }


def _told(found: Workspace) -> Result:
    default = found.targets.default
    rows = [_row(one, default) for one in found.targets]
    columns = list(_COLUMNS)
    lines: list[list[object]] = [
        [
            row["name"],
            row["type"],
            text.NONE if row["slots"] is None else row["slots"],
            "yes" if row["default"] else text.NONE,
        ]
        for row in rows
    ]
    if any("where" in row for row in rows):
        columns.append("where")
        lines = [[*line, row.get("where", text.NONE)] for line, row in zip(lines, rows)]
    if any(key in row for row in rows for key in registry.GPU_RULES):
        columns.append("GPUs")
        lines = [[*line, _rules(row)] for line, row in zip(lines, rows)]
    return Result(rows, lambda: [render.Table(columns, lines)])


def _rules(row: dict[str, Any]) -> str:
    """The rules for the GPUs of a target, in words."""
    parts = [", ".join(row.get("gpus") or ["all"])]
    if "gpus_per_user" in row:
        parts.append(f"{row['gpus_per_user']} for each user")
    return "; ".join([*parts, *row.get("gpu_reservations", ())])
