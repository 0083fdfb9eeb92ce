"""What the sampler costs that looks at what live runs use: runs of four idle processes each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import measure
from rows import Row

from homerun import Experiment, ScriptRunConfig, Workspace

RUNS, WATCHED_S = 16, 60.0
QUICK = (2, 6.0)
_TICKS = os.sysconf("SC_CLK_TCK")
_SOURCE = "import os, signal\nfor _ in range(3):\n    if not os.fork(): break\nsignal.pause()\n"


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    count, watched_s = QUICK if quick else (RUNS, WATCHED_S)
    with measure.place() as folder:
        os.mkdir("source")
        with open("source/wait.py", "w", encoding="utf-8") as file:
            file.write(_SOURCE)
        experiment = Experiment(Workspace.from_config(), "bench")
        runs = [experiment.submit(ScriptRunConfig("source", "wait.py")) for _ in range(count)]
        try:
            while not all(run.get_system_metrics() for run in runs):
                time.sleep(0.1)
            sampler = _sampler(f"{folder}/.runs")
            before = _used_s(sampler)
            time.sleep(watched_s)
            share = (_used_s(sampler) - before) / watched_s
            resident = _resident_kb(sampler)
        finally:
            for run in runs:
                run.cancel()
    what = f"the sampler of {count} runs of 4 processes"
    yield Row(f"{what}, of one core", share * 100, "%", budget=0.5)
    yield Row(f"{what}, resident memory", resident / 1024, "MB", budget=25)


def _sampler(root: str) -> int:
    """The process that samples the runs of a store."""
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if os.fsencode(os.path.realpath(root)) in words:
            return int(name)
    raise SystemExit("no process samples the runs")


def _used_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
