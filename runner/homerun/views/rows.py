"""Rows of lists, as `listing.describe_all` makes them, and the columns that they can be shown with.

A column is a field that a query can name; its value is taken from the row.
"""

from __future__ import annotations

from homerun.base import times
from runstore import status
from runstore.errors import InvalidQuery
from runstore.index.fields import METRICS, NAMES, FieldName, split
from runstore.index.kinds import DURATION, PERCENT, SIZE, TIME
from runstore.index.row import PAIRS, PARAMS
from runstore.metrics import used
from runstore.run.params import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


_PLACES = {
    "id": "run_id",
    "number": "run_number",
    "experiment": "experiment_name",
    "name": "display_name",
    "created": "created_utc",
    "started": "start_time_utc",
    "ended": "end_time_utc",
    "script": "script_name",
    "user": "submitted_by",
    "type": "run_type",
    "parent": "parent_run_id",
    "error": "failure",
}
"""Where a field stands in a row that is not called like it."""

_OF_ALL = (
    (status.CANCEL_REQUESTED, status.FINALIZING, status.RUNNING),
    (status.PREPARING, status.QUEUED, status.NOT_STARTED),
    (status.NOT_RESPONDING,),
    (status.FAILED,),
    (status.CANCELED,),
    (status.COMPLETED,),
)
"""The status that stands for many runs is of the first line that any of them is in."""


def rolled_up(
    by_status: dict[str, int],
    best: tuple[float, str, int | None] | None = None,
    metric: str | None = None,
) -> dict[str, Any]:
    """How many runs there are, how many of each status, and the status that stands for all.

    Args:
        best: the best value of the metric that is the goal, and the id and number of its run.
    """
    shown = next((one for like in _OF_ALL for one in like if one in by_status), None)
    total = sum(by_status.values())
    found: dict[str, Any] = {"total": total, "by_status": by_status, "status": shown}
    if best is not None:
        value, run_id, number = best
        told = {"metric": metric, "value": value, "run_id": run_id, "run_number": number}
        found["best"] = told
    return found


class RowColumn:
    """A field as a column of a list.

    Attributes:
        name: as it was written; `title`: the shortest that tells it from others.
        is_time, is_duration, is_size, is_percent: what its values are: a text in UTC, seconds,
            KiB, %.
        place: what tells two columns apart.
    """

    def __init__(self, field: FieldName) -> None:
        self._field = field
        self.name = field.written
        is_short = field.area in (METRICS, PARAMS)
        ending = "" if field.aggregate == "last" else f".{field.aggregate}"
        self.title = f"{field.key}{ending}" if is_short else field.written
        self.is_time = field.kind == TIME
        self.is_duration = field.kind == DURATION
        self.is_size = field.kind == SIZE
        self.is_percent = field.kind == PERCENT
        self.place = field.area, field.key, field.aggregate

    def value(self, row: dict[str, Any]) -> Any:
        """Its value in a row: a number, a text, or None; NaN of a metric that is not a number."""
        field = self._field
        if field.area == METRICS:
            return _metric(row["metrics"], field)
        if field.area in PAIRS:
            value = row[field.area].get(field.key)
            return spelled(value) if isinstance(value, (bool, list)) else value
        computed = _COMPUTED.get(field.area)
        return computed(row) if computed else row.get(_PLACES.get(field.area, field.area))


def field_names() -> tuple[str, ...]:
    """The names of the fields that every run has."""
    return tuple(name for name in NAMES if name != "text")


def columns_of(names: Sequence[str]) -> list[RowColumn]:
    """The columns of fields by their names, each of which may be several, with commas between.

    Raises:
        InvalidQuery: there is no such field, or it is no column.
    """
    fields = [split(one.strip()) for name in names for one in name.split(",")]
    wrong = next((one.written for one in fields if one.area == "text"), None)
    if wrong is not None:
        raise InvalidQuery("text is looked through by --where only: name a column")
    return list(map(RowColumn, fields))


def titles(columns: Sequence[RowColumn], taken: Sequence[str] = ()) -> list[str]:
    """The short titles of columns; the whole names of those that are not alone with theirs."""
    short = [one.title for one in columns]
    return [
        one.name if one.title in taken or short.count(one.title) > 1 else one.title
        for one in columns
    ]


def metric_column(name: str) -> RowColumn:
    """The last value of a metric as a column."""
    return RowColumn(FieldName(f"{METRICS}.{name}", METRICS, name))


def differing(rows: Sequence[dict[str, Any]]) -> list[RowColumn]:
    """The parameters that are not the same in all rows that have any."""
    each = [row["params"] for row in rows if row["params"]]
    names = {name: None for params in each for name in params}
    return [
        RowColumn(FieldName(f"{PARAMS}.{name}", PARAMS, name))
        for name in names
        if any(_of(one, name) != _of(each[0], name) for one in each)
    ]


def further_tags(row: dict[str, Any]) -> dict[str, str | None]:
    """The tags of a run that do not say again what its parameters do, as those of a grid."""
    params = row["params"]
    return {
        key: value
        for key, value in row["tags"].items()
        if key not in params or value != spelled(params[key])
    }


def _of(params: dict[str, Any], name: str) -> tuple[bool, str]:
    return name in params, repr(params.get(name))


def _metric(known: dict[str, dict[str, Any]], field: FieldName) -> Any:
    name, aggregate = field.key, field.aggregate
    if field.exact in known:
        name, aggregate = field.exact, "last"
    if name not in known:
        return None
    value = known[name][aggregate]
    return float("nan") if value is None else value


def _took(row: dict[str, Any]) -> float | None:
    begun, end = times.unix(row.get("start_time_utc")), times.unix(row.get("end_time_utc"))
    return None if begun is None or end is None else max(0.0, end - begun)


def _used(row: dict[str, Any]) -> Mapping[str, Any]:
    """What is known of what a run uses: now, or once it is over."""
    known: dict[str, Any] = row.get("usage") or {}
    now = known.get("now")
    if now is None and row["status"] not in status.TERMINAL:
        return {}
    return known if now is None else now


def _exited(row: dict[str, Any]) -> Mapping[str, Any]:
    return row.get("outcome") or {}


def _arguments(row: dict[str, Any]) -> str | None:
    if not row.get("arguments"):
        return None
    from shlex import join

    return join(map(str, row["arguments"]))


_COMPUTED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "duration_s": _took,
    "cpu_s": lambda row: used.cpu_s(_used(row), _exited(row)),
    "cpu_percent": lambda row: used.cpu_percent(_used(row), _exited(row)),
    "memory_kib": lambda row: used.memory_kib(_used(row), _exited(row)),
    "read_kib": lambda row: used.kib(_used(row), "read_bytes"),
    "written_kib": lambda row: used.kib(_used(row), "written_bytes"),
    "gpus": lambda row: used.gpus(row.get("gpus")),
    "gpu_percent": lambda row: used.gpu_percent(_used(row)),
    "gpu_memory_kib": lambda row: used.kib(_used(row), "gpu_memory"),
    "joules": lambda row: used.joules(_used(row)),
    "arguments": _arguments,
}
