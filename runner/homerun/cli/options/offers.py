"""Completions for a shell: run ids and experiment names from the store."""

from __future__ import annotations

from homerun.base.errors import HomerunError
from homerun.cli.output import text
from homerun.project.run_names import BEST, WORDS
from homerun.sdk.workspace import Workspace
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.options.params import Offers
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace

_LOOKED_AT = 1000
_OFFERED = 50


def run_offers(given: dict[str, Any], begun: str) -> Offers:
    """The newest runs whose id begins so, each with its experiment and status."""
    if begun.startswith("@"):
        return [(word, None) for word in (*WORDS, BEST) if word.startswith(begun)]
    found: list[tuple[str, str | None]] = []
    try:
        workspace = _workspace(given)
        listed = workspace.get_runs(given.get("experiment"))
        for run, _ in zip(listed, range(_LOOKED_AT)):
            if run.id.startswith(begun):
                found.append((run.id, _hint(run)))
            if len(found) == _OFFERED:
                break
    except (HomerunError, StoreError, OSError):
        return found  # an error has no place in a completion
    return found


def experiment_offers(given: dict[str, Any], begun: str) -> Offers:
    """The experiments whose name begins so."""
    try:
        names = _workspace(given).experiments
    except (HomerunError, StoreError, OSError):
        return []
    return [(name, None) for name in names if name.startswith(begun)]


def _hint(run: Run) -> str:
    return text.printable(f"{run.experiment.name}, {run.get_status()}")


def _workspace(given: dict[str, Any]) -> Workspace:
    found = Workspace.from_config(given.get("path"))
    found.store.only_looks = True  # a key that is pressed starts nothing
    return found
