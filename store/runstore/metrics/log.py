"""Metrics: numbers appended by the script's processes, one file per writer, no lock.

A point is one line `{"n":name,"v":value,"t":seconds}`, safe from SIGKILL when `Writer.add`
returns. `k` names the kind where it is not a scalar (list, row, table; or one whose value names a
file of the run), `s` a step, `d` a description. `t` is Unix time, as a number of JSON in whatever
form: it orders the points of several writers, and decides nothing.
"""

from __future__ import annotations

import errno
import gc
import os
from time import time_ns

from runstore import layout
from runstore.fs import append, atomic, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SCALAR = "scalar"
LIST = "list"
ROW = "row"
TABLE = "table"

_NUMBERS = (float, int)
_MOST_HEADS = 10_000
_MOST_KEPT = 128
_MOST_MISSES = 2
"""So many windows of a log are tried as scalars alone, in vain, before it is given up."""

_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


_kept = [0]
"""How many descriptors this process keeps open for writers."""

_process = [-1]
"""The number of this process, to ask for which takes a third of an append: -1 until it has logged,
0 in the child of a fork until that has. A fork that Python does not know of writes on into the file
of its parent, which costs neither of them a point."""


class Writer:
    """Appends points to a run: from any thread, and after a fork into a file of the child's own.

    A process may log to thousands of runs and has few descriptors: beyond some, a writer opens its
    file for each point.

    Args:
        before_first: called before the first point; by each of several threads that log it at once.
    """

    __slots__ = ("_before_first", "_descriptors", "_heads", "_paths", "_run_folder")

    def __init__(self, run_folder: str, before_first: Callable[[], object] | None = None) -> None:
        self._run_folder = run_folder
        self._before_first = before_first
        self._paths: dict[int, str] = {}
        self._descriptors: dict[int, int] = {}
        self._heads: dict[str, str] = {}

    def add_scalar(self, name: str, value: object) -> None:
        """Append one number, text, bool or None; the fast path.

        Raises:
            TypeError: the value has no JSON form.
            OSError: the store did not take it.
        """
        head = self._heads.get(name)
        if head is None:
            head = self._head(name)
        is_plain = type(value) is float and value - value == 0.0
        shown = repr(value) if is_plain else json_write.dumps(value)
        # Microseconds with an exponent: to write a float with six digits takes twice as long.
        data = f'{head}{shown},"t":{time_ns() // 1000}e-6}}\n'.encode()
        descriptor = self._descriptors.get(_process[0])
        if descriptor is None:
            self._write_first(data)
        elif os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def add(
        self,
        name: str,
        value: object,
        *,
        kind: str = SCALAR,
        step: int | None = None,
        description: str = "",
    ) -> None:
        """Append a point of any kind, with a step and a description where there are any.

        Raises:
            TypeError, OSError: as `add_scalar`.
        """
        record: dict[str, object] = {"n": name, "v": value, "t": time_ns() // 1000 / 1e6}
        if kind != SCALAR:
            record["k"] = kind
        if step is not None:
            record["s"] = step
        if description:
            record["d"] = description
        self._write(f"\n{json_write.dumps(record)}\n".encode())

    def add_scalar_at(self, name: str, value: object, time_ms: int, step: int | None) -> None:
        """Append one number of a time that its caller knows, in milliseconds since 1970; as fast.

        Raises:
            TypeError, OSError: as `add_scalar`.
        """
        head = self._heads.get(name) or self._head(name)
        is_plain = type(value) is float and value - value == 0.0
        shown = repr(value) if is_plain else json_write.dumps(value)
        of_step = "" if step is None else f',"s":{step}'
        data = f'{head}{shown},"t":{time_ms}e-3{of_step}}}\n'.encode()
        descriptor = self._descriptors.get(_process[0])
        if descriptor is None:
            self._write_first(data)
        elif os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close this process's file; a later point opens it again."""
        descriptor = self._descriptors.pop(os.getpid(), None)
        if descriptor is not None:
            _kept[0] -= 1
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def _head(self, name: str) -> str:
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        head = self._heads[name] = f'\n{{"n":{json_write.text(name)},"v":'
        return head

    def _write(self, data: bytes) -> None:
        descriptor = self._descriptors.get(_process[0])
        if descriptor is None:
            self._write_first(data)
        elif os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write_first(self, data: bytes) -> None:
        """Write through a descriptor of this process's own, and keep it if there are not too many.

        The copies of a parent's descriptors are closed.
        """
        pid = _this_process()
        for other in list(self._descriptors):  # at once: another thread may add one meanwhile
            inherited = self._descriptors.pop(other, None) if other != pid else None
            if inherited is not None:
                _kept[0] -= 1
                os.close(inherited)
        descriptor = append.open_for_append(self._paths.get(pid) or self._new_path(pid))
        try:
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            # Two threads may come here at once: the first one's descriptor stays.
            is_kept = _kept[0] < _MOST_KEPT
            if is_kept and self._descriptors.setdefault(pid, descriptor) == descriptor:
                _kept[0] += 1
            else:
                os.close(descriptor)

    def _new_path(self, pid: int) -> str:
        before_first = self._before_first  # which another thread may take away meanwhile
        if before_first is not None:
            before_first()
            self._before_first = None  # also, what it belongs to can now go when its user lets go
        folder = f"{self._run_folder}/{layout.METRICS}"
        atomic.make_folder(folder)
        name = f"{folder}/{pid}-{os.urandom(4).hex()}{layout.APPENDED}"
        return self._paths.setdefault(pid, name)


def _this_process() -> int:
    """The number of this process; asked for once, and once more after a fork."""
    if _process[0] < 0:
        os.register_at_fork(after_in_child=_forget_process)
    if _process[0] <= 0:
        _process[0] = os.getpid()
    return _process[0]


def _forget_process() -> None:
    _process[0] = 0


class Series:
    """The points of one metric, in order: kinds (None: all scalar), values, times and steps."""

    __slots__ = ("kinds", "steps", "times", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.times: list[float] = []
        self.kinds: list[str] | None = None
        self.steps: list[int | None] | None = None

    def kinds_of_all(self) -> list[str]:
        """The kind of each point."""
        kinds = self.kinds or []
        return kinds + [SCALAR] * (len(self.values) - len(kinds))

    def add_columns(self, record: dict[str, Any]) -> None:
        """Add the kind and the step of the point that was added last."""
        before = len(self.values) - 1
        if "k" in record or self.kinds is not None:
            if self.kinds is None:
                self.kinds = [SCALAR] * before
            self.kinds += [SCALAR] * (before - len(self.kinds))
            self.kinds.append(str(record.get("k", SCALAR)))
        if "s" in record or self.steps is not None:
            if self.steps is None:
                self.steps = [None] * before
            self.steps += [None] * (before - len(self.steps))
            step = record.get("s")
            self.steps.append(step if type(step) is int else None)


def read(run_folder: str, kept_in: str = layout.METRICS) -> tuple[dict[str, Series], int]:
    """All metrics of a run by name, in order of first appearance, and how many lines were broken.

    Points of one writer keep its order; those of several are merged by time.

    Args:
        kept_in: the folder of the run that holds the logs: `layout.METRICS` or `layout.SYSTEM`.
    """
    folder = f"{run_folder}/{kept_in}"
    try:
        names = sorted(atomic.names_in(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}, 0
    found: list[dict[str, Series]] = []
    broken = 0
    for name in names:
        if name.endswith(layout.APPENDED):
            series, bad = _read_file(f"{folder}/{name}")
            found.append(series)
            broken += bad
    return _merge(found), broken


def is_point(record: dict[str, Any]) -> bool:
    """Whether a record is a point of a metric."""
    return "v" in record and type(record.get("n")) is str and type(record.get("t")) in _NUMBERS


def untag(value: Any) -> Any:
    """A stored value as it was logged: tagged NaN and infinities become floats again."""
    if type(value) is dict:
        tag = value.get("$f")
        if len(value) == 1 and type(tag) is str and tag in _FLOATS:
            return _FLOATS[tag]
        return {key: untag(inner) for key, inner in value.items()}
    if type(value) is list:
        return [untag(inner) for inner in value]
    return value


def _read_file(path: str) -> tuple[dict[str, Series], int]:
    """A file's metrics; without the collector, which would look through every point in vain."""
    from runstore.metrics import scalars

    found: dict[str, Series] = {}
    heads: dict[bytes, str] = {}
    broken = misses = 0
    was_on = gc.isenabled()
    gc.disable()
    try:
        for data, _ in append.windows(path):
            many = scalars.parse(data, heads) if misses < _MOST_MISSES else None
            if many is not None:
                _extend(many, found)
                continue
            misses += 1
            records, bad = append.parse(data)
            broken += bad + _collect(records, found)
    finally:
        if was_on:
            gc.enable()
    return found, broken


def _extend(many: list[tuple[str, list[Any], list[float]]], found: dict[str, Series]) -> None:
    """Add scalar points to their series."""
    for name, values, times in many:
        series = found.get(name)
        if series is None:
            series = found[name] = Series()
        series.values += values
        series.times += times


def _collect(records: list[dict[str, Any]], found: dict[str, Series]) -> int:
    """Sort records into their series; how many were none."""
    broken = 0
    for record in records:
        try:
            name, value, at = record["n"], record["v"], record["t"]
            series = found.get(name)
            is_special = len(record) > 3 or type(value) is dict
            if is_special:
                value = _untagged(record, value)
        except (KeyError, TypeError, RecursionError):
            broken += 1
            continue
        if type(at) is not float and type(at) is not int:
            broken += 1
            continue
        if series is None:
            if type(name) is not str:
                broken += 1
                continue
            series = found[name] = Series()
        series.values.append(value)
        series.times.append(at)
        if is_special:
            series.add_columns(record)
    return broken


def _untagged(record: dict[str, Any], value: Any) -> Any:
    """A point's value as it was logged; a row may well have a column of the tag's name."""
    if record.get("k") in (ROW, TABLE) and type(value) is dict:
        return {column: untag(cell) for column, cell in value.items()}
    return untag(value)


def _merge(found: list[dict[str, Series]]) -> dict[str, Series]:
    if len(found) == 1:
        return found[0]
    merged: dict[str, Series] = {}
    first: dict[str, float] = {}
    for by_name in found:
        for name, series in by_name.items():
            first[name] = min(first.get(name, series.times[0]), series.times[0])
    for name in sorted(first, key=first.__getitem__):
        merged[name] = _merge_series([by_name[name] for by_name in found if name in by_name])
    return merged


def _merge_series(parts: list[Series]) -> Series:
    if len(parts) == 1:
        return parts[0]
    whole = Series()
    keys: list[float] = []
    for part in parts:
        keys += _never_backwards(part.times)
        whole.values += part.values
        whole.times += part.times
    order = sorted(range(len(keys)), key=keys.__getitem__)
    count = [len(part.values) for part in parts]
    kinds = _joined([part.kinds for part in parts], count, SCALAR)
    steps = _joined([part.steps for part in parts], count, None)
    whole.values = [whole.values[i] for i in order]
    whole.times = [whole.times[i] for i in order]
    whole.kinds = None if kinds is None else [kinds[i] for i in order]
    whole.steps = None if steps is None else [steps[i] for i in order]
    return whole


def _never_backwards(times: list[float]) -> list[float]:
    """The times with every step back (a clock that was set) levelled: a writer keeps its order."""
    from itertools import accumulate

    return list(accumulate(times, max))


def _joined(columns: list[Any], counts: list[int], default: Any) -> list[Any] | None:
    if all(column is None for column in columns):
        return None
    whole: list[Any] = []
    for column, count in zip(columns, counts):
        filled = column or []
        whole += filled + [default] * (count - len(filled))
    return whole
