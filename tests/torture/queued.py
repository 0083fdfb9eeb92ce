"""One case of the queue's kills: runs on two slots, and whoever is killed among them.

Who dies, and when, follows from the seed. A script appends its run's id to a file, once for each
time that it is run. When the killing is over there are a few looks, and from then on only reading:
the queue has to empty itself.
"""

from __future__ import annotations

import os
import signal
import traceback
from pathlib import Path
from typing import Any

from helpers import process
from helpers.wait import holds_within, remove_store
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.base import environ
from homerun.runs import reconcile
from homerun.targets import dispatch
from runstore import layout, look, status
from runstore.queue.queue import Queue
from runstore.run.record import Record
from runstore.store import Store
from torture import invariants, report
from torture.cast import Cast, tick
from torture.invariants import RUN_MARK

EXPERIMENT = "queue"
SLOTS = 2
CASES_PER_STORE = 10
PATIENCE_S = 30.0
LAST_MS = 250.0
LOOKS = 3
VICTIMS = ("submitter", "script", "supervisor", "supervisor", "everything")

RUN = 'echo "$HOMERUN_RUN_ID" >> "$0/began"; '
SCRIPTS = {
    "no-op": RUN,
    "waits": RUN + 'read x < "$0/gate"',
    "leaves one": RUN + "sleep 1000 & exit 0",
    "takes a while": RUN + "sleep 0.03",
    "is retried": RUN + '[ -n "$HOMERUN_ATTEMPT" ] || exit 75',
}
RETRIED = "is retried"


class Case:
    """A few runs of one store, submitted while others are killed."""

    def __init__(self, number: int, home: Path, store: Store) -> None:
        chance = report.chance("queue", number)
        self.number = number
        self.store = store
        self.chance = chance
        self.kinds = [chance.choice(list(SCRIPTS)) for _ in range(chance.randint(3, 8))]
        self.slots = [chance.choice((1, 1, 1, 2)) for _ in self.kinds]
        self.ids = [f"queue-{number}-{place}" for place in range(len(self.kinds))]
        victims = [chance.choice(VICTIMS) for _ in range(chance.choice((0, 1, 1, 2, 2, 4)))]
        moments = sorted(LAST_MS * chance.random() ** 2 for _ in victims)
        self.kills = list(zip(moments, victims))
        self.canceled = chance.choice(self.ids) if chance.random() < 0.3 else None
        self.cancel_ms = LAST_MS * chance.random()
        self.folder = home / f"case-{number}"
        self.folder.mkdir()
        self.hit: list[str] = []
        self.breaks: list[str] = []
        self.cast = Cast(self.folder, self.breaks)

    def play(self) -> list[str]:
        """Run the case; what broke, in words."""
        os.mkfifo(self.folder / "gate")
        gate = os.open(self.folder / "gate", os.O_RDWR | os.O_CLOEXEC)
        try:
            self._play(gate)
        finally:
            self.cast.kill_all()
            if self.breaks:
                self._kill([one for run in self.ids for one in invariants.living_of(run)])
            os.close(gate)
        said = f"case {self.number} ({self.kinds}, slots {self.slots}; hit: {self.hit})"
        return [f"{said}: {text}" for text in self.breaks]

    def _play(self, gate: int) -> None:
        self.cast.fork("submitter", self._submit)
        at_ms, waiting, asked = 0.0, list(self.kills), self.canceled is None
        while waiting or not asked:
            if not asked and at_ms >= self.cancel_ms:
                asked = True
                self.cast.fork("canceler", self._cancel)
            while waiting and at_ms >= waiting[0][0]:
                self._strike(waiting.pop(0)[1])
            at_ms += tick(2.0)
        self.cast.join("submitter")
        os.write(gate, b"go\n" * len(self.ids))
        self.cast.join("canceler")
        for _ in range(LOOKS):
            for record in self._records():
                dispatch._last_wake = float("-inf")
                reconcile.bring_up_to_date(record)
            tick(20.0)
        if not holds_within(self._are_over, PATIENCE_S):
            found = [(record.id, look.at(record).status) for record in self._records()]
            self.breaks.append(f"it does not go on by itself: {found}")
        self._check()

    def _submit(self) -> None:
        experiment = Experiment(Workspace.from_config(), EXPERIMENT)
        told = os.open(self.folder / "told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for run_id, kind, slots in zip(self.ids, self.kinds, self.slots):
            command = ["/bin/sh", "-c", SCRIPTS[kind], str(self.folder)]
            config = ScriptRunConfig(
                "source",
                command=command,
                in_place=True,
                grace_s=0.2,
                slots=slots,
                max_retries=int(kind == RETRIED),
                retry_on=[75],
            )
            experiment.submit(config, run_id=run_id)
            os.write(told, f"{run_id}\n".encode())

    def _cancel(self) -> None:
        try:
            Workspace.from_config().get_run(str(self.canceled)).cancel()
        except LookupError:
            return

    # Who dies

    def _strike(self, victim: str) -> None:
        if victim in ("submitter", "everything") and "submitter" in self.cast:
            self.cast.kill("submitter")
            self.hit.append("submitter")
        found = [one for run in self.ids for one in invariants.living_of(run)]
        scripts = [one for one in found if _has(one, RUN_MARK, self.ids)]
        supervisors = [one for one in found if invariants.supervised_by(one.pid) in self.ids]
        if victim == "everything":
            self._kill(found)
        elif victim == "script" and scripts:
            self._kill([self.chance.choice(scripts)])
        elif victim == "supervisor" and supervisors:
            self._kill([self.chance.choice(supervisors)])
        else:
            return
        self.hit.append(victim)

    def _kill(self, found: list[process.Process]) -> None:
        for one in found:
            process.send(one, signal.SIGKILL)
        gone = holds_within(lambda: not any(process.is_alive(one.pid) for one in found), PATIENCE_S)
        if not gone:
            self.breaks.append(f"KILL does not end {found}")

    # What has to hold

    def _records(self) -> list[Record]:
        found = [self.store.get(run_id) for run_id in self.ids]
        return [record for record in found if record is not None]

    def _are_over(self) -> bool:
        tick(5.0)
        return all(look.at(record).facts[layout.ENDED] for record in self._records())

    def _check(self) -> None:
        began = _lines(self.folder / "began")
        known = {record.id: look.at(record) for record in self._records()}
        was_killed = {"script", "supervisor", "everything"} & set(self.hit)
        for run_id in _lines(self.folder / "told"):
            if run_id not in known:
                self.breaks.append(f"{run_id} was submitted, and is lost")
        for run_id, seen in known.items():
            times, outcome = began.count(run_id), seen.outcome or {}
            wanted = 2 if self.kinds[self.ids.index(run_id)] == RETRIED else 1
            # A cancel that finds the first attempt over keeps the run from the second.
            is_final = run_id == self.canceled and times < wanted
            if times > wanted:
                self.breaks.append(f"{run_id} was run {times} times")
            if seen.status == status.COMPLETED and times != wanted:
                self.breaks.append(f"{run_id} is Completed, and was run {times} times")
            if seen.status == status.FAILED and not self.hit and not is_final:
                self.breaks.append(f"{run_id} is Failed ({outcome}), and nobody was killed")
            if seen.status == status.FAILED and not was_killed and times and not is_final:
                self.breaks.append(f"{run_id} is Failed ({outcome}); only a submitter was killed")
            if seen.status == status.CANCELED and run_id != self.canceled:
                self.breaks.append(f"{run_id} is Canceled, and nobody wished it")
        left = [entry.run_id for entry in Queue(self.store.root, "local").entries()]
        if set(left) & set(known) and not was_killed:
            self.breaks.append(f"still in the queue: {left}")
        if self._most_at_once(known) > SLOTS:
            self.breaks.append(f"{self._most_at_once(known)} slots were taken at once")

    def _most_at_once(self, known: dict[str, Any]) -> int:
        """The most slots that were held at once, by runs that their own supervisors saw end."""
        edges: list[tuple[float, int]] = []
        for run_id, seen in known.items():
            started, exited = seen.fact(layout.STARTED), seen.fact(layout.EXITED)
            if exited.get("source") == "supervisor":
                slots = self.slots[self.ids.index(run_id)]
                edges += [(started["clock_s"], slots)]
                edges += [(started["clock_s"] + exited["elapsed_s"], -slots)]
        now = most = 0
        for _, step in sorted(edges):
            now += step
            most = max(most, now)
        return most


def lane(first: int, count: int, step: int, folder: str) -> dict[str, Any]:
    """Play every `step`-th case from `first` on; the tries by kind of victim, and the breaks."""
    os.environ[environ.SIZE] = str(SLOTS)
    tries: dict[str, int] = {}
    breaks: list[str] = []
    for index, number in enumerate(range(first, count, step)):
        if index % CASES_PER_STORE == 0:
            if index and not breaks:
                remove_store(Path.cwd())
            home = Path(folder) / f"store-{index}"
            (home / "source").mkdir(parents=True)
            os.chdir(home)
        case = Case(number, home, Workspace.from_config().store.for_writing())
        try:
            breaks += case.play()
        except Exception:  # noqa: BLE001 - the others go on, and tell
            breaks.append(f"case {number}: {traceback.format_exc()}")
        hits = sorted(set(case.hit)) or ["nobody"]
        key = f"queue: {hits[0] if len(hits) == 1 else 'several'} killed"
        tries[key] = tries.get(key, 0) + 1
    return {"tries": tries, "breaks": breaks}


def _has(one: process.Process, mark: str, ids: list[str]) -> bool:
    return any(process.has_mark(one.pid, f"{mark}{run_id}".encode()) for run_id in ids)


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
