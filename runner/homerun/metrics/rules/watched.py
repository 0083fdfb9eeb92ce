"""What rules see of a run: its metrics as they come, its figures, its disk, and how quiet it is.

Metrics are read on from where they were read to. How long a run has been quiet is told by the
sizes of its files, between two looks of one process, and by no clock that can be set.
"""

from __future__ import annotations

import os
import time

from homerun.base import times
from homerun.metrics.rules import language
from homerun.metrics.usage.silence import IDLE_PERCENT
from homerun.system import linux
from runstore import layout
from runstore.fs import atomic
from runstore.metrics import follower
from runstore.metrics.samples import BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from homerun.metrics.rules.language import Term

_AT_ONCE = 1 << 22
"""Bytes of metrics that one look reads; a longer log takes several."""

_FOLDERS = {
    language.NO_OUTPUT: (layout.USER_LOGS, layout.RANK_LOGS),
    language.NO_METRICS: (layout.METRICS,),
    language.SILENT: (layout.USER_LOGS, layout.RANK_LOGS, layout.METRICS),
}


class Watched:
    """What was seen of one attempt of a run, by looks.

    Args:
        run_folder: the run's.
        terms: those of all of its rules.
        started: started.json of the attempt.
    """

    def __init__(self, run_folder: str, terms: Iterable[Term], started: Mapping[str, Any]) -> None:
        self._folder = run_folder
        terms = list(terms)
        keys = {key for one in terms if one.about == language.METRIC for key in _keys(one)}
        since = _unix(started.get("time")) if _number(started.get("attempt")) > 1 else 0.0
        self._metrics = Metrics(run_folder, keys, since)
        quiets = {one.name for one in terms if one.about == language.QUIET}
        self._quiets = {name: Quiet(run_folder, _FOLDERS[name]) for name in sorted(quiets)}
        self._clock_s = _number(started.get("clock_s"))
        self._usage: Mapping[str, float | None] = {}
        self.is_over = False

    def look(self, usage: Mapping[str, float | None] | None, *, is_over: bool = False) -> None:
        """Look again.

        Args:
            usage: the last sample; None: there is none, and so no run is silent.
            is_over: the script is over: only its metrics can still be new.
        """
        self.is_over = is_over
        self._usage = usage or {}
        self._metrics.read()
        if is_over:
            while not self._metrics.is_all:
                self._metrics.read(goes_on=True)
            return
        cpu = self._usage.get("cpu_percent")
        for name, quiet in self._quiets.items():
            quiet.look()
            if name == language.SILENT and (cpu is None or cpu >= IDLE_PERCENT):
                quiet.interrupt()

    def values(self, term: Term) -> Sequence[float]:
        """The values that a term is about; none: it is not known."""
        if term.about == language.METRIC:
            return self._metrics.values(term)
        if self.is_over:
            return ()
        if term.about == language.QUIET:
            return (self._quiets[term.name].seconds(),)
        if term.about == language.DURATION:
            return (linux.clock() - self._clock_s,) if self._clock_s else ()
        if term.about == language.DISK:
            return _free(self._folder, is_share=term.unit != BYTES)
        found = self._usage.get(term.key)
        return () if found is None else (found,)


class Quiet:
    """How long no file in some folders of a run has changed its size."""

    __slots__ = ("_folder", "_folders", "_last", "_since")

    def __init__(self, run_folder: str, folders: Sequence[str]) -> None:
        self._folder = run_folder
        self._folders = folders
        self._last: object = None
        self._since = 0.0

    def look(self) -> None:
        """Note whether anything has changed."""
        seen = [
            (entry.name, entry.stat(follow_symlinks=False).st_size)
            for name in self._folders
            for entry in _entries(f"{self._folder}/{name}")
        ]
        if self._last != seen:
            self._last = seen
            self.interrupt()

    def interrupt(self) -> None:
        """Begin to count at zero."""
        self._since = time.monotonic()

    def seconds(self) -> float:
        """How long it has been quiet; not counting what the machine slept."""
        return time.monotonic() - self._since


class Totals:
    """The numbers of one metric: all of them together, and those that are new."""

    __slots__ = ("count", "high", "last", "low", "new", "total")

    def __init__(self) -> None:
        self.new: list[float] = []
        self.last: float | None = None
        self.count = 0
        self.low = float("inf")
        self.high = float("-inf")
        self.total = 0.0

    def add(self, value: float) -> None:
        """Add the next number; NaN counts, and is no extreme."""
        self.new.append(value)
        self.last = value
        self.count += 1
        if value == value:
            self.low, self.high = min(self.low, value), max(self.high, value)
            self.total += value

    def aggregate(self, name: str) -> Sequence[float]:
        """One number of it by name, in a list; of `last` all that are new, else the last one."""
        if name == "last":
            return self.new or ([] if self.last is None else [self.last])
        if not self.count:
            return ()
        found = {
            "min": self.low,
            "max": self.high,
            "mean": self.total / self.count,
            "count": float(self.count),
        }[name]
        is_known = name in ("count", "mean") or self.low <= self.high
        return (found,) if is_known else ()


class Metrics:
    """The metrics of a run that rules are about.

    Args:
        names: of them; without any, no log is read.
        since: Unix time; a point that was logged before belongs to a former attempt.
    """

    def __init__(self, run_folder: str, names: set[str], since: float) -> None:
        self._names = names
        self._since = since
        self._logs = follower.Logs(run_folder)
        self._totals: dict[str, Totals] = {}

    @property
    def is_all(self) -> bool:
        """Whether all that there is was read."""
        return self._logs.is_all

    def read(self, *, goes_on: bool = False) -> None:
        """Read what is new, some MiB at most.

        Args:
            goes_on: what was new before still is.
        """
        if not self._names:
            return
        if not goes_on:
            for totals in self._totals.values():
                totals.new = []
        if not self._logs.look():
            self._logs.forget()
            self._totals.clear()
        for _, records, _ in self._logs.read(_AT_ONCE):
            for record in records:
                name = record.get("n")
                if type(name) is str and name in self._names:
                    self._add(record)

    def _add(self, record: dict[str, Any]) -> None:
        if "v" not in record or (self._since and _number(record.get("t")) < self._since):
            return
        value = follower.number(record)
        if value is not None:
            totals = self._totals.get(record["n"])
            if totals is None:
                totals = self._totals[record["n"]] = Totals()
            totals.add(value)

    def values(self, term: Term) -> Sequence[float]:
        """The values of a metric that a term is about."""
        if term.exact in self._totals:
            return self._totals[term.exact].aggregate("last")
        totals = self._totals.get(term.key)
        return () if totals is None else totals.aggregate(term.aggregate)


def _keys(term: Term) -> tuple[str, ...]:
    return (term.key, term.exact) if term.exact else (term.key,)


def _free(folder: str, *, is_share: bool) -> Sequence[float]:
    """What is free on the disk of the store: bytes, or percent of what a user may have."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return ()
    if not is_share:
        return (float(found.f_bavail * found.f_frsize),)
    size = found.f_blocks - found.f_bfree + found.f_bavail
    return (100.0 * found.f_bavail / size,) if size else ()


def _entries(folder: str) -> list[os.DirEntry[str]]:
    if not atomic.is_folder(folder):
        return []
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _number(value: object) -> float:
    return float(value) if type(value) in (int, float) else 0.0  # type: ignore[arg-type]


def _unix(said: object) -> float:
    return times.unix(said) or 0.0
