"""`homerun datastore …` and `homerun dataset …`: names for folders, and for data in versions."""

from __future__ import annotations

import time

from homerun.assets import datasets, datastores
from homerun.cli.command import command
from homerun.cli.options import offers
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from runstore.store import Store

_STORES = ["datastore", "default", "folder"]
_SETS = ["dataset", "version", "type", "registered", "sources"]
_NONE_YET = "there are no datasets; dataset.register(workspace, NAME) keeps one"


def _told(store: Store) -> Result:
    rows = datastores.datastore_rows(store)
    lines = [[row["name"], "yes" if row["default"] else "no", row["folder"]] for row in rows]
    return Result(rows, lambda: [render.Table(_STORES, lines)])


@command("list")
def list_datastores(call: Call) -> Result:
    """List the datastores: those that are always there, and those bound to a folder.

    \b
    Example:
      homerun datastore list
    """
    return _told(call.workspace(wakes=False).store)


@command("add")
@argument("name", required=True)
@argument("folder", metavar="DIR", required=True)
def add_datastore(call: Call, name: str, folder: str) -> Result:
    """Let a name stand for a folder, for scripts that find their data by it.

    \b
    Example:
      homerun datastore add images /data/images
    """
    store = call.workspace(wakes=False).store
    datastores.bind(store, name, folder)
    return _told(store)


@command("default")
@argument("name", required=True, complete=offers.datastore_offers)
def default_datastore(call: Call, name: str) -> Result:
    """Have a datastore be meant where none is named.

    \b
    Example:
      homerun datastore default images
    """
    store = call.workspace(wakes=False).store
    datastores.set_default(store, name)
    return _told(store)


@command("remove")
@argument("name", required=True, complete=offers.datastore_offers)
def remove_datastore(call: Call, name: str) -> Result:
    """Let a name stand for no folder any more; the folder and its files stay.

    \b
    Example:
      homerun datastore remove images
    """
    store = call.workspace(wakes=False).store
    datastores.unbind(store, name)
    return _told(store)


@command("list")
def list_datasets(call: Call) -> Result:
    """List the registered datasets, each in its latest version.

    \b
    Example:
      homerun dataset list
    """
    store = call.workspace(wakes=False).store
    rows = [datasets.dataset_row(one) for one in datasets.shelf(store).latest()]

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note(_NONE_YET)]
        now = time.time()
        lines = [
            [
                *(row["name"], row["version"], row.get("type") or text.NONE),
                *(text.ago(row["created_utc"], now), ", ".join(row["sources"])),
            ]
            for row in rows
        ]
        return [render.Table(_SETS, lines, ("sources",))]

    return Result(rows, shown)


@command("show")
@argument("name", required=True, complete=offers.dataset_offers)
@option("--version", metavar="N", help="Its version (default: the latest).")
def show_dataset(call: Call, name: str, version: str | None) -> Result:
    """Show a dataset: what it is made of, its id, its versions and tags.

    \b
    Example:
      homerun dataset show iris
    """
    store = call.workspace(wakes=False).store
    found = datasets.get_dataset(store, name, version)
    row = {**datasets.dataset_row(found), "versions": datasets.shelf(store).versions(name)}

    def shown() -> list[render.Part]:
        card = {key: value for key, value in row.items() if key != "tags"}
        for key in ("sources", "versions"):
            card[key] = ", ".join(map(str, row[key]))
        card.update((f"tag {key}", value) for key, value in row["tags"].items())
        return [render.Card(card)]

    return Result(row, shown)
