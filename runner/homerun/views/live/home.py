"""What the user of a store needs to know now: what failed, what waits, what runs, what has ended.

Of each list the first few are read, and how many there are. Curves are not read here: a page asks
for them by the runs that are named.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from homerun.base.times import instant, unix, zulu
from homerun.files.logs import pages as log_pages
from homerun.targets import queue as target_queue
from homerun.views import diagnosis
from homerun.views.details import silent_s
from homerun.views.live.machine import Machine
from homerun.views.table import Board
from runstore import layout, status
from runstore.errors import BaseError, ExperimentNotFound
from runstore.index import counts
from runstore.index.query import on
from runstore.run import attempts
from runstore.run.record import Record

PROGRESS, TOTAL = "progress", "total_steps"
"""Metrics by which a run says how far it is: which part is done, and how many steps there will be.
The latter may be a parameter, too."""

_SHOWN = 7
_FRESH_S = 1.0
"""As in `table`: requests within it read the store once."""
_MOST_FAILED = 5_000
_MOST_IDS = 500
_MOST_NAMES = 2_000
_MOST_HEARD = 100
_LISTEN_S = 30.0
_LONG_S = 3600.0
_LATELY = 20
_EVALUATIONS = ("eval", "val", "test", "dev")
_WEEK_S = 7 * 86400.0
_LINE_BYTES = 4_096
_LONGEST_LINE = 300

WayOf = Callable[[str], "bool | None"]
"""Whether more of a metric is better; None: its name does not tell."""


class Home:
    """The start page of a store; from any thread.

    Args:
        way_of: tells of a metric what is better.
    """

    def __init__(self, board: Board, way_of: WayOf) -> None:
        self._board = board
        self.way_of = way_of
        self._machine = Machine(board.store)
        self._listening = threading.Lock()
        self._silent: dict[str, float] = {}
        self._listened_at = float("-inf")
        self._goals: tuple[str, dict[str, _Goal]] = ("", {})

    def read(self, since: str | None) -> dict[str, Any]:
        """What there is now.

        Args:
            since: failures up to then were seen; None: those of the last seven days are shown.

        Raises:
            InvalidQuery: that is no time.
        """
        now = time.time()
        after = str(on("ended", ">", since or instant(now - _WEEK_S)).wanted)
        self._board.live.freshen(_FRESH_S, metrics=True)
        goals = self._read_goals()
        return {
            "time": instant(now),
            "failed": self._failed(after),
            "nans": self._nans(after),
            "waiting": self._waiting(now),
            "silent": self._silent_runs(),
            "running": self._running(goals),
            "finished": self._finished(goals),
            "machine": self._busy_machine(),
            "experiments": self._experiments(goals),
            "unread": self._board.unread(),
        }

    def rollup(self, run_id: str) -> dict[str, Any] | None:
        """How the children of a run stand, and the best by the project's goal, else by a metric of
        theirs whose name tells what is better; None: it has none.
        """
        found = self._board.rollups([run_id]).get(run_id)
        if found is None or "best" in found or not self._board.live.meter_below([run_id]):
            return found
        with self._board.live.open() as cache:
            goal = self._chosen(counts.logged_below(cache, run_id, _LATELY))
        return self._board.rollups([run_id], goal).get(run_id) if goal else found

    def _failed(self, since: str) -> dict[str, Any]:
        """The failures since then, those that are alike together; the newest first."""
        with self._board.live.open() as cache:
            found = counts.failures(cache, since, _MOST_FAILED + 1)
        groups: dict[str, list[tuple[str, str]]] = {}
        for run_id, error, _ in found[:_MOST_FAILED]:
            why = error or "it failed for a reason that is not known"
            groups.setdefault(diagnosis.alike(why), []).append((run_id, why))
        shown = list(groups.values())[:_SHOWN]
        first = [run_id for group in shown for run_id, _ in group[:3]]
        rows = {row["id"]: row for row in self._board.rows(first)}
        return {
            "total": len(found[:_MOST_FAILED]),
            "more": len(found) > _MOST_FAILED,
            "kinds": len(groups),
            "until": zulu(max((ended for _, _, ended in found), default=None)),
            "groups": [
                {
                    "error": group[0][1],
                    "count": len(group),
                    "ids": [run_id for run_id, _ in group[:_MOST_IDS]],
                    "runs": [rows[run_id] for run_id, _ in group[:3] if run_id in rows],
                }
                for group in shown
            ],
        }

    def _nans(self, since: str) -> dict[str, Any]:
        """Runs that are judged by a metric that is no number any more."""
        found: dict[str, list[str]] = {}
        with self._board.live.open() as cache:
            for name in counts.metric_names(cache, _MOST_NAMES):
                if self.way_of(name) is None:
                    continue
                for run_id in counts.not_numbers(cache, name, since, _MOST_IDS):
                    found.setdefault(run_id, []).append(name)
        rows = self._board.rows([*found][:_SHOWN])
        return {"total": len(found), "runs": [{"run": r, "metrics": found[r["id"]]} for r in rows]}

    def _waiting(self, now: float) -> dict[str, Any]:
        """Runs that wait for longer than an hour, the first ones first."""
        long_ago = instant(now - _LONG_S)
        wanted = [on("status", "=", status.QUEUED), on("created", "<", long_ago)]
        total = sum(self._board.counted(wanted, None).values())
        rows = self._board.newest(wanted, None, True, _SHOWN, "created") if total else []
        found = []
        for row in rows:
            record = self._board.store.get(row["id"])
            place = target_queue.place_of(record) if record is not None else None
            if place is not None:
                found.append({"run": row, **place.describe()})
        return {"total": total, "runs": found}

    def _silent_runs(self) -> dict[str, Any]:
        """Runs that go on and show no sign of life; listened to now and then."""
        rows = self._board.newest([on("status", "=", status.RUNNING)], None, True, _MOST_HEARD)
        with self._listening:
            if time.monotonic() - self._listened_at >= _LISTEN_S:
                self._listened_at = time.monotonic()
                heard = ((row["id"], self._lasts_s(row)) for row in rows)
                self._silent = {run_id: lasts for run_id, lasts in heard if lasts is not None}
            known = self._silent
        found = [{"run": row, "silent_s": known[row["id"]]} for row in rows if row["id"] in known]
        return {"total": len(found), "runs": found[:_SHOWN]}

    def _lasts_s(self, row: dict[str, Any]) -> float | None:
        record = self._board.store.get(row["id"])
        return None if record is None else silent_s(record, row["status"])

    def _running(self, goals: dict[str, _Goal]) -> dict[str, Any]:
        """What goes on, the newest first: runs without a parent, which stand for those below."""
        wanted = [on("status", "=", one) for one in status.GOING_ON]
        rows: list[dict[str, Any]] = []
        for one in wanted:
            rows += self._board.newest([one], None, False, _SHOWN)
        with self._board.live.open() as cache:
            total = sum(counts.on_top(cache, [*status.GOING_ON]).values())
        rows.sort(key=lambda row: (row["created"] or "", row["id"]), reverse=True)
        shown = rows[:_SHOWN]
        rolled = self._board.rollups([row["id"] for row in shown if row["children"]])
        own = self._own_goals(shown, goals)
        metrics = {goal.metric for goal in own.values()}
        said = self._said([row["id"] for row in shown], [PROGRESS, TOTAL, *sorted(metrics)])
        found = []
        for row in shown:
            record = self._board.store.get(row["id"])
            if record is None:
                continue
            goal = own.get(row["id"])
            found.append(
                {
                    "run": {**row, "rollup": rolled.get(row["id"])},
                    **_how_far(row, said),
                    "limit_s": _limit_s(record),
                    "goal": goal.describe(row["id"]) if goal else None,
                    "value": said.get((row["id"], goal.metric), (None, 0.0))[0] if goal else None,
                    "line": _last_line(record),
                }
            )
        return {"total": total, "runs": found}

    def _own_goals(self, rows: list[dict[str, Any]], goals: dict[str, _Goal]) -> dict[str, _Goal]:
        """The goal of each run: of its experiment, or where it logs no such metric its own."""
        found: dict[str, _Goal] = {}
        if not rows:
            return found
        with self._board.live.open() as cache:
            logged = counts.metrics_of(cache, [row["id"] for row in rows])
            for row in rows:
                names = logged[row["id"]]
                goal = goals.get(row["experiment"])
                if goal is not None and goal.metric in names:
                    found[row["id"]] = goal
                    continue
                chosen = self._chosen([(name, 1) for name in names])
                if chosen is not None:
                    folder = self._board.store.experiment_folder(row["experiment"])
                    found[row["id"]] = _Goal(*chosen, counts.best_values(cache, folder, *chosen, 2))
        return found

    def _said(
        self, ids: list[str], metrics: list[str]
    ) -> dict[tuple[str, str], tuple[float | None, float]]:
        if not ids:
            return {}
        with self._board.live.open() as cache:
            return counts.points_at(cache, ids, metrics)

    def _finished(self, goals: dict[str, _Goal]) -> dict[str, Any]:
        """The runs that were completed last."""
        with self._board.live.open() as cache:
            ids = counts.ended_last(cache, status.COMPLETED, _SHOWN)
            total = counts.on_top(cache, [status.COMPLETED]).get(status.COMPLETED, 0)
        names = sorted({goal.metric for goal in goals.values()})
        found = []
        for row in self._board.rows(ids, names):
            goal = goals.get(row["experiment"])
            told = goal.describe(row["id"]) if goal and goal.metric in row["metrics"] else None
            found.append({"run": row, "goal": told})
        return {"total": total, "runs": found}

    def _busy_machine(self) -> dict[str, Any]:
        """The machine, with how many runs are active on each target: some take no slot."""
        machine = self._machine.read()
        with self._board.live.open() as cache:
            active = counts.active_on_targets(cache)
        told = [{**one, "active": active.get(one["target"], 0)} for one in machine["targets"]]
        return {**machine, "targets": told}

    def _experiments(self, goals: dict[str, _Goal]) -> list[dict[str, Any]]:
        with self._board.live.open() as cache:
            over = counts.outcomes(cache)
        found = []
        for name in self._board.store.experiments():
            try:
                ended, failed = over.get(self._board.store.experiment_folder(name), (0, 0))
            except ExperimentNotFound:
                continue  # removed in the meantime
            goal = goals.get(name)
            told = goal.describe("") if goal else None
            found.append({"name": name, "ended": ended, "failed": failed, "goal": told})
        return found

    def _read_goals(self) -> dict[str, _Goal]:
        """By experiment the metric that it is judged by, and its best runs."""
        cursor, goals = self._goals
        with self._board.live.open() as cache:
            now = self._board.live.cursor(cache)
            if now == cursor:
                return goals
            goals = {}
            for name in self._board.store.experiments():
                try:
                    folder = self._board.store.experiment_folder(name)
                except ExperimentNotFound:
                    continue
                chosen = self._chosen(counts.logged_lately(cache, folder, _LATELY))
                if chosen is not None:
                    goals[name] = _Goal(*chosen, counts.best_values(cache, folder, *chosen, 2))
        self._goals = now, goals
        return goals

    def _chosen(self, logged: list[tuple[str, int]]) -> tuple[str, bool] | None:
        """The project's goal, else a metric whose name tells what is better.

        Of those that at least half as many runs have as have the most frequent one it is one of an
        evaluation, if there is any; so it stays the same while runs of another kind come and go.
        """
        goal, names = self._board.goal, [name for name, _ in logged]
        if goal is not None and goal[0] in names:
            return goal[0], goal[1]
        ways = {name: self.way_of(name) for name in names if name not in (PROGRESS, TOTAL)}
        known = [(name, runs) for name, runs in logged if ways.get(name) is not None]
        often = [name for name, runs in known if 2 * runs >= known[0][1]]
        chosen = min(often, key=lambda name: (not _is_of_evaluation(name), name), default=None)
        return None if chosen is None else (chosen, bool(ways[chosen]))


def _is_of_evaluation(metric: str) -> bool:
    return any(word in metric.lower() for word in _EVALUATIONS)


class _Goal:
    """A metric of an experiment, and the two runs that are best by it."""

    def __init__(
        self, metric: str, is_most: bool, best: list[tuple[float, str, int | None]]
    ) -> None:
        self.metric = metric
        self._is_most = is_most
        self._best = best

    def describe(self, run_id: str) -> dict[str, Any]:
        """The goal for a run, with the best of the other runs; `is_best`: none is better."""
        other = next((one for one in self._best if one[1] != run_id), None)
        told = None
        if other is not None:
            value, other_id, number = other
            told = {
                "metric": self.metric,
                "value": value,
                "run_id": other_id,
                "run_number": number,
            }
        return {
            "metric": self.metric,
            "is_most": self._is_most,
            "is_best": bool(self._best) and self._best[0][1] == run_id,
            "best": told,
        }


def _how_far(
    row: dict[str, Any], said: dict[tuple[str, str], tuple[float | None, float]]
) -> dict[str, Any]:
    """How many steps there will be, and when the run ends by its own `progress`."""
    total, _ = said.get((row["id"], TOTAL), (row["params"].get(TOTAL), 0.0))
    done, at = said.get((row["id"], PROGRESS), (None, 0.0))
    begun = unix(row["started"])
    ends = None
    if begun is not None and done is not None and 0 < done <= 1 and at > begun:
        ends = instant(begun + (at - begun) / done)
    is_number = isinstance(total, (int, float)) and not isinstance(total, bool) and total > 0
    return {"progress": done, "total_steps": total if is_number else None, "ends": ends}


def _limit_s(record: Record) -> float | None:
    """After how many seconds the run is stopped; None: there is no limit."""
    found = (record.fact(layout.STARTED) or {}).get("limit_s")
    return float(found) if isinstance(found, (int, float)) and found is not True else None


def _last_line(record: Record) -> str:
    """The last line that a run has printed; "": none."""
    try:
        name = attempts.std_log(attempts.begun(record.path))
        with log_pages.Log(record, name) as log:
            start = max(0, log.size - _LINE_BYTES)
            data = log.read(start, _LINE_BYTES)
    except (BaseError, OSError):
        return ""  # nothing was printed so far, or the run is gone
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")[-_LONGEST_LINE:]
