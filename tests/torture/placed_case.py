"""One case of the kills on a cluster: a run, and what is killed in its life.

Who dies, and when, follows from the seed. The script notes each point that it has logged, once the
call has returned, and its own last moment: so the case knows what has to be on record. The job of a
stranger, which each engine's case submits, has to be there at the end.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import process
from helpers.wait import holds_within
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from runstore import layout, status
from runstore.queue import placed
from runstore.run.record import Record
from torture import invariants, report
from torture.cast import Cast, tick

SCRIPT = """
import os, sys, time
from homerun import Run

rank = os.environ.get("RANK", "0")
run = Run.get_context()
with open(f"{sys.argv[1]}-{rank}", "a", buffering=1) as told:
    told.write("began\\n")
    for number in range(25):
        run.log(f"n{rank}", number)
        told.write(f"{number}\\n")
        time.sleep(0.05)
    told.write("ended\\n")
sys.exit(int(sys.argv[2]))
"""


class PlacedCase:
    """A run on a cluster while one of those who bear it is killed."""

    engine: str
    """What names it in the choices that follow from the seed."""
    last_ms: float
    """From the submit on, who dies does so until then."""
    exact: Sequence[str] = ()
    """The victims without whom a script that has begun ends as it does by itself."""
    count = 1
    """How many processes the run has."""
    patience_s = 60.0

    def __init__(self, victim: str, number: int, folder: Path, targets: Sequence[str]) -> None:
        self.chance = chance = report.chance(self.engine, victim, number)
        self.victim = victim
        self.code = chance.choice((0, 3))
        self.target = chance.choice(targets)
        self.at_ms = self.last_ms * chance.random() * (0.2 if victim == "submitter" else 1.0)
        self.id = f"{re.sub('[^a-z]', '_', victim)}-{number}"
        self.folder = folder / self.id
        self.folder.mkdir()
        self.breaks: list[str] = []
        self.cast = Cast(self.folder, self.breaks)

    # What an engine's case says

    def strike(self) -> None:
        """Kill the victim."""
        raise NotImplementedError

    def add_stranger(self) -> None:
        """Have a stranger submit a job."""
        raise NotImplementedError

    def check_strangers(self) -> None:
        """Note what became of the jobs of strangers, where it is not what has to be."""
        raise NotImplementedError

    def end_strangers(self) -> None:
        """End the jobs of strangers."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """What is said of the submit beside the script."""
        return {"grace_s": 1.0}

    def check_more(self, record: Record) -> None:
        """Note what else of a run that is over is not as it has to be."""

    # The case

    def play(self) -> list[str]:
        """Run the case; what broke, in words."""
        self.add_stranger()
        try:
            self._play()
        finally:
            self.cast.kill_all()
            invariants.kill_all_of(self.id)
            self.end_strangers()
        where = f"{self.id} on {self.target}, killed at {self.at_ms:.0f} ms, code {self.code}"
        return [f"{where}: {text}" for text in self.breaks]

    def _play(self) -> None:
        self.cast.fork("submitter", self._submit)
        tick(self.at_ms)
        self.strike()
        self.cast.join("submitter")
        record = self.record()
        if record is None:
            if self.victim != "submitter":
                self.breaks.append("the run is not there")
            return
        if not holds_within(lambda: self._is_over(record), self.patience_s):
            seen = reconcile.bring_up_to_date(record)
            self.breaks.append(f"it does not end: {seen.status}, {placed.job_of(record)}")
            return
        self._check(record)

    def _submit(self) -> None:
        config = ScriptRunConfig(
            "source",
            "train.py",
            [f"{self.folder}/told", str(self.code)],
            compute_target=self.target,
            **self.options(),
        )
        Experiment(Workspace.from_config(), "kills").submit(config, run_id=self.id)

    def record(self) -> Record | None:
        """The run's, if it is there."""
        return Workspace.from_config().store.get(self.id)

    def living(self) -> list[process.Process]:
        """The living processes of the run, those of supervisors too."""
        return invariants.living_of(self.id)

    def kill_supervisors(self, *, first: bool) -> None:
        """Kill the first process of the run's job, or the supervisor below it."""
        found = [one for one in self.living() if invariants.supervised_by(one.pid) == self.id]
        pids = {one.pid for one in found}
        for one in found:
            if (one.parent not in pids) == first:
                process.send(one, signal.SIGKILL)

    # What has to hold

    def _is_over(self, record: Record) -> bool:
        tick(50.0)
        if not self.living():
            self._age(record)
        return reconcile.bring_up_to_date(record).is_over

    def _age(self, record: Record) -> None:
        """Nothing of the run lives: its heart is silent, as it would be known to be later."""
        try:
            os.utime(Path(record.path, layout.HEARTBEAT), (1, 1))
        except FileNotFoundError:
            return

    def _check(self, record: Record) -> None:
        said = [self._said(rank) for rank in range(self.count)]
        seen = reconcile.bring_up_to_date(record)
        outcome = seen.outcome or {}
        how = f"{seen.status}, {outcome}"
        self._check_outcome(seen.status, outcome, said, how)
        metrics = Workspace.from_config().get_run(self.id).get_metrics()
        for rank, words in enumerate(said):
            if words.count("began") > 1:
                self.breaks.append(f"rank {rank} was run {words.count('began')} times")
            kept = metrics.get(f"n{rank}", [])
            lost = {int(one) for one in words if one.isdigit()}
            lost -= set(kept if isinstance(kept, list) else [kept])
            if lost:
                self.breaks.append(f"points of rank {rank} are lost: {sorted(lost)}")
        if not holds_within(lambda: not self.living(), 15.0):
            self.breaks.append(f"processes are left: {self.living()}; {how}")
        self.check_more(record)
        self.check_strangers()

    def _said(self, rank: int) -> list[str]:
        try:
            return Path(f"{self.folder}/told-{rank}").read_text().split()
        except FileNotFoundError:
            return []

    def _check_outcome(
        self, shown: str, outcome: Mapping[str, object], said: Sequence[Sequence[str]], how: str
    ) -> None:
        """Whether the status is true: the exact one, unless the script did not come to its end.

        Of several processes the first one that fails ends the others. What was to tell the end of
        one may be killed before it could: then Failed is true too, and Completed never a guess.
        """
        ends = [words[-1:] == ["ended"] for words in said]
        has_ended = any(ends) if self.code else all(ends)
        exact = (status.FAILED if self.code else status.COMPLETED, self.code)
        is_exact = self.count == 1 or self.victim in self.exact
        if (shown, outcome.get("exit_code")) == exact:
            if not has_ended:
                self.breaks.append(f"it did not end by itself, and is {how}")
        elif shown != status.FAILED:
            self.breaks.append(f"it is {how}")
        elif has_ended and is_exact:
            self.breaks.append(f"it ended by itself, and is {how}")
        elif self.victim in self.exact and any(said):
            self.breaks.append(f"it began, and is {how}")
