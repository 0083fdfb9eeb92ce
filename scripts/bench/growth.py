"""What grows with a store: the same acts in stores of 100 to 1,000,000 runs; a table, a picture.

    python scripts/bench/growth.py [--most N] [--keep FOLDER] [--write]

A store of 1,000,000 runs has 8,000,000 files and folders and takes 32 GB and a quarter of an hour
to fill; `--keep` names a folder where stores stay, and are found again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice

import measure
import picture
import report
import rows
import stores

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.views.table import Board
from runstore import look as looks
from runstore.index import verify
from runstore.index.cache import Cache
from runstore.index.refresh import Refresh
from runstore.store import Store

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
PICTURE = f"{report.REPOSITORY}/docs/images/growth.svg"
_ROUNDS = 9
_POINTS = 20_000
_SHOWN = 50
_ROWS = 200
_SETTLE_S = 3.0
"""Until what was just written counts as old, and is not read again by each query."""
_PEAK = """
import sys
from itertools import islice
from homerun import Workspace
workspace = Workspace.from_config(sys.argv[1])
for asked in ({}, {"tags": {"quality": "good"}}):
    print(len([run.describe() for run in islice(workspace.get_runs(**asked), 50)]))
with open("/proc/self/status") as file:
    print(*(line.split()[1] for line in file if line.startswith("VmHWM")))
"""


def main() -> None:
    """Measure each store in turn, print the table, and write it if that is asked for."""
    parser = argparse.ArgumentParser(description="Measure what grows with a store.")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="runs of the largest store")
    parser.add_argument("--keep", metavar="FOLDER", help="where stores stay, and are found again")
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmarks.md")
    chosen = parser.parse_args()
    sizes = [size for size in SIZES if size <= chosen.most]
    when = report.circumstances()
    with tempfile.TemporaryDirectory(prefix="growth-") as scratch:
        measure.quiet_environment(f"{scratch}/cache")
        folder = os.path.abspath(chosen.keep or scratch)
        found = [_measured(f"{folder}/{size}", size) for size in sizes]
    table = _table(sizes, found)
    print(f"{when}\n\n{table}")
    if chosen.write:
        report.write("growth", f"{when}\n\n{table}")
        lines = {name: [one[name] for one in found] for name in found[0] if _UNITS[name] != "MB"}
        with open(PICTURE, "w", encoding="utf-8") as file:
            file.write(picture.log_log("runs in the store", "ms", sizes, lines))


_UNITS = {
    "submit to ended": "ms",
    "newest 50, a process": "ms",
    "newest 50": "ms",
    "newest 50 of a tag": "ms",
    "50 sorted by a metric": "ms",
    "one run, by its id": "ms",
    "200 rows of Studio's table": "ms",
    "1,000 points logged": "ms",
    "memory for list and filter": "MB",
}


def _measured(folder: str, size: int) -> dict[str, float]:
    """What each act takes in a store of so many runs: milliseconds, and MB."""
    if not os.path.exists(f"{folder}/.runs/store.json"):
        stores.fill(f"{folder}/.runs", size)
    at = Workspace.from_config(folder)
    while not verify.feed(at.store) and _lacks(at.store):  # another process makes the index
        time.sleep(0.1)
    time.sleep(_SETTLE_S)
    oldest = stores.oldest(at.store)
    board = Board(at.store)
    listed = [sys.executable, "-m", "homerun", "run", "list", "--last", str(_SHOWN), "-p", folder]
    asked: dict[str, Callable[[], object]] = {
        "newest 50, a process": lambda: subprocess.run(listed, check=True, capture_output=True),
        "newest 50": lambda: _first(at),
        "newest 50 of a tag": lambda: _first(at, tags=dict([stores.TAG])),
        "50 sorted by a metric": lambda: _first(at, sort="-metrics.loss"),
        "one run, by its id": lambda: at.get_run(oldest).describe(),
        "200 rows of Studio's table": lambda: board.page(limit=_ROWS, metrics=["loss"]),
    }
    times = dict(zip(asked, measure.in_turn(_ROUNDS, *asked.values())))
    found = {name: measure.median(took) * 1e3 for name, took in times.items()}
    found["memory for list and filter"] = _peak_mb(folder)
    found["submit to ended"] = _submitted(at, folder)
    found["1,000 points logged"] = _logged(at)
    return {name: found[name] for name in _UNITS}


def _lacks(store: Store) -> bool:
    with Cache(store.root) as cache:
        return Refresh(store, cache, looks.at).count_new() > 0


def _first(at: Workspace, **asked: object) -> list[object]:
    shown = [run.describe() for run in islice(at.get_runs(**asked), _SHOWN)]
    assert len(shown) == _SHOWN or "tags" in asked
    return [*shown]


def _peak_mb(folder: str) -> float:
    command = [sys.executable, "-c", _PEAK, folder]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(said.split()[-1]) / 1024


def _submitted(at: Workspace, folder: str) -> float:
    source = f"{folder}/source"
    os.makedirs(source, exist_ok=True)
    with open(f"{source}/noop.py", "w", encoding="utf-8"):
        pass
    experiment = Experiment(at, "growth")
    config = ScriptRunConfig(source, "noop.py")
    [took] = measure.in_turn(_ROUNDS, lambda: experiment.submit(config).wait_for_completion())
    return measure.median(took) * 1e3


def _logged(at: Workspace) -> float:
    run = Experiment(at, "growth").start_logging()
    began = time.perf_counter()
    for _ in range(_POINTS):
        run.log("loss", 0.5)
    took = time.perf_counter() - began
    run.complete()
    return took / _POINTS * 1e6


def _table(sizes: list[int], found: list[dict[str, float]]) -> str:
    columns = ["what", *(f"{size:,} runs" for size in sizes)]
    lines = [
        [name, *(f"{rows.figure(one[name])} {unit}" for one in found)]
        for name, unit in _UNITS.items()
    ]
    return rows.table(columns, lines)


if __name__ == "__main__":
    main()
