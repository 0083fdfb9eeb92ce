"""`homerun target …`: where runs are placed, and how many at once."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options.kinds import Number, OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.targets import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace

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


@command("add")
@argument("name", required=True)
@option(
    "--type",
    "kind",
    kind=OneOf(["local"]),
    default="local",
    metavar="TYPE",
    help="The target's type: local.",
)
@option(
    "--slots",
    kind=Number(least=1, most=999),
    metavar="N",
    help="Runs at once (default: unchanged; one per processor for a new target).",
)
@option("--default", "default", is_flag=True, help="Make it the default target.")
def add(call: Call, name: str, kind: str, slots: int | None, default: bool) -> Result:
    """Add a target, or change the one of that name; `local` too can be given its slots.

    \b
    Example:
      homerun target add small --type local --slots 1
    """
    call.workspace(wakes=False).targets.add(name, slots, kind, default)
    return _told(call.workspace())  # more slots may let more of them start


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


def _told(found: Workspace) -> Result:
    default = found.targets.default
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "type": "local",
            "slots": one.size,
            "default": one.name == default,
            **{key: one.said[key] for key in registry.GPU_RULES if one.said.get(key)},
        }
        for one in found.targets
    ]
    lines: list[list[object]] = [
        [row["name"], row["type"], row["slots"], "yes" if row["default"] else text.NONE]
        for row in rows
    ]
    if not any(key in row for row in rows for key in registry.GPU_RULES):
        return Result(rows, lambda: [render.Table(_COLUMNS, lines)])
    told = [[*line, _rules(row)] for line, row in zip(lines, rows)]
    return Result(rows, lambda: [render.Table([*_COLUMNS, "GPUs"], told)])


def _rules(row: dict[str, Any]) -> str:
    """The rules for the GPUs of a target, in words."""
    parts = [", ".join(row.get("gpus") or ["all"])]
    if "gpus_per_user" in row:
        parts.append(f"{row['gpus_per_user']} for each user")
    return "; ".join([*parts, *row.get("gpu_reservations", ())])
