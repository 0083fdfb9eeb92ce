"""What a submit would do, found out without making anything."""

from __future__ import annotations

import os

from homerun.base import masking
from homerun.base.errors import SubmitError
from homerun.runs import submit
from homerun.snapshots import scan
from homerun.snapshots.links import FILE
from runstore import names
from runstore.draft import check_free

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.runs.submit import Request
    from runstore.store import Store


def preview(request: Request) -> dict[str, Any]:
    """What a run would be, were it submitted now.

    Raises:
        SubmitError, StoreError: it could not be submitted.
    """
    store = request.store
    names.check_experiment(request.experiment)
    _check_may_act(store)
    argv, place, told = submit.prepare(request)
    config = request.config
    if request.run_id is not None:
        check_free(store, names.check_run_id(request.run_id))
    found = {
        "experiment": request.experiment,
        "command": masking.arguments(argv),
        "source_directory": config.source(),
        "in_place": config.in_place,
        "target": place.target.name,
        "variables": sorted(config.environment_variables),
        "store": store.root,
    }
    if not config.in_place:
        tree = scan.scan(config.source(), store=store.root)
        sizes = [one[2] for _, entries in tree.folders for one in entries if one[1] == FILE]
        found |= {"files": len(sizes), "bytes": sum(sizes)}
        told += tree.notices
    if config.recipe is not None:
        found["packages"] = config.recipe.name
        found["is_built"] = os.path.isdir(config.recipe.folder)
    return {**found, "notices": told}


def _check_may_act(store: Store) -> None:
    """Check that the store, or the one that would be made, can be written by this user.

    Raises:
        StoreError, SubmitError: it cannot.
    """
    if not store.exists():
        folder = os.path.dirname(store.root)
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SubmitError(f"no store can be made in {folder}: it cannot be written")
        return
    store.for_writing()
    objection = None if store.is_named else store.objection()
    if objection is not None:
        raise objection
