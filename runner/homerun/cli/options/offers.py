"""Completions for a shell: runs, experiments, targets, files and fields, from the store."""

from __future__ import annotations

import os
from itertools import islice

from homerun.base.errors import HomerunError
from homerun.cli.output import text
from homerun.project import defaults, file
from homerun.project.run_names import BEST, WORDS, RunNames
from homerun.project.trash_names import TrashNames
from homerun.sdk.workspace import Workspace
from homerun.views import listing
from homerun.views import rows as listed
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from homerun.cli.options.params import Offers
    from homerun.project.file import ProjectFile
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace

_LOOKED_AT = 1000
_OFFERED = 50
_AREAS = ("params", "metrics", "tags")


def run_offers(given: dict[str, Any], begun: str) -> Offers:
    """The newest runs, children too: by number, or by id where its beginning is there."""
    if begun.startswith("@"):
        return [(word, None) for word in (*WORDS, BEST) if word.startswith(begun)]
    found: list[tuple[str, str | None]] = []
    try:
        workspace = _workspace(given)
        named = given.get("experiment")
        current = named or defaults.current_experiment(*_place(given)).value
        for record in islice(workspace.store.runs(named, children=True), _LOOKED_AT):
            number = str(record.run.get("number") or "") if record.experiment == current else ""
            word = number if number and number.startswith(begun) else record.id
            if word.startswith(begun):
                found.append((word, _hint(workspace.run_of(record))))
            if len(found) == _OFFERED:
                break
    except (HomerunError, StoreError, OSError):
        return found  # an error has no place in a completion
    return found


def trash_offers(given: dict[str, Any], begun: str) -> Offers:
    """The deleted runs, the one that was deleted last first: by number, or by id."""
    found: list[tuple[str, str | None]] = []
    try:
        workspace = _workspace(given)
        folder, said = _place(given)
        current = defaults.current_experiment(folder, said).value
        if "@last".startswith(begun):
            found.append(("@last", None))
        for record in TrashNames(workspace.store, folder).deleted_last()[:_OFFERED]:
            number = str(record.run.get("number") or "") if record.experiment == current else ""
            word = number if number and number.startswith(begun) else record.id
            if word.startswith(begun):
                found.append((word, _hint(workspace.run_of(record))))
    except (HomerunError, StoreError, OSError):
        return found
    return found


def experiment_offers(given: dict[str, Any], begun: str) -> Offers:
    """The experiments whose name begins so."""
    return _beginning(begun, lambda: _workspace(given).experiments)


def target_offers(given: dict[str, Any], begun: str) -> Offers:
    """The targets whose name begins so."""
    return _beginning(begun, lambda: [one.name for one in _workspace(given).targets])


def file_offers(given: dict[str, Any], begun: str) -> Offers:
    """The files of the run that stands before, whose name begins so."""

    def names() -> list[str]:
        workspace = _workspace(given)
        word = given.get("run_word") or given.get("run_id")
        found = RunNames(workspace.store, _place(given)[0]).find(str(word))
        return workspace.run_of(found).get_file_names()

    return _beginning(begun, names)


def field_offers(given: dict[str, Any], begun: str) -> Offers:
    """The fields of runs that begin so: those of any run, and the newest runs' own."""
    minus = "-" if begun.startswith("-") else ""

    def names() -> list[str]:
        records = list(islice(_workspace(given).store.runs(given.get("experiment")), _OFFERED))
        rows = listing.describe_all(records)
        own = [f"{area}.{key}" for row in rows for area in _AREAS for key in row.get(area) or ()]
        return [f"{minus}{name}" for name in dict.fromkeys([*listed.field_names(), *own])]

    return _beginning(begun, names)


def _beginning(begun: str, names: Callable[[], Iterable[str]]) -> Offers:
    try:
        return [(name, None) for name in names() if name.startswith(begun)]
    except (HomerunError, StoreError, OSError, LookupError):
        return []


def _hint(run: Run) -> str:
    """A run in a few words; without commas, at which fish would cut them."""
    name = "" if run.display_name == run.id else f" {run.display_name}"
    shown = f"{run.experiment.name} #{run.number}{name} {run.get_status()}"
    return text.printable(shown.replace(",", " "))


def _place(given: dict[str, Any]) -> tuple[str, ProjectFile]:
    folder = os.path.abspath(os.path.expanduser(given.get("path") or "."))
    return folder, file.nearest(folder)


def _workspace(given: dict[str, Any]) -> Workspace:
    found = Workspace.from_config(given.get("path"))
    found.store.only_looks = True  # a key that is pressed starts nothing
    return found
