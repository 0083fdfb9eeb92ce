"""What the index counts: runs of each experiment, of each status below a run, of each value."""

from __future__ import annotations

from runstore import status
from runstore.index import fields as f
from runstore.index.cache import field_of
from runstore.index.kinds import NUMBER, TEXT
from runstore.index.row import COLUMNS, PAIRS, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runstore.index.cache import Cache
    from runstore.index.fields import FieldName

_OVER = ", ".join(f"'{one}'" for one in status.TERMINAL)
_PART = 500


def experiments(cache: Cache) -> dict[str, tuple[int, int]]:
    """By folder: how many runs without a parent there are, and how many are not over."""
    sql = (
        f"SELECT folder, count(*), sum(status NOT IN ({_OVER})) FROM runs INDEXED BY "
        "runs_by_outcome WHERE parent IS NULL GROUP BY folder"
    )
    return {folder: (runs, active) for folder, runs, active in cache.db.execute(sql)}


def newest(cache: Cache, folder: str, limit: int) -> list[dict[str, Any]]:
    """The newest runs of an experiment that have no parent, the oldest of them first."""
    columns = ("id", "number", "status", "created", "started", "duration_s")
    sql = (
        f"SELECT {', '.join(columns)} FROM runs WHERE folder = ? AND parent IS NULL "
        "ORDER BY created DESC, id DESC LIMIT ?"
    )
    found = cache.db.execute(sql, (folder, limit)).fetchall()
    return [dict(zip(columns, values)) for values in reversed(found)]


def by_status_and_target(cache: Cache) -> list[tuple[str, str, int]]:
    """How many runs there are of each status on each target, those with a parent too."""
    sql = (
        "SELECT status, coalesce(target, ''), count(*) FROM runs GROUP BY status, target "
        "ORDER BY status, target"
    )
    return [(name, target, count) for name, target, count in cache.db.execute(sql)]


def failed(cache: Cache) -> list[tuple[str, str]]:
    """The runs that are Failed, by folder and id."""
    sql = "SELECT folder, id FROM runs WHERE status = ?"
    return [(folder, run) for folder, run in cache.db.execute(sql, (status.FAILED,))]


def failures(cache: Cache, since: str, limit: int) -> list[tuple[str, str | None, str]]:
    """The newest runs that failed after a time (id, error, end), with a parent or without.

    A run is left out that failed along with one right below it, which has the reason.
    """
    sql = (
        "SELECT r.id, r.error, r.ended FROM runs r INDEXED BY runs_by_end WHERE r.status = ? AND "
        "r.ended > ? AND NOT EXISTS (SELECT 1 FROM runs c INDEXED BY runs_by_parent WHERE "
        "c.parent = r.id AND c.status = r.status) "
        "ORDER BY r.created DESC, r.id DESC LIMIT ?"
    )
    return cache.db.execute(sql, (status.FAILED, since, limit)).fetchall()


def on_top(cache: Cache, names: Sequence[str]) -> dict[str, int]:
    """How many runs without a parent there are of some statuses, by status."""
    sql = (
        "SELECT status, count(*) FROM runs INDEXED BY runs_by_outcome WHERE parent IS NULL AND "
        f"status IN ({', '.join('?' * len(names))}) GROUP BY status"
    )
    return dict(cache.db.execute(sql, list(names)).fetchall())


def outcomes(cache: Cache) -> dict[str, tuple[int, int]]:
    """By folder: how many runs without a parent are over, and how many of them Failed."""
    sql = (
        "SELECT folder, count(*), sum(status = ?) FROM runs INDEXED BY runs_by_outcome WHERE "
        f"parent IS NULL AND status IN ({_OVER}) GROUP BY folder"
    )
    return {folder: (over, bad) for folder, over, bad in cache.db.execute(sql, (status.FAILED,))}


def ended_last(cache: Cache, name: str, limit: int) -> list[str]:
    """The ids of the runs of a status, without a parent, that ended last."""
    sql = (
        "SELECT id FROM runs INDEXED BY runs_by_end WHERE status = ? AND parent IS NULL AND ended "
        "IS NOT NULL ORDER BY ended DESC LIMIT ?"
    )
    return [run_id for (run_id,) in cache.db.execute(sql, (name, limit))]


def metric_names(cache: Cache, limit: int) -> list[str]:
    """The names of metrics, in their order: each is found by one look into an index."""
    sql = (
        "WITH RECURSIVE known(name) AS (SELECT min(name) FROM metrics UNION ALL SELECT "
        "(SELECT min(name) FROM metrics m WHERE m.name > known.name) FROM known WHERE name IS NOT "
        "NULL LIMIT ?) SELECT name FROM known WHERE name IS NOT NULL"
    )
    return [name for (name,) in cache.db.execute(sql, (limit,))]


def not_numbers(cache: Cache, metric: str, since: str, limit: int) -> list[str]:
    """The ids of the newest runs whose metric is NaN now, or was when they ended after a time."""
    sql = (
        "SELECT r.id FROM metrics m CROSS JOIN runs r WHERE m.name = ? AND m.last IS NULL AND "
        "r.run = m.run AND (r.ended > ? OR r.ended IS NULL) ORDER BY r.created DESC, r.id DESC "
        "LIMIT ?"
    )
    return [run_id for (run_id,) in cache.db.execute(sql, (metric, since, limit))]


def logged_lately(cache: Cache, folder: str, runs: int) -> list[tuple[str, int]]:
    """The metrics of the newest runs of an experiment, with how many of these have each, in the
    order of that.
    """
    sql = (
        "SELECT name, count(*) FROM metrics WHERE run IN (SELECT run FROM runs WHERE folder = ? "
        "ORDER BY created DESC, id DESC LIMIT ?) GROUP BY name ORDER BY count(*) DESC, name"
    )
    return cache.db.execute(sql, (folder, runs)).fetchall()


def logged_below(cache: Cache, parent: str, runs: int) -> list[tuple[str, int]]:
    """The same of the newest children of a run."""
    sql = (
        "SELECT name, count(*) FROM metrics WHERE run IN (SELECT run FROM runs WHERE parent = ? "
        "ORDER BY created DESC, id DESC LIMIT ?) GROUP BY name ORDER BY count(*) DESC, name"
    )
    return cache.db.execute(sql, (parent, runs)).fetchall()


def best_values(
    cache: Cache, folder: str, metric: str, is_most: bool, limit: int
) -> list[tuple[float, str, int | None]]:
    """The runs of an experiment with the best last values of a metric (value, id, number).

    One that Failed is none of them, and so is one with an infinity.
    """
    sql = (
        "SELECT m.last, r.id, r.number FROM metrics m CROSS JOIN runs r WHERE m.name = ? AND "
        "m.last > -9e999 AND m.last < 9e999 AND r.run = m.run AND r.folder = ? AND r.status != ? "
        f"ORDER BY m.last {'DESC' if is_most else 'ASC'} LIMIT ?"
    )
    given = (plain(metric), folder, status.FAILED, limit)
    return cache.db.execute(sql, given).fetchall()


def metrics_of(cache: Cache, ids: Sequence[str]) -> dict[str, list[str]]:
    """The names of the metrics of some runs, by id."""
    sql = (
        "SELECT r.id, m.name FROM runs r CROSS JOIN metrics m WHERE m.run = r.run AND r.id IN "
        f"({', '.join('?' * len(ids))}) ORDER BY m.name"
    )
    found: dict[str, list[str]] = {run_id: [] for run_id in ids}
    for run_id, name in cache.db.execute(sql, list(ids)):
        found[run_id].append(name)
    return found


def points_at(
    cache: Cache, ids: Sequence[str], metrics: Sequence[str]
) -> dict[tuple[str, str], tuple[float | None, float]]:
    """The last value of metrics of some runs and when it was logged, by id and name."""
    marks, of_names = ", ".join("?" * len(ids)), ", ".join("?" * len(metrics))
    sql = (
        "SELECT r.id, m.name, m.last, m.at FROM runs r CROSS JOIN metrics m WHERE m.run = r.run "
        f"AND r.id IN ({marks}) AND m.name IN ({of_names})"
    )
    found = cache.db.execute(sql, [*ids, *map(plain, metrics)])
    return {(run_id, name): (last, at) for run_id, name, last, at in found}


def active(cache: Cache) -> list[str]:
    """The ids of all runs that are not over, the newest first."""
    sql = f"SELECT id FROM runs WHERE status NOT IN ({_OVER}) ORDER BY created DESC, id DESC"
    return [run_id for (run_id,) in cache.db.execute(sql)]


def active_on_targets(cache: Cache) -> dict[str, int]:
    """By target how many runs are neither over nor wait for it."""
    names = [one for one in status.ALL if one not in status.TERMINAL and one != status.QUEUED]
    sql = (
        f"SELECT target, count(*) FROM runs WHERE status IN ({', '.join('?' * len(names))}) AND "
        "target IS NOT NULL GROUP BY target"
    )
    return dict(cache.db.execute(sql, names).fetchall())


def below(cache: Cache, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By the parent's id: how many of its children have which status."""
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(ids), _PART):
        part = ids[start : start + _PART]
        marks = ", ".join("?" * len(part))
        sql = (
            f"SELECT parent, status, count(*) FROM runs WHERE parent IN ({marks}) "
            "GROUP BY parent, status"
        )
        for parent, name, number in cache.db.execute(sql, part):
            found.setdefault(parent, {})[name] = number
    return found


def best_below(
    cache: Cache, ids: Sequence[str], metric: str, is_most: bool
) -> dict[str, tuple[float, str, int | None]]:
    """By the parent's id: the best last value of a metric among its children, and whose it is.

    The child is told by its id and number; one that Failed is none, however far it came. Of equal
    ones it is the newest, as in a list that is sorted by the metric.
    """
    way = "DESC" if is_most else "ASC"
    found: dict[str, tuple[float, str, int | None]] = {}
    for start in range(0, len(ids), _PART):
        part = ids[start : start + _PART]
        sql = (
            "SELECT parent, last, id, number FROM (SELECT r.parent, m.last, r.id, r.number, "
            f"row_number() OVER (PARTITION BY r.parent ORDER BY m.last {way}, r.created DESC, "
            "r.id DESC) AS place FROM runs r CROSS JOIN metrics m WHERE m.run = r.run AND "
            f"m.name = ? AND m.last IS NOT NULL AND r.parent IN ({', '.join('?' * len(part))}) "
            "AND r.status != ?) WHERE place = 1"
        )
        for parent, *best in cache.db.execute(sql, [plain(metric), *part, status.FAILED]):
            found[parent] = best[0], best[1], best[2]
    return found


def neighbours(cache: Cache, folder: str, number: int | None) -> tuple[str | None, str | None]:
    """The runs before and after one by number in its experiment."""
    if number is None:
        return None, None
    ends = []
    for sign, way in (("<", "DESC"), (">", "ASC")):
        sql = (
            f"SELECT id FROM runs WHERE folder = ? AND number {sign} ? "
            f"ORDER BY number {way} LIMIT 1"
        )
        row = cache.db.execute(sql, (folder, number)).fetchone()
        ends.append(row[0] if row else None)
    return ends[0], ends[1]


def fields(cache: Cache, folder: str | None, limit: int) -> dict[str, list[tuple[str, int, str]]]:
    """By area: the keys of tags and the like, and how many runs have each, most first.

    With each its kind: NUMBER where all of its values are.
    """
    found: dict[str, list[tuple[str, int, str]]] = {}
    is_number = "iif(sum(typeof(x.value) IN ('integer', 'real')) = count(*), ?, ?)"
    join = "" if folder is None else "JOIN runs r ON r.run = x.run AND r.folder = ?"
    given: list[object] = [] if folder is None else [folder]
    for area in PAIRS:
        sql = (
            f"SELECT key, count(*), {is_number} FROM pairs x {join} WHERE area = ? "
            "GROUP BY key ORDER BY 2 DESC, 1 LIMIT ?"
        )
        kinds = (NUMBER, TEXT)
        found[area] = cache.db.execute(sql, [*kinds, *given, area, limit]).fetchall()
    sql = f"SELECT x.name, count(*), ? FROM metrics x {join} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
    found[f.METRICS] = cache.db.execute(sql, [NUMBER, *given, limit]).fetchall()
    return found


def not_there(cache: Cache, wanted: Sequence[FieldName], folder: str | None) -> list[FieldName]:
    """The fields with a key that no run has, or none of an experiment."""
    return [field for field in wanted if not _is_there(cache, field, folder)]


def _is_there(cache: Cache, field: FieldName, folder: str | None) -> bool:
    is_metric = field.area == f.METRICS
    source, key = ("metrics", "name") if is_metric else ("pairs", "key")
    where, given = "", [plain(field.key), plain(field.exact or field.key)]
    if not is_metric:
        where, given = " AND x.area = ?", [*given, field.area]
    if folder is not None:
        where += " AND EXISTS (SELECT 1 FROM runs r WHERE r.run = x.run AND r.folder = ?)"
        given.append(folder)
    sql = f"SELECT 1 FROM {source} x WHERE x.{key} IN (?, ?){where} LIMIT 1"
    return cache.db.execute(sql, given).fetchone() is not None


def all_keys(cache: Cache) -> dict[str, set[str]]:
    """The keys that any run has, by area."""
    found: dict[str, set[str]] = {area: set() for area in f.AREAS}
    for area, key in cache.db.execute("SELECT DISTINCT area, key FROM pairs"):
        found[area].add(key)
    found[f.METRICS].update(
        name for (name,) in cache.db.execute("SELECT DISTINCT name FROM metrics")
    )
    return found


def filled(cache: Cache, folder: str | None) -> dict[str, int]:
    """How many runs have something in each column."""
    counted = ", ".join(f"count({column})" for column in COLUMNS)
    where, given = ("", ()) if folder is None else (" WHERE folder = ?", (folder,))
    row = cache.db.execute(f"SELECT {counted} FROM runs{where}", given).fetchone()
    return dict(zip(COLUMNS, row))


def values(
    cache: Cache, folder: str | None, field: str, like: str, limit: int
) -> list[tuple[Any, int]]:
    """The most frequent values of a field that contain a text, and how many runs have each.

    Raises:
        InvalidQuery: there is no such field.
    """
    expression, given = field_of(f.split(field))
    of_folder = "" if folder is None else " WHERE r.folder = ?"
    sql = (
        f"SELECT value, count(*) FROM (SELECT {expression} AS value FROM runs r{of_folder}) "
        "WHERE value IS NOT NULL AND holds(value, '~', ?) GROUP BY value ORDER BY 2 DESC, 1 LIMIT ?"
    )
    wanted = [*given, *([] if folder is None else [folder]), like, limit]
    return cache.db.execute(sql, [plain(one) for one in wanted]).fetchall()
