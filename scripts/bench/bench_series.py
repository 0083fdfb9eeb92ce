"""A chart of a million points: the first one, the next ones, and after some more points."""

from __future__ import annotations

import os
import tempfile

import measure

from runstore import layout, lock, metrics
from runstore.draft import Draft
from runstore.series import Follower, series
from runstore.store import Store

POINTS = 1_000_000
MORE = 1_000
WIDTH = 1_000
MEMORY = "/dev/shm"  # so that a slow disk hides nothing of what is ours


def main() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        run_folder = _run(folder)
        _log(run_folder, POINTS)
        _first(run_folder, f"{folder}/{layout.STORE_FOLDER}/{layout.INDEX}/{layout.SERIES}")
        _next(run_folder)
        _follow(run_folder)


def _run(folder: str) -> str:
    draft = Draft(Store(f"{folder}/{layout.STORE_FOLDER}").for_writing(), "bench")
    alive = draft.take_alive()
    path = draft.publish({"kind": "submitted"}).path
    lock.release(alive)
    return path


def _log(run_folder: str, points: int) -> None:
    writer = metrics.Writer(run_folder)
    for number in range(points):
        writer.add_scalar("loss", number * 0.5)
    writer.close()


def _first(run_folder: str, cache: str) -> None:
    ours, floor = [], []
    for _ in range(3):
        floor.append(measure.seconds(lambda: metrics.read(run_folder)))
        ours.append(measure.seconds(lambda: _chart(run_folder)))
        for top, _, files in os.walk(cache):
            for name in files:
                size = os.path.getsize(f"{top}/{name}")
                os.unlink(f"{top}/{name}")
    _chart(run_folder)
    part = measure.median([a / b for a, b in zip(ours, floor, strict=True)])
    measure.row("first chart of 1,000,000 points, over reading them", f"{part:.2f}", "<= 2")
    measure.row("its cache, bytes per point", f"{size / POINTS:.1f}", "")


def _next(run_folder: str) -> None:
    again = measure.in_turn(20, lambda: _chart(run_folder))[0]
    measure.row("the next one, ms", measure.spread(again), "<= 20 (quiet)")
    middle = POINTS // 2
    zooms = measure.in_turn(
        10,
        lambda: series(run_folder, "loss", WIDTH, since=middle, until=middle + 31 * WIDTH),
        lambda: series(run_folder, "loss", WIDTH, since=middle, until=middle + WIDTH - 1),
    )
    measure.row("31,000 of the points in 1,000 buckets, ms", measure.spread(zooms[0]), "")
    measure.row("1,000 of the points themselves, ms", measure.spread(zooms[1]), "")
    grown = []
    for _ in range(10):
        _log(run_folder, MORE)
        grown.append(measure.seconds(lambda: _chart(run_folder)))
    measure.row("after 1,000 more points (up to 10,000), ms", measure.spread(grown), "")


def _follow(run_folder: str) -> None:
    follower = Follower(run_folder)
    while not follower.read().is_all:
        continue
    found = []
    for _ in range(10):
        _log(run_folder, MORE)
        found.append(measure.seconds(follower.read))
    measure.row("a follower's 1,000 new points, ms", measure.spread(found), "")


def _chart(run_folder: str) -> None:
    series(run_folder, "loss", WIDTH)


if __name__ == "__main__":
    main()
