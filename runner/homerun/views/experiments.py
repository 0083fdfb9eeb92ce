"""What is shown of an experiment: its id, its labels and its latest run."""

from __future__ import annotations

from homerun.base.errors import UserError
from homerun.base.times import zulu
from homerun.system.sha256 import digest
from homerun.views import details, listing
from runstore import layout
from runstore.errors import ExperimentNotFound
from runstore.fs import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.views.listing import Wanted
    from runstore.run.record import Record
    from runstore.store import Store


_ACTIVE, _ALL, _ARCHIVED = "ActiveOnly", "All", "ArchivedOnly"
_VIEWS = (_ACTIVE, _ALL, _ARCHIVED)


def experiment_names(store: Store, name: str | None, view_type: str, tags: Wanted) -> list[str]:
    """The names of the experiments that are wanted; see `Experiment.list`.

    Raises:
        UserError: there is no such view.
    """
    if view_type not in _VIEWS:
        raise UserError(f"view_type is one of {', '.join(_VIEWS)}, not {view_type!r}")
    wanted = listing.pairs("tags", tags)
    found = []
    for one in store.experiments():
        if name in (None, one):
            labels = store.experiment_labels(one)
            view = _ARCHIVED if labels.archived else _ACTIVE
            if view_type in (view, _ALL) and listing.all_hold(wanted, labels.tags):
                found.append(one)
    return found


def id_of(store: Store, name: str) -> str:
    """An id of the original's form, the same for this experiment of this store at any time."""
    h = digest(f"{store.id}/{name}".encode())
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def name_of_id(store: Store, experiment_id: str) -> str:
    """The name of the experiment that has an id, or bears that name itself.

    Raises:
        ExperimentNotFound: there is none.
    """
    for name in store.experiments():
        if experiment_id in (name, id_of(store, name)):
            return name
    raise ExperimentNotFound(str(experiment_id))


def created(store: Store, name: str) -> str | None:
    """When an experiment was made, in UTC; None: that is damaged.

    Raises:
        ExperimentNotFound: there is none of that name.
    """
    said = facts.read(f"{store.root}/{store.experiment_folder(name)}", layout.EXPERIMENT) or {}
    return zulu(said.get("time"))


def row(store: Store, name: str) -> dict[str, Any]:
    """What `experiment list` prints of one: the original's camelCase keys, and its latest run."""
    labels = store.experiment_labels(name)
    return {
        "additionalProperties": {},
        "experimentId": id_of(store, name),
        "name": name,
        "description": None,
        "createdUtc": created(store, name),
        "archivedTime": zulu(labels.archived),
        "tags": labels.tags,
        "latestRun": next(map(_latest, store.runs(name, children=False)), None),
    }


def _latest(record: Record) -> dict[str, Any]:
    row = details.row_of(record)
    return {
        "runId": row["run_id"],
        "runNumber": row.get("run_number"),
        "status": row["status"],
        "createdUtc": row.get("created_utc"),
    }
