"""One case of a cancel beside a submit: many runs of a batch appear while it is being canceled.

The submitter and the canceler are processes of their own, and may be killed. Whatever happens, a
cancel that came through leaves no run of the family going on, those that appeared meanwhile too.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Any

from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, Workspace
from homerun.runs import reconcile
from runstore import layout, status
from runstore import look as looks
from runstore.run.record import Record
from runstore.store import Store
from torture import invariants, report
from torture.cast import Cast, tick
from torture.invariants import Audit, Canaries

EXPERIMENT = "family"
PATIENCE_S = 60.0


class Case:
    """A batch of endless scripts, and its cancel."""

    def __init__(self, number: int, folder: Path, audit: Audit) -> None:
        chance = report.chance("family", number)
        self.number = number
        self.run_id = f"batch-{number}"
        self.size = chance.randint(2, 30)
        self.target = chance.choice(["local", "two"])
        self.appeared = chance.randint(0, self.size)
        self.victim = chance.choice(["nobody", "nobody", "submitter", "canceler", "both"])
        self.after_ms = 60.0 * chance.random() ** 2
        self.hit: set[str] = set()
        self.folder = folder / self.run_id
        self.folder.mkdir()
        self.audit = audit
        self.breaks: list[str] = []
        self.cast = Cast(self.folder, self.breaks)

    def __str__(self) -> str:
        told = f"{self.size} on {self.target}, canceled after {self.appeared}"
        return f"case {self.number} ({told}; killed: {' '.join(sorted(self.hit)) or 'nobody'})"

    def play(self) -> list[str]:
        """Run the case; what broke, in words."""
        try:
            self._play()
        finally:
            self.cast.kill_all()
            if self.breaks:
                for record in self._family():
                    invariants.kill_all_of(record.id)
        return [f"{self}: {text}" for text in self.breaks]

    def _play(self) -> None:
        self.cast.fork("submitter", self._submit)
        self.cast.fork("canceler", self._cancel)
        self._kill()
        self.cast.join("submitter")
        (self.folder / "end").touch()
        self.cast.join("canceler")
        if Store(self.audit.root).get(self.run_id) is None:
            if "submitter" not in self.hit:
                self.breaks.append("the submit came through, and there is no run")
            return
        if "canceler" in self.hit:
            self._run().cancel()
        self._check()

    def _submit(self) -> None:
        config = ScriptRunConfig(
            "source", command=["/bin/sleep", "1000"], compute_target=self.target, grace_s=0.2
        )
        try:
            Experiment(Workspace.from_config(), EXPERIMENT).submit_many(
                [config] * self.size, run_id=self.run_id
            )
        except SubmitError:
            return  # it was canceled meanwhile, and says so

    def _cancel(self) -> None:
        while len(self._family()) <= self.appeared and not (self.folder / "end").exists():
            tick(1.0)
        if Store(self.audit.root).get(self.run_id) is not None:
            self._run().cancel()

    def _run(self) -> Run:
        return Workspace.from_config().get_run(self.run_id)

    def _family(self) -> list[Record]:
        """The batch, and the runs that are in it by now."""
        store = Store(self.audit.root)
        top = store.get(self.run_id)
        if top is None:
            return []
        folder = Path(top.path, layout.CHILDREN)
        names = os.listdir(folder) if folder.is_dir() else []
        found = (store.get(name) for name in names)
        return [top, *(record for record in found if record is not None)]

    def _kill(self) -> None:
        if self.victim == "nobody":
            return
        if not holds_within(lambda: len(self._family()) >= min(2, self.size), 1.0):
            return  # the submitter is slow today
        tick(self.after_ms)
        for name in ("submitter", "canceler"):
            if self.victim in (name, "both") and self.cast.lives(name) and self.cast.kill(name):
                self.hit.add(name)

    def _check(self) -> None:
        family = self._family()
        for record in family:
            if not holds_within(lambda record=record: self._is_over(record), PATIENCE_S):  # type: ignore[misc]
                self.breaks.append(f"{record.id} goes on: {looks.at(record).status}")
                continue
            outcome = looks.at(record).outcome or {}
            said = (outcome.get("status"), outcome.get("cause"))
            if said not in self._possible(is_top=record.id == self.run_id):
                self.breaks.append(f"{record.id}: wrong outcome {said}")
        ids = {record.id for record in family}
        left = holds_within(lambda: not ids & set(invariants.living()), PATIENCE_S)
        if not left:
            self.breaks.append(f"still there: {sorted(ids & set(invariants.living()))}")
        self.breaks += self.audit.check()

    def _is_over(self, record: Record) -> bool:
        """Whether a run is over: one that waits and whose submitter was killed between its stop and
        its end has no process that could end it, so its owner's look does.
        """
        seen = looks.at(record)
        if "submitter" in self.hit and seen.seen == status.IN_QUEUE:
            seen = reconcile.bring_up_to_date(record)
        return seen.is_over

    def _possible(self, *, is_top: bool) -> set[tuple[object, object]]:
        found: set[tuple[object, object]] = {(status.CANCELED, status.CANCEL)}
        if "submitter" in self.hit:
            found.add((status.FAILED, status.NEVER_STARTED))
            if is_top:
                found.add((status.FAILED, status.PROCESS_EXITED))
        return found


def lane(first: int, count: int, step: int, folder: str) -> dict[str, Any]:
    """Play every `step`-th case from `first` on; the tries by who was killed, and the breaks."""
    home = Path(folder)
    (home / "source").mkdir(parents=True)
    os.chdir(home)
    workspace = Workspace.from_config()
    audit_root = workspace.store.for_writing().root
    workspace.targets.add("two", slots=2)
    tries: dict[str, int] = {}
    breaks: list[str] = []
    with Canaries(home) as canaries:
        audit = Audit(audit_root, canaries)
        for number in range(first, count, step):
            case = Case(number, home, audit)
            try:
                breaks += case.play()
            except Exception:  # noqa: BLE001 - the others are played all the same, and it is told
                breaks.append(f"{case}: {traceback.format_exc()}")
            key = f"cancel beside a submit: {' and '.join(sorted(case.hit)) or 'nobody'} killed"
            tries[key] = tries.get(key, 0) + 1
    return {"tries": tries, "breaks": breaks}
