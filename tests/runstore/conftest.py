"""Stores and runs for the tests of runstore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runstore import layout, status
from runstore.draft import Draft
from runstore.fs import lock
from runstore.run.record import Record
from runstore.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A new store."""
    return Store(str(tmp_path / layout.STORE_FOLDER)).for_writing()


@pytest.fixture
def make_run(store: Store) -> Iterator[Callable[..., Record]]:
    """Make a run: `make_run(experiment, run_id, alive=True)`; a live one's lock is kept."""
    held: list[int] = []

    def make(
        experiment: str = "exp", run_id: str | None = None, *, alive: bool = False, **asked: object
    ) -> Record:
        draft = Draft(store, experiment, run_id)
        descriptor = draft.take_alive()
        record = draft.publish(
            {"kind": status.SUBMITTED, "script": "train.py", "parent": None, **asked}
        )
        if alive:
            held.append(descriptor)
        else:
            lock.release(descriptor)
        return record

    yield make
    for descriptor in held:
        lock.release(descriptor)


@pytest.fixture
def run(make_run: Callable[..., Record]) -> Record:
    """A run that nobody answers for."""
    return make_run()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """An empty folder, as text."""
    path = tmp_path / "folder"
    os.mkdir(path)
    return str(path)
