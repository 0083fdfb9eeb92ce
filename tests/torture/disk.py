"""Runs on a disk that is really full: a small tmpfs, in a mount namespace of its own.

`main` runs inside; it prints one JSON object with the tries by fault, and what broke.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from helpers import process
from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base.errors import HomerunError
from homerun.runs import wait
from runstore import layout, look, status
from runstore.errors import StoreError
from torture import invariants
from torture.invariants import Audit

PATIENCE_S = 25.0
PAGE = 4096
BALLAST = ".runs/ballast"
LOGGED = 300

ENDS = {
    "exit 0": ("exit 0", (status.COMPLETED, None, 0, None)),
    "exit 3": ("exit 3", (status.FAILED, status.EXIT_CODE, 3, None)),
    "SIGSEGV": ("kill -SEGV $$", (status.FAILED, status.SIGNAL, None, "SIGSEGV")),
}

TRAINING = """
import os, sys
from homerun import Run
run = Run.get_context()
print("begun")
told = os.open("../../../../../told", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
ballast = os.open(os.environ["HOMERUN_STORE"] + "/ballast", os.O_WRONLY | os.O_CREAT)
for i in range(LOGGED):
    if i == LOGGED // 3:
        try:
            while os.write(ballast, bytes(4096)): pass
        except OSError: pass
    if i == 2 * LOGGED // 3:
        os.ftruncate(ballast, 0)
    lost = run.dropped
    run.log("loss", i, description="x" * 200)
    if run.dropped == lost:
        os.write(told, b"%d\\n" % i)
    if i % 30 == 0:
        run.tag(f"t{i}", "x" * 50)
print("trained", run.dropped)
"""


class Disk:
    """The small disk, and what is left on it."""

    def __init__(self) -> None:
        self.audit = Audit(str(Path(".runs").resolve()))
        self.breaks: list[str] = []

    def fill(self, pages_left: int = 0) -> None:
        """Leave so much room."""
        descriptor = os.open(BALLAST, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while os.write(descriptor, bytes(PAGE)):
                pass
        except OSError:
            size = os.fstat(descriptor).st_size
            os.ftruncate(descriptor, max(0, size - pages_left * PAGE))
        os.close(descriptor)

    def clear(self) -> None:
        """Make room again."""
        os.truncate(BALLAST, 0)

    def refuses(self, act: Callable[[], object]) -> bool:
        """Do what may find no room; whether it was refused, in a line."""
        try:
            act()
        except (StoreError, HomerunError, OSError) as error:
            if "\n" in str(error) or not str(error):
                self.breaks.append(f"not one line: {error!r}")
            return True
        return False

    def wait(self, run: Run) -> tuple[Any, ...]:
        """How a run ended."""
        if not wait.until_over(run._record, PATIENCE_S).is_over:
            self.breaks.append(f"{run.id} did not end; it is {run.get_status()}")
        outcome = look.at(run._record).outcome or {}
        holds_within(lambda: not invariants.living_of(run.id), PATIENCE_S)
        return (run.get_status(), *(outcome.get(key) for key in ("cause", "exit_code", "signal")))

    def check(self) -> None:
        """The invariants, with room again."""
        self.breaks += self.audit.check()


def submit(name: str, script: str) -> Run:
    """A run of a script of the shell whose `$0` is its folder of witnesses."""
    os.makedirs(f"witness/{name}", exist_ok=True)
    folder = os.path.abspath(f"witness/{name}")
    command = ["/bin/sh", "-c", script, folder]
    config = ScriptRunConfig("source", command=command, in_place=True, grace_s=0.2)
    return Experiment(Workspace.from_config(), "disk").submit(config, run_id=name)


def submits(disk: Disk, pages: list[int]) -> int:
    """A submit with so many pages left leaves nothing and says so, or a run that ends well."""
    for left in pages:
        name = f"left-{left}"
        before = {run.id for run in Workspace.from_config().get_runs()}
        hidden = _hidden()
        disk.fill(left)
        made: list[Run] = []
        is_refused = disk.refuses(partial(_submit_into, made, name))
        after = {run.id for run in Workspace.from_config().get_runs()}
        if is_refused and (after != before or _hidden() != hidden):
            disk.breaks.append(f"{name}: a refused submit left {after - before} {_hidden()}")
        disk.clear()
        if made and (how := disk.wait(made[0])) != ENDS["exit 0"][1]:
            disk.breaks.append(f"{name}: wrong outcome {how}")
        disk.check()
    return len(pages)


def _submit_into(made: list[Run], name: str) -> None:
    made.append(submit(name, "exit 0"))


def _hidden() -> set[str]:
    folders = (Path(".runs"), Path(".runs/disk"), Path(".runs/.ids"))
    return {path.name for one in folders if one.exists() for path in one.glob(".new-*")}


def endings(disk: Disk, kinds: list[str]) -> int:
    """A script that ends on a full disk: nothing false is shown, and the truth comes with room."""
    for number, kind in enumerate(kinds):
        name = f"end-{number}"
        run, script = _at_gate(name, ENDS[kind][0])
        disk.fill()
        os.write(script[1], b"go\n")
        process.wait_gone(script[0])
        shown = {run.get_status() for _ in range(3)}
        if shown & set(status.TERMINAL):
            disk.breaks.append(f"{name}: shown as {shown} before there was room for it")
        disk.clear()
        if (how := disk.wait(run)) != ENDS[kind][1]:
            disk.breaks.append(f"{name}: wrong outcome {how}")
        os.close(script[1])
        disk.check()
    return len(kinds)


def cancels(disk: Disk, count: int) -> int:
    """A cancel on a full disk ends the script; the outcome is published when there is room."""
    for number in range(count):
        run, script = _at_gate(f"cancel-{number}", "exit 0")
        disk.fill()
        run._record.store.for_writing()
        disk.refuses(partial(_cancel_without_waiting, run))
        process.wait_gone(script[0])
        disk.clear()
        how = disk.wait(run)
        if how[:2] != (status.CANCELED, status.CANCEL):
            disk.breaks.append(f"cancel-{number}: wrong outcome {how}")
        os.close(script[1])
        disk.check()
    return count


def _cancel_without_waiting(run: Run) -> None:
    from homerun.runs import stop

    stop._BEYOND_GRACE_S = 0.0
    run.cancel()


def kills(disk: Disk, count: int) -> int:
    """The supervisor is killed while the disk is full: no success by guess, then or later.

    The block that seals a log is given back at the end: where that made room, the end is known.
    """
    for number in range(count):
        run, script = _at_gate(f"kill-{number}", "exit 0")
        supervisor = run.describe()["process"]["supervisor_pid"]
        disk.fill()
        os.write(script[1], b"go\n")
        process.wait_gone(script[0])
        os.kill(supervisor, signal.SIGKILL)
        process.wait_gone(supervisor)
        is_known = os.path.exists(f"{run.directory}/{layout.EXITED}")
        shown = run.get_status()
        disk.clear()
        how = disk.wait(run)
        lost = (status.FAILED, status.FAILED, status.LOST_EXIT_STATUS)
        right = (status.COMPLETED, status.COMPLETED, None) if is_known else lost
        if (shown, *how[:2]) != right:
            disk.breaks.append(f"kill-{number}: shown {shown}, and then {how}")
        os.close(script[1])
        disk.check()
    return count


def _at_gate(name: str, end: str) -> tuple[Run, tuple[int, int]]:
    """A run that waits at a gate: it, its script's pid, and the gate's descriptor."""
    os.makedirs(f"witness/{name}")
    os.mkfifo(f"witness/{name}/gate")
    gate = os.open(f"witness/{name}/gate", os.O_RDWR)
    run = submit(name, f': > "$0/began"; read x < "$0/gate"; {end}')
    assert holds_within(lambda: os.path.exists(f"witness/{name}/began"), PATIENCE_S)
    return run, (int(run.describe()["process"]["pid"]), gate)


def training(disk: Disk, count: int) -> int:
    """A training goes on while the disk fills and empties; what was taken is there."""
    Path("source/train.py").write_text(TRAINING.replace("LOGGED", str(LOGGED)))
    for number in range(count):
        config = ScriptRunConfig("source", "train.py")
        run = Experiment(Workspace.from_config(), "disk").submit(config, run_id=f"train-{number}")
        how = disk.wait(run)
        told = {int(line) for line in Path("told").read_text().split()}
        output = b"".join(run.stream()).decode()
        said = [line for line in output.splitlines() if line.startswith("homerun:")]
        if how != ENDS["exit 0"][1] or f"trained {LOGGED - len(told)}" not in output:
            disk.breaks.append(f"{run.id}: {how}; {output}")
        if len(told) == LOGGED or not set(told) <= set(run.get_metrics("loss")["loss"]):
            disk.breaks.append(f"{run.id}: of {len(told)} points that were taken some are lost")
        if {line.partition(" cannot")[0] for line in said[:2]} != _SUBJECTS:
            disk.breaks.append(f"{run.id}: it said {said}")
        if len(said) != 3 or "could not be stored" not in said[-1]:
            disk.breaks.append(f"{run.id}: it said {said}")
        disk.check()
    return count


_SUBJECTS = {"homerun: metrics", "homerun: tags, parameters and properties"}


def interactive(disk: Disk, count: int) -> int:
    """An interactive run on a full disk: what is logged is counted, the rest says it in a line."""
    for number in range(count):
        experiment = Experiment(Workspace.from_config(), "disk")
        name = f"interactive-{number}"
        run = experiment.start_logging(run_id=name, outputs=False, snapshot_directory=None)
        run.log("loss", 0)
        disk.fill()
        run.log("x" * PAGE, 1)
        if not disk.refuses(partial(run.tag, "a", "x" * PAGE)):
            disk.breaks.append(f"{name}: a tag was taken on a full disk")
        if not disk.refuses(run.complete) or run.get_status() != status.RUNNING:
            disk.breaks.append(f"{name}: it is {run.get_status()} after a refused end")
        disk.clear()
        run.complete()
        if (run.get_status(), run.dropped) != (status.COMPLETED, 1):
            disk.breaks.append(f"{name}: {run.get_status()}, {run.dropped} points dropped")
        disk.audit.acknowledge(name, "metric", "loss", 0)
        disk.check()
    return count


def main(sizes: dict[str, Any]) -> None:
    """Play all, and print what came of it."""
    os.makedirs("source", exist_ok=True)
    Experiment(Workspace.from_config(), "disk")
    disk = Disk()
    tries = {name: globals()[name](disk, size) for name, size in sizes.items()}
    json.dump({"tries": tries, "breaks": disk.breaks}, sys.stdout)
