"""Runs that do nothing through two slots, over the same scripts under `xargs -P2`.

What has to hold beside the time is looked up in the recorded facts: all Completed, never more than
two at once, in order but for neighbours, which two starters may swap.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import measure
from rows import Row

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.sdk.batch import Batch
from runstore import layout
from runstore.fs import facts

SLOTS = 2


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    count = 50 if quick else 1000
    with measure.place(files=40 * count):
        os.mkdir("source")
        with open("source/noop.py", "w", encoding="utf-8"):
            pass
        _know_the_interpreter()
        before = measure.seconds(lambda: _xargs(count))
        made: list[Batch] = []
        submitted = measure.seconds(lambda: made.append(_submit(count)))
        waited = measure.seconds(made[0].wait_for_completion)
        floor = (before + measure.seconds(lambda: _xargs(count))) / 2
        took = submitted + waited
        beside = f"xargs -P{SLOTS}: {floor:.1f} s"
        runs = f"{count:,} runs through {SLOTS} slots"
        yield Row(f"{runs}, over xargs -P{SLOTS}", took / floor, "x", budget=1.35, beside=beside)
        each = submitted / count * 1e3
        beside = f"while the first of them run; {measure.beside_one_start()}"
        yield Row("submit_many, for each run", each, "ms", budget=0.5, beside=beside)
        yield from _held(made[0])


def _know_the_interpreter() -> None:
    """What the first run of an interpreter costs, once until packages change, is not counted."""
    first = _submit(1)[0]
    while first.get_interpreter() is None:
        time.sleep(0.1)


def _xargs(count: int) -> None:
    names = "noop.py\n" * count
    command = ["xargs", f"-P{SLOTS}", "-n1", sys.executable]
    subprocess.run(command, input=names.encode(), cwd="source", check=True)


def _submit(count: int) -> Batch:
    experiment = Experiment(Workspace.from_config(), "bench")
    config = ScriptRunConfig("source", "noop.py", max_concurrent_runs=SLOTS)
    return experiment.submit_many([config] * count)


def _held(batch: Batch) -> Iterator[Row]:
    """What the facts say of number and order."""
    edges, starts = [], []
    for number, run in enumerate(batch):
        started = facts.read(run.directory, layout.STARTED) or {}
        exited = facts.read(run.directory, layout.EXITED) or {}
        starts.append((started["clock_s"], number))
        edges += [(started["clock_s"], 1), (started["clock_s"] + exited["elapsed_s"], -1)]
    now = most = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    far = max(abs(number - place) for place, (_, number) in enumerate(sorted(starts)))
    completed = sum(run.get_status() == "Completed" for run in batch)
    yield Row("Completed", completed, "runs", budget=len(batch), at_least=True)
    yield Row("going on at once, at most", most, "runs", budget=SLOTS)
    yield Row("away from its turn, at most", far, "places", budget=1)
