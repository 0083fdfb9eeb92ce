"""A thousand no-op runs through two slots, over the same scripts under `xargs -P2`.

What must hold is looked up in the recorded facts: all Completed, never more than two at once, in
order but for neighbours. On a file system in memory where there is one, as `bench_submit.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import measure

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.batches import Batch
from runstore import facts, layout

RUNS = 1000
SLOTS = 2


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else RUNS
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        measure.quiet_environment(f"{folder}/cache")
        os.mkdir(f"{folder}/source")
        with open(f"{folder}/source/noop.py", "w", encoding="utf-8"):
            pass
        os.chdir(folder)
        floor = measure.seconds(lambda: _xargs(count))
        made: list[Batch] = []
        submitted = measure.seconds(lambda: made.append(_submit(count)))
        waited = measure.seconds(made[0].wait_for_completion)
        again = measure.seconds(lambda: _xargs(count))
        _print(count, (floor + again) / 2, submitted, waited)
        _check(made[0])


def _xargs(count: int) -> None:
    names = "noop.py\n" * count
    command = ["xargs", f"-P{SLOTS}", "-n1", sys.executable]
    subprocess.run(command, input=names.encode(), cwd="source", check=True)


def _submit(count: int) -> Batch:
    experiment = Experiment(Workspace.from_config(), "bench")
    config = ScriptRunConfig("source", "noop.py", max_concurrent_runs=SLOTS)
    return experiment.submit_many([config] * count)


def _print(count: int, floor: float, submitted: float, waited: float) -> None:
    total = submitted + waited
    measure.row(
        f"xargs -P{SLOTS}, {count} scripts, s", f"{floor:.2f}", "the floor, before and after"
    )
    measure.row(
        "submit_many, ms for each", f"{submitted / count * 1e3:.2f}", "while the first go on"
    )
    measure.row("first submit -> last ended, s", f"{total:.2f}", "")
    measure.row("first submit -> last ended, times the floor", f"{total / floor:.2f}", "<= 1.6")


def _check(batch: Batch) -> None:
    """Print what the facts say of order and number."""
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
    measure.row("Completed", f"{completed}", f"= {len(batch)}")
    measure.row("at once, at most", f"{most}", f"<= {SLOTS}")
    measure.row("places away from its turn, at most", f"{far}", "< 2: neighbours of two starters")


if __name__ == "__main__":
    main()
