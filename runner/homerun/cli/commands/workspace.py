"""`homerun workspace …`: where runs are kept, and under which name."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options.params import option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.sdk.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from homerun.sdk.workspace import Workspace

_COLUMNS = ["name", "resource group", "subscription", "folder"]


@command("create")
@option("--exist-ok", is_flag=True, help="Do not fail if it exists already.")
@option("-l", "--location", metavar="REGION", help="Accepted and ignored: it is always here.")
@option("-f", "--friendly-name", metavar="NAME", help="Accepted and ignored.")
@option("--sku", metavar="NAME", default="basic", help="A label.")
@option("-y", "--yes", is_flag=True, help="Accepted and ignored.")
def create(
    call: Call,
    exist_ok: bool,
    location: str | None,
    friendly_name: str | None,
    sku: str,
    yes: bool,
) -> Result:
    """Create a workspace here: the folder .runs/.

    It is optional: the first run creates one.

    \b
    Example:
      homerun workspace create -w myworkspace -g myresourcegroup --exist-ok
    """
    if call.workspace_name is None:
        raise UsageError("give it a name: -w NAME")
    if call.path is not None:
        raise UsageError("a workspace is created in the current folder: change to it first")
    made = Workspace.create(
        call.workspace_name,
        subscription_id=call.subscription,
        resource_group=call.resource_group,
        sku=sku,
        exist_ok=exist_ok,
    )
    return _card(made)


@command("list")
def list_workspaces(call: Call) -> Result:
    """List the workspaces that are found from here: at most one.

    \b
    Example:
      homerun workspace list
    """
    found = call.workspace()
    rows = [_row(found)] if found.store.exists() else []
    lines = [[row[key] or text.NONE for key in _KEYS] for row in rows]
    none = "there is no workspace here; the first run creates one, or homerun workspace create"
    return Result(rows, lambda: [render.Table(_COLUMNS, lines) if lines else render.Note(none)])


@command("show")
def show(call: Call) -> Result:
    """Show the workspace that is found from here.

    \b
    Example:
      homerun workspace show
    """
    return _card(call.workspace())


_KEYS = ("name", "resourceGroup", "subscription", "directory")


def _row(found: Workspace) -> dict[str, object]:
    labels = {"resourceGroup": found.resource_group, "subscription": found.subscription_id}
    return {**found.get_details(), **labels}


def _card(found: Workspace) -> Result:
    row = _row(found)
    fields = {name: row.get(key) for name, key in zip(_COLUMNS, _KEYS)}
    return Result(row, lambda: [render.Card(fields)])
