"""A fake engine: jobs are processes of this machine, started when the test says so.

It does what the real ones are known for: jobs wait, are lost, or are forgotten; ids are handed out
again; it does not answer; it says that a job is over which goes on. It also shows how little an
engine has to be: all but `Cluster` is what `docs/targets.md` asks for.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import process
from homerun.targets.engines.engine import (
    GONE,
    OVER,
    RUNNING,
    UNKNOWN,
    WAITING,
    Engine,
    EngineError,
    Job,
    Option,
    Placed,
    Seen,
)

HOST = "far-away"
NODE = (
    *("unshare", "-rpfu", "--kill-child", "--mount-proc", "sh", "-c"),
    f'hostname {HOST}; exec "$@"',
    "sh",
)
"""Another host, as far as names and processes go: its locks are seen here, and not trusted."""

CLUSTERS: dict[str, Cluster] = {}


class Held:
    """One job of a cluster."""

    def __init__(self, job: Job, number: int, submitted: str) -> None:
        self.job = job
        self.number = number
        self.submitted = submitted
        self.process: subprocess.Popen[bytes] | None = None
        self.is_canceled = False

    def seen(self, says: str) -> Seen:
        """What a truthful cluster says of it."""
        if self.is_canceled and self.process is None:
            return Seen(OVER, "it was canceled")
        if self.process is None:
            return Seen(WAITING, says)
        code = self.process.poll()
        return Seen(RUNNING) if code is None else Seen(OVER, "its process ended", str(code))


class Cluster:
    """What the test has in its hands: it starts jobs, loses them, lies, and goes silent.

    Args:
        starts_at_once: a job does not wait for the test.
        far: jobs run on another host.
    """

    def __init__(self, name: str, *, starts_at_once: bool = False, far: bool = False) -> None:
        self.name = name
        self.starts_at_once = starts_at_once
        self.far = far
        self.says = "all nodes are busy"
        self.is_silent = False
        self.lie: Seen | None = None
        self.held: list[Held] = []
        self.calls: list[str] = []
        self.gives: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._times = itertools.count(1000)
        CLUSTERS[name] = self

    def enter(self, job: Job) -> Held:
        """Accept a job."""
        held = Held(job, next(self._numbers), f"at {next(self._times)}")
        self.held.append(held)
        if self.starts_at_once:
            self.start(held)
        return held

    def start(self, held: Held | None = None, *, again: bool = False) -> Held:
        """Start a job, the first that waits if none is given; `again`: as after a lost node."""
        waits = (one for one in self.held if one.process is None and not one.is_canceled)
        held = held or next(waits)
        if again and held.process is not None:
            held.process.wait()
        with open(held.job.log, "ab") as log:
            held.process = subprocess.Popen(
                [*(NODE if self.far else ()), *held.job.argv],
                env={
                    "PATH": os.defpath,
                    **held.job.env,
                    "FAKE_JOB": str(held.number),
                    **self.gives,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        return held

    def kill(self, held: Held) -> None:
        """A node is gone, with all that ran there."""
        assert held.process is not None
        below = process.descendants(held.process.pid)
        os.killpg(held.process.pid, signal.SIGKILL)
        held.process.wait()
        if self.far:  # they end with the first process of their host, and may beat until then
            for one in below:
                process.wait_gone(one.pid)

    def restart(self) -> None:
        """Lose all state: the jobs go on, and their ids are handed out again."""
        self.lost, self.held = self.held, []
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """End what is left of the cluster."""
        for held in [*self.held, *getattr(self, "lost", [])]:
            if held.process is not None:
                if held.process.poll() is None:
                    os.killpg(held.process.pid, signal.SIGKILL)
                held.process.wait()
        del CLUSTERS[self.name]


class FakeEngine(Engine):
    """The engine's side: what a target of the type `fake` does with its cluster."""

    type = "fake"
    OPTIONS = (
        Option("cluster", "The cluster's name.", "one"),
        Option("partition", "A part of it.", "gpu"),
    )
    GIVEN = ("FAKE_", "CUDA_VISIBLE_DEVICES")

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(said)
        self._name = str(said.get("cluster"))

    def _call(self, verb: str) -> Cluster:
        cluster = CLUSTERS[self._name]
        cluster.calls.append(verb)
        if cluster.is_silent:
            raise EngineError(f"cluster {self._name} does not answer: start it")
        return cluster

    def submit(self, jobs: Sequence[Job]) -> list[Placed]:
        cluster = self._call("submit")
        return [self._placed(cluster.enter(job)) for job in jobs]

    def _placed(self, held: Held) -> Placed:
        return Placed(self.type, self._name, str(held.number), held.submitted, held.job.mark)

    def _find(self, placed: Placed) -> Held | None:
        known = (one for one in CLUSTERS[self._name].held if str(one.number) == placed.job)
        held = next(known, None)
        is_it = held is not None and self._placed(held).describe() == placed.describe()
        return held if is_it else None

    def look(self, placed: Sequence[Placed]) -> list[Seen]:
        try:
            cluster = self._call("look")
        except EngineError as error:
            return [Seen(UNKNOWN, str(error)) for _ in placed]
        if cluster.lie is not None:
            return [cluster.lie for _ in placed]
        found = [self._find(one) for one in placed]
        return [Seen(GONE) if one is None else one.seen(cluster.says) for one in found]

    def found(self, jobs: Sequence[Job]) -> list[Placed | None]:
        cluster = self._call("found")
        by_mark = {one.job.mark: self._placed(one) for one in cluster.held}
        return [by_mark.get(job.mark) for job in jobs]

    def cancel(self, placed: Sequence[Placed]) -> None:
        self._call("cancel")
        for held in filter(None, map(self._find, placed)):
            held.is_canceled = True
            if held.process is not None and held.process.poll() is None:
                held.process.terminate()

    def test(self) -> Iterator[tuple[str, str]]:
        self._call("test")
        yield "the cluster answers", self._name

    def version(self) -> str:
        self._call("version")
        return "fake 1.0"

    def about(self) -> str:
        return f"fake cluster {self._name}"


def path_of_log(folder: Path) -> Path:
    """What the engine wrote of a run's job."""
    return folder / "engine.log"
