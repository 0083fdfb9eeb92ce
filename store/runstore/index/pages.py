"""Rows of runs, as tables show them: a page of what a query means, with all that is known of each.

Everything is read from the index; `live.Live.checked` says whether the folders agree.
"""

from __future__ import annotations

from contextlib import closing

from runstore.fs import json_read
from runstore.index import fields
from runstore.index.cache import field_of, meant, order_of
from runstore.index.row import COLUMNS, PARAMS, TAGS, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from runstore.index.cache import Cache
    from runstore.index.query import Query

ALL = "*"
"""In place of the names of metrics: the first so many of them."""

MOST_METRICS = 50
_MOST_GROUPS = 10_000
_COLUMNS = ", ".join(f"r.{one}" for one in ("run", "folder", "stamp", "params", *COLUMNS))
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
    return cache.count(query, cache.last_run())


class Grouped:
    """Runs of a query that share values.

    Attributes:
        values: of the fields that they are grouped by, the outermost first; the last is its own.
        by_status: how many have which status.
        metrics: by name, of the last values that are numbers: mean, std, min, max and count.
    """

    __slots__ = ("by_status", "metrics", "values")

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values
        self.by_status: dict[str, int] = {}
        self.metrics: dict[str, dict[str, float | None]] = {}

    @property
    def count(self) -> int:
        """How many they are."""
        return sum(self.by_status.values())


class Spread:
    """The standard deviation of numbers as an aggregate of SQL: from the mean, over n - 1."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = 0.0

    def step(self, value: float | None) -> None:
        """Take one of them."""
        if value is None:
            return
        self._count += 1
        gap = value - self._mean
        self._mean += gap / self._count
        self._squares += gap * (value - self._mean)

    def finalize(self) -> float | None:
        """What it is; None: of fewer than two there is none, nor with infinities."""
        found = self._squares / (self._count - 1) if self._count > 1 else None
        return None if found is None or found - found != 0.0 else found**0.5


def groups(
    cache: Cache, query: Query, by: Sequence[str], metrics: Sequence[str] = ()
) -> list[Grouped]:
    """The groups of the runs of a query, as they are sorted; each before the groups within it.

    At each depth there are so many at most. A group has all groups within it, or none.

    Args:
        by: the fields, the outermost first.
        metrics: those of which the last values are gathered.

    Raises:
        InvalidQuery: there is no such field.
    """
    found: list[Grouped] = []
    for depth in range(len(by), 0, -1):
        of_depth = {one.values: one for one in _gathered(cache, query, by[:depth])}
        for name, values in _spreads(cache, query, by[:depth], metrics):
            if values[:depth] in of_depth:
                told = dict(zip(("mean", "std", "min", "max", "count"), values[depth:]))
                of_depth[values[:depth]].metrics[name] = told
        found = _interleaved([*of_depth.values()], found, depth)
    return found


def _interleaved(outer: list[Grouped], inner: list[Grouped], depth: int) -> list[Grouped]:
    """Groups, each with those within it behind it; both are in one order."""
    within: dict[tuple[Any, ...], list[Grouped]] = {}
    for one in inner:
        within.setdefault(one.values[:depth], []).append(one)
    return [each for one in outer for each in (one, *within.get(one.values, ()))]


def _gathered(cache: Cache, query: Query, by: Sequence[str]) -> list[Grouped]:
    source, _, where, given = meant(query)
    columns, of_fields, order = _columns(by)
    sql = (
        f"SELECT {columns}, r.status, count(*) FROM {source} WHERE {where} "
        f"GROUP BY {order}, {len(by) + 1} ORDER BY {_sorted_by(order)}"
    )
    values = [*of_fields, cache.last_run(), *given]
    found: list[Grouped] = []
    with closing(cache.db.execute(sql, [plain(one) for one in values])) as rows:
        for *path, status, count in rows:
            if not found or found[-1].values != tuple(path):
                if len(found) == _MOST_GROUPS:
                    return _without_begun(found, tuple(path))
                found.append(Grouped(tuple(path)))
            found[-1].by_status[status] = count
    return found


def _without_begun(found: list[Grouped], behind: tuple[Any, ...]) -> list[Grouped]:
    """Groups without those of an outer one that has more; `behind`: the first that is left out."""
    outer = behind[:-1]
    return [one for one in found if not outer or one.values[:-1] != outer]


def _spreads(
    cache: Cache, query: Query, by: Sequence[str], metrics: Sequence[str]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """By metric: the values of a group, and mean, std, min, max and count of the metric in it."""
    if not metrics:
        return
    cache.db.create_aggregate("spread", 1, Spread)  # type: ignore[arg-type]
    source, _, where, given = meant(query)
    columns, of_fields, order = _columns(by)
    sql = (
        f"SELECT {columns}, avg(g.last), spread(g.last), min(g.last), max(g.last), count(g.last) "
        f"FROM {source} JOIN metrics g ON g.run = r.run AND g.name = ? WHERE {where} "
        f"GROUP BY {order} ORDER BY {_sorted_by(order)} LIMIT {_MOST_GROUPS}"
    )
    for name in metrics:
        values = [*of_fields, name, cache.last_run(), *given]
        for found in cache.db.execute(sql, [plain(one) for one in values]):
            yield name, tuple(found)


def _columns(by: Sequence[str]) -> tuple[str, list[object], str]:
    """Fields as columns of SQL, the values in them, and their numbers."""
    expressions = [field_of(fields.split(one)) for one in by]
    order = ", ".join(str(number) for number in range(1, len(by) + 1))
    columns = ", ".join(text for text, _ in expressions)
    return columns, [value for _, values in expressions for value in values], order


def _sorted_by(order: str) -> str:
    """Numbers of columns as a page of runs is sorted by these."""
    return f"{order.replace(',', ' NULLS LAST,')} NULLS LAST"


def page(
    cache: Cache,
    query: Query,
    skip: int,
    limit: int,
    by: Sequence[str],
    metrics: Sequence[str],
) -> list[Row]:
    """Some runs of a query, in its order; with fields to group by, one group after another.

    Raises:
        InvalidQuery: there is no field to group by.
    """
    if not by:
        return _filled(cache, cache.fetch(query, _COLUMNS, cache.last_run(), skip, limit), metrics)
    source, created, where, given = meant(query)
    order, of_order = order_of(query, created, source)
    for group in reversed(by):
        expression, of_group = field_of(fields.split(group))
        order, of_order = f"{expression} ASC NULLS LAST, {order}", [*of_group, *of_order]
    sql = f"SELECT {_COLUMNS} FROM {source} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
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
    sql = (
        f"SELECT {_COLUMNS} FROM {source} WHERE {where} ORDER BY r.created DESC, r.id DESC LIMIT ?"
    )
    found = cache.db.execute(sql, [*values, limit]).fetchall()
    return int(total), [Row(one[0], one[1], one[2], one[3], one[4:]) for one in found]


def rows_of_ids(cache: Cache, ids: Sequence[str], metrics: Sequence[str]) -> list[Row]:
    """The runs of these ids, in their order; those that are not there are left out."""
    found: list[Row] = []
    for start in range(0, len(ids), _PART):
        part = list(map(plain, ids[start : start + _PART]))
        sql = f"SELECT {_COLUMNS} FROM runs r WHERE r.id IN ({_marks(part)})"
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
