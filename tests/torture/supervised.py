"""The k-th-call sweep of supervisors: each of their own calls fails, or is their last.

The fault is armed in the supervisor's interpreter by another first line than the product's. A
fault that lasts is lifted once the script is over: then the outcome has to come by itself.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from helpers.wait import holds_within, remove_store
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import stop_request, wait
from homerun.system import children
from runstore import layout, look, status
from torture import faults, invariants, report
from torture.faults import Fault
from torture.invariants import Audit

PATIENCE_S = 25.0
CASES_PER_STORE = 12
LASTING = (faults.ENOSPC, faults.EIO, faults.EACCES, faults.EMFILE)

LEAVES = ': > "$0/began"; sleep 1000 & : > "$0/done"; exit 3'
ENDLESS = ': > "$0/began"; exec sleep 1000'
SUBJECTS = {
    "supervisor": (LEAVES, False),
    "supervisor, canceled": (ENDLESS, False),
    "child at the gate": (LEAVES, True),
}
"""What the script does, and whether its own process before it is the script meets the fault."""

TESTS = str(Path(__file__).resolve().parents[1])
BOOT = (
    "import sys; sys.path += sys.argv[1:3]; del sys.argv[1:3]; sys.path.append({tests!r}); "
    "from homerun.supervisor import main, patience; "
    "patience._FIRST_S = patience._LONGEST_S = 0.02; "
    "from torture import faults; "
    "faults.arm(faults.Fault({kind!r}, {nth}, lasts={lasts}, lifted_by={lifted!r}, "
    "noted_in={noted!r}), children={children}); main.main()"
)

Outcome = tuple[str, Any, Any, Any]


class Case:
    """One run whose supervisor meets a fault."""

    def __init__(self, subject: str, fault: Fault, name: str, audit: Audit) -> None:
        self.subject = subject
        self.fault = fault
        self.name = name
        self.audit = audit
        self.script, self.of_child = SUBJECTS[subject]
        self.folder = Path.cwd() / name
        self.folder.mkdir()
        self.breaks: list[str] = []

    def play(self) -> bool:
        """Whether the fault was met."""
        run = self._submit()
        if "canceled" in self.subject:
            holds_within(lambda: self._is("began") or self._is_over(run), 5)
            run._record.publish(layout.STOP, {"kind": status.CANCEL})
            stop_request.wake_supervisor(run.directory)
        if self.fault.lasts:
            holds_within(lambda: self._is("done") or self._is_over(run), 1.0)
            self._look_while_it_lasts(run)
            (self.folder / "lifted").touch()
        if not wait.until_over(run._record, PATIENCE_S).is_over:
            self.breaks.append(f"it did not end; it is {run.get_status()}")
        children.reap()
        self._check(run)
        return self._is("noted")

    def _submit(self) -> Run:
        former = children._BOOT
        children._BOOT = BOOT.format(
            tests=TESTS,
            kind=self.fault.kind,
            nth=self.fault.nth,
            lasts=self.fault.lasts,
            lifted=str(self.folder / "lifted") if self.fault.lasts else "",
            noted=str(self.folder / "noted"),
            children=self.of_child,
        )
        try:
            command = ["/bin/sh", "-c", self.script, str(self.folder)]
            config = ScriptRunConfig("source", command=command, grace_s=0.2, in_place=True)
            experiment = Experiment(Workspace.from_config(), "supervised")
            return experiment.submit(config, run_id=self.name)
        finally:
            children._BOOT = former

    def _look_while_it_lasts(self, run: Run) -> None:
        seen = look.at(run._record)
        if seen.status == status.COMPLETED:
            self.breaks.append("it was shown Completed")
        if seen.status not in status.TERMINAL and not invariants.living_of(self.name):
            again = run.get_status()
            if again not in status.TERMINAL:
                self.breaks.append(f"I6: nothing of it lives, and it is {again}")

    def _check(self, run: Run) -> None:
        seen = look.at(run._record)
        outcome = seen.outcome or {}
        said: Outcome = (
            seen.status,
            outcome.get("cause"),
            outcome.get("exit_code"),
            outcome.get("signal"),
        )
        if said not in self._possible(said):
            log = Path(run.directory, layout.SUPERVISOR_LOG)
            told = log.read_text() if log.exists() else ""
            self.breaks.append(f"wrong outcome {said}; {self._noted()}; {told[-1500:]}")
        if said[1] == status.NEVER_STARTED and self._is("began"):
            self.breaks.append("it never started, and it left a witness that it began")
        gone = holds_within(lambda: not invariants.living_of(self.name), PATIENCE_S)
        if not gone:
            self.breaks.append(f"still there: {invariants.living_of(self.name)}")
        self.breaks += self.audit.check()

    def _possible(self, said: Outcome) -> set[Outcome]:
        found: set[Outcome] = {(status.FAILED, status.EXIT_CODE, 3, None)}
        if "canceled" in self.subject:
            found = {(status.CANCELED, status.CANCEL, *said[2:])}
        if not self._is("noted"):
            return found
        is_dead = self.fault.kind in (faults.KILL, faults.TORN)
        if not self._is("began"):
            found.add((status.FAILED, status.NEVER_STARTED, None, None))
            found.add((status.FAILED, status.CANNOT_START, None, None))
        if is_dead and self.of_child:
            found.add((status.FAILED, status.SIGNAL, None, "SIGKILL"))
        elif is_dead:
            found.add((status.FAILED, status.LOST_EXIT_STATUS, None, None))
        if is_dead and "canceled" in self.subject:
            found.add((status.FAILED, status.SIGNAL, None, "SIGTERM"))
        return found

    def _is_over(self, run: Run) -> bool:
        return run.get_status() in status.TERMINAL

    def _is(self, witness: str) -> bool:
        return (self.folder / witness).exists()

    def _noted(self) -> list[str]:
        path = self.folder / "noted"
        return path.read_text().splitlines()[:2] if path.exists() else []


def lane(part: list[tuple[str, str, bool]], folder: str) -> dict[str, Any]:
    """Sweep these: subject, kind of fault, whether it lasts."""
    home = Path(folder)
    home.mkdir()
    tries: dict[str, int] = {}
    breaks: list[str] = []
    audit = None
    number = 0
    for subject, kind, lasts in part:
        for nth in _numbers(subject, kind, lasts, home):
            if audit is None or number % CASES_PER_STORE == 0:
                audit = _new_store(home, f"store-{number}", keep=bool(breaks))
            number += 1
            case = Case(
                subject, Fault(kind, nth, lasts=lasts), f"{home.name}-{os.getpid()}-{number}", audit
            )
            try:
                hit = case.play()
            except Exception:  # noqa: BLE001 - the sweep goes on, and tells
                hit = True
                case.breaks.append(traceback.format_exc())
            if case.breaks:
                invariants.kill_all_of(case.name)
                breaks += [f"{subject}, {case.fault}: {text}" for text in case.breaks]
            if not hit:
                break
            tries[kind] = tries.get(kind, 0) + 1
        if report.IS_LONG:  # what there is if somebody stops it
            so_far = {"upto": (subject, kind, lasts), "tries": tries, "breaks": breaks}
            Path(home, "so-far.json").write_text(json.dumps(so_far, indent=1))
    return {"tries": tries, "breaks": breaks}


def _numbers(subject: str, kind: str, lasts: bool, home: Path) -> Iterator[int]:
    """Which calls: all, or some of them that the seed chooses."""
    if report.IS_LONG:
        yield from count(1)
        return
    former = Path.cwd()
    audit = _new_store(home, f"learn-{subject}-{kind}-{lasts}".replace(" ", ""), keep=True)
    case = Case(subject, Fault(), f"{home.name}-learn", audit)
    case.play()
    os.chdir(former)
    calls = (case.folder / "noted").read_text().split()
    number = sum(kind in call.split(",") for call in calls)
    chance = report.chance("supervised", subject, kind, lasts)
    yield from chance.sample(range(1, number + 1), min(number, 2))


def _new_store(home: Path, name: str, *, keep: bool) -> Audit:
    if not keep and Path.cwd().parent == home:
        remove_store(Path.cwd())
    (home / name / "source").mkdir(parents=True)
    os.chdir(home / name)
    return Audit(Workspace.from_config().store.for_writing().root)


def parts() -> list[tuple[str, str, bool]]:
    """What there is to sweep; the short form has a part of it that the seed chooses."""
    every = [
        (subject, kind, lasts)
        for subject in SUBJECTS
        for kind in faults.KINDS
        for lasts in ((False, True) if kind in LASTING else (False,))
    ]
    chance = report.chance("supervised")
    return every if report.IS_LONG else chance.sample(every, 9)
