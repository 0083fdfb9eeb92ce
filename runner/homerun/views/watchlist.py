"""The runs that somebody keeps an eye on: those that go on first, then the newest others.

A thread looks again whenever something has changed, woken by a watch of the folders where that is
to be seen, and once a second in any case; nobody who shows the runs waits for it.
"""

from __future__ import annotations

import threading

from homerun.files.logs import names, tail
from homerun.metrics import summary
from homerun.runs import reconcile, wait
from homerun.system.folder_watch import Waker
from homerun.targets import queue
from homerun.views.listing import conditions
from homerun.views.table import Board, row_of
from runstore import layout, status
from runstore.errors import BaseError
from runstore.index import pages
from runstore.index.query import Query, on
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from runstore.index.query import Condition
    from runstore.run.record import Record
    from runstore.store import Store

_FLOOR_S = 1.0
_MOST_ACTIVE = 500
_MOST_OTHERS = 100
_MOST_FOLDERS = 16
"""Each watched folder costs two threads, and one of the 128 watchers that a user may have."""

_MOST_METRICS = 4


class Choice:
    """Which runs are meant.

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


class Glance:
    """One look after another at the runs of a choice."""

    def __init__(self, store: Store, choice: Choice) -> None:
        self._board = Board(store)
        self._choice = choice
        self._folder = None
        if choice.experiment is not None:
            self._folder = store.experiment_folder(choice.experiment)
        self._gauges: dict[str, summary.Gauges] = {}

    def look(self) -> list[dict[str, Any]]:
        """The runs in the shape of Studio's rows.

        Raises:
            OSError, StoreError: they cannot be read now.
        """
        choice = self._choice
        if choice.record is not None:
            ids = [choice.record.id, *self._board.below(choice.record.id, recursive=True)]
            return self._board.rows(ids)
        wants_metrics = Query(choice.conditions).wants_metrics
        self._board.live.freshen(0.0, metrics=wants_metrics)
        if choice.statuses:
            found = [row for one in choice.statuses for row in self._page([on("status", "=", one)])]
        else:
            going = [on("status", "!=", one) for one in status.TERMINAL]
            found = self._page(going, _MOST_ACTIVE) + self._page([])
        by_id = {row["id"]: row for row in found}
        newest = sorted(by_id.values(), key=lambda row: (row["created"] or "", row["id"]))[::-1]
        return sorted(newest, key=lambda row: row["status"] in status.TERMINAL)

    def details(self, row: dict[str, Any]) -> None:
        """Add what only a few runs are asked for: `metrics` as short texts, `waits` as a reason."""
        record = self._board.store.get(row["id"])
        row["waits"] = row["shown"] = None
        if record is None:
            return
        if row["status"] == status.QUEUED:
            place = queue.place_of(record)
            row["waits"] = f"#{place.position}: {place.reason}" if place else None
        known = self._gauges.setdefault(row["id"], summary.Gauges(record.path))
        _, found = known.read()
        numbers = [one for one in found if one["kind"] == summary.NUMBER]
        row["shown"] = numbers[:_MOST_METRICS]

    def folders(self, found: list[dict[str, Any]]) -> list[str]:
        """The folders in which changes are to be seen, the most telling first."""
        live = [row for row in found if row["status"] not in status.TERMINAL]
        records = (self._board.store.get(row["id"]) for row in live[:_MOST_FOLDERS])
        paths = [record.path for record in records if record is not None]
        return [*self._board.folders()[: _MOST_FOLDERS // 2], *paths][:_MOST_FOLDERS]

    def _page(self, conditions: list[Condition], limit: int = _MOST_OTHERS) -> list[dict[str, Any]]:
        """The newest runs for which these hold too; those that go on also below others."""
        query = Query(
            [*self._choice.conditions, *conditions],
            experiment=self._folder,
            children=limit == _MOST_ACTIVE,
        )
        live = self._board.live
        for _ in range(3):  # what was changed by hand is read again, and then the page
            with live.open() as cache:
                found = pages.page(cache, query, 0, limit, None, ())
            if live.checked(row.place for row in found):
                break
        return [row_of(row) for row in found]

    def close(self) -> None:
        """Let go of the index."""
        self._board.live.close()


class Watch:
    """The rows of a choice, kept up to date by a thread; a context manager.

    Attributes:
        rows: of the last look.
        error: why that failed; None: it did not.
        asked: the ids of those runs whose details are wanted.
    """

    def __init__(self, store: Store, choice: Choice, told: Callable[[], object]) -> None:
        self.rows: list[dict[str, Any]] | None = None
        self.error: str | None = None
        self.asked: tuple[str, ...] = ()
        self._glance = Glance(store, choice)
        self._told = told
        self._waker = Waker()
        self._is_over = False
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._waker.wake()
        self._thread.join()
        self._waker.close()
        self._glance.close()

    def again(self) -> None:
        """Look again at once."""
        self._waker.wake()

    def _look_on(self) -> None:
        while not self._is_over:
            try:
                found = self._glance.look()
                for row in found:
                    if row["id"] in self.asked:
                        self._glance.details(row)
                self.rows, self.error = found, None
                self._waker.watch(self._glance.folders(found))
            except (BaseError, OSError) as error:
                self.error = getattr(error, "message", None) or str(error)
            self._told()
            self._waker.wait(_FLOOR_S)


class LogEnd:
    """The last lines of what a run prints, as they are now; `close` it in the end."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._waker = wait.Waker(record, names.path_of(record, layout.USER_LOGS), at_once=True)
        self._waker.watch_log()

    def fileno(self) -> int:
        """What becomes readable when there may be more; -1: look again now and then."""
        return self._waker.fileno()

    def taken(self) -> None:
        """Take note of that, so that it becomes readable anew."""
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
