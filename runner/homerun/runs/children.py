"""Runs as a family: listing them, and making and finding the children of one."""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.metrics import results
from homerun.runs import interactive, owner, reconcile
from homerun.sdk.run import Run, typed
from runstore import status
from runstore.draft import write_rows
from runstore.errors import ExperimentNotFound
from runstore.index import metrics as index_metrics
from runstore.index import row as index_row
from runstore.index.query import Condition, Query
from runstore.index.search import search
from runstore.run import children as family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from homerun.sdk.relatives import Relatives
    from homerun.sdk.workspace import Workspace
    from runstore.run.record import Record
    from runstore.store import Store

_BATCH_TAG = "azureml.batch_child_number"


def runs(
    workspace: Workspace,
    experiment: str | None,
    wanted: list[Condition],
    include_children: bool = False,
    sort: str | None = None,
) -> Iterator[Run]:
    """The runs of a workspace, or of one of its experiments, lazily.

    Args:
        sort: a field to sort by, a `-` before it for the largest first; None: the newest first.
    """
    store = workspace.store
    if not wanted and sort is None:
        found = store.runs(experiment, children=include_children)
    else:
        found = _search(store, experiment, wanted, include_children, sort)
    return (typed(record, workspace) for record in found)


def children(
    run: Relatives, record: Record, wanted: list[Condition], recursive: bool
) -> Iterator[Run]:
    """A run's children, or all its descendants; see `Run.get_children`."""
    workspace = run.experiment.workspace
    if not wanted or recursive:
        found = family.below(record, recursive=recursive)
    else:
        wanted = [*wanted, Condition("parent", "", "=", record.id)]
        found = _search(record.store, None, wanted, True, None)
        wanted = []
    for child in found:
        if not wanted or _matches(child, wanted):
            yield typed(child, workspace)


def _search(
    store: Store,
    experiment: str | None,
    wanted: list[Condition],
    include_children: bool,
    sort: str | None,
) -> Iterator[Record]:
    from homerun.runs import verify_index

    folder = None
    if experiment is not None:
        try:
            folder = store.experiment_folder(experiment)
        except ExperimentNotFound:
            return iter(())
    query = Query(wanted, experiment=folder, children=include_children, sort=sort)
    return search(
        store,
        query,
        reconcile.look,
        lambda: verify_index.start(store),
        lambda line: messages.tell([line]),
    )


def _matches(record: Record, wanted: list[Condition]) -> bool:
    """Whether a run belongs into a list; one that cannot be read, or was removed, does not."""
    query = Query(wanted, children=True)
    found = index_row.readable(record, reconcile.look)
    known = index_metrics.of_folder(record.path) if query.wants_metrics else {}
    return found is not None and query.matches(found, known)


def metrics(
    record: Record, name: str | None, run_type: str | None, populate: bool
) -> dict[str, Any]:
    """The metrics of a run and all below it, by run id; runs without metrics are left out."""
    below = family.below(record, recursive=True)
    kept = [one for one in below if run_type is None or one.run.get("type") == run_type]
    found = {one.id: results.of_folder(one.path, one.id, name, populate) for one in (record, *kept)}
    return {run_id: values for run_id, values in found.items() if values}


def child_run(
    run: Relatives, record: Record, name: str | None, run_id: str | None, outputs: bool | str | None
) -> Run:
    """An interactive child that has begun; see `Run.child_run`."""
    run.start()
    asked: dict[str, object] = {"name": name, "display_name": name}
    folder = interactive.outputs_folder(outputs or False)
    made = interactive.start(record.store, record.experiment, asked, run_id=run_id, parent=record)
    child = Run.of(made, run.experiment)
    child.outputs_folder = folder
    owner.opened(child)
    return child


def create_children(
    run: Relatives,
    record: Record,
    count: int | None,
    tag_key: str | None,
    tag_values: Sequence[object] | None,
) -> list[Run]:
    """Rows below a run; see `Run.create_children`."""
    run.start()
    tags = row_tags(count, tag_key, tag_values)
    asked: dict[str, object] = {"kind": status.INTERACTIVE}
    made = write_rows(record, [{**asked, "tags": one} for one in tags])
    return [Run.of(row, run.experiment) for row in made]


def row_tags(
    count: int | None, key: str | None, values: Sequence[object] | None
) -> list[dict[str, str]]:
    """The tags of each row that `create_children` makes.

    Raises:
        UserError: neither a count nor a key with values was given, or both were.
    """
    if count is not None and (key is not None or values is not None):
        raise UserError("give create_children a count, or tag_key and tag_values, not both")
    if count is not None:
        if type(count) is not int or count < 0:
            raise UserError(f"count is a whole number from 0 on, not {count!r}")
        return [{_BATCH_TAG: str(number)} for number in range(count)]
    if key is None or values is None:
        raise UserError("give create_children a count, or both tag_key and tag_values")
    return [{str(key): str(value)} for value in values]
