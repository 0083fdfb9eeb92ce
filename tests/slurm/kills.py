"""One case of the kills on a cluster: a run, and what is killed in its life.

Who dies, and when, follows from the seed. The script notes each point that it has logged, once the
call has returned, and its own last moment: so the case knows what has to be on record. A job of a
stranger, and one with the number of the run's own where the controller lost its state, have to be
there at the end.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from helpers import process
from helpers.wait import holds_within
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from runstore import layout, status
from runstore.queue import placed
from runstore.run.record import Record
from slurm.cluster import Cluster
from torture import invariants, report
from torture.cast import Cast, tick

VICTIMS = ("slurmctld", "slurmd", "node", "supervisor", "job", "submitter", "state")
"""`node` is a daemon with all that runs below it, as when a machine loses its power; `job` the
first process of the run's job, above its supervisor; `state` what a controller has written down.
"""

SCRIPT = """
import sys, time
from homerun import Run

run = Run.get_context()
with open(sys.argv[1], "a", buffering=1) as told:
    told.write("began\\n")
    for number in range(25):
        run.log("n", number)
        told.write(f"{number}\\n")
        time.sleep(0.05)
    told.write("ended\\n")
sys.exit(int(sys.argv[2]))
"""

LAST_MS = 3000.0
DOWN_MS = 1500.0
PATIENCE_S = 60.0
STRANGER = "a-strangers"
GOING_ON = ("PENDING", "RUNNING")


class Case:
    """A run on the cluster while one of those who bear it is killed."""

    def __init__(self, victim: str, number: int, cluster: Cluster, folder: Path) -> None:
        chance = report.chance("slurm", victim, number)
        self.cluster = cluster
        self.victim = victim
        self.code = chance.choice((0, 3))
        # What runs on a far node ends with its daemon: that has the namespace of its processes.
        only = {"slurmd": "near", "node": "far"}
        self.target = only.get(victim) or chance.choice(("near", "far"))
        self.at_ms = LAST_MS * chance.random() * (0.2 if victim == "submitter" else 1.0)
        self.down_ms = DOWN_MS * chance.random()
        self.id = f"{victim}-{number}"
        self.folder = folder / self.id
        self.folder.mkdir()
        self.told = self.folder / "told"
        self.breaks: list[str] = []
        self.strangers: list[str] = []
        self.before = len(cluster.calls("scancel"))
        self.cast = Cast(self.folder, self.breaks)

    def play(self) -> list[str]:
        """Run the case; what broke, in words."""
        self._add_stranger()
        try:
            self._play()
        finally:
            self.cast.kill_all()
            left = self._living()
            for one in left:
                process.send(one, signal.SIGKILL)
            self.cluster.ask("scancel", *self.strangers)
        where = f"{self.id} on {self.target}, killed at {self.at_ms:.0f} ms, code {self.code}"
        return [f"{where}: {text}" for text in self.breaks]

    def _play(self) -> None:
        self.cast.fork("submitter", self._submit)
        tick(self.at_ms)
        self._strike()
        self.cast.join("submitter")
        record = self._record()
        if record is None:
            if self.victim != "submitter":
                self.breaks.append("the run is not there")
            return
        if not holds_within(lambda: self._is_over(record), PATIENCE_S):
            seen = reconcile.bring_up_to_date(record)
            self.breaks.append(f"it does not end: {seen.status}, {placed.job_of(record)}")
            return
        self._check(record)

    def _submit(self) -> None:
        config = ScriptRunConfig(
            "source",
            "train.py",
            [str(self.told), str(self.code)],
            compute_target=self.target,
            grace_s=1.0,
        )
        Experiment(Workspace.from_config(), "kills").submit(config, run_id=self.id)

    def _record(self) -> Record | None:
        return Workspace.from_config().store.get(self.id)

    def _add_stranger(self) -> None:
        options = ("--parsable", "--output=/dev/null", "--nodelist=n2", f"--job-name={STRANGER}")
        number = self.cluster.ask("sbatch", *options, "--wrap=sleep 1000").strip()
        self.strangers.append(number)

    # Who dies

    def _strike(self) -> None:
        if self.victim == "submitter":
            self.cast.kill("submitter")
        elif self.victim in ("supervisor", "job"):
            self.cast.join("submitter")
            found = [one for one in self._living() if invariants.supervised_by(one.pid) == self.id]
            pids = {one.pid for one in found}
            for one in found:
                if (one.parent in pids) == (self.victim == "supervisor"):
                    process.send(one, signal.SIGKILL)
        elif self.victim == "state":
            self.cast.join("submitter")
            self.cluster.lose_state()
            self._take_number()
        else:
            name = {"slurmd": "n1", "node": "n3"}.get(self.victim, self.victim)
            self.cluster.tell(f"{'crash' if self.victim == 'node' else 'kill'} {name}")
            tick(self.down_ms)
            if self.victim == "node":  # else Slurm takes a minute to find out
                update = ("update", f"NodeName={name}")
                self.cluster.ask("scontrol", *update, "State=DOWN", "Reason=lost")
            self.cluster.tell(f"start {name}")
            if self.victim == "node":
                self.cluster.ask("scontrol", *update, "State=RESUME")

    def _take_number(self) -> None:
        """Have strangers submit jobs until one has the number of the run's."""
        record = self._record()
        job = placed.job_of(record) if record is not None else None
        self.strangers.clear()  # the first one is lost too
        wanted = int(str(job["job"])) if job else 0
        while not self.strangers or int(self.strangers[-1] or 0) < wanted:
            self._add_stranger()

    # What has to hold

    def _living(self) -> list[process.Process]:
        return invariants.living_of(self.id)

    def _is_over(self, record: Record) -> bool:
        tick(50.0)
        if not self._living():
            self._age(record)
        return reconcile.bring_up_to_date(record).is_over

    def _age(self, record: Record) -> None:
        """Nothing of the run lives: its heart is silent, as it would be known to be later."""
        try:
            os.utime(Path(record.path, layout.HEARTBEAT), (1, 1))
        except FileNotFoundError:
            return

    def _check(self, record: Record) -> None:
        said = self.told.read_text().split() if self.told.exists() else []
        seen = reconcile.bring_up_to_date(record)
        outcome = seen.outcome or {}
        how = f"{seen.status}, {outcome}"
        self._check_outcome(seen.status, outcome, said, how)
        if said.count("began") > 1:
            self.breaks.append(f"it was run {said.count('began')} times")
        logged = {int(one) for one in said if one.isdigit()}
        kept = Workspace.from_config().get_run(self.id).get_metrics().get("n", [])
        kept = set(kept if isinstance(kept, list) else [kept])
        if logged - kept:
            self.breaks.append(f"points are lost: {sorted(logged - kept)}")
        if not holds_within(lambda: not self._living(), 15.0):
            self.breaks.append(f"processes are left: {self._living()}; {how}")
        self._check_strangers()

    def _check_strangers(self) -> None:
        """A controller that is killed loses jobs that it has not written down yet."""
        asked = [
            word for call in self.cluster.calls("scancel")[self.before :] for word in call.split()
        ]
        for number in self.strangers:
            state = self._state(number)
            is_lost = not state and self.victim == "slurmctld"
            if number in asked or (state not in GOING_ON and not is_lost):
                self.breaks.append(f"a stranger's job is {state or 'gone'}")

    def _state(self, number: str) -> str:
        """That of a stranger's job; a number may be another's by now."""
        said = self.cluster.ask(
            "squeue", "--noheader", f"--jobs={number}", "--format=%T %j"
        ).split()
        return said[0] if said[1:] == [STRANGER] else ""

    def _check_outcome(
        self, shown: str, outcome: dict[str, Any], said: list[str], how: str
    ) -> None:
        """Whether the status is true: the exact one, unless the script did not come to its end."""
        has_ended = "ended" in said
        exact = (status.COMPLETED, None) if not self.code else (status.FAILED, status.EXIT_CODE)
        found = (shown, outcome.get("cause"))
        if found == exact:
            if not has_ended:
                self.breaks.append(f"it did not end by itself, and is {how}")
        elif found[0] != status.FAILED:
            self.breaks.append(f"it is {how}")
        elif has_ended:
            self.breaks.append(f"it ended by itself, and is {how}")
        elif self.victim in ("slurmd", "submitter", "supervisor") and said:
            self.breaks.append(f"it began, and is {how}")
