"""The head of a Ray cluster is killed, whenever: no wrong end, no lost metric, nothing runs on.

The cluster is the dashboard's interface with processes behind it, each in a PID namespace of its
own, as on a node. As with Ray, jobs end with their head, and the one that is started then knows
nothing of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.engine import NODE
from helpers.ray_api import Answer, RayApi
from helpers.wait import holds_within
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from homerun.targets.engines import watch
from runstore import layout, status
from runstore.run.record import Record
from torture import invariants, report
from torture.cast import tick

SCRIPT = """
import sys, time
from homerun import Run

run = Run.get_context()
with open(sys.argv[1], "a", buffering=1) as told:
    told.write("began\\n")
    for number in range(20):
        run.log("n", number)
        told.write(f"{number}\\n")
        time.sleep(0.03)
    told.write("ended\\n")
sys.exit(int(sys.argv[2]))
"""

LAST_MS = 1500.0
PATIENCE_S = 60.0


class Head(RayApi):
    """A head that starts what is submitted, and ends all of it when it is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.instead = lambda method, path: (503, "text/plain", b"down") if self.is_down else None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def answer(self, method: str, path: str, data: bytes) -> Answer:
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None and self.jobs[name]["status"] == "RUNNING":
                self.end(name, "FAILED" if code else "SUCCEEDED", code)
        return super().answer(method, path, data)

    def _submit(self, asked: dict[str, Any]) -> Answer:
        answer = super()._submit(asked)
        if answer[0] == 200:
            name = asked["submission_id"]
            self._processes[name] = subprocess.Popen(
                [*NODE, "/bin/sh", "-c", asked["entrypoint"]],
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self.jobs[name]["status"] = "RUNNING"
        return answer

    def kill(self) -> None:
        """It does not answer any more, and its jobs are gone."""
        self.is_down = True
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def restart(self) -> None:
        """Another head at the same address."""
        super().restart()
        self.is_down = False


@pytest.fixture
def head(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Head]:
    """A head, as the target `ray`."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.2)
    made = Head()
    root = Workspace.from_config()._store.for_writing().root
    said = {"targets": {"ray": {"type": "ray", "address": made.address}}}
    Path(root, layout.SETTINGS).write_text(json.dumps(said))
    yield made
    made.kill()
    made.close()


def test_whenever_the_head_is_killed_the_record_is_true(
    head: Head, script: Callable[..., Path], tmp_path: Path, needs_pid_namespace: None
) -> None:
    script("train.py", SCRIPT)
    breaks: list[str] = []
    count = report.size(2, 10)
    for number in range(count):
        breaks += _case(head, number, tmp_path / f"told-{number}")

    report.settle("Ray: head killed", count, breaks)


def _case(head: Head, number: int, told: Path) -> list[str]:
    chance = report.chance("ray", number)
    at_ms, code = LAST_MS * chance.random(), chance.choice((0, 3))
    config = ScriptRunConfig("source", "train.py", [str(told), str(code)], compute_target="ray")
    run = Experiment(Workspace.from_config(), "heads").submit(config, run_id=f"head-{number}")
    tick(at_ms)
    head.kill()
    tick(100.0)
    before = reconcile.bring_up_to_date(run._record).status
    said = told.read_text().split() if told.exists() else []
    head.restart()
    breaks = []
    if before in status.TERMINAL and "ended" not in said:
        breaks.append(f"it is {before} while its head does not answer")
    if not holds_within(lambda: _is_over(run._record), PATIENCE_S):
        breaks.append(f"it does not end: {run.get_status()}")
    breaks += _check(run._record, said, code)
    logged = {int(one) for one in said if one.isdigit()}
    kept = run.get_metrics().get("n", [])
    lost = logged - set(kept if isinstance(kept, list) else [kept])
    if lost:
        breaks.append(f"points are lost: {sorted(lost)}")
    if left := invariants.living_of(run.id):
        breaks.append(f"processes are left: {left}")
    return [f"case {number}, killed at {at_ms:.0f} ms, code {code}: {text}" for text in breaks]


def _is_over(record: Record) -> bool:
    tick(20.0)
    beat = Path(record.path, layout.HEARTBEAT)
    if beat.exists() and not invariants.living_of(record.id):
        os.utime(beat, (1, 1))  # as it would be known to be later
    return reconcile.bring_up_to_date(record).is_over


def _check(record: Record, said: list[str], code: int) -> list[str]:
    seen = reconcile.bring_up_to_date(record)
    found = (seen.status, (seen.outcome or {}).get("cause"))
    exact = (status.FAILED, status.EXIT_CODE) if code else (status.COMPLETED, None)
    has_ended = "ended" in said
    if found == exact:
        return [] if has_ended else [f"it did not end by itself, and is {found}"]
    if found == (status.FAILED, status.LOST_BY_ENGINE):
        return []  # its supervisor went with it, perhaps before it could say how it ended
    return [f"it is {found}"]
