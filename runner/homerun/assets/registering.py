"""Registering what a run has written, once its script has ended well: the supervisor calls it."""

from __future__ import annotations

import os

from homerun.assets import datasets
from homerun.base.errors import UserError
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import facts
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def outputs(run_folder: str) -> list[str]:
    """Register the outputs of a run that are to be datasets; a line for each, for its log.

    A second call changes nothing.
    """
    run = facts.read(run_folder, layout.RUN) or {}
    wanted = [one for one in run.get("outputs") or () if one.get("register")]
    if not wanted or facts.read(run_folder, layout.REGISTERED) is not None:
        return []
    store = Store(os.path.dirname(os.path.dirname(os.path.realpath(run_folder))))
    made, told = [], []
    for one in wanted:
        name = (one.get("register") or {}).get("name")
        try:
            found = _register(store, one, str(run.get("id")))
        except (UserError, StoreError, OSError) as error:
            told.append(f"the output {one.get('name')!r} is not registered as {name!r}: {error}")
            continue
        made.append({"output": one["name"], "name": found.name, "version": found.number})
        told.append(f"the output {one['name']!r} is registered as {found.id}")
    facts.publish(run_folder, layout.REGISTERED, facts.signed({"datasets": made}))
    return told


def _register(store: Store, one: Mapping[str, Any], run_id: str) -> Any:
    said = one["register"]
    source = {"datastore": one["datastore"], "path": one["path"]}
    definition: dict[str, Any] = {"type": datasets.FILE, "sources": [source]}
    if said.get("reader"):
        definition.update(type=datasets.TABULAR, reader=said["reader"])
    datasets.check_there(store, definition)
    return datasets.register_dataset(
        store,
        definition,
        str(said["name"]),
        said.get("description"),
        said.get("tags"),
        is_new_version=True,
        run_id=run_id,
    )
