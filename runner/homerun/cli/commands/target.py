"""`homerun target …`: where runs are placed, and how many at once."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options.kinds import Number, OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace

_COLUMNS = ["target", "type", "slots", "default"]


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
        {"name": one.name, "type": "local", "slots": one.size, "default": one.name == default}
        for one in found.targets
    ]
    lines = [
        [row["name"], row["type"], row["slots"], "yes" if row["default"] else text.NONE]
        for row in rows
    ]
    return Result(rows, lambda: [render.Table(_COLUMNS, lines)])
