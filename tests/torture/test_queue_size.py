"""Ten thousand runs that wait for two slots are two supervisors, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.wait import DEADLINE_S, holds_within
from homerun import Experiment, ScriptRunConfig, Workspace
from runstore import layout
from runstore.fs import facts
from runstore.queue.queue import Queue
from torture import report

SLOTS = 2
WAITS = 'read x < "$0"'
MOST_S = 2 * 3600.0


def test_runs_that_wait_cost_no_process_and_none_is_lost(workspace_dir: Path) -> None:
    count = report.size(40, 10_000)
    (workspace_dir / "source").mkdir(exist_ok=True)
    door = str(workspace_dir / "door")
    os.mkfifo(door)
    held = os.open(door, os.O_RDWR | os.O_CLOEXEC)
    config = ScriptRunConfig(
        "source",
        command=["/bin/sh", "-c", WAITS, door],
        in_place=True,
        max_concurrent_runs=SLOTS,
    )
    try:
        batch = Experiment(Workspace.from_config(), "many").submit_many([config] * count)
        waiting = Queue(batch.parent._record.store.root, "local")

        assert holds_within(lambda: _processes(workspace_dir) == SLOTS, DEADLINE_S)
        assert len(waiting.names()) == count - SLOTS
        canceled = batch[count // 2]
        canceled.cancel()
        assert canceled.get_status() == "Canceled"
        assert not os.path.exists(f"{canceled.directory}/{layout.STARTED}")

        _let_through(held, count // 4)
        left = count - 1 - count // 4 - SLOTS
        assert holds_within(lambda: len(waiting.names()) == left, MOST_S)
        assert holds_within(lambda: _processes(workspace_dir) == SLOTS, DEADLINE_S)

        _let_through(held, count)
        found = batch.wait_for_completion(raise_on_error=False)
    finally:
        os.close(held)
    assert found.count("Completed") == count - 1
    assert found.count("Canceled") == 1
    assert waiting.names() == []
    assert holds_within(lambda: _processes(workspace_dir) == 0, DEADLINE_S)
    assert _most_at_once([run.directory for run in batch if run is not canceled]) <= SLOTS
    report.add("runs on two slots: lost, run twice, more than two at once", count, [])


def _let_through(door: int, scripts: int) -> None:
    for _ in range(scripts):
        os.write(door, b"go\n")


def _processes(workspace: Path) -> int:
    """How many processes of ours there are for the runs of this workspace."""
    found = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue  # gone
        found += b"homerun" in command and os.fsencode(workspace) in command
    return found


def _most_at_once(folders: list[str]) -> int:
    """How many scripts went on at the same time, by their own records."""
    edges = []
    for folder in folders:
        started = facts.read(folder, layout.STARTED) or {}
        exited = facts.read(folder, layout.EXITED) or {}
        edges.append((started["clock_s"], 1))
        edges.append((started["clock_s"] + exited["elapsed_s"], -1))
    now = most = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most
