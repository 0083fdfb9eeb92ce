"""Trackio: metrics in SQLite; it launches nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import work

os.environ["TRACKIO_DIR"] = f"{os.environ['BENCH_FOLDER']}/trackio"
os.environ["HF_HUB_OFFLINE"] = "1"

import trackio
from trackio.sqlite_storage import SQLiteStorage

OPENS = """
import trackio
trackio.init("bench", embed=False, auto_log_gpu=False, auto_log_cpu=False)
trackio.finish()
"""


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    _open("good")
    body(lambda number: trackio.log({"loss": number * 0.5}))
    trackio.finish()


def count(folder: str) -> int:
    try:
        (run,) = trackio.Api().runs("bench")
    except ValueError:  # it was killed before anything was written
        return 0
    return len(SQLiteStorage.get_logs("bench", run.name, run_id=run.id))


def make(folder: str, number: int) -> None:
    _open(work.tag(number))
    trackio.log({"loss": 0.25})
    trackio.finish()


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    def newest(quality: str = "") -> list[object]:
        found: list[object] = []
        for run in trackio.Api().runs("bench"):
            config = run.config
            if not quality or (config or {}).get("quality") == quality:
                found.append((run.name, config))
                if len(found) == work.SHOWN:
                    break
        return found

    return newest, lambda: newest("good")


def _open(quality: str) -> None:
    stdout, sys.stdout = sys.stdout, sys.stderr
    trackio.init(
        "bench",
        config={"quality": quality},
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    sys.stdout = stdout


if __name__ == "__main__":
    work.main(globals())
