"""A run's metrics as rows, one for each value that was logged: for CSV and data frames."""

from __future__ import annotations

from homerun.metrics import kinds
from runstore import layout
from runstore.metrics.follower import Follower

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from runstore.metrics.follower import Point
    from runstore.run.record import Record

COLUMNS = ("name", "index", "step", "time", "value")


def points(
    record: Record, names: Collection[str] = (), *, of_system: bool = False
) -> Iterator[tuple[Any, ...]]:
    """Each value that was logged as a row of `COLUMNS`, in the order of logging.

    A list has a row for each of its values, a row or a table one for each of its cells, under
    `metric.column`. The index counts the values of a name from 1; the time is Unix time.

    Args:
        names: of these metrics only.
        of_system: what the run used of its machine, instead of what it logged.
    """
    follower = Follower(record.path, layout.SYSTEM if of_system else layout.METRICS)
    counted: dict[str, int] = {}
    is_all = False
    while not is_all:
        news = follower.read()
        is_all = news.is_all
        for point in news.points:
            if names and point.name not in names:
                continue
            for name, value in values_of(point):
                counted[name] = counted.get(name, 0) + 1
                yield name, counted[name], point.step, point.time, value


def values_of(point: Point) -> Iterator[tuple[str, Any]]:
    """The values of a point, each with its name; see `points`."""
    kind = kinds.kind_named(point.kind)
    if not kind.fits(point.value):
        return
    if kind.group == kinds.TABLE:
        for column, cell in point.value.items():
            for value in cell if isinstance(cell, list) else [cell]:
                yield f"{point.name}.{column}", value
    elif kind.group == kinds.FILE:
        yield point.name, kind.value(point.value)
    elif isinstance(point.value, list):
        for value in point.value:
            yield point.name, value
    else:
        yield point.name, point.value
