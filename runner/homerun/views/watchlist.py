"""The live list behind `homerun run watch`: which runs it shows, in which order, and with what.

A feed keeps the index up to date in its thread, and the rows are read there too: what shows them
never waits for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from homerun.base.lru import Lru
from homerun.files.logs import names, tail
from homerun.metrics import summary
from homerun.metrics.kinds import NUMBER
from homerun.runs import reconcile, wait
from homerun.targets import queue
from homerun.views.feed import Feed
from homerun.views.listing import conditions
from homerun.views.table import Board
from runstore import layout, status
from runstore.errors import BaseError
from runstore.index.query import Query, on
from runstore.run import attempts
from runstore.run.record import Record
from runstore.store import Store

_MOST_ACTIVE = 500
_MOST_OTHERS = 100
_MOST_FOLDERS = 16
"""Each watched folder costs two threads, and one of the 128 watchers that a user may have."""

_MOST_METRICS = 4


class Scope:
    """Which runs a watchlist shows.

    Args:
        record: this run and all below it; None: those for which the rest holds.
        statuses: of one of these; none: of any.
        tags: a key, or a pair of key and value, each of which has to be there.
        where: conditions, as for `Workspace.get_runs`.
    """

    def __init__(
        self,
        record: Record | None = None,
        experiment: str | None = None,
        statuses: Sequence[str] = (),
        tags: Sequence[str | tuple[str, str]] = (),
        where: Sequence[str] = (),
    ) -> None:
        self.record = record
        self.experiment = experiment
        self.statuses = tuple(statuses)
        self.conditions = tuple(conditions(tags=list(tags), where=where))

    @property
    def wants_metrics(self) -> bool:
        """Whether a condition is on a metric."""
        return Query(self.conditions).wants_metrics


class Watchlist:
    """The rows of a scope, kept up to date by a feed; a context manager.

    Args:
        told: called from the feed's thread after each look.

    Attributes:
        rows: of the last look, those of runs that go on first, then the newest others; None: there
            was no look so far.
        error: why the last look failed; None: it did not.
        asked: the ids of those runs whose details are wanted, beside what is in every row.

    Raises:
        ExperimentNotFound: there is no such experiment.
    """

    def __init__(self, store: Store, scope: Scope, told: Callable[[], object]) -> None:
        self.rows: list[dict[str, Any]] | None = None
        self.error: str | None = None
        self.asked: tuple[str, ...] = ()
        self._store = store
        self._scope = scope
        self._told = told
        self._board = Board(store)
        self._gauges = Lru(summary.Gauges, _MOST_ACTIVE)
        if scope.experiment is not None:
            store.experiment_folder(scope.experiment)
        self._feed = Feed(
            self._board,
            metrics=scope.wants_metrics,
            most_folders=_MOST_FOLDERS,
            failed=self._fail,
        )

    def __enter__(self) -> Watchlist:
        self._feed.add(self, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.remove(self)
        self._feed.join()
        self._board.live.close()

    def again(self) -> None:
        """Look again at once."""
        self._feed.hurry()

    def folders(self) -> list[str]:
        """The folders of some runs that go on: there it is seen when they end."""
        live = [row for row in self.rows or () if row["status"] not in status.TERMINAL]
        records = (self._store.get(row["id"]) for row in live[: _MOST_FOLDERS // 2])
        return [record.path for record in records if record is not None]

    def _look(self) -> None:
        try:
            asked = self.asked
            self.rows = [
                {**row, **self._details(row)} if row["id"] in asked else row for row in self._read()
            ]
            self.error = None
            self._told()
        except (BaseError, OSError, sqlite3.Error) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.error = getattr(error, "message", None) or str(error)
        self._told()

    def _read(self) -> list[dict[str, Any]]:
        """The runs, in the shape of Studio's rows."""
        scope = self._scope
        if scope.record is not None:
            below = self._board.below(scope.record.id, recursive=True)
            return self._board.rows([scope.record.id, *below])
        if scope.statuses:
            found = [row for one in scope.statuses for row in self._newest(("=", one))]
        else:
            others = [("!=", one) for one in status.TERMINAL]
            found = [*self._newest(*others, children=True), *self._newest()]
        by_id = {row["id"]: row for row in found}
        newest = sorted(by_id.values(), key=lambda row: (row["created"] or "", row["id"]))[::-1]
        return sorted(newest, key=lambda row: row["status"] in status.TERMINAL)

    def _newest(self, *statuses: tuple[str, str], children: bool = False) -> list[dict[str, Any]]:
        """The newest runs of a status; with children: also runs below others, and more of them."""
        wanted = [*self._scope.conditions, *(on("status", *one) for one in statuses)]
        limit = _MOST_ACTIVE if children else _MOST_OTHERS
        return self._board.newest(wanted, self._scope.experiment, children, limit)

    def _details(self, row: dict[str, Any]) -> dict[str, Any]:
        """What only shown runs are asked for: why one `waits`, and its metrics as `shown`."""
        record = self._store.get(row["id"])
        if record is None:
            return {"waits": None, "shown": None}
        place = queue.place_of(record) if row["status"] == status.QUEUED else None
        _, found = self._gauges.of(record.path).read()
        numbers = [one for one in found if one["kind"] == NUMBER]
        return {
            "waits": f"#{place.position}: {place.reason}" if place else None,
            "shown": numbers[:_MOST_METRICS],
        }


class LogEnd:
    """The last lines of what a run prints, as they are now; `close` it in the end."""

    def __init__(self, record: Record) -> None:
        self._record = record
        log_folder = names.path_of(record, layout.USER_LOGS)
        self._waker = wait.Waker(record, log_folder, at_once=True)
        self._waker.watch_log()

    def fileno(self) -> int:
        """What becomes readable when there may be more; -1: look again now and then."""
        return self._waker.fileno()

    def taken(self) -> None:
        """Take note of that, so that it can become readable again."""
        self._waker.sleep(0.0)

    def lines(self, count: int) -> list[str]:
        """So many lines at most."""
        name = attempts.std_log(attempts.begun(self._record.path))
        found = tail.end_of(f"{self._record.path}/{name}").removesuffix("\n").split("\n")
        return found[-count:]

    def status(self) -> str:
        """The run's status now."""
        return reconcile.bring_up_to_date(self._record).status

    def close(self) -> None:
        """Watch it no longer."""
        self._waker.__exit__()
