"""One run, seen from near: the end of its log, the courses of its metrics, the runs below it."""

from __future__ import annotations

from typing import Any

from homerun.files.logs import names, tail
from homerun.metrics import summary
from homerun.metrics.kinds import NUMBER
from homerun.runs import wait
from homerun.views.table import Board
from runstore import layout
from runstore.index.pages import ALL
from runstore.metrics.chart import series
from runstore.run import attempts
from runstore.run.record import Record

_MOST_CHARTS = 8
_MOST_BELOW = 100


class CloseUp:
    """What can be seen of a run; `close` it in the end."""

    def __init__(self, board: Board, record: Record) -> None:
        self.record = record
        self._board = board
        self._gauges = summary.Gauges(record.path)
        self._version = -1
        self._width = 0
        self._charts: list[dict[str, Any]] = []
        self._metrics: dict[str, dict[str, Any]] = {}
        self._cursor = ""
        self._below: list[dict[str, Any]] = []
        self._waker = wait.Waker(record, names.path_of(record, layout.USER_LOGS), at_once=True)
        self._waker.watch_log()

    def fileno(self) -> int:
        """What becomes readable when there may be more; -1: look again now and then."""
        return self._waker.fileno()

    def read(self, lines: int, width: int) -> dict[str, Any]:
        """What there is now.

        Args:
            lines: of the log, at most.
            width: points of a metric, at most.

        Returns:
            `log`: its last lines; `charts`: of each metric what it is, and its course as `points`,
            the number, the least and the largest of each part; `below`: rows of runs, with their
            metrics.

        Raises:
            OSError: a file is not ours to read, or the disk does not tell.
        """
        self._waker.sleep(0.0)  # what comes from now on wakes again
        self._waker.watch_log()
        return {"log": self._log(lines), "charts": self._read_charts(width), "below": self._rows()}

    def close(self) -> None:
        """Watch it no longer."""
        self._waker.__exit__()

    def _log(self, lines: int) -> list[str]:
        name = attempts.std_log(attempts.begun(self.record.path))
        found = tail.end_of(f"{self.record.path}/{name}").removesuffix("\n").split("\n")
        return found[-lines:] if found != [""] else []

    def _read_charts(self, width: int) -> list[dict[str, Any]]:
        version, changed = self._gauges.read(self._version)
        if version == self._version and width == self._width:
            return self._charts
        self._version, self._width = version, width
        self._metrics.update((one["name"], one) for one in changed)
        numbers = [one for one in self._metrics.values() if one["kind"] == NUMBER]
        self._charts = [
            {**one, "points": self._points(one["name"], width)} for one in numbers[:_MOST_CHARTS]
        ]
        return self._charts

    def _points(self, name: str, width: int) -> list[tuple[float, float, float]]:
        chart = series(self.record.path, name, max(1, width))
        return [(bucket[4], bucket[2], bucket[3]) for bucket in chart.buckets]

    def _rows(self) -> list[dict[str, Any]]:
        cursor = self._board.cursor()
        if cursor != self._cursor:
            self._cursor = cursor
            ids = self._board.below(self.record.id)
            self._below = self._board.rows(ids[:_MOST_BELOW], metrics=[ALL])
        return self._below
