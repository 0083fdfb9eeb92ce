"""The table of runs: rows, pages, groups and counts, read from an index that is kept open.

Everything is returned in the shapes of `docs/studio-api.md`, as plain dicts.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from homerun.base.lru import Lru
from homerun.base.times import zulu
from homerun.files.logs.line_index import LineIndexes
from homerun.metrics import summary
from homerun.runs import index_work, reconcile
from homerun.targets import queue as target_queue
from homerun.targets.registry import Targets
from homerun.views.listing import conditions
from homerun.views.rows import differing, rolled_up
from runstore import layout, status
from runstore.errors import ExperimentNotFound, InvalidQuery
from runstore.index import changes, counts, pages
from runstore.index.cache import Cache
from runstore.index.changes import Changes
from runstore.index.fields import AREAS, METRICS, FieldName, split
from runstore.index.kinds import NUMBER, NUMBERS, TIME
from runstore.index.live import Live
from runstore.index.pages import Grouped, Row
from runstore.index.query import Condition, Group, Query
from runstore.index.row import FIELDS, indexed, plain
from runstore.run.labels import Labels
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.index.conditions import Part

MOST_ROWS = 500
MOST_CHANGES = 2_000

_FRESH_S = 1.0
"""An answer may be this old: requests within it read the store once."""

_TRIES = 3
_TREND = 20
_MOST_FIELDS = 500
_SAMPLE = 100
_MOST_PARAMS, _MOST_METRICS = 5, 2
_JUDGED = ("loss", "acc", "score", "error", "f1", "auc", "reward")
_MOST_VALUES = 50
_MOST_LEVELS, _MOST_SPREADS = 4, 20
_SHOWN = [one for one in FIELDS if one.is_shown]


class Board:
    """The runs of a store, from an index that is kept open.

    Attributes:
        goal: a metric, and whether more of it is better: rollups tell the best child by it.
        gauges, lines: the summaries of metrics and the line indexes of logs that were read last.
    """

    def __init__(self, store: Store, goal: tuple[str, bool] | None = None) -> None:
        self.store = store
        self.goal = goal
        self.gauges = Lru(summary.Gauges)
        self.lines = LineIndexes()
        self.live = Live(
            self.store, reconcile.bring_up_to_date, lambda: index_work.start(self.store)
        )

    def warm_up(self) -> None:
        """Bring the index up to date, as far as that can be done now."""
        try:
            self.live.freshen()
            self.live.freshen(metrics=True)
        except (OSError, sqlite3.Error):
            return  # the next request reports it

    def page(
        self,
        experiment: str | None = None,
        where: Sequence[str] = (),
        sort: str | None = None,
        group: Sequence[str] = (),
        children: bool = False,
        skip: int = 0,
        limit: int = 100,
        metrics: Sequence[str] = (),
    ) -> dict[str, Any]:
        """A part of the table of runs.

        Raises:
            InvalidQuery: a condition or a field is none.
            ExperimentNotFound: there is no such experiment.
        """
        folder = self._folder(experiment)
        query = Query(conditions(where=where), experiment=folder, children=children, sort=sort)
        self.live.freshen(_FRESH_S, metrics=_wants_metrics(query, group))
        limit = min(limit, MOST_ROWS)
        found, cursor = self._checked(
            lambda cache: pages.page(cache, query, skip, limit, group, metrics), metrics
        )
        with self.live.open() as cache:
            total = pages.count(cache, query)
            shown = [name for name in metrics[:_MOST_SPREADS] if name != pages.ALL]
            grouped = _places(pages.groups(cache, query, group, shown))
        told = self._rolled_up([row_of(row) for row in found])
        groups = grouped if group else None
        answer = {"total": total, "skip": skip, "runs": told, "groups": groups, "cursor": cursor}
        return {**answer, "unread": self.unread()}

    def unread(self) -> dict[str, int] | None:
        """How many runs of how many are not in the index yet, which is being made."""
        return None if self.live.unread is None else dict(zip(("runs", "of"), self.live.unread))

    def complete(self, ids: Sequence[str]) -> None:
        """Have some runs in the index also while it is being made."""
        if ids and self.live.unread is not None:
            with self.live.open() as cache:
                found = pages.rows_of_ids(cache, ids, ())
            self.live.read_ids(set(ids).difference(row.values["id"] for row in found))

    def rows(self, ids: Sequence[str], metrics: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The rows of runs by their ids; those that are not there are left out."""
        self.live.freshen(_FRESH_S)
        found, _ = self._checked(lambda cache: pages.rows_of_ids(cache, ids, metrics), metrics)
        if len(found) < len(set(ids)):
            self.live.freshen()  # some were made a moment ago, or are gone
            self.complete(ids)
            found, _ = self._checked(lambda cache: pages.rows_of_ids(cache, ids, metrics), metrics)
        return self._rolled_up([row_of(row) for row in found])

    def alike(self, ids: Sequence[str], names: Sequence[str]) -> list[tuple[list[Any], list[str]]]:
        """Runs with the same values of some fields together, in order of first appearance.

        Raises:
            InvalidQuery: there is no such field.
        """
        wanted = [split(name) for name in names]
        metrics = [key for one in wanted if one.area == METRICS for key in (one.key, one.exact)]
        rows = {row["id"]: row for row in self.rows(ids, metrics)}
        found: dict[tuple[Any, ...], tuple[list[Any], list[str]]] = {}
        for one in ids:
            # As the index has them, so that these are the groups of the table: 1 and 1.0 are one.
            values = [plain(indexed(_value_of(rows.get(one, {}), field))) for field in wanted]
            found.setdefault(tuple(values), (values, []))[1].append(one)
        return list(found.values())

    def newest(
        self,
        wanted: Sequence[Part],
        experiment: str | None,
        children: bool,
        limit: int,
        sort: str | None = None,
    ) -> list[dict[str, Any]]:
        """The rows of the newest runs that meet some conditions, from the index as it is.

        Args:
            sort: a field to take the first ones by instead; its metric is in the rows.
        """
        query = Query(wanted, experiment=self._folder(experiment), children=children, sort=sort)
        metrics = [query.sort.key] if query.sort.area == METRICS else []
        found, _ = self._checked(
            lambda cache: pages.page(cache, query, 0, limit, (), metrics), metrics
        )
        return [row_of(row) for row in found]

    def counted(self, wanted: Sequence[Part], experiment: str | None) -> dict[str, int]:
        """How many runs meet some conditions, children among them, by status."""
        query = Query(wanted, experiment=self._folder(experiment), children=True)
        with self.live.open() as cache:
            return {one.values[0]: one.count for one in pages.groups(cache, query, ["status"])}

    def meant(
        self,
        experiment: str | None,
        where: Sequence[str],
        children: bool,
        until: str | None = None,
        limit: int = 0,
        ids: Sequence[str] = (),
    ) -> tuple[int, list[str], str | None]:
        """The runs that a query means, for an action on all of them, part by part.

        Args:
            until: the place that the part before has told; the first part begins with the newest.
            limit: at most so many ids.
            ids: of these runs only; none: of all.

        Returns:
            How many runs are meant from there on, the first ids, and the place behind these; None:
            there are no more.

        Raises:
            InvalidQuery: a condition or the place is none.
            ExperimentNotFound: there is no such experiment.
        """
        parts = conditions(where=where)
        if ids:
            parts.append(Group([Condition("id", "", "=", one) for one in ids], is_any=True))
        query = Query(parts, experiment=self._folder(experiment), children=children)
        place = None if until is None else _place(until)
        self.live.freshen(metrics=query.wants_metrics)
        total = 0

        def ask(cache: Cache) -> list[Row]:
            nonlocal total
            total, found = pages.up_to(cache, query, place, limit + 1)
            return found

        found, _ = self._checked(ask)
        ids = [row.values["id"] for row in found]
        behind = None if len(found) <= limit else f"{found[limit].values['created']} {ids[limit]}"
        return total, ids[:limit], behind

    def rollups(
        self, ids: Sequence[str], goal: tuple[str, bool] | None = None
    ) -> dict[str, dict[str, Any]]:
        """How many children of which status some runs have, and the best, by the parent's id.

        Args:
            goal: a metric, and whether more of it is better; None: the board's own.
        """
        goal = goal or self.goal
        with self.live.open() as cache:
            below = counts.below(cache, ids)
        best = self._best_below([*below], goal)
        metric = goal[0] if goal else None
        return {run: rolled_up(known, best.get(run), metric) for run, known in below.items()}

    def _rolled_up(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows with how the children of each stand."""
        parents = [row["id"] for row in rows if row["children"]]
        known = self.rollups(parents) if parents else {}
        return [{**row, "rollup": known.get(row["id"])} for row in rows]

    def _best_below(
        self, ids: Sequence[str], goal: tuple[str, bool] | None
    ) -> dict[str, tuple[float, str, int | None]]:
        if goal is None or not ids or not self.live.meter_below(ids):
            return {}
        with self.live.open() as cache:
            return counts.best_below(cache, ids, *goal)

    def below(self, run_id: str, recursive: bool = False) -> list[str]:
        """The ids of a run's children, in order of creation; recursive: of all below it."""
        self.live.freshen(_FRESH_S)
        with self.live.open() as cache:
            if recursive:
                return pages.below(cache, run_id)
            query = Query(conditions(where=[f"parent = {run_id}"]), sort="created")
            return [one for _, one, _ in cache.select(query, cache.last_run())]

    def neighbours(self, run_id: str) -> dict[str, str | None]:
        """The runs before and after one, by number in its experiment."""
        with self.live.open() as cache:
            found = pages.rows_of_ids(cache, [run_id], ())
            ends: tuple[str | None, str | None] = (None, None)
            if found:
                ends = counts.neighbours(cache, found[0].folder, found[0].values["number"])
        return {"previous": ends[0], "next": ends[1]}

    def experiments(self, archived: bool = False) -> list[dict[str, Any]]:
        """The experiments by name: how many runs each has, how the last ones went."""
        self.live.freshen(_FRESH_S)
        labels = {name: self.store.experiment_labels(name) for name in self.store.experiments()}
        with self.live.open() as cache:
            counted = counts.experiments(cache)
            return [
                self._experiment(cache, name, said, counted)
                for name, said in labels.items()
                if archived or not said.archived
            ]

    def totals(self) -> dict[str, Any]:
        """How many experiments and runs there are, without those that have a parent; `unread`: how
        many of how many runs are not counted yet, as `unread` tells it.
        """
        self.live.freshen(_FRESH_S)
        with self.live.open() as cache:
            counted = counts.experiments(cache)
        return {
            "experiments": len(self.store.experiments()),
            "runs": sum(runs for runs, _ in counted.values()),
            "unread": self.unread(),
        }

    def active(self) -> list[dict[str, Any]]:
        """The rows of all runs that are not over, the newest first."""
        self.live.freshen(_FRESH_S)
        with self.live.open() as cache:
            found = pages.rows_of_ids(cache, counts.active(cache)[:MOST_ROWS], ())
        return [row_of(row) for row in found]

    def targets(self) -> list[dict[str, Any]]:
        """The targets: their slots, the runs that go on there, and those that wait."""
        active = [row for row in self.active() if row["status"] != status.QUEUED]
        default = Targets(self.store).default
        found = []
        for queue in target_queue.queues(self.store):
            waiting = list(queue)
            rows = {row["id"]: row for row in self.rows([one.record.id for one in waiting])}
            told: dict[str, Any] = {"target": queue.target, "slots": queue.size, "busy": queue.busy}
            told["paused"] = queue.is_paused
            told["is_default"] = queue.target == default
            told["active"] = [row for row in active if row["target"] == queue.target]
            told["waiting"] = [
                {"run": rows.get(one.record.id), **one.describe()} for one in waiting
            ]
            found.append(told)
        return found

    def fields(
        self, experiment: str | None = None, children: bool = False, where: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What runs can be sorted and filtered by, with how many have it; and `columns`, see
        `_columns`.

        Args:
            children: whether `columns` are for a table with the runs that have a parent.
            where: `columns` are for a table of the runs that meet these conditions, whichever their
                experiment is.

        Raises:
            InvalidQuery: a condition is none.
            ExperimentNotFound: there is no such experiment.
        """
        folder = self._folder(experiment)
        self.live.freshen(_FRESH_S, metrics=True)
        with self.live.open() as cache:
            filled = counts.filled(cache, folder)
            keyed = counts.fields(cache, folder, _MOST_FIELDS)
        found: list[dict[str, Any]] = [
            {
                "name": one.name,
                "kind": NUMBER if one.kind in NUMBERS else one.kind,
                "runs": filled[one.name],
            }
            for one in _SHOWN
        ]
        for area in AREAS:
            for key, runs, kind in keyed[area]:
                found.append({"name": f"{area}.{key}", "kind": kind, "runs": runs})
        rows = self.page(
            experiment=None if where else experiment,
            where=where,
            children=children,
            limit=_SAMPLE,
            metrics=[pages.ALL] if where else (),
        )["runs"]
        logged = _logged(rows) if where else keyed[METRICS]
        return {"fields": found, "columns": self._columns(rows, logged)}

    def _columns(self, rows: list[dict[str, Any]], logged: list[tuple[str, int, str]]) -> list[str]:
        """The fields in which the newest runs differ, or that they are judged by: parameters that
        are not the same in all, metrics (the goal, else those that most runs have), `user`.
        """
        params = [one.name for one in differing(rows)[:_MOST_PARAMS]]
        names = [name for name, _, _ in sorted(logged, key=_rank)]
        judged = [self.goal[0]] if self.goal and self.goal[0] in names else names[:_MOST_METRICS]
        users = {row["user"] for row in rows}
        metrics = [f"{METRICS}.{name}" for name in judged]
        return [*params, *metrics, *(["user"] if len(users) > 1 else [])]

    def values(self, field: str, experiment: str | None = None, like: str = "") -> list[Any]:
        """The most frequent values of a field.

        Raises:
            InvalidQuery: there is no such field.
        """
        folder = self._folder(experiment)
        with self.live.open() as cache:
            found = counts.values(cache, folder, field, like, _MOST_VALUES)
        return [{"value": value, "runs": runs} for value, runs in found]

    def cursor(self) -> str:
        """The place of the last change, for `changes`."""
        with self.live.open() as cache:
            return self.live.cursor(cache)

    def changes(self, cursor: str) -> Changes:
        """The changes since a cursor, as far as the index knows them."""
        with self.live.open() as cache:
            return changes.since(cache, cursor, MOST_CHANGES)

    def folders(self) -> list[str]:
        """The folders in which something appears when runs are made or changed."""
        root = self.store.root
        inner = (layout.INDEX, layout.QUEUE, layout.VIEWS, *self.store.experiment_folders())
        return [root, *(f"{root}/{name}" for name in inner)]

    def _checked(
        self, ask: Callable[[Cache], list[Row]], metrics: Sequence[str] = ()
    ) -> tuple[list[Row], str]:
        """The rows that a question gives, and the cursor at which it was asked.

        The rows are compared with the folders of their runs. Where some differ these are read
        into the index and it is asked again, since another run may belong on the page by now. A
        run that changes at each try is shown as the last one found it.
        """
        for _ in range(_TRIES):
            with self.live.open() as cache:
                cursor = self.live.cursor(cache)
                found = ask(cache)
            if self._agrees(found, metrics):
                break
        return found, cursor

    def _agrees(self, found: list[Row], metrics: Sequence[str]) -> bool:
        """Whether rows are as their runs' folders are; what differs is read into the index."""
        is_right = self.live.checked(row.place for row in found)
        if is_right and metrics and found:
            before = self.cursor()
            self.live.meter(found)
            return self.cursor() == before
        return is_right

    def _experiment(
        self, cache: Cache, name: str, labels: Labels, counted: dict[str, tuple[int, int]]
    ) -> dict[str, Any]:
        try:
            folder = self.store.experiment_folder(name)
        except ExperimentNotFound:
            folder = name  # removed in the meantime
        runs, active = counted.get(folder, (0, 0))
        trend = counts.newest(cache, folder, _TREND)
        last = pages.rows_of_ids(cache, [trend[-1]["id"]], ()) if trend else []
        return {
            "name": name,
            "runs": runs,
            "active": active,
            "archived": bool(labels.archived),
            "tags": labels.tags,
            "last": row_of(last[0]) if last else None,
            "trend": [
                {**one, **{key: zulu(one[key]) for key in ("created", "started")}} for one in trend
            ],
        }

    def _folder(self, experiment: str | None) -> str | None:
        return None if experiment is None else self.store.experiment_folder(experiment)


def row_of(row: Row) -> dict[str, Any]:
    """A run as a row of the table."""
    known = row.values
    shown = {
        one.name: zulu(known[one.name]) if one.kind == TIME else known[one.name] for one in _SHOWN
    }
    shown.update(name=known["name"] or known["id"], arguments=_split(known["arguments"]))
    return {
        **shown,
        "children": row.children,
        "tags": row.tags,
        "properties": row.properties,
        "params": row.params,
        "metrics": row.metrics,
        "rollup": None,
    }


def _logged(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """The metrics of some rows, with how many of these have each."""
    each = Counter(name for row in rows for name in row["metrics"])
    return [(name, runs, NUMBER) for name, runs in each.items()]


def _rank(logged: tuple[str, int, str]) -> tuple[int, bool, str]:
    """What most runs have logged stands first, and of that what they may be judged by."""
    name, runs, _ = logged
    return -runs, not any(word in name.lower() for word in _JUDGED), name


def _split(arguments: str | None) -> list[str]:
    if not arguments:
        return []
    return shlex.split(arguments) if "'" in arguments else arguments.split(" ")


def _value_of(row: Mapping[str, Any], field: FieldName) -> Any:
    """What a row of the table says of a field; None where it has none."""
    told = row.get(field.area)
    if field.area not in AREAS:
        return told
    keyed = told or {}
    if field.area != METRICS:
        return keyed.get(field.key)
    if field.exact in keyed:
        return keyed[field.exact].get("last")
    return (keyed.get(field.key) or {}).get(field.aggregate)


def _places(groups: Sequence[Grouped]) -> list[dict[str, Any]]:
    """Groups with the place of the first row of each."""
    found: list[dict[str, Any]] = []
    behind = [0]  # by depth: the first row behind the group that was last there
    for one in groups:
        depth = len(one.values) - 1
        first = behind[depth]
        told: dict[str, Any] = {"value": one.values[-1], "count": one.count, "first": first}
        told.update(depth=depth, by_status=one.by_status, metrics=one.metrics)
        found.append(told)
        behind[depth:] = [first + one.count, first]
    return found


def _place(until: str) -> tuple[str, str]:
    created, space, run_id = until.partition(" ")
    if not space:
        raise InvalidQuery(
            f"{until[:60]!r} is not a place in a list of runs: ask for the selection"
        )
    return created, run_id


def _wants_metrics(query: Query, group: Sequence[str]) -> bool:
    if "text" in group:
        raise InvalidQuery("runs cannot be grouped by text; name a column")
    if len(group) > _MOST_LEVELS:
        raise InvalidQuery(f"runs are grouped by {_MOST_LEVELS} fields at most")
    return query.wants_metrics or METRICS in {split(one).area for one in group}
