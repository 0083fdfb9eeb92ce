"""What an import costs over a bare interpreter, and what the shortest command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import measure
import rows
from rows import Row

from homerun import Experiment, ScriptRunConfig, Workspace

_POINT = """
import time
began = time.perf_counter()
from homerun import Run
run = Run.get_context()
run.log("first", 1)
run.log("took", (time.perf_counter() - began) * 1e3)
"""


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""

    def start(code: str) -> object:
        return subprocess.run([sys.executable, "-c", code], check=True)

    with measure.place():
        bare, package, context = measure.in_turn(
            5 if quick else 60,
            lambda: start("pass"),
            lambda: start("import homerun"),
            lambda: start("from homerun import Run; from homerun.sdk import context"),
        )
        beside = f"`python -c pass`: {measure.median(bare) * 1e3:.1f} ms"
        beside += f"; {measure.beside_one_start()}"
        yield rows.of("import homerun", _more(package, bare), "ms", 1, beside=beside)
        yield rows.of("import of the run context", _more(context, bare), "ms", 10, beside=beside)
        yield _first_point(5 if quick else 60)
        yield _help(5 if quick else 60)


def _first_point(rounds: int) -> Row:
    """Inside a run: the context is imported, and a point logged."""
    os.mkdir("source")
    with open("source/point.py", "w", encoding="utf-8") as file:
        file.write(_POINT)
    experiment = Experiment(Workspace.from_config(), "bench")
    took = []
    for _ in range(rounds):  # one after the other: it is not what a busy machine costs
        run = experiment.submit(ScriptRunConfig("source", "point.py"))
        run.wait_for_completion()
        took.append(float(run.get_metrics()["took"]))
    name = "run in a script: import of the context, and the first point"
    return rows.of(name, took, "ms", 3, beside=measure.beside_one_start())


def _help(rounds: int) -> Row:
    command = [sys.executable, "-m", "homerun", "--help"]
    start, shown = measure.in_turn(
        rounds,
        measure.one_start,
        lambda: subprocess.run(command, check=True, capture_output=True),
    )
    beside = f"{measure.median(shown) * 1e3:.1f} ms"
    ratios = measure.ratios(shown, start)
    return rows.of("`homerun --help`, whole process", ratios, "starts", 5, beside=beside)


def _more(values: list[float], floor: list[float]) -> list[float]:
    return [(a - b) * 1e3 for a, b in zip(values, floor, strict=True)]
