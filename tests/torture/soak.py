"""One case of the kill soak: a run, whoever is killed around it, and what may have come of it.

Each case is a lane's own process tree: a submitter, perhaps an observer and a canceler (all forks
of a warm interpreter), and the run itself. Who dies, and when, follows from the seed. A script's
own witnesses tell afterwards whether it began, and whether it came to its end.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from pathlib import Path
from random import Random
from typing import Any

from helpers import process
from helpers.wait import holds_within, remove_store
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import reconcile, wait
from runstore import layout, status
from runstore import look as looks
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store
from torture import invariants, nemeses, report
from torture.cast import Cast, tick
from torture.invariants import RUN_MARK, Audit, Canaries
from torture.nemeses import Visitor

EXPERIMENT = "soak"
RUNS_PER_STORE = 12
PATIENCE_S = 25.0
VICTIMS = ("script", "supervisor", "submitter", "observer", "canceler", "everything")
EVENTS = ("began", layout.STARTED, layout.EXITED, layout.ENDED)
LAST_MS = 110.0

BEGIN, END = ': > "$0/began"; ', ': > "$0/done"; '
GATE = 'read x < "$0/gate"; '
SCRIPTS = {
    "exit 0": BEGIN + END + "exit 0",
    "exit 3": BEGIN + END + "exit 3",
    "SIGSEGV": BEGIN + END + "kill -SEGV $$",
    "gate, exit 0": BEGIN + GATE + END + "exit 0",
    "gate, exit 3": BEGIN + GATE + END + "exit 3",
    "gate, SIGSEGV": BEGIN + GATE + END + "kill -SEGV $$",
    "endless": BEGIN + "exec sleep 1000",
    "fork": BEGIN + "sleep 1000 & " + END + "exit 0",
    "fork, gate": BEGIN + "sleep 1000 & " + GATE + END + "exit 3",
    "daemon": BEGIN + "setsid sh -c 'sleep 1000 & sleep 1000' & " + GATE + END + "exit 0",
    "plants links": BEGIN + nemeses.PLANT + END + "exit 0",
    "plants links, gate": BEGIN + nemeses.PLANT + GATE + nemeses.PLANT + END + "exit 3",
    "logs": "",
    "logs, gate": "",
}
"""Each script's folder for its witnesses is its `$0`; `$1` is a stranger's folder, `$2` the run.
What logs is Python, and acknowledges."""

LOGS = """
import os, sys
folder = sys.argv[1]
open(folder + "/began", "w").close()
from homerun import Run
run = Run.get_context()
told = os.open(folder + "/told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for i in range(20):
    run.log("loss", i)
    os.write(told, b"metric loss %d\\n" % i)
run.tag("a", "b")
os.write(told, b"tag a b\\n")
run.add_properties({"k": "v"})
os.write(told, b"property k v\\n")
if sys.argv[2] == "gate":
    open(folder + "/gate", "rb", buffering=0).read(3)
open(folder + "/done", "w").close()
"""


class Kill:
    """Somebody's death, and what it waits for: a moment, or an event."""

    def __init__(self, chance: Random, victims: list[str]) -> None:
        self.victim = chance.choice(victims)
        self.event = chance.choice(EVENTS) if chance.random() < 0.4 else None
        self.after_ms = LAST_MS * chance.random() ** 2 if self.event is None else 0.0
        self.hit = False

    def __str__(self) -> str:
        when = self.event or f"{self.after_ms:.0f} ms"
        return f"{self.victim} {when}{'' if self.hit else ' (missed)'}"


class Case:
    """One run of the soak."""

    def __init__(
        self, number: int, folder: Path, audit: Audit, visitor: Visitor | None = None
    ) -> None:
        chance = report.chance("soak", number)
        self.number = number
        self.run_id = f"case-{number}"
        self.kind = chance.choice(list(SCRIPTS))
        self.is_observed = chance.random() < 0.5
        self.cancel_after_ms = LAST_MS * chance.random() if chance.random() < 0.25 else None
        missing = {"observer": not self.is_observed, "canceler": self.cancel_after_ms is None}
        victims = [name for name in VICTIMS if not missing.get(name)]
        number_of_kills = chance.choice((0, 1, 1, 1, 1, 2, 2, 3, 5))
        self.kills = [Kill(chance, victims) for _ in range(number_of_kills)]
        self.in_place = chance.random() < 0.8
        self.is_watched = chance.random() < 0.6
        self.is_copied = chance.random() < 0.15
        self.is_collected = chance.random() < 0.15
        self.visitor = visitor if chance.random() < 0.3 else None
        self.chance = chance
        self.folder = folder / self.run_id
        self.folder.mkdir()
        self.audit = audit
        self.killed: list[process.Process] = []
        self.breaks: list[str] = []
        self.cast = Cast(self.folder, self.breaks)
        self.asked_cancel = False

    def __str__(self) -> str:
        kills = ", ".join(map(str, self.kills))
        others = ["copied"] * self.is_copied + ["collected"] * self.is_collected
        others += ["root looks"] * bool(self.visitor)
        told = f"{self.kind}; kills: {kills}; cancel: {self.asked_cancel}; {' '.join(others)}"
        return f"case {self.number} ({told})"

    def row(self) -> str:
        """The row of the table that the case counts in."""
        hits = sorted({kill.victim for kill in self.kills if kill.hit}) or ["nobody"]
        row = f"kill soak: {hits[0] if len(hits) == 1 else 'several'}"
        if self.visitor:
            return f"{row}, while root looks"
        return f"{row}{', beside a copier or collector' * (self.is_copied or self.is_collected)}"

    # What happens

    def play(self) -> list[str]:
        """Run the case; what broke, in words."""
        os.mkfifo(self.folder / "gate")
        gate = os.open(self.folder / "gate", os.O_RDWR | os.O_CLOEXEC)
        try:
            self._play(gate)
        finally:
            os.close(gate)
            self.cast.kill_all()
            if self.visitor:
                self.breaks += self.visitor.end()
            if self.breaks:
                invariants.kill_all_of(self.run_id)
        return [f"{self}: {text}" for text in self.breaks]

    def _play(self, gate: int) -> None:
        if self.visitor:
            self.visitor.begin(self.audit.root, self.run_id, self.folder)
        self.cast.fork("submitter", self._submit)
        if self.is_observed:
            self.cast.fork("observer", self._observe)
        if self.is_copied:
            self.cast.fork("copier", self._copy)
        if self.is_collected:
            self.cast.fork("collector", self._collect)
        self._make_the_kills()
        self.cast.join("submitter")
        record = Store(self.audit.root).get(self.run_id)
        if record is None:
            if not self._was_hit("submitter"):
                self.breaks.append("the submit came through, and there is no run")
            self._end_children()
            self.breaks += self.audit.check()
            return
        exact = self.is_watched and self._watch_over(record)
        os.write(gate, b"go\n")
        if self.kind == "endless" and (not self.asked_cancel or self._was_hit("canceler")):
            self.asked_cancel = True
            self._run().cancel()
        if not wait.until_over(record, PATIENCE_S).is_over:
            self.breaks.append(f"it did not end; it is {looks.at(record).status}")
        self._end_children()
        self._take_in_told()
        self.breaks += self.audit.check()
        self._check_outcome(record, exact)
        left = holds_within(lambda: not invariants.living_of(self.run_id), PATIENCE_S)
        if not left:
            self.breaks.append(f"still there: {invariants.living_of(self.run_id)}")

    def _submit(self) -> None:
        folder = str(self.folder)
        if "logs" in self.kind:
            word = "gate" if "gate" in self.kind else "no"
            config = ScriptRunConfig("source", "logs.py", [folder, word], in_place=self.in_place)
        else:
            strange = str(self.audit.canaries.folder) if self.audit.canaries else folder
            command = ["/bin/sh", "-c", SCRIPTS[self.kind], folder, strange, self.run_id]
            config = ScriptRunConfig("source", command=command, in_place=self.in_place, grace_s=0.2)
        Experiment(Workspace.from_config(), EXPERIMENT).submit(config, run_id=self.run_id)

    def _observe(self) -> None:
        """Look at the run until it is over, and thrice more; tell every status."""
        told = os.open(self.folder / "seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        while (record := Store(self.audit.root).get(self.run_id)) is None:
            tick(1.0)
        for seen in wait.looks(record, PATIENCE_S):
            os.write(told, f"{seen.status}\n".encode())
        for _ in range(3):
            os.write(told, f"{reconcile.bring_up_to_date(record).status}\n".encode())

    def _copy(self) -> None:
        self._wait_for_run()
        nemeses.copy(self.audit.root, self.folder / "copy", self.chance)

    def _collect(self) -> None:
        self._wait_for_run()
        nemeses.collect(self.audit.root)

    def _wait_for_run(self) -> None:
        """Until there is a run, or none will come, and some time."""
        while (
            Store(self.audit.root).get(self.run_id) is None
            and not (self.folder / nemeses.END).exists()
        ):
            tick(1.0)
        tick(LAST_MS * self.chance.random())

    def _run(self) -> Run:
        return Workspace.from_config().get_run(self.run_id)

    def _cancel(self) -> None:
        try:
            self._run().cancel()
        except LookupError:
            return

    # Who dies

    def _make_the_kills(self) -> None:
        waiting = list(self.kills)
        at_ms = 0.0
        while at_ms < LAST_MS * 3:
            is_due = self.cancel_after_ms is not None and at_ms >= self.cancel_after_ms
            if is_due and not self.asked_cancel and Store(self.audit.root).get(self.run_id):
                self.asked_cancel = True
                self.cast.fork("canceler", self._cancel)
            waiting = [kill for kill in waiting if not self._strike(kill, at_ms)]
            is_asked = self.cancel_after_ms is None or self.asked_cancel
            if (not waiting or self._is_over()) and is_asked and not self.cast.lives("submitter"):
                return
            at_ms += tick(2.0 if waiting else 4.0)

    def _strike(self, kill: Kill, at_ms: float) -> bool:
        """Kill, if it is time and the victim is there. True: that is done with."""
        if kill.event is None and at_ms < kill.after_ms:
            return False
        if kill.event is not None and not self._has_happened(kill.event):
            return False
        names = (
            ("submitter", "observer", "canceler") if kill.victim == "everything" else (kill.victim,)
        )
        for name in names:
            if name in self.cast and self.cast.lives(name):
                kill.hit = self.cast.kill(name) or kill.hit
        if kill.victim in ("script", "supervisor", "everything"):
            kill.hit = self._kill_run(kill.victim) or kill.hit
        return kill.hit

    def _kill_run(self, victim: str) -> bool:
        script = f"{RUN_MARK}{self.run_id}".encode()
        hit = False
        for one in invariants.living_of(self.run_id):
            is_script = process.has_mark(one.pid, script)
            is_supervisor = invariants.supervised_by(one.pid) == self.run_id
            if victim == "everything" or (is_script if victim == "script" else is_supervisor):
                hit = process.send(one, signal.SIGKILL) or hit
                self.killed.append(one)
        return hit

    def _has_happened(self, event: str) -> bool:
        if event == "began":
            return (self.folder / "began").exists()
        return os.path.exists(f"{self.audit.root}/{EXPERIMENT}/{self.run_id}/{event}")

    def _is_over(self) -> bool:
        return self._has_happened(layout.ENDED)

    def _was_hit(self, *victims: str) -> bool:
        return any(kill.hit and kill.victim in (*victims, "everything") for kill in self.kills)

    def _watch_over(self, record: Record) -> bool:
        """See to it that an orphan is adopted. True: from here on its exit cannot get lost."""
        process.kill(self.killed)  # a signal takes its time: who is dying is no adopter
        seen = reconcile.bring_up_to_date(record)
        if not seen.is_held or seen.is_over or not self._was_hit("supervisor"):
            return False
        log = Path(record.path, layout.SUPERVISOR_LOG)

        def look() -> str:
            """Whether the last thing that the log tells is an adoption of the living script."""
            seen = reconcile.bring_up_to_date(record)
            text = log.read_text() if log.exists() else ""
            if seen.is_over or "stopping" in text:
                return "over"
            last = text.splitlines()[-1] if text else ""
            is_adopted = "adopted: script" in last and "is gone" not in last
            lives = is_adopted and identity.lives(seen.fact(layout.STARTED)["script"])
            return "adopted" if lives else ""

        return holds_within(look, 5.0) == "adopted"

    # What may have come of it

    def _check_outcome(self, record: Record, is_exact: bool) -> None:
        seen = looks.at(record)
        outcome = seen.outcome or {}
        said = tuple(outcome.get(key) for key in ("status", "cause", "exit_code", "signal"))
        if said not in self._possible(said):
            self.breaks.append(
                f"wrong outcome: {said}; possible: {sorted(map(str, self._possible(said)))}"
            )
        if is_exact and said[1] == status.LOST_EXIT_STATUS:
            self.breaks.append("an adopter was there, and the exit status is lost")
        if outcome.get("cause") == status.NEVER_STARTED and (self.folder / "began").exists():
            self.breaks.append("it never started, and it left a witness that it began")
        self._check_seen(seen.status)

    def _possible(self, said: tuple[Any, ...]) -> set[tuple[Any, ...]]:
        """All outcomes that are possible, given who was killed, and what the script witnessed."""
        found: set[tuple[Any, ...]] = set()
        if (self.folder / "done").exists():
            if "3" in self.kind or self.kind in ("fork, gate", "plants links, gate"):
                found.add((status.FAILED, status.EXIT_CODE, 3, None))
            elif "SEGV" in self.kind:
                found.add((status.FAILED, status.SIGNAL, None, "SIGSEGV"))
            else:
                found.add((status.COMPLETED, None, 0, None))
        # A supervisor's mark is on the child at the gate too: it can be the one that was hit.
        if self._was_hit("script", "supervisor"):
            found.add((status.FAILED, status.SIGNAL, None, "SIGKILL"))
        if self._was_hit("supervisor"):
            found.add((status.FAILED, status.LOST_EXIT_STATUS, None, None))
        if self._was_hit("submitter", "supervisor"):
            found.add((status.FAILED, status.NEVER_STARTED, None, None))
        if self.asked_cancel:
            found.add((status.CANCELED, status.CANCEL, *said[2:]))
            if self._was_hit("supervisor"):
                found.add((status.FAILED, status.SIGNAL, None, "SIGTERM"))
        return found

    def _check_seen(self, last: str) -> None:
        path = self.folder / "seen"
        seen = path.read_text().split() if path.exists() else []
        self.breaks += invariants.check_seen("an observer", seen, last)

    def _take_in_told(self) -> None:
        path = self.folder / "told"
        for line in path.read_text().splitlines() if path.exists() else ():
            kind, key, value = line.split()
            self.audit.acknowledge(
                self.run_id, kind, key, int(value) if kind == "metric" else value
            )

    def _end_children(self) -> None:
        (self.folder / nemeses.END).touch()
        if "observer" in self.cast and Store(self.audit.root).get(self.run_id) is None:
            self.cast.kill("observer")
        self.cast.join_all()
        if self.visitor:
            self.breaks += self.visitor.end()


def lane(
    first: int, count: int, step: int, folder: str, visitor: Visitor | None = None
) -> dict[str, Any]:
    """Play every `step`-th case from `first` on; the tries by kind of victim, and the breaks.

    Args:
        visitor: who looks at some of the runs.
    """
    home = Path(folder)
    home.mkdir()
    tries: dict[str, int] = {}
    breaks: list[str] = []
    with Canaries(home) as canaries:
        for index, number in enumerate(range(first, count, step)):
            if index % RUNS_PER_STORE == 0:
                if index and not breaks:
                    remove_store(Path.cwd())
                audit = Audit(_new_store(home / f"store-{index}"), canaries)
            case = Case(number, Path.cwd(), audit, visitor)
            try:
                breaks += case.play()
            except Exception:  # noqa: BLE001 - the soak goes on, and tells
                breaks.append(f"{case}: {traceback.format_exc()}")
            tries[case.row()] = tries.get(case.row(), 0) + 1
            if report.IS_LONG:  # what there is if somebody stops it
                said = {"tries": tries, "breaks": breaks}
                (home / "so-far.json").write_text(json.dumps(said, indent=1))
    return {"tries": tries, "breaks": breaks}


def _new_store(home: Path) -> str:
    source = home / "source"
    source.mkdir(parents=True)
    (source / "logs.py").write_text(LOGS)
    os.chdir(home)
    store = Workspace.from_config().store.for_writing()
    assert store.root == str(home / layout.STORE_FOLDER)
    return store.root
