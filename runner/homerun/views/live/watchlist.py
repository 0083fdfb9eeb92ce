"""The live list behind `homerun top`: which runs it shows, in which order, and with what.

A feed keeps the index up to date in its thread, and all is read there too: what shows the runs
never waits for the disk.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from homerun.views.feed import Feed
from homerun.views.listing import conditions
from homerun.views.live import narrowing
from homerun.views.live.figures import Figures
from homerun.views.live.narrowing import Narrowing
from homerun.views.table import Board
from runstore import status
from runstore.errors import BaseError
from runstore.index.query import Query, on
from runstore.run.record import Record
from runstore.store import Store

if TYPE_CHECKING:
    from runstore.index.query import Part

RUNNING = (
    *(status.RUNNING, status.FINALIZING, status.CANCEL_REQUESTED),
    *(status.PREPARING, status.NOT_RESPONDING),
)
WAITING = (status.QUEUED, status.NOT_STARTED)
"""The statuses of runs that go on: those that come first, and those that wait."""

_MOST_ACTIVE = 500
_MOST_OTHERS = 100
_MOST_FOLDERS = 16
"""Each watched folder costs two threads, and one of the 128 watchers that a user may have."""

_ALL = -1
_REST_S = 10.0
"""So long rows are believed of which the index knows no change; a look at it compares folders."""
_PATIENCE_S = 0.1
"""So long figures are read before those that are known are shown."""


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
        self.statuses = tuple(str(on("status", "=", one).wanted) for one in statuses)
        self.conditions = tuple(conditions(tags=list(tags), where=where))


class Watchlist:
    """The rows of a scope, kept up to date by a feed; a context manager.

    Args:
        goal: the metric that rows show, and whether more of it is better; None: the first one that
            each run has logged.
        told: called from the feed's thread whenever there is something new.

    Attributes:
        rows: of the last look: runs that go on, each above those below it; then those that wait,
            the next ones first; then the newest of the others. None: there was no look so far.
        counts: how many runs are meant, by status, which may be more than there are rows.
        error: why the last look failed; None: it did not.
        in_sight: the ids of those runs whose figures are wanted (`figures.Figures`).

    Raises:
        ExperimentNotFound: there is no such experiment.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        told: Callable[[], object],
        goal: tuple[str, bool] | None = None,
    ) -> None:
        self.rows: list[dict[str, Any]] | None = None
        self.counts: dict[str, int] = {}
        self.error: str | None = None
        self.in_sight: tuple[str, ...] = ()
        self.told = told
        self.board = Board(store, goal)
        self._scope = scope
        self._figures = Figures(self.board, goal[0] if goal else None)
        self._narrowing = Narrowing()
        self._read_for: tuple[str, Narrowing] | None = None
        self._read_at = float("-inf")
        if scope.experiment is not None:
            store.experiment_folder(scope.experiment)
        self._feed = Feed(
            self.board,
            metrics=self._is_about_metrics(),
            most_folders=_MOST_FOLDERS,
            failed=self._fail,
        )

    def __enter__(self) -> Watchlist:
        self._feed.add(self, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.remove(self)
        self._feed.join()
        self.board.live.close()

    def again(self) -> None:
        """Look again at once."""
        self._feed.hurry()

    def narrow(self, text: str, sort: str | None = None) -> None:
        """Show only runs for which a text holds, in an order; see `narrowing`.

        Raises:
            InvalidQuery: the text has a condition that is none.
        """
        self._narrowing = narrowing.parse(text, sort)
        self._feed.metrics = self._is_about_metrics()
        self.again()

    def _is_about_metrics(self) -> bool:
        return self._narrowing.wants_metrics or Query(self._scope.conditions).wants_metrics

    def folders(self) -> list[str]:
        """The folders of some runs that go on: there it is seen when they end."""
        live = [row for row in self.rows or () if row["status"] in RUNNING]
        store = self.board.store
        records = (store.get(row["id"]) for row in live[: _MOST_FOLDERS // 2])
        return [record.path for record in records if record is not None]

    def _look(self) -> None:
        try:
            self._read_again()
            self._show_figures()
            self.error = None
        except (BaseError, OSError, sqlite3.Error) as error:
            self._fail(error)
        self.told()

    def _fail(self, error: Exception) -> None:
        self.error = getattr(error, "message", None) or str(error)
        self.told()

    def _read_again(self) -> None:
        """Read the rows, unless nothing has changed."""
        wanted = self._narrowing
        now, reading = time.monotonic(), (self.board.cursor(), wanted)
        if self.rows is not None and reading == self._read_for and now - self._read_at < _REST_S:
            return
        rows, self.counts = self._read(wanted)
        self.rows = [self._figures.added_to(row) for row in rows]
        self._read_for, self._read_at = reading, now
        self._figures.forget()

    def _show_figures(self) -> None:
        """Read what is wanted of the rows in sight, those that go on first; show it by and by."""
        rows, wanted, shown_at = self.rows or [], self.in_sight, time.monotonic()
        if rows and not wanted:
            self.told()  # what stands in sight is known only when it was shown
        sought = set(wanted)
        self._figures.measure([row for row in rows if row["id"] in sought])
        for row in rows:
            if row["id"] not in sought:
                continue
            self._figures.read(row)
            if time.monotonic() - shown_at > _PATIENCE_S:
                self._publish(rows)
                self.told()
                shown_at = time.monotonic()
            if self.in_sight != wanted:
                self.again()
                break
        self._publish(rows)

    def _publish(self, rows: list[dict[str, Any]]) -> None:
        if self.rows is not None:
            self.rows = [self._figures.added_to(row) for row in rows]

    def _read(self, wanted: Narrowing) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The runs, in the shape of Studio's rows, and how many are meant, by status."""
        scope = self._scope
        if scope.record is not None:
            rows = self._below(scope.record, wanted)
            return rows, dict(Counter(row["status"] for row in rows))
        meant = [*scope.conditions, *wanted.conditions]
        counts = self.board.counted(meant, scope.experiment)
        names = [name for name in scope.statuses or status.ALL if name in counts]
        # One that changes meanwhile is found twice: the later status counts.
        found = {row["id"]: row for name in names for row in self._newest(name, meant, wanted)}
        arranged = _arranged(list(found.values()), wanted)
        ended = [row for row in arranged if row["status"] in status.TERMINAL]
        shown = arranged[: len(arranged) - max(0, len(ended) - _MOST_OTHERS)]
        return shown, {name: counts[name] for name in names}

    def _newest(self, name: str, meant: list[Part], wanted: Narrowing) -> list[dict[str, Any]]:
        """The first runs of a status: of those that wait the oldest."""
        is_over = name in status.TERMINAL
        # Of many that are over only those without a parent, unless some are sought.
        children = bool(meant) or not is_over
        limit = _MOST_OTHERS if is_over else _MOST_ACTIVE
        sort = "created" if name in WAITING else wanted.of_index
        asked = [*meant, on("status", "=", name)]
        return self.board.newest(asked, self._scope.experiment, children, limit, sort)

    def _below(self, record: Record, wanted: Narrowing) -> list[dict[str, Any]]:
        rows = self.board.rows([record.id, *self.board.below(record.id, recursive=True)])
        if wanted.conditions:
            found = self.board.newest(wanted.conditions, None, True, _ALL)
            meant = {row["id"] for row in found}
            rows = [row for row in rows if row["id"] in meant]
        return _arranged(rows, wanted)


def _arranged(rows: list[dict[str, Any]], wanted: Narrowing) -> list[dict[str, Any]]:
    """Those that go on first, each above those below it; then those that wait; then the others."""
    running = [row for row in rows if row["status"] in RUNNING]
    waiting = [row for row in rows if row["status"] in WAITING]
    over = [row for row in rows if row["status"] in status.TERMINAL]
    waiting.sort(key=lambda row: (row["created"] or "", row["id"]))
    return [*_as_trees(wanted.ordered(running)), *waiting, *wanted.ordered(over)]


def _as_trees(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, each followed by those below it, which know how deep they are."""
    ids = {row["id"] for row in rows}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        below.setdefault(row["parent"] if row["parent"] in ids else None, []).append(row)
    found: list[dict[str, Any]] = []
    todo = [(row, 0) for row in reversed(below.get(None, []))]
    while todo:
        row, depth = todo.pop()
        found.append({**row, "depth": depth})
        todo += [(one, depth + 1) for one in reversed(below.get(row["id"], []))]
    return found
