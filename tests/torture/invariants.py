"""The six promises that hold after every fault, checked from outside by one function.

I1  the store opens, and every run in it can be read
I2  a run has at most one outcome, and it never changes
I3  no acknowledged write is lost when processes die
I4  no process of an ended run is alive
I5  nothing outside was signalled or written
I6  no run is shown as going on once nothing of it lives
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from helpers import process
from runstore import facts, layout, metrics, status
from runstore.check import check as check_store
from runstore.record import Record
from runstore.store import Store

RUN_MARK = "HOMERUN_RUN_ID="
SUPERVISOR_MARK = "HOMERUN_SUPERVISES="

CANARY = """
import os, signal, sys
every = signal.valid_signals()
signal.pthread_sigmask(signal.SIG_BLOCK, every)
os.write(1, b"up")
os.write(1, str(signal.sigwait(every)).encode())
"""


class Canaries:
    """Processes and files that belong to nobody's run. A context manager.

    One process is a stranger; the other has the mark of a run that this store does not hold.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "canary"
        self.folder.mkdir()
        self.file = self.folder / "file"
        self.file.write_text("untouched")
        self.before = self._state()
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", CANARY],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, **extra},
            )
            for extra in ({}, {RUN_MARK[:-1]: "a-run-of-another-store"})
        ]
        for canary in self.processes:
            assert canary.stdout is not None
            assert os.read(canary.stdout.fileno(), 2) == b"up"

    def __enter__(self) -> Canaries:
        return self

    def __exit__(self, *_: object) -> None:
        for canary in self.processes:
            canary.kill()
            canary.communicate(timeout=30)

    def check(self) -> list[str]:
        """I5: what was done to them."""
        breaks = []
        for canary in self.processes:
            assert canary.stdout is not None
            poll = select.poll()
            poll.register(canary.stdout, select.POLLIN)
            if poll.poll(0):
                said = os.read(canary.stdout.fileno(), 9).decode()
                breaks.append(f"I5: a stranger was signalled: {said or 'killed'}")
        if self._state() != self.before:
            breaks.append(f"I5: {self.folder} was changed")
        return breaks

    def _state(self) -> tuple[object, ...]:
        found = os.stat(self.file)
        return os.listdir(self.folder), found.st_mtime_ns, found.st_mode, self.file.read_text()


class Audit:
    """The eye on one store over many faults: it knows which outcomes and writes it has seen."""

    def __init__(self, root: str, canaries: Canaries | None = None) -> None:
        self.root = root
        self.canaries = canaries
        self.ended: dict[str, bytes] = {}
        self.known: set[str] = set()
        self.acknowledged: list[tuple[str, str, str, Any]] = []

    def acknowledge(self, run_id: str, kind: str, key: str, value: Any) -> None:
        """A `metric`, `tag` or `property` was written, and its writer was told so."""
        self.acknowledged.append((run_id, kind, key, value))

    def check(self, *, is_quiet: bool = True) -> list[str]:
        """What is broken, in words; [] if nothing is.

        Args:
            is_quiet: nobody is at work who carries no mark, such as a submitter.
        """
        try:
            store = Store(self.root)
            runs = {record.id: record for record in store.runs()}
            breaks = [b for record in runs.values() for b in self._check_run(record, is_quiet)]
            for finding in check_store(store):
                assert finding.path
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a break
            return [f"I1: reading the store raised {type(error).__name__}: {error}"]
        breaks += [f"I1: the run {run_id} is gone" for run_id in self.known - set(runs)]
        self.known |= set(runs)
        for run_id, kind, key, value in self.acknowledged:
            if run_id in runs and not _holds(runs[run_id], kind, key, value):
                breaks.append(f"I3: {run_id}: {kind} {key}={value!r} was acknowledged and is lost")
        return breaks + (self.canaries.check() if self.canaries else [])

    def _check_run(self, record: Record, is_quiet: bool) -> list[str]:
        breaks = []
        ended = facts.read_bytes(f"{record.path}/{layout.ENDED}")
        living = living_of(record.id)
        if ended is not None:
            if self.ended.setdefault(record.id, ended) != ended:
                breaks.append(f"I2: {record.id}: another outcome replaced the first")
            if record.run.get("on_exit") != "leave":
                breaks += [
                    f"I4: {record.id} has ended, and {found} lives"
                    for found in living
                    if process.has_mark(found.pid, f"{RUN_MARK}{record.id}".encode())
                ]
        elif record.id in self.ended:
            breaks.append(f"I2: {record.id}: the outcome is gone")
        if not record.run:
            breaks.append(f"I1: {record.id}: run.json cannot be read")
        # Twice: one that ends may have started another that the first look was too early for.
        is_dead = is_quiet and not living and not living_of(record.id)
        seen = record.look()
        if is_dead and seen.status not in status.TERMINAL and not _may_wait(record, seen.status):
            breaks.append(f"I6: {record.id} is shown {seen.status}, and nothing of it lives")
        said = facts.parse(ended) if ended else None
        if said and seen.status != said["status"] and seen.facts[layout.MARK] is None:
            breaks.append(f"I2: {record.id} is shown {seen.status}, its outcome is {said}")
        record.labels()
        record.properties()
        metrics.read(record.path)
        return breaks


def living_of(run_id: str) -> list[process.Process]:
    """The processes of a run, its supervisors included, that are alive."""
    marks = [f"{mark}{run_id}".encode() for mark in (RUN_MARK, SUPERVISOR_MARK)]
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read().split(b"\0")
        except OSError:
            continue
        if any(mark in environment for mark in marks):
            seen = process.look(int(name))
            if seen is not None and seen.state not in "ZX":
                found.append(seen)
    return found


def kill_all_of(run_id: str) -> None:
    """End whatever a broken case left, so that the next one starts clean."""
    while found := living_of(run_id):
        for one in found:
            process.send(one, signal.SIGKILL)


def _may_wait(record: Record, seen: str) -> bool:
    """A row that nobody has begun waits as long as its parent is not over."""
    above = record.parent()
    return seen == status.NOT_STARTED and above is not None and not above.look().is_over


def _holds(record: Record, kind: str, key: str, value: Any) -> bool:
    if kind == "metric":
        series = metrics.read(record.path)[0].get(key)
        return series is not None and value in series.values
    if kind == "tag":
        return bool(record.labels().tags.get(key) == value)
    if kind == "run":
        return True
    return record.properties().get(key) == value
