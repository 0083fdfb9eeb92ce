"""Following metrics while they are written: by byte offset, in parts, also past a log cut short.

Where a log was read to is a `Place`: the file's identity, the offset behind the last whole line,
and a checksum of the bytes before it. By that a log that was cut, replaced, or cut and written
again is told from one that only grew.
"""

from __future__ import annotations

import os
from collections import namedtuple
from stat import S_ISREG

from runstore import layout
from runstore.fs import append, atomic
from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Batch = tuple[str, list[dict[str, Any]], int]

_CHECKED = 64
"""Bytes before an offset by which a log is known again."""

_AT_ONCE = 1 << 24

Place = namedtuple("Place", "inode offset checked crc")
"""Where a log was read to; `crc` is that of the `checked` bytes before the offset."""

Point = namedtuple("Point", "name value time step kind writer")
"""One point as it was logged; `writer` is the name of its log."""


class News:
    """What a `Follower` found.

    Attributes:
        points: the new points; those of several writers by time.
        is_anew: a log was cut or replaced: forget all points that were given before these.
        is_all: whether that is all there is by now; False: there is more to read at once.
        broken: how many lines were no points.
    """

    __slots__ = ("broken", "is_all", "is_anew", "points")

    def __init__(self, is_anew: bool) -> None:
        self.points: list[Point] = []
        self.is_anew = is_anew
        self.is_all = True
        self.broken = 0


class Follower:
    """Gives the points of all metrics of a run that came since the last call.

    The first call begins with the first point. No file is kept open in between.
    """

    __slots__ = ("_logs",)

    def __init__(self, run_folder: str, kept_in: str = layout.METRICS) -> None:
        self._logs = Logs(run_folder, kept_in=kept_in)

    def read(self) -> News:
        """What is new, some MiB of logs at most.

        Raises:
            OSError: a log is not ours to read.
        """
        news = News(is_anew=not self._logs.look())
        if news.is_anew:
            self._logs.forget()
        for writer, records, broken in self._logs.read(_AT_ONCE):
            found = [point for point in map(_point, records, [writer] * len(records)) if point]
            news.points += found
            news.broken += broken + len(records) - len(found)
        if len({point.writer for point in news.points}) > 1:
            news.points = _by_time(news.points)
        news.is_all = self._logs.is_all
        return news


class Logs:
    """The logs of a run's writers, read on from where they were read to.

    Args:
        places: by the logs' names.
        kept_in: the folder of the run that holds them.

    Attributes:
        is_all: whether the last reading was up to the sizes of the last look.
    """

    __slots__ = ("_folder", "_seen", "is_all", "places")

    def __init__(
        self,
        run_folder: str,
        places: dict[str, Place] | None = None,
        kept_in: str = layout.METRICS,
    ) -> None:
        self._folder = f"{run_folder}/{kept_in}"
        self._seen: dict[str, os.stat_result] = {}
        self.places = {} if places is None else places
        self.is_all = True

    def look(self) -> bool:
        """Look at the logs. False: one that was read is gone, shorter, or another."""
        self._seen = dict(self._files())
        for name, place in self.places.items():
            seen = self._seen.get(name)
            if seen is None or seen.st_ino != place.inode or seen.st_size < place.offset:
                return False
            if not self._is_as_read(name, place):
                return False
        return True

    def forget(self) -> None:
        """Begin with the first line of each log."""
        self.places.clear()

    def known(self) -> int:
        """The bytes of all logs that were read."""
        return sum(place.offset for place in self.places.values())

    def size(self) -> int:
        """The bytes of all logs at the last look."""
        return sum(seen.st_size for seen in self._seen.values())

    def read(self, at_most: int = 0) -> Iterator[Batch]:
        """The records behind the places, up to the sizes of the last look: log, records, broken.

        Args:
            at_most: about so many bytes, then the rest is left; 0: all.
        """
        left, self.is_all = at_most, True
        for name, seen in self._seen.items():
            offset = self.places[name].offset if name in self.places else 0
            if seen.st_size <= offset:
                continue
            for data, end in append.windows(f"{self._folder}/{name}", offset):
                records, broken = append.parse(data)
                end_of = data[-_CHECKED:]
                self.places[name] = Place(seen.st_ino, end, len(end_of), _crc(end_of))
                yield name, records, broken
                left -= len(data)
                if at_most and left <= 0:
                    self.is_all = False
                    return
                if end >= seen.st_size:
                    break

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """The logs by name, in order of their names; what is no plain file is none."""
        try:
            names = sorted(atomic.names_in(self._folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if name.endswith(layout.APPENDED):
                try:
                    seen = os.lstat(f"{self._folder}/{name}")
                except FileNotFoundError:
                    continue
                if S_ISREG(seen.st_mode):
                    yield name, seen

    def _is_as_read(self, name: str, place: Place) -> bool:
        return bool(_crc(self._bytes_before(name, place.offset, place.checked)) == place.crc)

    def _bytes_before(self, name: str, offset: int, count: int) -> bytes:
        try:
            descriptor = atomic.open_plain(f"{self._folder}/{name}", os.O_RDONLY)
        except FileNotFoundError:
            return b""
        try:
            return os.pread(descriptor, count, offset - count)
        finally:
            os.close(descriptor)


def number(record: dict[str, Any]) -> float | None:
    """The number that a scalar point holds; None: a text, a truth, or another kind of point.

    An integer that no float can hold is infinite.
    """
    value = record["v"]
    if record.get("k", metric_log.SCALAR) != metric_log.SCALAR:
        return None
    if type(value) is dict and "$f" in value:
        value = metric_log.untag(value)
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value if type(value) is float else None


def _point(record: dict[str, Any], writer: str) -> Point | None:
    if not metric_log.is_point(record):
        return None
    kind = record.get("k", metric_log.SCALAR)
    step = record.get("s")
    try:
        value = metric_log.untag(record["v"])
    except RecursionError:
        return None
    if kind in (metric_log.ROW, metric_log.TABLE) and type(record["v"]) is dict:
        value = {column: metric_log.untag(cell) for column, cell in record["v"].items()}
    return Point(
        record["n"], value, record["t"], step if type(step) is int else None, str(kind), writer
    )


def _by_time(points: list[Point]) -> list[Point]:
    """Points of several writers merged by time; each one's stay in its order."""
    latest: dict[str, float] = {}
    keys = []
    for point in points:
        latest[point.writer] = max(point.time, latest.get(point.writer, point.time))
        keys.append(latest[point.writer])
    return [points[i] for i in sorted(range(len(keys)), key=keys.__getitem__)]


def _crc(data: bytes) -> int:
    import zlib

    return zlib.crc32(data)
