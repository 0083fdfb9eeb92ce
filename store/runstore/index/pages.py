"""Rows of runs, as tables show them: a page of what a query means, with all that is known of each.

Everything is read from the index; `live.Live.checked` says whether the folders agree.
"""

from __future__ import annotations

from runstore.fs import json_read
from runstore.index import fields
from runstore.index.cache import field_of, meant, order_of
from runstore.index.row import COLUMNS, PARAMS, TAGS, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runstore.index.cache import Cache
    from runstore.index.query import Query

ALL = "*"
"""In place of the names of metrics: the first so many of them."""

MOST_METRICS = 50
_MOST_GROUPS = 10_000
_PART = 500
_AGGREGATES = ", ".join(fields.AGGREGATES)


class Row:
    """One run of a table.

    Attributes:
        values: by the names in COLUMNS.
        params: as JSON has them.
        metrics: those that were asked for: last, min, max, mean and count by name.
        children: how many runs are right below it.
    """

    __slots__ = (
        *("children", "folder", "metrics", "params", "properties", "run", "stamp", "tags"),
        "values",
    )

    def __init__(self, run: int, folder: str, stamp: str, params: str, values: Any) -> None:
        self.run = run
        self.folder = folder
        self.stamp = stamp
        self.values: dict[str, Any] = dict(zip(COLUMNS, values))
        self.tags: dict[str, str | None] = {}
        self.properties: dict[str, str | None] = {}
        self.params: Any = json_read.loads(params.encode()) if params else {}
        self.metrics: dict[str, dict[str, float | None]] = {}
        self.children = 0

    @property
    def place(self) -> tuple[str, str, str]:
        """What `live.Live.checked` takes: folder, id, stamp."""
        return self.folder, self.values["id"], self.stamp


def count(cache: Cache, query: Query) -> int:
    """How many runs a query means."""
    source, _, where, given = meant(query)
    values = [cache.last_run(), *map(plain, given)]
    sql = f"SELECT count(*) FROM {source} WHERE {where}"
    return int(cache.db.execute(sql, values).fetchone()[0])


def groups(cache: Cache, query: Query, field: str) -> list[tuple[Any, int]]:
    """The values of a field among the runs of a query, as they are sorted, and how often each is.

    Raises:
        InvalidQuery: there is no such field.
    """
    source, _, where, given = meant(query)
    expression, of_field = field_of(fields.split(field))
    sql = (
        f"SELECT {expression}, count(*) FROM {source} WHERE {where} "
        f"GROUP BY 1 ORDER BY 1 ASC NULLS LAST LIMIT {_MOST_GROUPS}"
    )
    values = [*of_field, cache.last_run(), *given]
    return cache.db.execute(sql, [plain(one) for one in values]).fetchall()


def page(
    cache: Cache, query: Query, skip: int, limit: int, group: str | None, metrics: Sequence[str]
) -> list[Row]:
    """Some runs of a query, in its order; of a group, one group after another.

    Raises:
        InvalidQuery: there is no field to group by.
    """
    source, created, where, given = meant(query)
    order, of_order = order_of(query, created, source)
    if group is not None:
        expression, of_group = field_of(fields.split(group))
        order, of_order = f"{expression} ASC NULLS LAST, {order}", [*of_group, *of_order]
    sql = f"{_select()} FROM {source} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    values = [cache.last_run(), *given, *of_order, limit, skip]
    found = cache.db.execute(sql, [plain(one) for one in values]).fetchall()
    return _filled(cache, found, metrics)


def up_to(
    cache: Cache, query: Query, place: tuple[str, str] | None, limit: int
) -> tuple[int, list[Row]]:
    """The newest runs of a query from a place on, whatever its order; and how many there are.

    Args:
        place: when the first of them was created, and its id; None: the newest of all.
    """
    source, _, where, given = meant(query)
    values = [cache.last_run(), *map(plain, given)]
    if place is not None:
        where += " AND (r.created, r.id) <= (?, ?)"
        values += place
    total = cache.db.execute(f"SELECT count(*) FROM {source} WHERE {where}", values).fetchone()[0]
    sql = f"{_select()} FROM {source} WHERE {where} ORDER BY r.created DESC, r.id DESC LIMIT ?"
    found = cache.db.execute(sql, [*values, limit]).fetchall()
    return int(total), [Row(one[0], one[1], one[2], one[3], one[4:]) for one in found]


def rows_of_ids(cache: Cache, ids: Sequence[str], metrics: Sequence[str]) -> list[Row]:
    """The runs of these ids, in their order; those that are not there are left out."""
    found: list[Row] = []
    for start in range(0, len(ids), _PART):
        part = list(map(plain, ids[start : start + _PART]))
        sql = f"{_select()} FROM runs r WHERE r.id IN ({_marks(part)})"
        found += _filled(cache, cache.db.execute(sql, part).fetchall(), metrics)
    by_id = {row.values["id"]: row for row in found}
    return [by_id[run_id] for run_id in dict.fromkeys(ids) if run_id in by_id]


def below(cache: Cache, run_id: str) -> list[str]:
    """The ids of all runs below one, each after its parent."""
    found, pending, seen = [], [run_id], {run_id}
    while pending:
        part, pending = pending[:_PART], pending[_PART:]
        sql = f"SELECT id FROM runs WHERE parent IN ({_marks(part)}) ORDER BY created, id"
        new = [one for (one,) in cache.db.execute(sql, part) if one not in seen]
        seen.update(new)
        found += new
        pending += new
    return found


def _select() -> str:
    columns = ", ".join(f"r.{column}" for column in COLUMNS)
    return f"SELECT r.run, r.folder, r.stamp, r.params, {columns}"


def _filled(cache: Cache, found: list[tuple[Any, ...]], metrics: Sequence[str]) -> list[Row]:
    """Rows with their tags, properties, metrics and number of children."""
    rows = [Row(one[0], one[1], one[2], one[3], one[4:]) for one in found]
    for start in range(0, len(rows), _PART):
        part = rows[start : start + _PART]
        _fill_pairs(cache, part)
        _fill_children(cache, part)
        if metrics:
            _fill_metrics(cache, part, metrics)
    return rows


def _fill_pairs(cache: Cache, rows: list[Row]) -> None:
    by_number = {row.run: row for row in rows}
    where = f"run IN ({_marks(rows)}) AND area != '{PARAMS}'"
    sql = f"SELECT run, area, key, value FROM pairs WHERE {where} ORDER BY rowid"
    for run, area, key, value in cache.db.execute(sql, list(by_number)):
        row = by_number[run]
        pairs = row.tags if area == TAGS else row.properties
        pairs[key] = value


def _fill_children(cache: Cache, rows: list[Row]) -> None:
    by_id = {row.values["id"]: row for row in rows}
    marks = _marks(by_id)
    sql = f"SELECT parent, count(*) FROM runs WHERE parent IN ({marks}) GROUP BY parent"
    for parent, number in cache.db.execute(sql, list(by_id)):
        by_id[parent].children = number


def _fill_metrics(cache: Cache, rows: list[Row], names: Sequence[str]) -> None:
    by_number = {row.run: row for row in rows}
    wanted = [] if ALL in names else [plain(name) for name in names[:_PART]]
    of_name = f" AND name IN ({_marks(wanted)})" if wanted else ""
    sql = (
        f"SELECT run, name, {_AGGREGATES} FROM metrics "
        f"WHERE run IN ({_marks(rows)}){of_name} ORDER BY rowid"
    )
    for run, name, *numbers in cache.db.execute(sql, [*by_number, *wanted]):
        known = by_number[run].metrics
        if wanted or len(known) < MOST_METRICS:
            known[name] = dict(zip(fields.AGGREGATES, numbers))


def _marks(values: Any) -> str:
    return ", ".join("?" * len(values))
