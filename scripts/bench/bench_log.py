"""`run.log` against a bare formatted `os.write`; reading a million points."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import measure
import rows
from rows import Row

from homerun.sdk.run import Run


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    points, rounds = (2_000, 3) if quick else (100_000, 7)
    with measure.place() as folder:
        os.mkdir(f"{folder}/run")
        run = Run.in_folder(f"{folder}/run", "bench")
        floor = os.open(f"{folder}/floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        bare, ours = measure.in_turn(
            rounds, lambda: _write(floor, points), lambda: _log(run, points)
        )
        os.close(floor)
        each = f"{points / measure.median(ours):,.0f} a second"
        part = measure.ratios(bare, ours)
        name = "run.log(name, value), of the rate of a bare os.write"
        yield rows.of(name, part, "x", 0.5, at_least=True, beside=each)
        total = points * 10
        _log(run, total - (rounds + 1) * points)
        yield from _read(run, f"{folder}/run/metrics", total)


def _write(descriptor: int, points: int) -> None:
    for number in range(points):
        value = number * 0.5
        line = '\n{"n":"%s","v":%r,"t":%de-6}\n' % ("loss", value, time.time_ns() // 1000)
        os.write(descriptor, line.encode())


def _log(run: Run, points: int) -> None:
    for number in range(points):
        run.log("loss", number * 0.5)


def _read(run: Run, folder: str, points: int) -> Iterator[Row]:
    def ours() -> None:
        if len(run.get_metrics()["loss"]) != points:
            raise SystemExit("points are missing")

    taken, floor = measure.in_turn(5, ours, lambda: _line_by_line(folder))
    beside = f"{measure.processor(1, ours)}; {measure.beside_one_start()}"
    yield rows.of(f"get_metrics of {points:,} points", taken, "s", 1, beside=beside)
    line = f"json.loads line by line: {measure.median(floor):.2f} s"
    part = measure.ratios(taken, floor)
    yield rows.of("the same, over json.loads line by line", part, "x", 0.55, beside=line)


def _line_by_line(folder: str) -> None:
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", "rb") as file:
            for line in file:
                if len(line) > 1:
                    json.loads(line)
