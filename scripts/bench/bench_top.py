"""`homerun top` on a pseudo-terminal: until the runs stand on the screen, and what it costs idle.

Two runs wait for ever, 200 stand in the queue behind them, 5,000 are over.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import measure
import rows
import stores
from rows import Row

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.sdk.batch import Batch

SLOTS, QUEUED, ENDED = 2, 200, 5_000
QUICK = (2, 10, 100)
ROUNDS = 11
SETTLED_S, IDLE_S = 5.0, 30.0
SHOWN = b"+ %d queued"
_TICKS = os.sysconf("SC_CLK_TCK")
_SOURCE = """
import signal
from homerun import Run
run = Run.get_context()
for step in range(200):
    run.log("loss", 1 / (step + 1), step=step)
signal.pause()
"""


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    slots, queued, ended = QUICK if quick else (SLOTS, QUEUED, ENDED)
    with measure.place(stores.SIZE * ended, stores.FILES * ended) as folder:
        stores.fill(f"{folder}/.runs", ended)
        batch = _submit(slots, queued)
        try:
            command = [sys.executable, "-m", "homerun", "run", "list"]
            subprocess.run(command, check=True, capture_output=True)  # the index is made
            yield from _measured(ROUNDS if not quick else 3, queued, IDLE_S if not quick else 3.0)
        finally:
            batch.cancel()
            batch.wait_for_completion(raise_on_error=False)


def _measured(rounds: int, queued: int, idle_s: float) -> Iterator[Row]:
    screen: list[float] = []
    costs: list[float] = []

    def shown() -> None:
        begun = time.monotonic()
        with _Top() as top:
            top.until(SHOWN % queued)
            screen.append(time.monotonic() - begun)  # without the time that it takes to leave
            costs.append(top.used_s())

    start, _ = measure.in_turn(rounds, measure.one_start, shown)
    cost = f"of the processor: {measure.median(costs) * 1e3:.0f} ms"
    beside = f"{cost}; one start: {rows.figure(measure.median(start) * 1e3)} ms"
    runs = f"{SLOTS} running, {queued} queued, {ENDED:,} ended"
    name = f"homerun top, first screen with the runs: {runs}"
    yield rows.of(name, screen[1:], "s", 0.5, beside=beside)
    with _Top() as top:
        top.until(SHOWN % queued)
        top.read(SETTLED_S)
        before = top.used_s()
        top.read(idle_s)
        share = (top.used_s() - before) / idle_s
    yield Row("homerun top, idle, of one core", share * 100, "%", budget=3)


def _submit(slots: int, queued: int) -> Batch:
    os.mkdir("source")
    with open("source/wait.py", "w", encoding="utf-8") as file:
        file.write(_SOURCE)
    experiment = Experiment(Workspace.from_config(), stores.EXPERIMENTS[0])
    configs = [
        ScriptRunConfig("source", "wait.py", ["--seed", str(seed)], max_concurrent_runs=slots)
        for seed in range(slots + queued)
    ]
    batch = experiment.submit_many(configs)
    while sum(run.get_status() == "Running" for run in batch) < slots:
        time.sleep(0.1)
    return batch


class _Top:
    """The command on a terminal of 40 lines and 120 columns."""

    def __enter__(self) -> _Top:
        self._master, slave = os.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._shown = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "homerun", "top"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._master, b"q")
        while self._process.poll() is None:
            self.read(0.05)
        os.close(self._master)

    def until(self, word: bytes) -> None:
        """Read until a word was shown."""
        while word not in self._shown:
            if self._process.poll() is not None:
                raise SystemExit(f"homerun top ended: {self._shown[-500:]!r}")
            self.read(1.0, word)

    def read(self, seconds: float, word: bytes = b"\0") -> None:
        """Read what is shown in so many seconds, or up to a word."""
        end = time.monotonic() + seconds
        while word not in self._shown and (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                continue
            try:
                self._shown += os.read(self._master, 65536)
            except OSError:  # it has ended
                return

    def used_s(self) -> float:
        """The processor's seconds that it has had."""
        with open(f"/proc/{self._process.pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
