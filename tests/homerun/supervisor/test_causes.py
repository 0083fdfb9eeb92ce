"""Causes are true: what is said of an end is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace

SUBMIT = (
    "from homerun import Experiment, ScriptRunConfig, Workspace;"
    "run = Experiment(Workspace.from_config(), 'causes').submit("
    "ScriptRunConfig('source', 'train.py'));"
    "run.wait_for_completion(raise_on_error=False); print(run.id)"
)


@pytest.fixture
def group() -> Iterator[Callable[..., Path]]:
    """Make a control group with limits; skip where this user may not."""
    made: list[Path] = []

    def make(controller: str, **limits: str) -> Path:
        for top in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
            path = Path(top, f"homerun-test-{os.getpid()}")
            try:
                path.mkdir()
                made.append(path)
                for name, value in limits.items():
                    (path / name.replace("__", ".")).write_text(value)
            except OSError:
                continue
            return path
        pytest.skip(f"no control group with {controller} can be made here")

    yield make
    for path in made:
        path.rmdir()


def submit_in(group: Path) -> Run:
    """Submit from a process within a control group, and wait for the end."""
    line = f'echo $$ > {group}/cgroup.procs; exec "$0" -c "$1"'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, SUBMIT], capture_output=True, text=True, check=True
    )
    return Run.get(Workspace.from_config(), done.stdout.split()[-1])


def test_a_limit_of_processes_is_named_where_no_script_can_be_started(
    workspace_dir: Path, script: Callable[..., Path], group: Callable[..., Path]
) -> None:
    script("train.py", "")

    run = submit_in(group("pids", pids__max="2"))

    assert run.describe()["outcome"]["cause"] == "cannot_start"
    assert "ulimit -u" in run.get_details()["error"]["error"]["message"]


def test_an_adopter_with_another_clock_keeps_the_time_limit_of_the_script(
    needs_time_namespace: None,
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
) -> None:
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    config = ScriptRunConfig("source", "train.py", max_run_duration_seconds=3600)

    run = Experiment(Workspace.from_config(), "causes").submit(config)
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    look = [sys.executable, "-m", "homerun", "run", "show", run.id]
    apart = ["unshare", "-T", "--boottime", "1000000", "--"]
    subprocess.run([*apart, *look], capture_output=True, check=True)
    log = Path(run.directory, "supervisor.log")
    wait_until(lambda: "adopted" in log.read_text(), "an adopter")
    run.cancel()

    assert run.get_status() == "Canceled"
    assert "time limit" not in log.read_text()
