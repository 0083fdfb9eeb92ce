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
from runstore import layout, look, status
from runstore.fs import atomic, facts
from runstore.metrics import log as metric_log
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store, store_of
from runstore.upkeep.check import check as check_store

RUN_MARK = "HOMERUN_RUN_ID="
UUID_MARK = "HOMERUN_RUN_UUID="
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
            for extra in (
                {},
                {RUN_MARK[:-1]: "a-run-of-another-store", UUID_MARK[:-1]: os.urandom(16).hex()},
            )
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
        """A `metric`, `tag`, `property`, `status` or `run` was put on record, says its writer."""
        self.acknowledged.append((run_id, kind, key, value))

    def check(self, *, is_quiet: bool = True) -> list[str]:
        """What is broken, in words; [] if nothing is.

        Args:
            is_quiet: nobody is at work who carries no mark, such as a submitter.
        """
        try:
            store = Store(self.root)
            runs = {record.id: record for record in store.runs()}
            ended = {run_id: _ended(record) for run_id, record in runs.items()}
            processes = living()
            breaks = []
            for run_id, record in runs.items():
                found = processes.get(run_id, [])
                breaks += self._check_outcome(record, ended[run_id], found)
                breaks += _check_reading(record, ended[run_id])
                if is_quiet and not found:
                    breaks += _check_shown(record)
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

    def _check_outcome(
        self, record: Record, ended: bytes | None, found: list[process.Process]
    ) -> list[str]:
        """I2 and I4; the processes were looked for after `ended` was read."""
        breaks = []
        if ended is None:
            return [f"I2: {record.id}: the outcome is gone"] if record.id in self.ended else []
        if self.ended.setdefault(record.id, ended) != ended:
            breaks.append(f"I2: {record.id}: another outcome replaced the first")
        if record.run.get("on_exit") != "leave":
            mark = f"{RUN_MARK}{record.id}".encode()
            left = [one for one in found if process.has_mark(one.pid, mark)]
            breaks += [f"I4: {record.id} has ended, and {one} lives" for one in left]
        return breaks


def _ended(record: Record) -> bytes | None:
    return atomic.read_bytes(f"{record.path}/{layout.ENDED}")


def _check_reading(record: Record, ended: bytes | None) -> list[str]:
    """I1 for one run, and that it is shown as its outcome says."""
    breaks = [] if record.run else [f"I1: {record.id}: run.json cannot be read"]
    seen = look.at(record)
    said = facts.parse(ended) if ended else None
    if said and seen.status != said["status"] and seen.facts[layout.MARK] is None:
        breaks.append(f"I2: {record.id} is shown {seen.status}, its outcome is {said}")
    record.labels()
    record.properties()
    metric_log.read(record.path)
    return breaks


def _check_shown(record: Record) -> list[str]:
    """I6, for a run of which one look at all processes found none."""
    if look.at(record).status in status.TERMINAL or living_of(record.id):
        return []  # one that ended may have started another that the first look was too early for
    seen = look.at(record).status
    if seen in status.TERMINAL or _may_go_on(record, seen):
        return []
    return [f"I6: {record.id} is shown {seen}, and nothing of it lives"]


def _may_go_on(record: Record, seen: str) -> bool:
    """A row waits as long as its parent is not over; an owner that lives has no mark."""
    above = store_of(record).parent_of(record)
    if seen == status.NOT_STARTED:
        return above is not None and not look.at(above).is_over
    owner = (record.fact(layout.STARTED) or {}).get("process")
    return isinstance(owner, dict) and identity.lives(owner)


def living() -> dict[str, list[process.Process]]:
    """The processes of runs, their supervisors included, that are alive; by run id."""
    found: dict[str, list[process.Process]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            continue
        run_ids = {
            part[len(RUN_MARK) :].decode(errors="replace")
            for part in environment.split(b"\0")
            if part.startswith(RUN_MARK.encode())
        }
        run_ids |= {supervised_by(int(name))} - {""}
        seen = process.look(int(name))
        if seen is not None and seen.state not in "ZX":
            for run_id in run_ids:
                found.setdefault(run_id, []).append(seen)
    return found


def supervised_by(pid: int) -> str:
    """The id of the run whose supervisor this process was started as, "" where it is none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read().split(b"\0")
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = os.fsdecode(file.read()).rstrip("\0").split("\0")
        here = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
    marks = [part for part in environment if part.startswith(SUPERVISOR_MARK.encode())]
    is_one = marks and not marks[0].endswith(b"/")  # so ends that of a process beside a run
    # One that started early is not told its run's folder in its command: it lives there.
    told = command[command.index("-c") + 4 :] if "-c" in command else []
    return os.path.basename(told[0] if told else here) if is_one else ""


def living_of(run_id: str) -> list[process.Process]:
    """The living processes of one run."""
    return living().get(run_id, [])


def kill_all_of(run_id: str) -> None:
    """End whatever a broken case left, so that the next one starts clean."""
    while found := living_of(run_id):
        for one in found:
            process.send(one, signal.SIGKILL)


def check_seen(who: str, seen: list[str], last: str) -> list[str]:
    """I2 for the statuses that a reader saw of a run, one after the other."""
    finals = {word for word in seen if word in status.TERMINAL}
    rest = seen[seen.index(next(iter(finals))) :] if finals else []
    breaks = [f"I2: {who} saw {finals}, and it is {last}"] * bool(finals - {last})
    return breaks + [f"I2: {who} saw it go on after its end: {seen}"] * bool(set(rest) - finals)


def _holds(record: Record, kind: str, key: str, value: Any) -> bool:
    if kind == "metric":
        series = metric_log.read(record.path)[0].get(key)
        return series is not None and value in series.values
    if kind == "tag":
        return bool(record.labels().tags.get(key) == value)
    if kind == "run":
        return True
    if kind == "status":
        return bool(look.at(record).status == value)
    return record.properties().get(key) == value
