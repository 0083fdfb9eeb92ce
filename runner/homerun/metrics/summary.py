"""Summaries of a run's metrics: of each the kind, the last value, and what its numbers come to.

All points are read once, a window at a time, and then what is new; little of it is kept.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from homerun.metrics import kinds
from homerun.metrics.kinds import FILES, NUMBER, TEXT
from runstore import layout
from runstore.metrics import log as metric_log
from runstore.metrics.follower import Logs, number
from runstore.metrics.summary import MetricSummary

_MOST_FILES = 1_000
_MOST_TREND = 128


class Gauge:
    """One metric so far.

    Attributes:
        version: grows with each change, over all metrics of the run.
    """

    __slots__ = (
        *("_numbers", "_trend", "count", "files", "kind", "last", "name", "step", "time"),
        "version",
    )

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.last: Any = None
        self.count = 0
        self.step: int | None = None
        self.time: float = float("-inf")
        self.files: deque[str] = deque(maxlen=_MOST_FILES)
        self._numbers = MetricSummary()
        self._trend = Trend()
        self.version = 0

    def add(self, record: dict[str, Any], kind: str) -> None:
        """Count one more point; one of another kind is left out."""
        if kind != self.kind and not (self.kind == NUMBER and kind == metric_log.LIST):
            return
        value = kinds.kind_named(record.get("k")).value(record["v"])
        self.count += 1
        if kind == NUMBER:
            self._numbers.add(float(number(record) or 0.0), record["t"])
            self._trend.add(record["t"], float(number(record) or 0.0))
        elif kind in FILES:
            self.files.append(value)
        if record["t"] >= self.time:
            self.time, self.last, step = record["t"], value, record.get("s")
            self.step = step if type(step) is int else None

    @property
    def trend(self) -> list[float]:
        """Its numbers in few."""
        return self._trend.values()

    def describe(self) -> dict[str, Any]:
        """All of it, in the shape of Studio's interface."""
        found = {
            "name": self.name,
            "kind": self.kind,
            "last": self.last,
            "min": self._numbers.min,
            "max": self._numbers.max,
            "count": self.count,
            "last_step": self.step,
            "last_time": self.time if self.count else None,
        }
        if self.kind in FILES:
            found["files"] = list(self.files)
        return found


class Trend:
    """The course of a metric in few numbers: of many points every second, fourth, eighth one."""

    __slots__ = ("_kept", "_step", "_to_skip")

    def __init__(self) -> None:
        self._kept: list[tuple[float, float]] = []
        self._step = 1
        self._to_skip = 0

    def add(self, time: float, value: float) -> None:
        """Take one more point."""
        if self._to_skip:
            self._to_skip -= 1
            return
        self._kept.append((time, value))
        if len(self._kept) == _MOST_TREND:
            del self._kept[1::2]
            self._step *= 2
        self._to_skip = self._step - 1

    def values(self) -> list[float]:
        """The numbers in order of time, whichever process logged them."""
        return [value for _, value in sorted(self._kept, key=lambda point: point[0])]


class Gauges:
    """The metrics of one run, read on at each look; from any thread.

    Args:
        of_system: what the run used of its machine, instead of what it logged.
    """

    def __init__(self, run_folder: str, *, of_system: bool = False) -> None:
        self._logs = _logs(run_folder, of_system)
        self._known: dict[str, Gauge] = {}
        self._version = 0
        self._reading = threading.Lock()

    def read(self, since: int = 0) -> tuple[int, list[dict[str, Any]]]:
        """The metrics that changed since a version, and the version now.

        Raises:
            OSError: a log is not ours to read.
        """
        with self._reading:
            if not self._logs.look():
                self._logs.forget()
                self._known.clear()
            for _, records, _ in self._logs.read():
                self._version += 1
                for record in records:
                    self._add(record)
            found = [one.describe() for one in self._known.values() if one.version > since]
            return self._version, found

    def trend(self, name: str) -> list[float]:
        """The course of a metric, as far as it was read; [] if there is none."""
        with self._reading:
            gauge = self._known.get(name)
            return gauge.trend if gauge is not None else []

    def _add(self, record: dict[str, Any]) -> None:
        if not metric_log.is_point(record):
            return
        kind = _shown_as(record)
        if kind is None:
            return
        name = record["n"]
        gauge = self._known.get(name)
        if gauge is None:
            gauge = self._known[name] = Gauge(name, kind)
        gauge.version = self._version
        gauge.add(record, kind)


def points(
    run_folder: str, name: str, skip: int, limit: int, *, of_system: bool = False
) -> dict[str, Any]:
    """What was logged as a metric, point by point, each process's points in its order."""
    found: list[dict[str, Any]] = []
    total = 0
    for record in _records(run_folder, of_system):
        if record.get("n") != name or not metric_log.is_point(record):
            continue
        kind = _shown_as(record)
        if kind is None:
            continue
        if skip <= total < skip + limit:
            step = record.get("s")
            told = {
                "value": kinds.kind_named(record.get("k")).value(record["v"]),
                "step": step if type(step) is int else None,
            }
            found.append({**told, "time": record["t"]})
        total += 1
    return {"total": total, "values": found}


def _logs(run_folder: str, of_system: bool) -> Logs:
    return Logs(run_folder, kept_in=layout.SYSTEM if of_system else layout.METRICS)


def _records(run_folder: str, of_system: bool) -> Iterator[dict[str, Any]]:
    logs = _logs(run_folder, of_system)
    logs.look()
    for _, records, _ in logs.read():
        yield from records


def _shown_as(record: dict[str, Any]) -> str | None:
    """What a point is shown as; None: it is not what it says it is."""
    if "k" not in record:  # nearly all points
        return TEXT if number(record) is None else NUMBER
    kind = kinds.kind_named(record.get("k"))
    if not kind.fits(record["v"]):
        return None
    return kind.shown or (TEXT if number(record) is None else NUMBER)
