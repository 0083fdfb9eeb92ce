"""The cases of the kills on Slurm: what is killed, and what becomes of the jobs of strangers.

Where the controller lost its state, a stranger's job has the number of the run's own.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from helpers import process
from helpers.wait import holds_within
from homerun import PyTorchConfiguration
from runstore import layout
from runstore.queue import placed
from runstore.run.record import Record
from slurm.cluster import Cluster
from torture.cast import tick
from torture.placed_case import PlacedCase

VICTIMS = ("slurmctld", "slurmd", "node", "supervisor", "job", "submitter", "state")
"""`node` is a daemon with all that runs below it, as when a machine loses its power; `job` the
first process of the run's job, above its supervisor; `state` what a controller has written down.
"""

VICTIMS_OF_NODES = (
    *("supervisor", "job", "lead", "rank", "above a rank", "srun"),
    *("node", "first node", "slurmctld", "submitter"),
)
"""Of a run on several nodes. `lead` has its processes started by `srun`; `rank` is the parent of
one of them, which has a parent too; `node` is the last one, `first node` that of the supervisor.
"""

_COMMANDS = {
    "lead": "nodes.lead import",
    "rank": "nodes.rank import",
    "above a rank": "nodes.rank import",
    "srun": "--kill-on-bad-exit",
}
"""What tells the processes of a run on several nodes, in their commands."""

DOWN_MS = 1500.0
LIFE_MS = 2000.0
"""Of the processes that start those of the script, roughly."""
STRANGER = "a-strangers"
GOING_ON = ("PENDING", "RUNNING")


class Case(PlacedCase):
    """A run on one node."""

    engine = "slurm"
    last_ms = 3000.0
    exact = ("slurmd", "submitter", "supervisor")
    strangers_on = "n2"

    def __init__(self, victim: str, number: int, cluster: Cluster, folder: Path) -> None:
        # What runs on a far node ends with its daemon: that has the namespace of its processes.
        only = {"slurmd": ("near",), "node": ("far",)}
        super().__init__(victim, number, folder, only.get(victim, ("near", "far")))
        self.cluster = cluster
        self.down_ms = DOWN_MS * self.chance.random()
        self.strangers: list[str] = []
        self.before = len(cluster.calls("scancel"))

    def strike(self) -> None:
        """Kill the victim."""
        if self.victim == "submitter":
            self.cast.kill("submitter")
        elif self.victim in ("supervisor", "job"):
            self.cast.join("submitter")
            self.kill_supervisors(first=self.victim == "job")
        elif self.victim == "state":
            self.cast.join("submitter")
            self.cluster.lose_state()
            self._take_number()
        elif self.victim == "node":
            self.crash("n3")
        else:
            name = {"slurmd": "n1"}.get(self.victim, self.victim)
            self.cluster.tell(f"kill {name}")
            tick(self.down_ms)
            self.cluster.tell(f"start {name}")

    def crash(self, node: str) -> None:
        """Have a node lose its power, and come back."""
        self.cluster.tell(f"crash {node}")
        tick(self.down_ms)
        update = ("update", f"NodeName={node}")
        self.cluster.ask("scontrol", *update, "State=DOWN", "Reason=lost")  # else it takes a minute
        self.cluster.tell(f"start {node}")
        self.cluster.ask("scontrol", *update, "State=RESUME")

    def _take_number(self) -> None:
        """Have strangers submit jobs until one has the number of the run's."""
        record = self.record()
        job = placed.job_of(record) if record is not None else None
        self.strangers.clear()  # the first one is lost too
        wanted = int(str(job["job"])) if job else 0
        while not self.strangers or int(self.strangers[-1] or 0) < wanted:
            self.add_stranger()

    def add_stranger(self) -> None:
        """Have a stranger submit a job."""
        options = ("--parsable", "--output=/dev/null", f"--job-name={STRANGER}")
        where = f"--nodelist={self.strangers_on}"
        self.strangers.append(
            self.cluster.ask("sbatch", *options, where, "--wrap=sleep 1000").strip()
        )

    def end_strangers(self) -> None:
        """End the jobs of strangers."""
        self.cluster.ask("scancel", *self.strangers)

    def check_strangers(self) -> None:
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


class CaseOfNodes(Case):
    """A run of four processes on two nodes."""

    engine = "slurm-nodes"
    last_ms = 4000.0
    exact = ("submitter", "supervisor")
    count = 4
    strangers_on = "n1"

    def __init__(self, victim: str, number: int, cluster: Cluster, folder: Path) -> None:
        super().__init__(victim, number, cluster, folder)
        self.target = "two"
        self.alive_ms = LIFE_MS * self.chance.random()

    def options(self) -> dict[str, Any]:
        """What is said of the submit beside the script."""
        wanted = PyTorchConfiguration(process_count=self.count, node_count=2)
        return {**super().options(), "distributed_job_config": wanted}

    def strike(self) -> None:
        """Kill the victim."""
        if self.victim in _COMMANDS:
            self.cast.join("submitter")
            holds_within(self._victims, self.patience_s)
            tick(self.alive_ms)
            found = self._victims()
            for one in found[-1:] if self.victim.endswith("rank") else found:
                process.send(one, signal.SIGKILL)
        elif self.victim in ("node", "first node"):
            self.crash("n3" if self.victim == "node" else "n2")
        else:
            super().strike()

    def check_more(self, record: Record) -> None:
        """No process is blamed that did nothing: all of them can be started."""
        blamed = (record.fact(layout.EXITED) or {}).get("rank") or {}
        if "could not be started" in str(blamed.get("said")):
            self.breaks.append(f"{blamed['name']} {blamed['said']}")

    def _victims(self) -> list[process.Process]:
        """The processes of the victim's kind, those of the last ranks last."""
        found = [one for one in self.living() if _COMMANDS[self.victim] in _command(one.pid)]
        if not self.victim.endswith("rank"):
            return found
        ranks = [one for one in found if _COMMANDS["srun"] not in _command(one.pid)]
        pids = {one.pid for one in ranks}
        is_below = self.victim == "rank"
        return sorted((one for one in ranks if (one.parent in pids) == is_below), key=_by_pid)


def _by_pid(one: process.Process) -> int:
    return one.pid


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
