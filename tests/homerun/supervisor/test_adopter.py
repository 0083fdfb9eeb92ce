"""An adopter on a kernel, or in a sandbox, that opens no pidfds: it knows the script by its pid and
the tick that it was started in, and looks at it once a second.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from homerun.system import children
from runstore import layout
from runstore.fs import facts
from runstore.run import identity

ENDLESS = "import signal; print('up', file={}); signal.pause()"


@pytest.fixture
def experiment(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """One whose processes, this one too, get no pidfd."""
    without = "from runstore.run import identity; identity.open_pidfd = lambda pid: None; "
    forced = children._BOOT.replace("from homerun.", f"{without}from homerun.", 1)
    assert without in forced
    monkeypatch.setattr(children, "_BOOT", forced)
    monkeypatch.setattr(identity, "open_pidfd", lambda pid: None)
    return Experiment(Workspace.from_config(), "orphans")


def orphaned(experiment: Experiment, ready: Fifo, **settings: object) -> Run:
    """A run whose script lives, and whose supervisor was killed."""
    run = experiment.submit(ScriptRunConfig("source", "train.py", **settings))
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    return run


def test_without_pidfds_an_orphan_is_adopted_and_can_be_canceled(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", ENDLESS.format(ready.opened))
    run = orphaned(experiment, ready)

    assert run.get_status() == "Running"
    wait_until(lambda: reconcile.bring_up_to_date(run._record).is_held, "it has an adopter")
    run.cancel()

    assert run.get_status() == "Canceled"
    process.wait_gone(run.describe()["process"]["pid"])


def test_without_pidfds_an_adopter_keeps_to_the_time_limit(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", ENDLESS.format(ready.opened))
    run = orphaned(experiment, ready, max_run_duration_seconds=1)

    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), run.describe()["outcome"]["cause"]) == ("Failed", "timeout")


def test_without_pidfds_a_process_of_another_tick_is_no_orphan(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", ENDLESS.format(ready.opened))
    run = orphaned(experiment, ready)
    path = Path(run.directory, layout.STARTED)
    started = facts.read(run.directory, layout.STARTED) or {}
    pid = started["script"]["pid"]
    os.kill(pid, signal.SIGKILL)
    process.wait_gone(pid)
    path.unlink()
    stranger = {**identity.process(os.getpid()), "start_ticks": started["script"]["start_ticks"]}
    facts.publish(run.directory, layout.STARTED, {**started, "script": stranger})

    seen = reconcile.bring_up_to_date(run._record)

    assert (seen.status, seen.outcome["cause"]) == ("Failed", "lost_exit_status")
