"""Charts of a million points: the first, the next, those of Studio, and after some more points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import measure
import rows
from rows import Row

from homerun.metrics import chart
from homerun.metrics.chart import Wish
from runstore import layout
from runstore.draft import Draft
from runstore.fs import lock
from runstore.metrics import log as metric_log
from runstore.metrics.chart import series
from runstore.metrics.curve import TIME
from runstore.metrics.follower import Follower
from runstore.run.record import Record
from runstore.store import Store

MORE = 1_000
WIDTH = 1_000
RUNS = 100
START_MS = 1_795_000_000_000


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    points = 100_000 if quick else 1_000_000
    with measure.place() as folder:
        run_folder = _run(folder)
        _log(run_folder, points)
        cache = f"{folder}/{layout.STORE_FOLDER}/{layout.INDEX}/{layout.SERIES}"
        yield from _first(run_folder, cache, points)
        yield from _next(run_folder, points)
        yield from _follow(run_folder)
        yield from _studio(folder, points)


def _run(folder: str) -> str:
    return _record(folder).path


def _record(folder: str) -> Record:
    draft = Draft(Store(f"{folder}/{layout.STORE_FOLDER}").for_writing(), "bench")
    alive = draft.take_alive()
    record = draft.publish({"kind": "submitted"})
    lock.release(alive)
    return record


def _log(run_folder: str, points: int) -> None:
    writer = metric_log.Writer(run_folder)
    for number in range(points):
        writer.add_scalar("loss", number * 0.5)
    writer.close()


def _first(run_folder: str, cache: str, points: int) -> Iterator[Row]:
    ours, floor = [], []
    for _ in range(3):
        floor.append(measure.seconds(lambda: metric_log.read(run_folder)))
        ours.append(measure.seconds(lambda: _chart(run_folder)))
        for top, _, files in os.walk(cache):
            for name in files:
                size = os.path.getsize(f"{top}/{name}")
                os.unlink(f"{top}/{name}")
    _chart(run_folder)
    beside = f"its cache: {size / points:.1f} bytes a point"
    name = f"the first chart of {points:,} points, over reading them"
    yield rows.of(name, measure.ratios(ours, floor), "x", beside=beside)


def _next(run_folder: str, points: int) -> Iterator[Row]:
    again = measure.in_turn(20, lambda: _chart(run_folder))[0]
    yield rows.of("the next one", measure.scaled(again, 1e-3), "ms", 20)
    middle = points // 2
    wide, narrow = measure.in_turn(
        10,
        lambda: series(run_folder, "loss", WIDTH, since=middle, until=middle + 31 * WIDTH),
        lambda: series(run_folder, "loss", WIDTH, since=middle, until=middle + WIDTH - 1),
    )
    yield rows.of("31,000 of the points in 1,000 buckets", measure.scaled(wide, 1e-3), "ms")
    yield rows.of("1,000 of the points themselves", measure.scaled(narrow, 1e-3), "ms")
    grown = []
    for _ in range(10):
        _log(run_folder, MORE)
        grown.append(measure.seconds(lambda: _chart(run_folder)))
    yield rows.of("after 1,000 more points (up to 10,000)", measure.scaled(grown, 1e-3), "ms")


def _follow(run_folder: str) -> Iterator[Row]:
    follower = Follower(run_folder)
    while not follower.read().is_all:
        continue
    found = []
    for _ in range(10):
        _log(run_folder, MORE)
        found.append(measure.seconds(follower.read))
    yield rows.of("a follower's 1,000 new points", measure.scaled(found, 1e-3), "ms")


def _studio(folder: str, points: int) -> Iterator[Row]:
    """What Studio answers to a chart, once the sums are there."""
    whole = [_with_steps(folder, points)]
    share = [_with_steps(folder, points // RUNS) for _ in range(RUNS)]
    zoom = Wish(WIDTH, since=points // 4, until=points // 2)
    asked = (
        (f"{points:,} points by step", whole, Wish(WIDTH), 300),
        (f"{points:,} points by time", whole, Wish(WIDTH, x=TIME), 300),
        ("a quarter of them", whole, zoom, 100),
        (f"{points:,} points with an average of them", whole, Wish(WIDTH, smooth="ema:0.99"), None),
        (f"{RUNS} runs of {points // RUNS:,} points", share, Wish(WIDTH), 1_000),
    )
    for name, records, wish, budget in asked:
        answered = partial(chart.read, records, ["loss"], wish)
        answered()
        taken = measure.in_turn(10, answered)[0]
        told = f"Studio's answer: {name}"
        yield rows.of(told, measure.scaled(taken, 1e-3), "ms", budget)


def _with_steps(folder: str, points: int) -> Record:
    record = _record(folder)
    writer = metric_log.Writer(record.path)
    for number in range(points):
        writer.add_scalar_at("loss", number % 1_000 * 0.5, START_MS + number, number)
    writer.close()
    return record


def _chart(run_folder: str) -> None:
    series(run_folder, "loss", WIDTH)
