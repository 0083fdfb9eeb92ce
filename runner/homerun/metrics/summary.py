"""What a run's metrics are, at a glance: of each the kind, the last value and some numbers.

All points are read once, a window at a time, and what is new from then on; little is kept.
"""

from __future__ import annotations

import threading
from math import isnan

from homerun.metrics import files
from runstore.metrics import log as metric_log
from runstore.metrics.follower import Logs, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NUMBER = "number"
TEXT = "text"
IMAGE = "image"
JSON = "json"

_MOST_FILES = 1_000
_FORMS: dict[str, type] = {metric_log.LIST: list, metric_log.ROW: dict, metric_log.TABLE: dict}


class Gauge:
    """One metric so far.

    Attributes:
        version: grows with each change, over all metrics of the run.
    """

    __slots__ = ("count", "files", "kind", "last", "max", "min", "name", "step", "time", "version")

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.last: Any = None
        self.min: float | None = None
        self.max: float | None = None
        self.count = 0
        self.step: int | None = None
        self.time: float = float("-inf")
        self.files: list[str] = []
        self.version = 0

    def add(self, record: dict[str, Any], kind: str) -> None:
        """Count one more point; one of another kind is left out."""
        if kind != self.kind and not (self.kind == NUMBER and kind == metric_log.LIST):
            return
        value = record["v"]
        if kind in (IMAGE, JSON):
            self._add_file(value)
        elif kind == NUMBER:
            self._add_number(float(number(record) or 0.0), value)
        self.count += 1
        if record["t"] >= self.time:
            self.time, step = record["t"], record.get("s")
            self.step = step if type(step) is int else None
            if kind == TEXT:
                self.last = value
            elif kind in (metric_log.ROW, metric_log.TABLE):
                self.last = {key: metric_log.untag(cell) for key, cell in value.items()}
            elif kind == metric_log.LIST:
                self.last = metric_log.untag(value)

    def describe(self) -> dict[str, Any]:
        """All of it, in the shape of Studio's interface."""
        found = {key: getattr(self, key) for key in ("name", "kind", "last", "min", "max", "count")}
        found["last_step"] = self.step
        found["last_time"] = self.time if self.count else None
        if self.kind in (IMAGE, JSON):
            found["files"] = self.files
        return found

    def _add_number(self, value: float, stored: Any) -> None:
        self.last = metric_log.untag(stored)
        if not isnan(value):
            self.min = value if self.min is None or value < self.min else self.min
            self.max = value if self.max is None or value > self.max else self.max

    def _add_file(self, value: Any) -> None:
        self.last = files.names(value)[1]
        if len(self.files) < _MOST_FILES:
            self.files.append(self.last)


class Gauges:
    """The metrics of one run, read on at each look; from any thread."""

    def __init__(self, run_folder: str) -> None:
        self._logs = Logs(run_folder)
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

    def _add(self, record: dict[str, Any]) -> None:
        if not metric_log.is_point(record):
            return
        kind = _kind(record)
        if kind is None:
            return
        name = record["n"]
        gauge = self._known.get(name)
        if gauge is None:
            gauge = self._known[name] = Gauge(name, kind)
        gauge.version = self._version
        gauge.add(record, kind)


def points(run_folder: str, name: str, skip: int, limit: int) -> dict[str, Any]:
    """What was logged as a metric, point by point, each process's points in its order."""
    found: list[dict[str, Any]] = []
    total = 0
    for record in _records(run_folder):
        if record.get("n") != name or not metric_log.is_point(record):
            continue
        kind = _kind(record)
        if kind is None:
            continue
        if skip <= total < skip + limit:
            step = record.get("s")
            told = {"value": _value(record, kind), "step": step if type(step) is int else None}
            found.append({**told, "time": record["t"]})
        total += 1
    return {"total": total, "values": found}


def _records(run_folder: str) -> Iterator[dict[str, Any]]:
    logs = Logs(run_folder)
    logs.look()
    for _, records, _ in logs.read():
        yield from records


def _kind(record: dict[str, Any]) -> str | None:
    """What a point is; None: it says that it is what it is not."""
    said, value = record.get("k", metric_log.SCALAR), record["v"]
    if said in metric_log.FILES:
        known = IMAGE if said == metric_log.IMAGE else JSON
        return known if files.is_value(value) else None
    if said in _FORMS:
        return str(said) if isinstance(value, _FORMS[said]) else None
    if number(record) is not None:
        return NUMBER
    return TEXT


def _value(record: dict[str, Any], kind: str) -> Any:
    value = record["v"]
    if kind in (IMAGE, JSON):
        return files.names(value)[1]
    if kind in (metric_log.ROW, metric_log.TABLE):
        return {key: metric_log.untag(cell) for key, cell in value.items()}
    return metric_log.untag(value)
