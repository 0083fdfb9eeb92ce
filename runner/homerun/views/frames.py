"""Runs, and the metrics of one, as data frames of pandas or polars."""

from __future__ import annotations

import importlib
from itertools import islice

from homerun.base import installed, times
from homerun.base.errors import UserError
from homerun.metrics import points
from homerun.views import listing
from homerun.views.rows import columns_of
from runstore.run.params import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from runstore.run.record import Record

LIBRARIES = ("pandas", "polars")

_FIELDS = ("id", "number", "experiment", "name", "status", "created", "started", "ended")
_MORE = ("duration", "script", "parent", "user")
_CHUNK = 500
_TIMES = frozenset(("created", "started", "ended"))


def runs_frame(records: Iterable[Record], library: str) -> Any:
    """Runs as a frame: a row for each, in their order.

    Columns are `id`, `number`, `experiment`, `name`, `status`, `created`, `started`, `ended` (times
    in UTC), `duration` (seconds), `script`, `parent`, `user`, and `params.NAME`, `metrics.NAME`
    (the last value) and `tags.NAME` for each name that any of the runs has.

    Raises:
        UserError: the library is not installed, or is none of those.
    """
    made = _maker(library)
    rest = iter(records)
    rows = []
    while part := list(islice(rest, _CHUNK)):
        rows += listing.describe_all(part)
    found: dict[str, list[Any]] = {}
    for column in columns_of((*_FIELDS, *_MORE)):
        values = [column.value(row) for row in rows]
        found[column.name] = [_time(one) for one in values] if column.name in _TIMES else values
    for area in ("params", "metrics", "tags"):
        for name in dict.fromkeys(name for row in rows for name in row[area]):
            found[f"{area}.{name}"] = [_last(row[area].get(name)) for row in rows]
    return made(found)


def points_frame(record: Record, library: str) -> Any:
    """What a run has logged as a frame: a row for each value, in the order of logging.

    Columns are `name`, `index` (from 1, of each name), `step` (None: none was given), `time` (UTC)
    and `value`.

    Raises:
        UserError: the library is not installed, or is none of those.
    """
    made = _maker(library)
    columns: list[list[Any]] = [[] for _ in points.COLUMNS]
    for row in points.points(record):
        for column, value in zip(columns, row):
            column.append(value)
    found = dict(zip(points.COLUMNS, columns))
    found["time"] = [times.parsed(times.instant(one)) for one in found["time"]]
    return made(found)


def _maker(library: str) -> Any:
    """What makes a frame of columns."""
    if library not in LIBRARIES:
        raise UserError(f"library is {' or '.join(map(repr, LIBRARIES))}, not {library!r}")
    try:
        module = importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise UserError(
            f"a data frame needs {library}: {installed.line_that_installs(library)}"
        ) from error
    if library == LIBRARIES[0]:
        return module.DataFrame
    # A column may hold numbers and texts, as a parameter does that is `0.1` or `auto`.
    return lambda found: module.DataFrame(found, strict=False)


def _time(text: object) -> object:
    return times.parsed(text) if isinstance(text, str) else None


def _last(value: Any) -> Any:
    """The last value of a metric; a parameter or a tag as it is, a list as text."""
    if isinstance(value, dict):
        return value.get("last")
    return spelled(value) if isinstance(value, list) else value
