"""Runs that end have the index fed, by a process of its own that outlives them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, Workspace
from runstore import layout
from runstore.fs import lock
from runstore.run import change_marks


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    """A workspace whose next run that ends is the one in a thousand."""
    made = Workspace.from_config()
    folder = Path(made.store.for_writing().root, layout.INDEX)
    folder.mkdir(mode=0o700)
    (folder / layout.INDEX_MARKS).write_bytes(b"\n" * (change_marks.STEP - 1))
    return made


def is_fed(workspace: Workspace, run: Run) -> bool:
    """Whether the index has a run as Completed, and whoever has read it has let go."""
    folder = f"{workspace.store.root}/{layout.INDEX}"
    if lock.is_held(f"{folder}/{layout.INDEX_VERIFYING}", workspace.store.lock_kind):
        return False
    try:
        db = sqlite3.connect(f"file:{folder}/{layout.INDEX_FILE}?mode=ro", uri=True)
        rows = db.execute("SELECT status FROM runs WHERE id = ?", (run.id,)).fetchall()
        db.close()
    except sqlite3.Error:
        return False
    return rows == [("Completed",)]


def test_a_submitted_run_that_ends_has_the_index_fed(
    workspace: Workspace, submit: Callable[[str], Run]
) -> None:
    run = submit("pass")
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Completed"
    wait_until(lambda: is_fed(workspace, run), "the index has the run")


def test_an_interactive_run_that_ends_has_the_index_fed(workspace: Workspace) -> None:
    run = Experiment(workspace, "held").start_logging(snapshot_directory=None)
    run.complete()
    wait_until(lambda: is_fed(workspace, run), "the index has the run")
