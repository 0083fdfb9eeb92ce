"""What `Run.get_metrics` returns: the original's shapes, by kind and number of points.

A metric of one value is that value, of several a list of them, whether they came one by one or in
a list. Rows and tables of one name are one table: a dict of columns, each a value or a list. Of
images and JSON metrics, which are files, the first one's address or the file itself. The first
kind that a name was used for decides; points of another kind are left out.
"""

from __future__ import annotations

from homerun.base import messages
from homerun.metrics import files, kinds
from homerun.metrics.artifact import MetricArtifact, address
from runstore.metrics import log as metric_log
from runstore.metrics import samples as usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runstore.metrics.log import Series
    from runstore.run.record import Record

_told: set[str] = set()


def metrics_of_run(
    run_folder: str, run_id: str, name: str | None = None, populate: bool = False
) -> dict[str, Any]:
    """A recorded run's metrics by name.

    Args:
        name: only this metric; {} if there is none of that name. What the run used of its machine
            is given by name alone, as `system/memory`.
        populate: give files as `MetricArtifact`, not as their address.
    """
    found, _ = metric_log.read(run_folder)
    if name is not None and name not in found and name.startswith(usage.PREFIX):
        found = usage.read(run_folder)
    of_file = file_giver(run_id, lambda name: files.read(run_folder, name), populate)
    return {
        key: value_of_series(key, series, of_file)
        for key, series in found.items()
        if name is None or key == name
    }


def is_size(name: str) -> bool:
    """Whether what is sampled under a name is a number of bytes."""
    return usage.unit_of(name) == usage.BYTES


def metrics_of_family(
    record: Record, name: str | None, run_type: str | None, populate: bool
) -> dict[str, Any]:
    """The metrics of a run and all below it, by run id; runs without metrics are left out."""
    from runstore.run import children  # the script's context does without it

    below = children.below(record, recursive=True)
    kept = [one for one in below if run_type is None or one.run.get("type") == run_type]
    found = {one.id: metrics_of_run(one.path, one.id, name, populate) for one in (record, *kept)}
    return {run_id: values for run_id, values in found.items() if values}


def file_giver(
    run_id: str, read: Callable[[str], bytes], populate: bool
) -> Callable[[str, Any], Any]:
    """What makes of a kind and a point's value the value that is returned.

    Args:
        read: gives the bytes of a file by its name.
    """

    def given(kind: str, value: Any) -> Any:
        name, stored = files.names(value)
        if populate:
            return MetricArtifact(run_id, name, kind, lambda: read(stored))
        return address(run_id, name)

    return given


def value_of_series(name: str, series: Series, of_file: Callable[[str, Any], Any]) -> Any:
    """One metric's points as they are returned. That some are left out is told once for a name."""
    if series.kinds is None:
        return _one_or_many(series.values)
    points: list[tuple[str, Any]] = [
        (kind, value)
        for kind, value in zip(series.kinds_of_all(), series.values)
        if kinds.kind_named(kind).fits(value)
    ]
    if not points:
        return []
    first, value = points[0]
    group = kinds.kind_named(first).group
    kept = [point for point in points if kinds.kind_named(point[0]).group == group]
    if len(kept) < len(points):
        _tell(name, first, len(points) - len(kept))
    if group == kinds.FILE:
        return of_file(first, value)
    return _table(kept) if group == kinds.TABLE else _one_or_many(_flat(kept))


def _tell(name: str, kind: str, count: int) -> None:
    if name not in _told:
        _told.add(name)
        what = f"{count} of the points of metric {name!r} are left out"
        messages.tell(
            [f"{what}: its first is of the kind {kind}; give each kind a name of its own"]
        )


def _flat(points: list[tuple[str, Any]]) -> list[Any]:
    values: list[Any] = []
    for kind, value in points:
        values += value if kind == metric_log.LIST else [value]
    return values


def _table(points: list[tuple[str, Any]]) -> dict[str, Any]:
    """Rows and tables as columns; a row that lacks a column has None there."""
    columns: dict[str, list[Any]] = {}
    height = 0
    for kind, value in points:
        rows = {key: [cell] for key, cell in value.items()} if kind == metric_log.ROW else value
        added = max(map(len, rows.values()), default=0)
        for key in rows:
            columns.setdefault(key, [None] * height)
        for key, column in columns.items():
            column += rows.get(key, [None] * added)
        height += added
    return {key: _one_or_many(column) for key, column in columns.items()}


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
