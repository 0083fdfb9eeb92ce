"""Completions for a shell: runs, experiments, targets, files and fields, from the store."""

from __future__ import annotations

import os
from itertools import islice

from homerun.assets import datasets, datastores, models
from homerun.base.errors import HomerunError
from homerun.cli.output import text
from homerun.project import defaults, file
from homerun.project.run_names import BEST, WORDS, RunNames
from homerun.project.trash_names import LAST, TrashNames
from homerun.sdk.workspace import Workspace
from homerun.views import listing
from homerun.views import rows as listed
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from homerun.cli.options.params import Offers
    from homerun.project.file import ProjectFile
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from runstore.run.record import Record

_LOOKED_AT = 1000
_OFFERED = 50
_AREAS = ("params", "metrics", "tags")


def run_offers(given: dict[str, Any], begun: str) -> Offers:
    """The newest runs, children too: by number; by display name or id where it begins so."""
    if begun.startswith("@"):
        return [(word, None) for word in (*WORDS, BEST) if word.startswith(begun)]
    named = given.get("experiment")

    def newest(workspace: Workspace) -> Iterator[Record]:
        return islice(workspace.store.runs(named, children=True), _LOOKED_AT)

    return _naming(given, begun, newest, named)


def trash_offers(given: dict[str, Any], begun: str) -> Offers:
    """The deleted runs, the one that was deleted last first, as `run_offers` names them."""
    if begun.startswith("@"):
        return [(LAST, None)] if LAST.startswith(begun) else []

    def trashed(workspace: Workspace) -> list[Record]:
        return TrashNames(workspace.store, _place(given)[0]).deleted_last()

    return _naming(given, begun, trashed)


def model_offers(given: dict[str, Any], begun: str) -> Offers:
    """The registered models whose name begins so."""
    return _beginning(begun, lambda: models.shelf(_workspace(given).store).names())


def dataset_offers(given: dict[str, Any], begun: str) -> Offers:
    """The registered datasets whose name begins so."""
    return _beginning(begun, lambda: datasets.shelf(_workspace(given).store).names())


def datastore_offers(given: dict[str, Any], begun: str) -> Offers:
    """The datastores whose name begins so."""
    return _beginning(
        begun, lambda: [one.name for one in datastores.places(_workspace(given).store)]
    )


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


def metric_offers(given: dict[str, Any], begun: str) -> Offers:
    """The metrics that begin so: of the run that was named, else of the newest runs."""
    return _beginning(begun, lambda: _keys(given, "metrics"))


def tag_offers(given: dict[str, Any], begun: str) -> Offers:
    """The tags whose keys begin so: of the run that was named, else of the newest runs."""
    return _beginning(begun, lambda: _keys(given, "tags"))


def _keys(given: dict[str, Any], area: str) -> Iterable[str]:
    """What runs have in an area: the run that was named, else the newest of the experiment."""
    store = _workspace(given).store
    words = [given.get(key) for key in ("run_word", "run_id", "word")]
    word = next((one for one in words if isinstance(one, str)), None)
    if word is not None:
        records = [RunNames(store, _place(given)[0], given.get("experiment")).find(word)]
    else:
        records = list(islice(store.runs(given.get("experiment"), children=True), _OFFERED))
    rows = listing.describe_all(records)
    return dict.fromkeys(str(key) for row in rows for key in row.get(area) or ())


def _naming(
    given: dict[str, Any],
    begun: str,
    records: Callable[[Workspace], Iterable[Record]],
    experiment: str | None = None,
) -> Offers:
    """Each run by the word that begins so: its number, else its display name, else its id."""
    found: list[tuple[str, str | None]] = []
    try:
        workspace = _workspace(given)
        current = experiment or defaults.current_experiment(*_place(given)).value
        for record in records(workspace):
            number = str(record.run.get("number") or "") if record.experiment == current else ""
            name = (record.labels().display_name or "") if begun else ""
            words = (number, name, record.id)
            word = next((one for one in words if one and one.startswith(begun)), None)
            if word is not None:
                found.append((word, _hint(workspace.run_of(record))))
            if len(found) == _OFFERED:
                break
    except (HomerunError, StoreError, OSError):
        return found  # an error has no place in a completion
    return found


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
