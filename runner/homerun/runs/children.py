"""The children of a run: making an interactive one, rows that begin when used, a batch's runs."""

from __future__ import annotations

from homerun.base import checks
from homerun.base.errors import UserError
from homerun.runs import interactive
from homerun.runs.handle import RunHandle
from runstore import status
from runstore.draft import write_rows
from runstore.run import children as below
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from runstore.run.record import Record

_BATCH_TAG = "azureml.batch_child_number"


def start(
    parent: Record, name: str | None, run_id: str | None, outputs: bool | str | None
) -> RunHandle:
    """Start an interactive run below another one; see `Run.child_run`."""
    asked: dict[str, object] = {"name": name, "display_name": name}
    folder = interactive.outputs_folder(outputs or False)
    made = interactive.start(
        store_of(parent), parent.experiment, asked, run_id=run_id, parent=parent
    )
    return RunHandle.opened(made, folder)


def of_batch(parent: Record) -> Sequence[Record]:
    """The runs of a batch, in the order in which they were given."""
    return sorted(below.unsorted(parent), key=lambda one: (one.run.get("number") or 0, one.id))


def rows(
    parent: Record,
    count: int | None,
    tag_key: str | None,
    tag_values: Sequence[object] | None,
) -> Sequence[Record]:
    """Make rows below a run; see `Run.create_children`."""
    tags = row_tags(count, tag_key, tag_values)
    return write_rows(parent, [{"kind": status.INTERACTIVE, "tags": one} for one in tags])


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
        rows = range(checks.count("count", count))
        return [{_BATCH_TAG: str(number)} for number in rows]
    if key is None or values is None:
        raise UserError("give create_children a count, or both tag_key and tag_values")
    return [{str(key): str(value)} for value in values]
