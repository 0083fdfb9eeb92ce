"""A run's record as it is stored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from homerun.views import record
from runstore import layout
from runstore.fs import facts
from runstore.run import attempts


@pytest.mark.usefixtures("workspace_dir")
def test_attempts_are_those_that_are_there_however_high_their_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        run.log("loss", 0.5)
    for number in (2, 999_999_999):
        os.makedirs(attempts.folder(run.directory, number))
        Path(attempts.folder(run.directory, number), layout.STARTED).write_text('{"pid": 1}')
    reads = iter(range(100))  # and then there is an end
    read = facts.read
    monkeypatch.setattr(facts, "read", lambda *given: next(reads) >= 0 and read(*given))

    found = record.read(run._record)["attempts"]

    started = {"started": {"pid": 1}}
    assert found == {2: started, 999_999_999: started}
