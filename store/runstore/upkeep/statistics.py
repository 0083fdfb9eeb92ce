"""How many runs a store has, of which kind, and what takes how much room."""

from __future__ import annotations

import heapq
import os

from runstore import layout, look
from runstore.errors import RunNotFound, StoreError
from runstore.fs import atomic, mounts, tree
from runstore.names import is_run_id
from runstore.run import ledger
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runstore.run.record import Record
    from runstore.store import Store

_PARTS = {
    layout.USER_LOGS: "logs",
    layout.SUPERVISOR_LOG: "logs",
    layout.METRICS: "metrics",
    layout.WORK: "outputs",
    layout.OUTPUTS: "outputs",
    layout.LOGS: "outputs",
    layout.FILES: "outputs",
    layout.INPUTS: "data",
}
_INTERNALS = {
    layout.SNAPSHOTS: "snapshots",
    layout.TRASH: "trash",
    layout.INDEX: "index",
    layout.MODELS: "models",
    layout.DATASETS: "data",
    layout.DATASTORES: "data",
}
RECORDS = "records"
"""What is left of a run: its facts, labels and properties; and of a store: ledgers, settings, …"""

PARTS = ("logs", "metrics", "outputs", RECORDS, "snapshots", "trash", "index", "models", "data")

_UNKNOWN = "Unknown"
_EVERY = 64


def count(store: Store) -> int:
    """How many runs the ledgers name: deleted ones among them."""
    lines = 0
    for folder in store.experiment_folders():
        try:
            lines += ledger.count(f"{store.root}/{folder}/{layout.LEDGER}")
        except OSError:
            continue
    return lines


def gather(store: Store, largest: int, progress: Callable[[int], object]) -> dict[str, Any]:
    """Look at every run and every file; see `Keeping.statistics`.

    What it keeps in memory does not grow with the number of runs, but for their experiments.
    """
    parts = dict.fromkeys(PARTS, 0)
    statuses: dict[str, int] = {}
    experiments: list[dict[str, Any]] = []
    top: list[tuple[int, str, str, str]] = []
    runs = 0
    for folder in store.experiment_folders():
        row: dict[str, Any] = {
            "experiment_name": store.experiment_name(folder),
            "runs": 0,
            "statuses": {},
            "size_bytes": 0,
        }
        for record in _records(store, folder, parts):
            size = _add_run(record, parts)
            status = _status(record)
            runs += 1
            row["runs"] += 1
            row["size_bytes"] += size
            for counted in (statuses, row["statuses"]):
                counted[status] = counted.get(status, 0) + 1
            _keep_largest(top, (size, record.id, row["experiment_name"], status), largest)
            if runs % _EVERY == 0:
                progress(runs)
        experiments.append(row)
    progress(runs)
    _add_internals(store, parts)
    return {
        "directory": store.root,
        **_disk(store),
        "runs": runs,
        "statuses": statuses,
        "experiments": sorted(experiments, key=lambda row: -int(row["size_bytes"])),
        "parts": parts,
        "size_bytes": sum(parts.values()),
        "largest": [
            {"run_id": run_id, "experiment_name": name, "status": status, "size_bytes": size}
            for size, run_id, name, status in sorted(top, reverse=True)
        ],
    }


def disk_use(
    store: Store, experiment: str | None, largest: int, progress: Callable[[int], object]
) -> dict[str, Any]:
    """What takes room on the disk, the largest first; see `Keeping.disk_use`."""
    parts = dict.fromkeys(PARTS, 0)
    experiments: list[dict[str, Any]] = []
    top: list[tuple[int, str, str, str]] = []
    runs = total = 0
    for folder in store.experiment_folders():
        name = store.experiment_name(folder)
        if experiment is not None and name != experiment:
            continue
        row: dict[str, Any] = {"experiment_name": name, "runs": 0, "size_bytes": 0}
        for record in _records(store, folder, parts):
            size = _add_run(record, parts)
            runs += 1
            row["runs"] += 1
            row["size_bytes"] += size
            _keep_largest(top, (size, record.id, name, folder), largest)
            if runs % _EVERY == 0:
                progress(runs)
        total += row["size_bytes"]
        experiments.append(row)
    progress(runs)
    found: dict[str, Any] = {
        "directory": store.root,
        **_disk(store),
        "experiments": sorted(experiments, key=lambda row: -int(row["size_bytes"])),
        "runs": [
            {
                "run_id": run_id,
                "run_number": _number(Record(store, folder, run_id)),
                "experiment_name": name,
                "size_bytes": size,
            }
            for size, run_id, name, folder in sorted(top, reverse=True)
        ],
    }
    if experiment is None:
        _add_internals(store, parts)
        others = {name: parts[name] for name in (*_INTERNALS.values(),)}
        # What lies beside the runs: ledgers, settings, the queue.
        others[RECORDS] = sum(parts.values()) - total - sum(others.values())
        found["parts"] = dict(sorted(others.items(), key=lambda one: -one[1]))
        total = sum(parts.values())
    return {**found, "size_bytes": total}


def _number(record: Record) -> int | None:
    try:
        number: int | None = record.run.get("number")
        return number
    except (OSError, StoreError):
        return None  # deleted in the meantime, or damaged


def _disk(store: Store) -> dict[str, Any]:
    """The disk that the store lies on; {} where it does not tell."""
    try:
        free, size = mounts.room(store.root)
    except OSError:
        return {}
    is_full = mounts.is_nearly_full(free, size)
    return {"disk": {"free_bytes": free, "size_bytes": size, "is_nearly_full": is_full}}


def _records(store: Store, folder: str, parts: dict[str, int]) -> Any:
    """The runs of an experiment; what else lies in its folder is counted."""
    home = f"{store.root}/{folder}"
    try:
        with os.scandir(home) as entries:
            for entry in entries:
                if is_run_id(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield Record(store, folder, entry.name)
                else:
                    parts[RECORDS] += tree.usage(entry.path)
    except OSError:
        return  # removed in the meantime


def _add_run(record: Record, parts: dict[str, int]) -> int:
    """Count a run's files; how many bytes they take together."""
    total = 0
    try:
        total = tree.taken(os.lstat(record.path))
        parts[RECORDS] += total
        with os.scandir(record.path) as entries:
            for entry in entries:
                size = tree.usage(entry.path)
                parts[_PARTS.get(entry.name, RECORDS)] += size
                total += size
    except OSError:
        pass  # deleted in the meantime
    return total


def _status(record: Record) -> str:
    try:
        return look.at(record).status
    except RunNotFound:
        return _UNKNOWN
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return _UNKNOWN


def _keep_largest(
    top: list[tuple[int, str, str, str]], one: tuple[int, str, str, str], most: int
) -> None:
    if len(top) < most:
        heapq.heappush(top, one)
    elif top and one > top[0]:
        heapq.heapreplace(top, one)


def _add_internals(store: Store, parts: dict[str, int]) -> None:
    try:
        with os.scandir(store.root) as entries:
            found = [entry for entry in entries if entry.name[0] == "." or not entry.is_dir()]
    except OSError:
        return
    for entry in found:
        parts[_INTERNALS.get(entry.name, RECORDS)] += tree.usage(entry.path)
