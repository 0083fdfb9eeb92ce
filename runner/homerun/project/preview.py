"""What a submit would do, found out without making anything."""

from __future__ import annotations

import os

from homerun.base import masking
from homerun.config import merge
from homerun.snapshots import scan
from homerun.snapshots.links import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.config.script_run_config import ScriptRunConfig
    from runstore.store import Store


def preview(store: Store, config: ScriptRunConfig, experiment: str) -> dict[str, Any]:
    """What a run would be, were it submitted now.

    Raises:
        SubmitError: it could not be submitted.
    """
    told: list[str] = []
    if not config.is_settled:
        config, told = merge.settle(config, store.root)
    argv = config.argv()
    found = {
        "experiment": experiment,
        "command": masking.arguments(argv),
        "source_directory": config.source(),
        "in_place": config.in_place,
        "target": config.target or "local",
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
