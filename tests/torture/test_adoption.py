"""A supervisor is killed while its script runs, and somebody is there before the end.

Then the outcome is exactly the script's; and where the kernel tells less, it is never a success by
guess.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import reconcile, wait
from homerun.system import children
from runstore import status
from runstore.run import identity
from runstore.run.record import Record
from torture import report

AT_ONCE = 10

SCRIPT = """
import os, sys
end, who, ready, door = sys.argv[1:]
if who == "context":
    from homerun import Run
    Run.get_context()
with open(ready, "w") as fifo:
    fifo.write("up\\n")
with open(door, "rb", buffering=0) as gate:
    gate.read(3)
if end == "SIGSEGV":
    os.kill(os.getpid(), 11)
sys.exit(int(end))
"""

ENDS = {
    "0": (status.COMPLETED, None, 0, None),
    "3": (status.FAILED, status.EXIT_CODE, 3, None),
    "SIGSEGV": (status.FAILED, status.SIGNAL, None, "SIGSEGV"),
}
LOST = (status.FAILED, status.LOST_EXIT_STATUS, None, None)

CASES = (
    ("observer", "0"),
    ("observer", "3"),
    ("observer", "SIGSEGV"),
    ("context", "0"),
    ("context", "3"),
)
"""Who is there, and how the script ends. Who dies by a signal sees to no adoption."""

NO_RECORD = "exit_status._exit_record = lambda pidfd: None; "
NO_ZOMBIE = "exit_status.Stranger._zombie_status = lambda self: None; "

NO_PIDFD = "from runstore.run import identity; identity.open_pidfd = lambda pid: None; "

OLDER_KERNELS = {
    "no exit record": NO_RECORD,
    "no exit record, no zombie": NO_RECORD + NO_ZOMBIE,
    "no pidfd": NO_PIDFD,
}


class Batch:
    """Runs that come up together, lose their supervisors together, and end together."""

    def __init__(self, ready: Fifo, door: Gate) -> None:
        self.ready = ready
        self.door = door

    def play(self, cases: list[tuple[str, str]]) -> list[tuple[Any, ...]]:
        """How each run ended."""
        experiment = Experiment(Workspace.from_config(), "orphans")
        pipes = [str(self.ready.path), str(self.door.path)]
        runs = [
            experiment.submit(
                ScriptRunConfig("source", "end.py", [end, who, *pipes], in_place=True)
            )
            for who, end in cases
        ]
        for _ in runs:
            self.ready.line()
        scripts = []
        for run in runs:
            processes = run.describe()["process"]
            os.kill(processes["supervisor_pid"], signal.SIGKILL)
            process.wait_gone(processes["supervisor_pid"])
            scripts.append(processes["pid"])
        children.reap()
        for run, (who, _) in zip(runs, cases, strict=True):
            if who == "observer":
                reconcile.bring_up_to_date(_record(run))
        self.door.open(len(runs))
        for script in scripts:
            process.wait_gone(script)
        return [self._outcome(run) for run in runs]

    def _outcome(self, run: Run) -> tuple[Any, ...]:
        outcome = wait.until_over(_record(run), 30.0).outcome or {}
        return tuple(outcome.get(key) for key in ("status", "cause", "exit_code", "signal"))


def _record(run: Run) -> Record:
    return Record(run.experiment.workspace.store, "orphans", run.id)


@pytest.fixture
def batch(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
) -> Batch:
    script("end.py", SCRIPT)
    return Batch(ready, gate("door"))


def _parts(cases: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    return [cases[at : at + AT_ONCE] for at in range(0, len(cases), AT_ONCE)]


def test_a_killed_supervisor_costs_no_exit_status_if_somebody_is_there(batch: Batch) -> None:
    cases = [CASES[number % len(CASES)] for number in range(report.size(10, 300))]
    breaks = []
    for part in _parts(cases):
        for case, outcome in zip(part, batch.play(part), strict=True):
            if outcome != ENDS[case[1]]:
                breaks.append(f"{case}: it ended {outcome}")

    report.settle("supervisor killed, observer or context there", len(cases), breaks)


@pytest.mark.parametrize("kernel", OLDER_KERNELS)
def test_an_older_kernel_gives_no_success_by_guess(
    batch: Batch, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = f"from homerun.system import exit_status; {OLDER_KERNELS[kernel]}from homerun."
    monkeypatch.setattr(children, "_BOOT", children._BOOT.replace("from homerun.", forced, 1))
    assert forced in children._BOOT
    if NO_PIDFD in forced:  # who opens one is the process that looks
        monkeypatch.setattr(identity, "open_pidfd", lambda pid: None)
    cases = [CASES[number % 3] for number in range(report.size(3, 99))]
    breaks = []
    for part in _parts(cases):
        for case, outcome in zip(part, batch.play(part), strict=True):
            if outcome not in (LOST, ENDS[case[1]]) or (NO_ZOMBIE in forced and outcome != LOST):
                breaks.append(f"{case}: it ended {outcome}")

    report.settle(f"supervisor killed, {kernel}", len(cases), breaks)
