"""Aim: metrics in RocksDB, rows in SQLite; it launches nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from itertools import islice

import work

os.environ["AIM_UI_TELEMETRY_ENABLED"] = "0"

from aim import Repo, Run
from aim.sdk.types import QueryReportMode

OPENS = """
from aim import Run
Run(repo=".", system_tracking_interval=None, capture_terminal_logs=False).close()
"""


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    run = _open(folder)
    body(lambda number: run.track(number * 0.5, name="loss", step=number))
    run.close()


def count(folder: str) -> int:
    """What was written is found once it is indexed, which else the tool's web server does."""
    reindex = [f"{os.path.dirname(work.PYTHON)}/aim", "storage", "--repo", folder, "reindex"]
    subprocess.run(reindex, input=b"y\n", check=True, stdout=subprocess.DEVNULL)
    found = Repo(folder).query_metrics("metric.name == 'loss'", QueryReportMode.DISABLED)
    return sum(len(metric.values.sparse_list()[0]) for metric in found.iter())


def make(folder: str, number: int) -> None:
    run = _open(folder)
    run.add_tag(work.tag(number))
    run.track(0.25, name="loss", step=0)
    run.close()


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    repo = Repo.from_path(folder, init=True)

    def search(condition: str) -> list[object]:
        found = repo.query_runs(condition, report_mode=QueryReportMode.DISABLED)
        return [
            (one.run.hash, one.run.creation_time, one.run.active, one.run.tags)
            for one in islice(found.iter_runs(), work.SHOWN)
        ]

    return lambda: search(""), lambda: search("'good' in run.tags")


def _open(folder: str) -> Run:
    return Run(
        repo=folder,
        experiment="bench",
        system_tracking_interval=None,
        capture_terminal_logs=False,
    )


if __name__ == "__main__":
    work.main(globals())
