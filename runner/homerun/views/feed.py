"""The live feed of a workspace: what changed, part by part, from a cursor on.

A `Feed` keeps the index up to date for all its listeners: woken by changes, and else once a second.
A `Subscription` is a listener that gathers what is new for the topics that were asked for.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from homerun.assets import saved_views
from homerun.base.errors import UserError
from homerun.files import browse
from homerun.files.logs import pages as log_pages
from homerun.system import children
from homerun.system.folder_watch import MOST, FolderWatch
from homerun.views.table import Board
from runstore import layout
from runstore.errors import BaseError
from runstore.run.record import Record

News = tuple[str, dict[str, Any]]
"""An event and its data."""

RUNS, EXPERIMENTS, QUEUE, RUN, LOG = "runs", "experiments", "queue", "run", "log"
VIEWS = "views"
MOST_TOPICS = 32

_FLOOR_S = 1.0
"""So often everything is looked at, woken or not."""
_MOST_FLOOR_S = 5.0
_SHARE = 100
"""Where many runs wait a look takes long: then it is made less often, so that an idle feed takes a
hundredth of a processor."""
_PAUSE_S = 0.2
"""Between two looks at least."""
_SLOW_S = 2.0
"""Between two looks at what is costly and moves slowly."""
_LABELS_S = 10.0
"""Between two looks at the labels of experiments, of which no index knows."""


class Listener(Protocol):
    """What follows a feed."""

    def folders(self) -> list[str]:
        """The folders in which something changes with what it shows."""


class Feed:
    """Keeps the index of a store up to date for its listeners, in a thread as long as it has any.

    Args:
        board: the runs, which it keeps up to date.
        metrics: also the metrics of all runs; may be changed.
        most_folders: so many folders are watched; each costs a thread.
        failed: called with what kept it from a look; the next look tries again.
    """

    def __init__(
        self,
        board: Board,
        *,
        metrics: bool = True,
        most_folders: int = MOST,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        self._board = board
        self.metrics = metrics
        self._most_folders = most_folders
        self._failed = failed
        self._listeners: dict[Listener, Callable[[], object]] = {}
        self._lock = threading.Lock()
        self._watch: FolderWatch | None = None
        self._thread: threading.Thread | None = None

    def add(self, listener: Listener, tell: Callable[[], object]) -> None:
        """Call `tell` after each look."""
        with self._lock:
            self._listeners[listener] = tell
            if self._watch is None:
                self._watch = FolderWatch()
                self._thread = threading.Thread(target=self._run, args=(self._watch,), daemon=True)
                self._thread.start()

    def remove(self, listener: Listener) -> None:
        """Tell a listener no more; with the last one the thread ends."""
        with self._lock:
            self._listeners.pop(listener, None)
            if not self._listeners:
                self._end()

    def hurry(self) -> None:
        """Look now: something was just changed."""
        with self._lock:
            if self._watch is not None:
                self._watch.wake()

    def close(self) -> None:
        """End the thread, and tell all listeners a last time."""
        with self._lock:
            listeners = dict(self._listeners)
            self._listeners.clear()
            self._end()
        for tell in listeners.values():
            tell()

    def join(self) -> None:
        """Wait until its thread, which was told to end, has ended."""
        if self._thread is not None:
            self._thread.join()

    def _end(self) -> None:
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.wake()

    def _run(self, watch: FolderWatch) -> None:
        try:
            while self._watch is watch:
                took = self._look(watch)
                watch.wait(min(_MOST_FLOOR_S, max(_FLOOR_S, _SHARE * took)))
        finally:
            watch.close()

    def _look(self, watch: FolderWatch) -> float:
        """Look, and tell; the processor's seconds that it took."""
        began, used = time.monotonic(), time.thread_time()
        children.reap()  # the supervisors of what was submitted from here
        try:
            self._board.live.freshen(metrics=self.metrics)
        except (OSError, sqlite3.Error) as error:
            if self._failed is not None:  # descriptors, a full disk, a lock held for long
                self._failed(error)
            return 0.0
        with self._lock:
            listeners = dict(self._listeners)
        folders = [folder for listener in listeners for folder in listener.folders()]
        watch.watch([*folders, *self._board.folders()][: self._most_folders])
        for tell in listeners.values():
            tell()
        used = time.thread_time() - used
        took = time.monotonic() - began
        if self._watch is watch and took < _PAUSE_S:
            threading.Event().wait(_PAUSE_S - took)
        return used


class Subscription:
    """Events since a cursor for the topics that were asked for.

    Args:
        topics: `runs`, `experiments`, `queue`, `views`, `run:ID`, `log:ID:NAME`.
        cursor: where to begin; None: now.
        metrics, experiment: what the rows of `runs` hold, and of which experiment they are.

    Raises:
        UserError: there is no such topic, or there are too many.
        RunNotFound: there is no such run.
    """

    def __init__(
        self,
        board: Board,
        topics: Sequence[str],
        cursor: str | None = None,
        metrics: Sequence[str] = (),
        experiment: str | None = None,
    ) -> None:
        if len(topics) > MOST_TOPICS:
            raise UserError(f"{len(topics)} topics are too many: at most {MOST_TOPICS}")
        self._board = board
        self.topics = list(dict.fromkeys(topics))
        self._metrics = metrics
        self._experiment = experiment
        self._followed: list[_RunNews] = []
        self._logs: list[_LogNews] = []
        for topic in self.topics:
            self._add(topic)
        board.live.freshen()
        self.cursor = cursor or board.cursor()
        self._experiments: dict[str, dict[str, Any]] | None = None
        self._queues: dict[str, dict[str, Any]] | None = None
        self._views: list[dict[str, Any]] | None = None
        self._slow_at = self._labels_at = float("-inf")
        self._is_moved = True

    def folders(self) -> list[str]:
        """The folders in which something changes with what was asked for."""
        records = [*(one.record for one in self._followed), *(one.record for one in self._logs)]
        inner = ("", f"/{layout.USER_LOGS}", f"/{layout.METRICS}")
        return [f"{record.path}{one}" for record in records for one in inner]

    def read(self) -> list[News]:
        """What is new since the last time."""
        changes = self._board.changes(self.cursor)
        self.cursor = changes.cursor
        news: list[News] = []
        if changes.is_reset:
            news.append(("reset", {"cursor": changes.cursor}))
        changed = set(changes.ids) | changes.parents
        self._is_moved = self._is_moved or bool(changed or changes.removed or changes.is_reset)
        if RUNS in self.topics and (changed or changes.removed):
            news += self._runs([*changes.ids, *changes.parents], changes.removed)
        if time.monotonic() - self._slow_at > _SLOW_S:
            self._slow_at = time.monotonic()
            news += self._slow()
        if VIEWS in self.topics:
            news += self._saved_views()
        for one in self._followed:
            news += one.read(is_changed=changes.is_reset or one.record.id in changed)
        for log in self._logs:
            news += log.read()
        return news

    def _add(self, topic: str) -> None:
        kind, _, rest = topic.partition(":")
        if topic in (RUNS, EXPERIMENTS, QUEUE, VIEWS):
            return
        run_id, _, name = rest.partition(":")
        if kind == RUN and run_id and not name:
            self._followed.append(_RunNews(self._board, self._board.store.find(run_id)))
        elif kind == LOG and run_id:
            self._logs.append(_LogNews(self._board.store.find(run_id), name))
        else:
            raise UserError(
                f"there is no topic {topic!r}: runs, experiments, queue, views, run:ID, log:ID"
            )

    def _runs(self, ids: Sequence[str], removed: Sequence[str]) -> Iterator[News]:
        rows = self._board.rows(ids, self._metrics)
        if self._experiment is not None:
            rows = [row for row in rows if row["experiment"] == self._experiment]
        if rows or removed:
            yield RUNS, {"changed": rows, "removed": list(removed)}

    def _slow(self) -> Iterator[News]:
        began = time.monotonic()
        is_due = self._is_moved or began - self._labels_at > _LABELS_S
        self._is_moved = False
        if EXPERIMENTS in self.topics and is_due:
            self._labels_at = began
            now = {one["name"]: one for one in self._board.experiments(archived=True)}
            before, self._experiments = self._experiments, now
            changed, removed = _differ(before, now)
            if changed or removed:
                yield EXPERIMENTS, {"changed": changed, "removed": removed}
        if QUEUE in self.topics:
            now = {one["target"]: one for one in self._board.targets()}
            before, self._queues = self._queues, now
            changed, removed = _differ(before, now)
            if changed or removed:
                yield QUEUE, {"targets": changed, "removed": removed}

    def _saved_views(self) -> Iterator[News]:
        now = [one.describe() for one in saved_views.stored(self._board.store)]
        if now != self._views:
            self._views = now
            yield VIEWS, {"views": now}


class _RunNews:
    """What is new of one run."""

    def __init__(self, board: Board, record: Record) -> None:
        self.record = record
        self._board = board
        self._gauges = board.gauges.of(record.path)
        self._version = -1
        self._parts: dict[str, object] = {}

    def read(self, is_changed: bool) -> Iterator[News]:
        """The events since the last time."""
        yield from self._metrics()
        stamp = browse.stamp(self.record)
        if not is_changed and self._parts and self._parts["files"] == stamp:
            return
        found = self._board.rows([self.record.id])
        if not found:
            return
        before, self._parts = self._parts, self._look(found[0], stamp)
        if before:
            parts = [name for name, known in self._parts.items() if before[name] != known]
        else:
            parts = list(self._parts) if is_changed else []
        if parts or not before:
            yield RUN, {"id": self.record.id, "run": found[0], "parts": parts}

    def _look(self, row: dict[str, Any], stamp: object) -> dict[str, object]:
        labels = ("name", "description", "tags", "properties")
        return {
            "status": (row["status"], row["ended"]),
            "attempts": row["started"],
            "labels": [row[key] for key in labels],
            "children": self._board.rollups([self.record.id]),
            "files": stamp,
        }

    def _metrics(self) -> Iterator[News]:
        try:
            version, found = self._gauges.read(self._version)
        except OSError:
            return
        self._version = version
        if found:
            yield "metrics", {"id": self.record.id, "metrics": found}


class _LogNews:
    """What is new of one log of a run, or of all of them."""

    def __init__(self, record: Record, name: str) -> None:
        self.record = record
        self._name = name
        self._sizes: dict[str, tuple[int, bool]] | None = None

    def read(self) -> Iterator[News]:
        """The sizes that changed; at first, all."""
        try:
            rows = log_pages.listed(self.record)
        except (BaseError, OSError):
            return
        known = self._sizes or {}
        self._sizes = {}
        for row in rows:
            if self._name not in ("", row["name"]):
                continue
            now = (row["size"], row["is_live"])
            self._sizes[row["name"]] = now
            if known.get(row["name"]) != now:
                told = {"id": self.record.id, "name": row["name"]}
                yield LOG, {**told, "size": row["size"], "is_live": row["is_live"]}


def _differ(
    before: dict[str, dict[str, Any]] | None, now: dict[str, dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """What is new or changed, and what is gone; at the first look, all."""
    before = before or {}
    changed = [one for name, one in now.items() if before.get(name) != one]
    return changed, [name for name in before if name not in now]
