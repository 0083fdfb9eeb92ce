"""What a supervisor costs while its script runs, and what is left after many cancels.

`bench_supervise.py 1000` only cancels: that many families of a forked child that ignores TERM and
a daemon of a session of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import measure
import rows
from rows import Row

from homerun import Experiment, Run, ScriptRunConfig, Workspace

FLOOD = "import os\nblock = b'x' * (1 << 20)\nfor _ in range(MIB): os.write(1, block)\n"
SLEEP = "print('up', flush=True)\nimport signal\nsignal.pause()\n"
FAMILY = """
import os, signal
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True: signal.pause()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('up', flush=True)
    while True: signal.pause()
signal.pause()
"""
_SCRIPTS = {"flood": FLOOD, "silent": FLOOD.replace("MIB", "0"), "family": FAMILY, "sleep": SLEEP}


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    mib = 64 if quick else 1024
    with measure.place(size=4 * mib << 20):  # on a disk the rounds differ by a half
        os.mkdir("source")
        for name, code in _SCRIPTS.items():
            with open(f"source/{name}.py", "w", encoding="utf-8") as file:
                file.write(code.replace("MIB", str(mib)))
        experiment = Experiment(Workspace.from_config(), "bench")
        yield from _flood(experiment, mib, 3 if quick else 11)
        yield from _idle(experiment)
        yield from _leftovers(experiment, 5 if quick else 200)


def _flood(experiment: Experiment, mib: int, rounds: int) -> Iterator[Row]:
    def bare(script: str) -> None:
        with open("bare.txt", "wb") as log:
            subprocess.run([sys.executable, f"source/{script}"], stdout=log, check=True)
        os.unlink("bare.txt")

    def ours(script: str) -> None:
        run = experiment.submit(ScriptRunConfig("source", script))
        run.wait_for_completion()
        os.unlink(f"{run.directory}/user_logs/std_log.txt")

    floor, taken, silent, nothing = measure.in_turn(
        rounds,
        lambda: bare("flood.py"),
        lambda: ours("flood.py"),
        lambda: bare("silent.py"),
        lambda: ours("silent.py"),
    )
    more = [(ratio - 1) * 100 for ratio in measure.ratios(taken, floor)]
    beside = f"bare: {measure.median(floor):.2f} s"
    yield rows.of(f"{mib:,} MiB of stdout, over a redirect", more, "% more", 5, beside=beside)
    fixed = measure.median(nothing) - measure.median(silent)
    beyond = [100 * (a - fixed - b) / b for a, b in zip(taken, floor, strict=True)]
    beside = f"a silent run: {fixed * 1e3:.0f} ms more"
    yield rows.of("the same, beyond what a silent run costs", beyond, "% more", 5, beside=beside)


def _idle(experiment: Experiment) -> Iterator[Row]:
    """Private memory, and voluntary context switches while its script sleeps for two seconds."""
    run = _up(experiment, "sleep.py")
    pid = run.describe()["process"]["supervisor_pid"]
    before = _switches(pid)
    subprocess.run(["sleep", "2"], check=True)
    woken = _switches(pid) - before
    dirty = _private_dirty(pid)
    run.cancel()
    yield Row("a supervisor's private dirty memory", dirty, "MB", budget=4)
    yield Row("a supervisor's wake-ups in 2 s of an idle script", woken, "", budget=0)


def _switches(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["voluntary_ctxt_switches"])


def _private_dirty(pid: int) -> float:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        fields = dict(line.split()[:2] for line in list(file)[1:])
    return int(fields["Private_Dirty:"]) / 1024


def _leftovers(experiment: Experiment, count: int) -> Iterator[Row]:
    left = 0
    for _ in range(count):
        run = _up(experiment, "family.py", grace_s=0.02)
        run.cancel()
        left += _marked(f"HOMERUN_RUN_ID={run.id}".encode())
    yield Row(f"processes left after {count} cancelled families", left, "", budget=0)


def _up(experiment: Experiment, script: str, grace_s: float = 10.0) -> Run:
    run = experiment.submit(ScriptRunConfig("source", script, grace_s=grace_s))
    for output in run.stream():
        if b"up" in output:
            break
    return run


def _marked(mark: bytes) -> int:
    found = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                found += name.isdigit() and mark in file.read().split(b"\0")
        except OSError:
            continue
    return found
