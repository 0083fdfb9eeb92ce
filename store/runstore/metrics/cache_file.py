"""The cache of a run's series: one file in the index, replaced as a whole, never changed.

It holds the columns and the rows of all metrics (`series.points`), then what is where as JSON,
then the place of that JSON. Written beside it under a lock and renamed, so that readers see the
former one or the next, and a killed writer leaves one unfinished file that the next one uses.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from array import array

from runstore import layout
from runstore.errors import StoreError
from runstore.fs import atomic, lock
from runstore.fs.atomic import write_all
from runstore.metrics import steps
from runstore.metrics.follower import Place
from runstore.metrics.points import CODES, NO_STEP, ROW, STEPS, WRITERS, Metric
from runstore.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_END = struct.Struct("=8sQII")
"""Magic, where the JSON begins, how long it is, and its checksum."""
_MAGIC = b"series 2"
_WRITE_AT_ONCE = 1 << 24


class File:
    """An open cache; a context manager.

    Attributes:
        places: up to where each log is in it.
        broken: how many lines of those were no points.
    """

    def __init__(self, descriptor: int, head: dict[str, Any]) -> None:
        self._descriptor = descriptor
        self._metrics: dict[str, list[Any]] = head["metrics"]
        self.writers: list[str] = [str(name) for name, *_ in head["writers"]]
        self.places = {name: Place(*map(int, place)) for name, *place in head["writers"]}
        self.broken = int(head["broken"])

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)

    def names(self) -> list[str]:
        """Its metrics, in order of first appearance."""
        return list(self._metrics)

    def latest(self) -> dict[tuple[str, int], float]:
        """The time of the last point of each metric and writer."""
        return {
            (name, int(writer)): time
            for name, facts in self._metrics.items()
            for writer, time in facts[-1].items()
        }

    def metric(self, name: str) -> Metric:
        """A metric of it; one without points where it knows none of that name."""
        facts = self._metrics.get(name)
        return Metric(None if facts is None else StoredMetric(self._descriptor, *facts[:-1]))


class StoredMetric:
    """Where a file holds a metric's columns and rows."""

    def __init__(
        self,
        descriptor: int,
        count: int,
        columns: list[int | None],
        writer: int,
        rows: list[int],
        falls: list[int],
    ) -> None:
        self.count = count
        self.falls = falls
        self._descriptor = descriptor
        self._columns = columns
        self._writer = writer
        self._rows = rows

    def column(self, which: int, first: int, last: int) -> array[float]:
        """Some of its times, values, steps or writers."""
        found: array[float] = array(CODES[which])
        at = self._columns[which]
        if at is None:
            found.append(NO_STEP if which == STEPS else self._writer)
            return found * (last - first)
        width = found.itemsize
        found.frombytes(_read(self._descriptor, at + first * width, (last - first) * width))
        return found

    def rows(self, level: int, first: int, last: int) -> bytes:
        """Some of its rows, packed."""
        at = self._rows[level] + first * ROW.size
        return _read(self._descriptor, at, (last - first) * ROW.size)


def path_of(run_folder: str) -> str:
    """Where the cache of a run is, if there is one."""
    above, run_id = os.path.split(os.path.abspath(run_folder))
    root = os.path.dirname(above)
    return f"{root}/{layout.INDEX}/{layout.SERIES}/{run_id}/{layout.SERIES_FILE}"


def load(run_folder: str) -> File | None:
    """Open a run's cache; None where there is none, or none that is whole."""
    path = path_of(run_folder)
    try:
        if not _is_inside(path):
            return None
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return File(descriptor, _head(descriptor))
    except (OSError, EOFError, ValueError, TypeError, KeyError, struct.error):
        os.close(descriptor)  # cut, damaged, or of another machine's byte order
        return None


def _is_inside(path: str) -> bool:
    """Whether no folder on the way from the store to a cache is a link."""
    folder = os.path.dirname(path)
    series = os.path.dirname(folder)
    return all(map(atomic.is_folder, (os.path.dirname(series), series, folder)))


def save(run_folder: str, contents: Contents) -> None:
    """Write a run's cache, unless another does so now, or the store cannot be written."""
    path = path_of(run_folder)
    root = os.path.dirname(os.path.dirname(os.path.abspath(run_folder)))
    try:
        store = Root(root)
        if not store.exists():
            return
        store.for_writing()
        run_id = os.path.basename(os.path.dirname(path))
        atomic.make_folders(root, layout.INDEX, layout.SERIES, run_id)
        new = f"{os.path.dirname(path)}/{layout.SERIES_WRITING}"
        held = lock.take(new, store.lock_kind)
    except (OSError, StoreError):
        return
    if held is None:
        return
    try:
        # Who held the lock before has given this very file its name: then it is not ours.
        if os.fstat(held).st_ino == os.stat(new).st_ino:
            _write(held, new, contents)
            os.rename(new, path)
            os.unlink(f"{os.path.dirname(path)}/{layout.SERIES_FORMER}")
    except OSError:
        return
    finally:
        lock.release(held)


class Contents:
    """What a cache is to hold.

    Args:
        places: by the logs' names, in the order of their numbers.
        latest: the time of the last point of each metric and writer.
    """

    def __init__(
        self,
        places: dict[str, Place],
        metrics: dict[str, Metric],
        latest: dict[tuple[str, int], float],
        broken: int,
    ) -> None:
        self.places = places
        self.metrics = metrics
        self.latest = latest
        self.broken = broken


def _write(descriptor: int, path: str, contents: Contents) -> None:
    try:
        os.ftruncate(descriptor, 0)
        out = _Out(descriptor)
        latest: dict[str, dict[int, float]] = {}
        for (name, writer), time in contents.latest.items():
            latest.setdefault(name, {})[writer] = time
        facts = {}
        for name, metric in contents.metrics.items():
            facts[name] = [*_put(out, metric), latest.get(name, {})]
        head = {
            "bytes": sys.byteorder,
            "writers": [[name, *place] for name, place in contents.places.items()],
            "broken": contents.broken,
            "metrics": facts,
        }
        _put_head(out, head)
        os.fsync(descriptor)
    except OSError:
        os.unlink(path)  # a full disk: it is not ours to fill
        raise


def _put(out: _Out, metric: Metric) -> tuple[int, list[int | None], int, list[int], list[int]]:
    columns: list[int | None] = []
    writer = 0
    for which in range(len(CODES)):
        column = metric.column(which)
        if _is_constant(which, column):
            columns.append(None)
            writer = int(column[0]) if which == WRITERS and column else writer
        else:
            columns.append(out.put(column.tobytes()))
    rows = [out.put(metric.packed_rows(level)) for level in metric.levels()]
    falls = metric.falls(steps.carried_on(metric.column(STEPS)))
    return metric.count, columns, writer, rows, falls


def _is_constant(which: int, column: array[float]) -> bool:
    """Whether a column need not be written: no point has a step, or all are one writer's."""
    if not column:
        return True
    is_alike = which in (STEPS, WRITERS) and column.count(column[0]) == len(column)
    return is_alike and (which == WRITERS or column[0] == NO_STEP)


def _put_head(out: _Out, head: dict[str, Any]) -> None:
    data = json.dumps(head).encode()
    at = out.put(data)
    out.put(_END.pack(_MAGIC, at, len(data), zlib.crc32(data)))
    out.flush()


class _Out:
    """Writes what it is given one after the other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: list[bytes] = []
        self._size = 0
        self._at = 0

    def put(self, data: bytes) -> int:
        """Write; where it begins."""
        at = self._at
        self._at += len(data)
        self._size += len(data)
        self._waiting.append(data)
        if self._size >= _WRITE_AT_ONCE:
            self.flush()
        return at

    def flush(self) -> None:
        """Let nothing wait."""
        write_all(self._descriptor, b"".join(self._waiting))
        self._waiting, self._size = [], 0


def _head(descriptor: int) -> dict[str, Any]:
    size = os.fstat(descriptor).st_size
    magic, at, length, crc = _END.unpack(_read(descriptor, size - _END.size, _END.size))
    data = _read(descriptor, at, length) if magic == _MAGIC else b""
    if not data or zlib.crc32(data) != crc or at + length + _END.size != size:
        raise ValueError(magic)
    head: dict[str, Any] = json.loads(data)
    if head["bytes"] != sys.byteorder:
        raise ValueError(head["bytes"])
    return head


def _read(descriptor: int, at: int, length: int) -> bytes:
    """So many bytes of a file.

    Raises:
        EOFError: it is shorter; it was cut.
    """
    if at < 0:
        raise EOFError
    parts = []
    while length:
        data = os.pread(descriptor, length, at)
        if not data:
            raise EOFError
        parts.append(data)
        at += len(data)
        length -= len(data)
    return b"".join(parts)
