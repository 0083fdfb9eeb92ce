"""What a row of the live list shows beside what the index knows.

    goal: the metric that is looked at: `name`, `last`, and its course as `trend`.
    waits: where a run waits, and why.
    silent_s: how long a run that goes on has shown no sign of life.
    ends: when it will be over, as Unix time, as far as that can be told.
    below: how many runs are below it, by status, and the best of them by the goal.
    cpu_percent, memory, gpu_percent, gpu_memory: what its processes use now; of GPUs, and where
        they cannot be looked at, by its last sample.

A run that is over is read once.
"""

from __future__ import annotations

import time
from typing import Any

from homerun.base import times
from homerun.base.lru import Lru
from homerun.metrics import summary
from homerun.metrics.kinds import NUMBER
from homerun.metrics.usage.meter import Meter, Usage
from homerun.targets import queue
from homerun.views import details
from homerun.views.table import Board
from runstore import layout, status
from runstore.index.query import on
from runstore.run.record import Record

PROGRESS = "progress"
"""A metric of this name says which part of its work a run has done: above 0, at most 1."""

_MOST_RUNS = 500
_MOST_SIBLINGS = 50
_MEASURE_S = 2.0
"""Between two looks at the processes of runs."""
_LISTEN_S = 30.0
"""Between two looks for runs that show no sign of life."""


class Figures:
    """The figures of runs, by id.

    Args:
        goal: the metric that is looked at; None: the first one that each run has logged.
    """

    def __init__(self, board: Board, goal: str | None) -> None:
        self._board = board
        self._goal = goal
        self._gauges = Lru(summary.Gauges, _MOST_RUNS)
        self._meter = Meter()
        self._measured_at = float("-inf")
        self._known: dict[str, dict[str, Any]] = {}
        self._usage: dict[str, Usage] = {}
        self._silent: dict[str, float | None] = {}
        self._listened_at = float("-inf")
        self._usual: dict[str, float | None] = {}

    def added_to(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with what is known of it."""
        usage = self._usage.get(row["id"])
        found = {**row, **self._known.get(row["id"], {})}
        found.update(_sampled(row))
        if usage is not None:
            found["memory"] = usage.memory
        if usage is not None and usage.cpu_percent is not None:
            found["cpu_percent"] = usage.cpu_percent
        found["silent_s"] = self._silent.get(row["id"])
        return found

    def forget(self) -> None:
        """Forget what other runs say of one: some have changed."""
        self._usual.clear()
        if len(self._known) > _MOST_RUNS:
            self._known.clear()

    def read(self, row: dict[str, Any]) -> None:
        """Read the figures of a run, unless it is over and they are known."""
        known = self._known.get(row["id"])
        if known is not None and known["of"] == (row["status"], row["ended"]) and row["ended"]:
            return
        record = self._board.store.get(row["id"])
        if record is None:
            return
        found: dict[str, Any] = {"of": (row["status"], row["ended"])}
        place = queue.place_of(record) if row["status"] == status.QUEUED else None
        found["waits"] = f"#{place.position}: {place.reason}" if place else None
        found["below"] = (
            self._board.rollups([row["id"]]).get(row["id"]) if row["children"] else None
        )
        gauges = self._gauges.of(record.path)
        _, metrics = gauges.read()
        numbers = {one["name"]: one for one in metrics if one["kind"] == NUMBER}
        found["goal"] = self._looked_at(numbers, gauges)
        found["ends"] = self._end(row, numbers) if row["status"] == status.RUNNING else None
        self._known[row["id"]] = found

    def measure(self, rows: list[dict[str, Any]]) -> None:
        """Look at the processes of those runs that go on, now and then."""
        now = time.monotonic()
        if now - self._measured_at < _MEASURE_S:
            return
        self._measured_at = now
        live = [row for row in rows if row["status"] not in status.TERMINAL and row["started"]]
        records = [self._board.store.get(row["id"]) for row in live]
        marks = {one.mark: one for one in records if one is not None and one.is_submitted}
        found = self._meter.read({mark: _started(one) for mark, one in marks.items()})
        self._usage = {marks[mark].id: usage for mark, usage in found.items()}
        if now - self._listened_at >= _LISTEN_S:
            self._listened_at = now
            here = [(one, row) for one, row in zip(records, live) if one is not None]
            self._silent = {one.id: details.silent_s(one, row["status"]) for one, row in here}

    def _looked_at(
        self, numbers: dict[str, dict[str, Any]], gauges: summary.Gauges
    ) -> dict[str, Any] | None:
        first = next((name for name in numbers if name != PROGRESS), None)
        name = self._goal or first
        if name is None or name not in numbers:
            return None
        return {"name": name, "last": numbers[name]["last"], "trend": gauges.trend(name)}

    def _end(self, row: dict[str, Any], numbers: dict[str, dict[str, Any]]) -> float | None:
        """When a run will be over: by its own progress, else by how long its siblings took."""
        begun = times.unix(row["started"])
        if begun is None:
            return None
        progress = numbers.get(PROGRESS)
        if progress is not None:
            done, at = progress["last"], progress["last_time"]
            is_part = isinstance(done, (int, float)) and 0 < done <= 1 and at > begun
            return begun + (at - begun) / done if is_part else None
        usual = self._usual_s(row["parent"]) if row["parent"] else None
        return None if usual is None else begun + usual

    def _usual_s(self, parent: str) -> float | None:
        """How long the runs below another one took that were Completed: the median."""
        if parent not in self._usual:
            wanted = [on("parent", "=", parent), on("status", "=", status.COMPLETED)]
            found = self._board.newest(wanted, None, True, _MOST_SIBLINGS)
            took = [row["duration_s"] for row in found if row["duration_s"] is not None]
            self._usual[parent] = sorted(took)[len(took) // 2] if took else None
        return self._usual[parent]


def _sampled(row: dict[str, Any]) -> dict[str, Any]:
    """What a run uses now by its last sample."""
    goes_on = row["status"] in status.GOING_ON
    kib = {name: row.get(f"{name}_kib") if goes_on else None for name in ("memory", "gpu_memory")}
    return {
        **{name: row.get(name) if goes_on else None for name in ("cpu_percent", "gpu_percent")},
        **{name: None if held is None else held * 1024 for name, held in kib.items()},
    }


def _started(record: Record) -> dict[str, Any]:
    return record.fact(layout.STARTED) or {}
