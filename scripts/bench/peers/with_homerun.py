"""homerun itself: its script runner and its interactive runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import work

from homerun import Experiment, Run, ScriptRunConfig, Workspace

OPENS = """
from homerun import Experiment, Workspace
run = Experiment(Workspace.from_config(), "bench").start_logging(
    snapshot_directory=None, outputs=False
)
run.complete()
"""


def launch(folder: str) -> None:
    _experiment(folder).submit(ScriptRunConfig(folder, "noop.py")).wait_for_completion()


def command(folder: str) -> list[str]:
    submit = ["run", "submit-script", "-e", "bench", "--source-directory", folder, "noop.py"]
    return [work.PYTHON, "-m", "homerun", *submit]


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    run = _open(folder)
    body(lambda number: run.log("loss", number * 0.5))
    run.complete()


def count(folder: str) -> int:
    (run,) = Workspace.from_config(folder).get_runs()
    return len(run.get_metrics()["loss"])


def make(folder: str, number: int) -> None:
    run = _open(folder)
    run.tag("quality", work.tag(number))
    run.log("loss", 0.25)
    run.complete()


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    workspace = Workspace.from_config(folder)
    tags = {"quality": "good"}
    return (
        lambda: [run.describe() for run in islice(workspace.get_runs(), work.SHOWN)],
        lambda: [run.describe() for run in islice(workspace.get_runs(tags=tags), work.SHOWN)],
    )


KEEPS = "code, packages, output, times, processor and memory, true exit code; by plain files"


@contextmanager
def queueing(folder: str) -> Iterator[Callable[[int], object]]:
    source = f"{folder}/source"  # each run has a copy of it
    os.mkdir(source)
    shutil.copy(f"{folder}/noop.py", source)
    config = ScriptRunConfig(source, "noop.py", max_concurrent_runs=work.SLOTS)
    experiment = _experiment(folder)
    yield lambda count: experiment.submit_many([config] * count).wait_for_completion()


def _open(folder: str) -> Run:
    return _experiment(folder).start_logging(snapshot_directory=None, outputs=False)


def _experiment(folder: str) -> Experiment:
    return Experiment(Workspace.from_config(folder), "bench")


if __name__ == "__main__":
    work.main(globals())
