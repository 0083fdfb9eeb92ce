"""Listing, filtering and showing runs in a store of 1,000 and one of 100,000."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import measure
import rows
import stores
from rows import Row

from homerun import Experiment, Run, Workspace
from runstore import layout
from runstore.index import verify

SIZES = (1_000, 100_000)
QUICK = (600, 2_000)
SHOWN = 50
ROUNDS = 15
TREE = (100, 99)
"""Children of the root, and children of each of those."""

COLUMNS = "number,status,params.epochs,params.rate,metrics.loss"

_PEAK = """
import sys
from itertools import islice
from homerun import Workspace
workspace = Workspace.from_config(sys.argv[1])
print(len([run.describe() for run in islice(workspace.get_runs(**eval(sys.argv[2])), 50)]))
with open("/proc/self/status") as file:
    print(*(line.split()[1] for line in file if line.startswith("VmHWM")))
"""

_PARAM = "params.rate = 0.1"
_SETTLE_S = 3.0
"""Until what was just written counts as old, and is not read again by each query."""

Query = Callable[[Workspace], object]


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    small, large = QUICK if quick else SIZES
    with measure.place(stores.SIZE * large, stores.FILES * large) as folder:
        for size in (small, large):
            stores.fill(f"{folder}/{size}/.runs", size)
        yield from _in_process(folder, small, large)
        yield from _as_process(folder, small, large)
        yield from _memory(folder, small, large)
        yield from _rebuild(f"{folder}/{large}", large)
        shutil.rmtree(f"{folder}/{large}")
        yield from _children(folder, small, large)
        yield from _tree(folder, (10, 9) if quick else TREE)


def _in_process(folder: str, small: int, large: int) -> Iterator[Row]:
    few = Workspace.from_config(f"{folder}/{small}")
    many = Workspace.from_config(f"{folder}/{large}")
    parents = {at: stores.oldest(at.store) for at in (few, many)}

    def parent(at: Workspace) -> Run:
        return at.get_run(parents[at])

    queries: list[tuple[str, float | None, Query]] = [
        ("the newest 50", 5, lambda at: _rows(at.get_runs())),
        ("the newest 50 of a tag", 5, lambda at: _rows(at.get_runs(tags=dict([stores.TAG])))),
        ("the newest 50 by a parameter", 10, lambda at: _rows(at.get_runs(where=_PARAM))),
        ("50 sorted by a metric", 20, lambda at: _rows(at.get_runs(sort="-metrics.loss"))),
        ("one run, by its id", None, lambda at: parent(at).describe()),
        ("the 50 children of a run", None, lambda at: _rows(parent(at).get_children())),
    ]
    yield from _first(many, large, queries[1][2])
    for name, budget, ask in queries:
        one, other = _turns(ask, few, many)
        beside = measure.processor(ROUNDS, partial(ask, many))
        beside += f"; {rows.figure(measure.median(one) * 1e3)} ms at {small:,} runs"
        in_ms = measure.scaled(other, 1e-3)
        yield rows.of(f"{name}, {large:,} runs, warm process", in_ms, "ms", budget, beside=beside)
        times = measure.ratios(other, one)
        yield rows.of(f"{name}: {large:,} over {small:,} runs", times, "x", 1.5)


def _first(many: Workspace, large: int, ask: Query) -> Iterator[Row]:
    """The first filter: of a store whose runs were made here, and of one that was copied in."""
    beside = measure.beside_one_start()
    took = measure.seconds(lambda: ask(many))
    name = f"the first filter of {large:,} runs"
    yield Row(f"{name} that homerun made", took, "s", budget=1, beside=beside)
    _feed(many)
    shutil.rmtree(f"{many.store.root}/{layout.INDEX}")
    rows = many.get_runs(tags=dict([stores.TAG]))
    yield Row(
        f"{name} copied in: the first row", measure.seconds(lambda: next(rows)), "s", budget=1
    )
    rows = many.get_runs(where="params.epochs = 6")
    told = f"while its index is made beside it; {measure.beside_one_start()}"
    took = measure.seconds(lambda: list(rows))
    yield Row(f"{name} copied in, none of which it means", took, "s", budget=8, beside=told)
    _feed(many)


def _feed(at: Workspace) -> None:
    """Have the whole index made; where another process does so, wait for it."""
    while not verify.feed(at.store):
        time.sleep(0.1)


def _turns(ask: Query, few: Workspace, many: Workspace) -> list[list[float]]:
    return measure.in_turn(ROUNDS, lambda: ask(few), lambda: ask(many))


def _rows(found: Iterator[Run]) -> list[dict[str, object]]:
    shown = [run.describe() for run in islice(found, SHOWN)]
    if not shown:
        raise SystemExit("a query found nothing")
    return shown


def _children(folder: str, small: int, large: int) -> Iterator[Row]:
    """The newest of an experiment whose last run has so many children."""
    at = []
    for size in (small, large):
        stores.fill_below(f"{folder}/below/{size}/.runs", SHOWN, size)
        at.append(Workspace.from_config(f"{folder}/below/{size}"))
        _feed(at[-1])
    time.sleep(_SETTLE_S)
    few, many = at
    one, other = _turns(lambda where: _rows(where.get_runs()), few, many)
    name = f"the newest {SHOWN} of an experiment with {large:,} children, warm process"
    yield rows.of(name, measure.scaled(other, 1e-3), "ms", 20)
    yield rows.of(f"{name}: over {small:,} children", measure.ratios(other, one), "x", 1.5)


def _as_process(folder: str, small: int, large: int) -> Iterator[Row]:
    for name, options in (
        ("the newest 50", []),
        ("the newest 50 of a tag", ["--tags", "=".join(stores.TAG)]),
        ("the newest 50, two parameters and a metric", ["--columns", COLUMNS, "-o", "json"]),
    ):
        command = [sys.executable, "-m", "homerun", "run", "list", "--last", str(SHOWN), *options]
        start, one, other = measure.in_turn(
            ROUNDS,
            measure.one_start,
            partial(_cli, command, f"{folder}/{small}"),
            partial(_cli, command, f"{folder}/{large}"),
        )
        in_ms = measure.scaled(other, 1e-3)
        cost = measure.processor(5, partial(_cli, command, f"{folder}/{large}"))
        beside = f"{cost}; one start: {rows.figure(measure.median(start) * 1e3)} ms"
        yield rows.of(f"{name}, {large:,} runs, whole CLI process", in_ms, "ms", 45, beside=beside)
        times = measure.ratios(other, one)
        yield rows.of(f"{name}, whole CLI process: {large:,} over {small:,} runs", times, "x", 1.5)


def _cli(command: list[str], folder: str) -> None:
    made = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    if len(json.loads(made.stdout)) < 10:
        raise SystemExit(f"{command} found too little")


def _memory(folder: str, small: int, large: int) -> Iterator[Row]:
    for name, asked in (("the newest 50", {}), ("the newest 50 of a tag", dict([stores.TAG]))):
        options = repr({"tags": asked} if asked else {})
        one, other = (_peak(f"{folder}/{size}", options) for size in (small, large))
        yield Row(
            f"peak memory of {name}: {large:,} over {small:,} runs",
            other / one,
            "x",
            budget=1.2,
            beside=f"{other / 1024:.1f} MB, {one / 1024:.1f} MB",
        )


def _peak(folder: str, options: str) -> int:
    """VmHWM: the peak that `getrusage` tells is inherited from the parent."""
    command = [sys.executable, "-c", _PEAK, folder, options]
    peaks = []
    for _ in range(5):
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(made.stdout.split()[1]))
    return sorted(peaks)[2]


def _rebuild(folder: str, runs: int) -> Iterator[Row]:
    workspace = Workspace.from_config(folder)
    ours, floor = [], []
    for _ in range(3):  # each takes a long time: no round goes uncounted
        floor.append(measure.seconds(lambda: _find(f"{folder}/.runs")))
        ours.append(measure.seconds(workspace.reindex))
    beside = f"find: {rows.figure(measure.median(floor))} s; ours: {measure.median(ours):.1f} s"
    name = f"rebuild of the index of {runs:,} runs, over `find .runs | wc -l`"
    yield rows.of(name, measure.ratios(ours, floor), "x", 30, beside=beside)


def _find(root: str) -> None:
    with subprocess.Popen(["find", root], stdout=subprocess.PIPE) as listing:
        subprocess.run(["wc", "-l"], stdin=listing.stdout, stdout=subprocess.DEVNULL, check=True)


def _tree(folder: str, shape: tuple[int, int]) -> Iterator[Row]:
    os.mkdir(f"{folder}/tree")
    experiment = Experiment(Workspace.from_config(f"{folder}/tree"), "tree")
    root = experiment.start_logging(snapshot_directory=None, outputs=False)
    for child in root.create_children(shape[0]):
        child.create_children(shape[1])
        child.complete()
    root.complete()
    count = shape[0] * (1 + shape[1])
    home = os.path.dirname(root.directory)
    ours, floor = measure.in_turn(
        3, lambda: _whole(root, count), lambda: _records(home, root.id, count)
    )
    beside = f"{measure.median(ours):.2f} s; reading their run.json: {measure.median(floor):.2f} s"
    name = f"get_children(recursive=True) of {count:,}, over reading their records"
    yield rows.of(name, measure.ratios(ours, floor), "x", beside=beside)


def _whole(root: Run, count: int) -> None:
    if sum(1 for _ in root.get_children(recursive=True)) != count:
        raise SystemExit("the tree is not whole")


def _records(home: str, run_id: str, count: int) -> None:
    """The least that a walk of a tree costs: each link once, and each record."""
    found, waiting = 0, [run_id]
    while waiting:
        folder = f"{home}/{waiting.pop()}/children"
        if not os.path.isdir(folder):
            continue
        for name in os.listdir(folder):
            with open(f"{folder}/{name}/run.json", "rb") as file:
                json.loads(file.read())
            found += 1
            waiting.append(name)
    if found != count:
        raise SystemExit(f"{found} records of {count}")
