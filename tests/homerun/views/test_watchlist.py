"""The live list behind `run watch`: it survives a look that fails, and shows what is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from homerun import Experiment, Workspace
from homerun.views.watchlist import Scope, Watchlist
from runstore.index.live import Live

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}
_PATIENCE_S = 60


def _until(watched: Watchlist, told: Queue[None], holds: Callable[[], object]) -> None:
    while not holds():
        told.get(timeout=_PATIENCE_S)


def test_the_reason_why_a_look_failed_is_shown_until_one_succeeds(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Workspace.from_config().store
    told: Queue[None] = Queue()
    is_damaged = [True]
    freshen = Live.freshen

    def fails(live: Live, *given: Any, **named: Any) -> None:
        if is_damaged:
            raise sqlite3.OperationalError("disk I/O error")
        freshen(live, *given, **named)

    monkeypatch.setattr(Live, "freshen", fails)
    with Watchlist(store, Scope(), lambda: told.put(None)) as watched:
        _until(watched, told, lambda: watched.error)
        assert (watched.error, watched.rows) == ("disk I/O error", None)
        is_damaged.clear()
        watched.again()
        _until(watched, told, lambda: not watched.error)

        assert watched.rows == []


def test_only_the_runs_that_are_asked_for_have_details(workspace_dir: Path) -> None:
    workspace = Workspace.from_config()
    told: Queue[None] = Queue()
    for run_id in ("one", "other"):
        with Experiment(workspace, "e").start_logging(run_id=run_id, **BARE) as run:
            run.log("loss", 0.5)
        run._metrics.close()

    with Watchlist(workspace.store, Scope(), lambda: told.put(None)) as watched:
        watched.asked = ("one",)
        watched.again()
        _until(watched, told, lambda: any("shown" in row for row in watched.rows or []))
        shown = {row["id"]: row.get("shown") for row in watched.rows or []}

    assert shown["other"] is None
    assert [(one["name"], one["last"]) for one in shown["one"]] == [("loss", 0.5)]
