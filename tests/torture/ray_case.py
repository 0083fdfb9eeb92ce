"""The cases of the kills on Ray: what is killed, and what becomes of the jobs of strangers."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from helpers import process
from helpers.ray_cluster import Cluster
from helpers.wait import holds_within, wait_until
from runstore import layout
from torture import report
from torture.cast import tick
from torture.placed_case import PlacedCase

VICTIMS = (
    *("head", "ray's job", "supervisor", "job", "submitter"),
    *(("gcs", "raylet") if report.IS_LONG else ()),
)
"""`head` is the whole cluster, as when its machine loses its power; `gcs` and `raylet` are its
controller and its node's daemon, without which it ends; `ray's job` is Ray's own process above the
run's job; `job` the first process of that, above its supervisor.
"""

OF_CLUSTER = ("head", "gcs", "raylet")

_COMMANDS = {"gcs": "/gcs_server ", "raylet": "/raylet/raylet ", "ray's job": "ray::JobSupervisor"}
"""What tells Ray's own processes, in their commands."""

DOWN_MS = 1500.0
LIFE_MS = 2000.0
"""Of the processes of a job, roughly."""


class Case(PlacedCase):
    """A run on the cluster."""

    engine = "ray"
    last_ms = 7000.0
    exact = ("submitter", "supervisor")
    patience_s = 240.0

    def __init__(self, victim: str, number: int, cluster: Cluster, folder: Path) -> None:
        super().__init__(victim, number, folder, ("ray",))
        self.cluster = cluster
        self.down_ms = DOWN_MS * self.chance.random()
        self.alive_ms = LIFE_MS * self.chance.random()
        self.stranger = ""

    def strike(self) -> None:
        """Kill the victim."""
        if self.victim == "submitter":
            self.cast.kill("submitter")
        elif self.victim in OF_CLUSTER:
            self._end_cluster()
        else:
            self.cast.join("submitter")
            holds_within(lambda: self.living() or self._has_ended(), self.patience_s)
            tick(self.alive_ms)
            if self.victim in _COMMANDS:
                self._kill_of_ray(lambda pid: pid in {one.parent for one in self.living()})
            else:
                self.kill_supervisors(first=self.victim == "job")

    def _has_ended(self) -> bool:
        """Whether nothing of the run will live any more: it was over before the moment came."""
        record = self.record()
        return record is not None and record.fact(layout.ENDED) is not None

    def _end_cluster(self) -> None:
        """Kill the cluster, or what it does not live without, and start another."""
        if self.victim != "head":
            self._kill_of_ray(lambda _: True)
            wait_until(lambda: not self.cluster.is_there(), "the cluster ends without it")
        self.cluster.crash()
        tick(self.down_ms)
        self.cluster.start()

    def _kill_of_ray(self, is_meant: Callable[[int], bool]) -> None:
        for one in self.cluster.processes():
            if _COMMANDS[self.victim] in f"{one.command} " and is_meant(one.pid):
                process.send(one, signal.SIGKILL)

    def add_stranger(self) -> None:
        """Have a stranger submit a job."""
        self.stranger = self.cluster.submit("exec sleep 1000")

    def end_strangers(self) -> None:
        """End the jobs of strangers."""
        self.cluster.stop(self.stranger)

    def check_strangers(self) -> None:
        """A job of a stranger goes on, unless its cluster has ended."""
        state = self.cluster.state(self.stranger)
        if self.victim not in OF_CLUSTER and state not in ("PENDING", "RUNNING"):
            self.breaks.append(f"a stranger's job is {state or 'gone'}")
