"""What one user does with runs that want GPUs, at random: the program that `test_gpus.py` starts.

    gpu_driver.py <seed> <submits> <folder of the witnesses>

The current folder is the user's own. When all runs are over it prints their folders, a line each.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base.errors import HomerunError
from homerun.targets import dispatch
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import facts

UNITS = 10
"""Each device has so many parts, of one GiB."""

SCRIPT = """
import fcntl, os, random, sys, time
units, seconds = int(sys.argv[1]), float(sys.argv[2])
held = []
for uuid in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
    had = 0
    for unit in range({units}):
        if had == units:
            break
        file = os.open(f"{witnesses}/{{uuid}}.{{unit}}", os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        held.append(file)
        had += 1
    if had < units:
        told = os.open("{witnesses}/exceeded", os.O_WRONLY | os.O_APPEND)
        line = f"{{os.environ['HOMERUN_RUN_ID']}} {{uuid}} {{had}} of {{units}}\\n"
        os.write(told, line.encode())
time.sleep(seconds)
"""
"""It takes of a device what its run was given, as a driver would: what it lacks, others have."""

_MOST_LIVE = 6
_MOST_LOOKS = 2000


class User:
    """One user, and the runs of his store."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._workspace = Workspace.from_config()
        self._experiment = Experiment(self._workspace, "gpus")
        self.runs: list[Run] = []
        self._over: set[str] = set()

    def live(self) -> list[Run]:
        """The runs that are not over, each looked at."""
        for run in self.runs:
            if run.id not in self._over and run.get_status() in ("Completed", "Failed", "Canceled"):
                self._over.add(run.id)
        return [run for run in self.runs if run.id not in self._over]

    def act(self) -> bool:
        """Do one thing; True: it was a submit."""
        chance, live = self._chance, self.live()
        what = chance.random()
        if what < 0.6 and len(live) < _MOST_LIVE:
            self._submit()
            return True
        with suppress(OSError, StoreError, HomerunError):
            if not live:
                return False
            run = chance.choice(live)
            if what < 0.75:
                run.cancel()
            elif what < 0.83:
                self._kill(run, "script")
            elif what < 0.92:
                self._kill(run, "supervisor")
            elif what < 0.95:
                self._kill_keepers()
            else:
                _rest(chance.random() * 0.1)
        return False

    def _submit(self) -> None:
        chance = self._chance
        wanted: dict[str, Any] = {"gpus": chance.choice((1, 1, 1, 2))}
        units = UNITS
        if chance.random() < 0.5:
            units = chance.choice((2, 3, 5, 7))
            wanted = {"gpu_memory": f"{units}GB"}
        seconds = chance.random() ** 2 * 0.4
        config = ScriptRunConfig(
            "source",
            "train.py",
            [units, seconds],
            in_place=True,
            grace_s=0.2,
            priority=chance.choice((0, 0, 5)),
            max_retries=chance.choice((0, 0, 1)),
            **wanted,
        )
        self.runs.append(self._experiment.submit(config))

    def _kill(self, run: Run, who: str) -> None:
        started = facts.read(run.directory, layout.STARTED) or {}
        found = started.get(who) or {}
        if found.get("pid") and facts.read(run.directory, layout.EXITED) is None:
            os.kill(int(found["pid"]), signal.SIGKILL)

    def _kill_keepers(self) -> None:
        for path in Path("/proc").iterdir():
            with suppress(OSError):
                words = (path / "cmdline").read_bytes() if path.name.isdecimal() else b""
                if b"gpus.keeper" in words and os.fsencode(os.getcwd()) in words:
                    os.kill(int(path.name), signal.SIGKILL)

    def finish(self) -> None:
        """Wait for the end of all runs: look, as a person does who waits."""
        for _ in range(_MOST_LOOKS):
            if not self.live():
                return
            dispatch.wake(self._workspace.store)
            _rest(0.05)


def _rest(seconds: float) -> None:
    select.select([], [], [], seconds)


def main() -> None:
    """Act so long until so many runs were submitted."""
    seed, submits, witnesses = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    source = Path("project", "source")
    source.mkdir(parents=True)
    os.chdir("project")
    source = Path("source")
    (source / "train.py").write_text(SCRIPT.format(units=UNITS, witnesses=witnesses))
    user = User(seed)
    while submits:
        submits -= user.act()
    user.finish()
    for run in user.runs:
        print(run.directory, run.get_status())


if __name__ == "__main__":
    main()
