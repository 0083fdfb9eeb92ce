"""All numbers of a run, by metric: what its cache knows, and the logs from there on."""

from __future__ import annotations

import gc

from runstore import layout
from runstore.metrics import cache_file, points
from runstore.metrics.follower import Logs, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.metrics.points import Metric, Part

_SMALL = 1 << 18
"""So many bytes of logs are read each time; with more, there is a cache."""
_SHARE = 64
"""A cache is made again when the logs have grown by this part, or by `_SMALL`."""


class Numbers:
    """The metrics of a run: from its cache, and what was logged since; a context manager.

    Args:
        kept_in: the folder of the run that holds the logs; only `layout.METRICS` has a cache.

    Attributes:
        broken: how many lines of the logs were no points.

    Raises:
        OSError: a log is not ours to read.
    """

    def __init__(self, run_folder: str, kept_in: str = layout.METRICS) -> None:
        has_cache = kept_in == layout.METRICS
        self._file = cache_file.load(run_folder) if has_cache else None
        try:
            known = dict(self._file.places) if self._file else {}
            self._logs = Logs(run_folder, known, kept_in)
            if not self._logs.look():
                self.close()
                self._logs.forget()
            self.broken = self._file.broken if self._file else 0
            self._writers = list(self._file.writers) if self._file else []
            self._latest = self._file.latest() if self._file else {}
            self._parts: dict[str, dict[int, Part]] = {}
            if self._read() > max(_SMALL, self._logs.size() // _SHARE) and has_cache:
                self._save(run_folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Numbers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the cache."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def names(self) -> list[str]:
        """The names of all metrics, those from the cache first."""
        known = self._file.names() if self._file else []
        return list(dict.fromkeys([*known, *self._parts]))

    def metric(self, name: str) -> Metric:
        """One of them; without points where there is none of that name."""
        found = self._file.metric(name) if self._file else points.Metric(None)
        ranks = {writer: rank for rank, writer in enumerate(sorted(self._writers))}
        order = [ranks[writer] for writer in self._writers]
        found.extend(list(self._parts.get(name, {}).items()), order)
        return found

    def _read(self) -> int:
        """Read on, without the collector, which would look through every point in vain.

        Returns:
            How many bytes that were.
        """
        known = self._logs.known()
        was_on = gc.isenabled()
        gc.disable()
        try:
            for log, records, broken in self._logs.read():
                if log not in self._writers:
                    self._writers.append(log)
                self.broken += broken + self._add(self._writers.index(log), records)
        finally:
            if was_on:
                gc.enable()
        return self._logs.known() - known

    def _add(self, writer: int, records: list[dict[str, Any]]) -> int:
        """Sort records into the parts of one writer; how many were no points."""
        parts: dict[str, Part] = {}
        broken = 0
        for record in records:
            try:
                name, value, time = record["n"], record["v"], record["t"]
                part = parts.get(name)
                if type(time) is not float:
                    time = _time(time)
                if part is None:
                    part = parts[name] = self._part(name, writer)
                if type(value) is not float or len(record) > 3:
                    value = number(record)
            except (KeyError, TypeError, OverflowError, RecursionError):
                broken += 1
                continue
            if time > part.latest:
                part.latest = time
            if value is not None:
                part.add(value, record.get("s"))
        return broken

    def _part(self, name: object, writer: int) -> Part:
        if type(name) is not str:
            raise TypeError(name)
        parts = self._parts.setdefault(name, {})
        if writer not in parts:
            parts[writer] = points.Part(self._latest.get((name, writer), float("-inf")))
        return parts[writer]

    def _save(self, run_folder: str) -> None:
        places = {writer: self._logs.places[writer] for writer in self._writers}
        latest = dict(self._latest)
        for name, parts in self._parts.items():
            latest.update({(name, writer): part.latest for writer, part in parts.items()})
        metrics = {name: self.metric(name) for name in self.names()}
        cache_file.save(run_folder, cache_file.Contents(places, metrics, latest, self.broken))
        saved = cache_file.load(run_folder)
        if saved is not None and saved.places == places:
            self.close()
            self._file, self._parts = saved, {}
        elif saved is not None:
            saved.close()


def _time(value: object) -> float:
    if type(value) is not int:
        raise TypeError(value)
    return float(value)
