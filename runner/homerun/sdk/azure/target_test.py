"""The test of a target: its engine is asked, then a tiny run goes the whole way."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.base.times import unix
from homerun.config.script_run_config import ScriptRunConfig
from homerun.runs import wait
from homerun.sdk.experiment import Experiment
from homerun.targets import queue, registry
from homerun.targets.engines.engine import TEST_EXPERIMENT
from runstore import layout, look, status
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from runstore.run.record import Record

_SCRIPT = "check.py"
_SOURCE = """\
import os, platform
from homerun import Run
Run.get_context().log("works", 1)
print(f"Python {platform.python_version()} on {platform.node()}, {os.cpu_count()} processors")
"""
_MOST_SKEW_S = 60.0


def steps(workspace: Workspace, name: str, timeout_s: float) -> Iterator[tuple[str, str]]:
    """Each step of the test once it is done: what was tried, and what was seen.

    Raises:
        OSError: the engine does not do what is asked; the line says what to mend.
        UserError: there is no such target, or the run did not complete.
    """
    target = registry.get(workspace.store.root, name)
    if target.engine is not None:
        yield from target.engine.test()
    with tempfile.TemporaryDirectory() as source:
        Path(source, _SCRIPT).write_text(_SOURCE, encoding="utf-8")
        config = ScriptRunConfig(source, _SCRIPT, compute_target=name)
        run = Experiment(workspace, TEST_EXPERIMENT).submit(config)
    yield "a tiny run is submitted", f"{run.id}, which stays in the experiment {TEST_EXPERIMENT}"
    yield from _follow(run, time.monotonic() + timeout_s)


def _follow(run: Run, deadline: float) -> Iterator[tuple[str, str]]:
    record = run._record
    has_begun, told = False, ""
    for seen in wait.looks(record, max(0.0, deadline - time.monotonic()), pause=1.0):
        started = seen.facts[layout.STARTED]
        if started is not None and not has_begun:
            has_begun = True
            yield "its script is started", str(started.get("host"))
        waiting = queue.place_of(record) if seen.status == status.QUEUED else None
        if waiting is not None and waiting.reason != told:
            told = waiting.reason
            messages.tell([f"it waits: {told}"])
        if seen.is_over:
            break
    else:
        run.cancel()
        raise UserError(f"run {run.id} was not over in time, and is canceled; {told}")
    if seen.status != status.COMPLETED:
        why = look.failed_because(record, seen) or seen.status
        raise UserError(f"run {run.id} is {seen.status}: {why}; its files: {record.path}")
    yield "it completes", _said_by(record)
    skew = _skew_s(record)
    words = f"{skew:.0f} s from the file server's"
    if abs(skew) > _MOST_SKEW_S:
        words += "; set the clock (ntp), or times in the records are wrong by that"
    yield "the clock there", words


def _said_by(record: Record) -> str:
    log = Path(record.path, attempts.std_log(1))
    return log.read_text("utf-8", "replace").strip()[-200:]


def _skew_s(record: Record) -> float:
    """How far the clock of the run's host is from that of the file server; more: ahead."""
    started = record.fact(layout.STARTED) or {}
    written = os.stat(f"{record.path}/{layout.STARTED}").st_mtime
    return (unix(started.get("time")) or written) - written
