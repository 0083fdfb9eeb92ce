"""Objects and descriptions that are older, or younger, than the facts of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fifo import Fifo
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.cli.entry import run_command_line
from runstore import layout
from runstore.fs import facts


@pytest.fixture
def waits(script: Callable[..., Path], ready: Fifo) -> Fifo:
    """`wait.py` says that it is up, and goes on until it is ended."""
    script("wait.py", f"import signal; f = {ready.opened}; print('up', file=f); signal.pause()")
    return ready


def _submit(workspace: Workspace, run_id: str = "train") -> None:
    config = ScriptRunConfig("source", "wait.py", grace_s=0.2)
    Experiment(workspace, "e").submit(config, run_id=run_id)


def test_a_workspace_opened_before_its_store_was_there_sees_and_cancels_its_runs(
    workspace_dir: Path, waits: Fifo
) -> None:
    early = Workspace.from_config()
    _submit(Workspace.from_config())
    waits.line()

    run = early.get_run("train")
    before = run.get_status()
    run.cancel()

    assert (before, run.get_status()) == ("Running", "Canceled")
    waits.eof()


def test_a_workspace_opened_before_its_store_was_made_anew_sees_and_cancels_its_runs(
    workspace_dir: Path, waits: Fifo
) -> None:
    early = Workspace.create("made")
    os.rename(".runs", "former")
    _submit(Workspace.from_config())
    waits.line()

    run = early.get_run("train")
    before = run.get_status()
    run.cancel()

    assert (before, run.get_status()) == ("Running", "Canceled")
    waits.eof()


@pytest.mark.parametrize("first", ["a look", "a submit"])
def test_a_store_whose_description_is_deleted_keeps_its_live_runs(
    workspace_dir: Path, waits: Fifo, capsys: pytest.CaptureFixture[str], first: str
) -> None:
    workspace = Workspace.from_config()
    _submit(workspace)
    waits.line()
    known = facts.read(".runs", layout.STORE) or {}
    os.unlink(f".runs/{layout.STORE}")
    os.makedirs("source/below")
    os.chdir("source/below")

    if first == "a submit":
        os.chdir(workspace_dir)
        _submit(Workspace.from_config(), "another")
        waits.line()
        assert "store.json was missing" in capsys.readouterr().err
        Workspace.from_config().get_run("another").cancel()
    run = Workspace.from_config().get_run("train")
    before = run.get_status()
    run.cancel()

    assert (before, run.get_status()) == ("Running", "Canceled")
    assert (facts.read(workspace.directory, layout.STORE) or {}).get("store_id") == known[
        "store_id"
    ]
    waits.eof()


def test_a_store_whose_description_is_deleted_is_a_finding_that_is_repaired(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Experiment(Workspace.from_config(), "e").start_logging(outputs=False):
        pass
    known = facts.read(".runs", layout.STORE) or {}
    os.unlink(f".runs/{layout.STORE}")

    assert run_command_line(["store", "check"]) == 1
    found = capsys.readouterr().out
    assert run_command_line(["store", "check", "--repair"]) == 0

    assert "store.json" in found
    assert "it is missing" in found
    assert (facts.read(".runs", layout.STORE) or {})["store_id"] == known["store_id"]
