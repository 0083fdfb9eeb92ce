"""`run.log` against a bare formatted `os.write`; reading a million points; the imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

import measure

from homerun.run import Run

POINTS = 100_000
ROUNDS = 7


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/run")
        run = Run.in_folder(f"{folder}/run", "bench")
        floor = os.open(f"{folder}/floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        bare, ours = measure.in_turn(ROUNDS, lambda: _write(floor), lambda: _log(run))
        os.close(floor)
        rate = POINTS / measure.median(ours)
        part = measure.median([a / b for a, b in zip(bare, ours, strict=True)])
        measure.row("run.log(name, value), of a bare os.write's rate", f"{part:.2f}", ">= 0.5")
        measure.row("run.log(name, value), per second", f"{rate:,.0f}", "")
        _fill(run, 1_000_000)
        _read(run, f"{folder}/run/metrics")
    _imports()


def _write(descriptor: int) -> None:
    for number in range(POINTS):
        value = number * 0.5
        line = '\n{"n":"%s","v":%r,"t":%.6f}\n' % ("loss", value, time.time())
        os.write(descriptor, line.encode())


def _log(run: Run) -> None:
    for number in range(POINTS):
        run.log("loss", number * 0.5)


def _fill(run: Run, points: int) -> None:
    for _ in range(points - (ROUNDS + 1) * POINTS):
        run.log("accuracy", 0.5)


def _read(run: Run, folder: str) -> None:
    ours, floor = measure.in_turn(3, run.get_metrics, lambda: _line_by_line(folder))
    measure.row("get_metrics of 1,000,000 points, s", measure.spread(ours, 1), "<= 1 (quiet)")
    part = measure.median(ours) / measure.median(floor)
    measure.row("the same, over json.loads line by line", f"{part:.2f}", "<= 0.55")


def _line_by_line(folder: str) -> None:
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", "rb") as file:
            for line in file:
                if len(line) > 1:
                    json.loads(line)


def _imports() -> None:
    def start(code: str) -> object:
        return subprocess.run([sys.executable, "-c", code], check=True)

    bare, package, context = measure.in_turn(
        30,
        lambda: start("pass"),
        lambda: start("import homerun"),
        lambda: start("from homerun import Run; from homerun import context"),
    )
    base = measure.median(bare)
    measure.row("import homerun, ms", f"{(measure.median(package) - base) * 1e3:.1f}", "<= 1")
    measure.row("the context, ms", f"{(measure.median(context) - base) * 1e3:.1f}", "<= 10")


if __name__ == "__main__":
    main()
