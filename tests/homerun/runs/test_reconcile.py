"""Reconciling: what is published of a run that lost its processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from homerun.system import process_tree
from runstore import layout
from runstore.fs import facts


def test_where_processes_cannot_be_seen_no_outcome_is_published(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("wait.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = Experiment(Workspace.from_config(), "lost").submit(ScriptRunConfig("source", "wait.py"))
    ready.line()
    started = facts.read(run.directory, layout.STARTED) or {}
    pids = [int(started[one]["pid"]) for one in ("supervisor", "script")]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        process.wait_gone(pid)

    def unseen(*_: object) -> list[process_tree.Process]:
        raise ImportError("no /proc, and no psutil")

    with monkeypatch.context() as patch:
        patch.setattr(process_tree, "processes_of_run", unseen)
        seen = reconcile.bring_up_to_date(run._record)

    assert seen.status == "Failed"
    assert facts.read(run.directory, layout.ENDED) is None
    assert run.get_status() == "Failed"
    assert facts.read(run.directory, layout.ENDED) is not None
