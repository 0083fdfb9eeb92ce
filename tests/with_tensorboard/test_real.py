"""A real TensorBoard reads what homerun gives it: `make test-tensorboard`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.files.tensorboard.server import TensorBoardServer
from homerun.files.tensorboard.titles import Family

INSTALLED = Path(__file__).parents[2] / "build/tensorboard"

SCRIPT = """
import time
from homerun import Run
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

run = Run.get_context()
writer = EventFileWriter("outputs/tb")

def tell(step):
    value = Summary.Value(tag="own", simple_value=step)
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
    writer.flush()
    run.log("loss", 0.5**step)

tell(0)
tell(1)
with open({go!r}) as go:
    go.readline()
    tell(2)
    go.readline()
"""


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of a Python with TensorBoard, installed on the first call."""
    found = INSTALLED / "bin"
    if not (INSTALLED / "installed").exists():
        shutil.rmtree(INSTALLED, ignore_errors=True)
        _run(sys.executable, "-m", "venv", "--without-pip", INSTALLED)
        pip = (sys.executable, "-m", "pip", "--python", found / "python")
        _run(*pip, "install", "--quiet", "--disable-pip-version-check", "tensorboard>=2.12")
        (INSTALLED / "installed").touch()
    return found


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        pytest.skip(f"no TensorBoard is tried, since it cannot be installed: {last}")


@pytest.fixture
def going_on(
    programs: Path, workspace_dir: Path, script: Callable[..., Path], tmp_path: Path
) -> Iterator[tuple[Run, int]]:
    """A run that writes two points, and another for each line on the descriptor."""
    go = tmp_path / "go"
    os.mkfifo(go)
    script("train.py", SCRIPT.format(go=str(go)))
    config = ScriptRunConfig("source", "train.py")
    config.run_config.environment.python.interpreter_path = str(programs / "python")
    config.run_config.environment.python.user_managed_dependencies = True
    run = Experiment(Workspace.from_config(), "seen").submit(config)
    wait_until(run.get_metrics, "the run has logged")
    descriptor = os.open(go, os.O_WRONLY)
    yield run, descriptor
    os.close(descriptor)
    run.wait_for_completion(raise_on_error=False)


@pytest.mark.parametrize("is_own", [True, False], ids=["own store", "another user's"])
@pytest.mark.parametrize("fast", ["true", "false"], ids=["with data server", "without"])
def test_the_points_of_a_run_that_goes_on_appear(
    going_on: tuple[Run, int],
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_own: bool,
    fast: str,
) -> None:
    run, go = going_on
    run.display_name = "lr 0.1"
    program = tmp_path / "programs/tensorboard"
    program.parent.mkdir()
    real = f"{programs / 'tensorboard'} --load_fast={fast} --reload_interval 1"
    program.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    if not is_own:
        if os.geteuid():
            pytest.skip("only root can have a store of another user")
        os.chown(run._record.store.root, 65534, 65534)
    server = TensorBoardServer(Family([run._record]), str(tmp_path / "kept"), None)
    address = server.start()

    def shown() -> dict[str, list[Any]]:
        tags = _answer(address, "tags")
        return {
            f"{run}: {tag}": [p[1:] for p in _answer(address, "scalars", run=run, tag=tag)]
            for run in tags
            for tag in tags[run]
        }

    ours, theirs = "seen/1 lr 0.1: loss", "seen/1 lr 0.1/outputs/tb: own"
    first = {ours: [[0, 1.0], [1, 0.5]], theirs: [[0, 0.0], [1, 1.0]]}
    later = {ours: [*first[ours], [2, 0.25]], theirs: [*first[theirs], [2, 2.0]]}
    try:
        wait_until(lambda: shown() == first, "the first points are shown")
        os.write(go, b"\n")
        wait_until(lambda: shown() == later, "the next point is shown")
    finally:
        server.stop()
        os.write(go, b"\n")
    assert list((tmp_path / "kept").iterdir()) == []


def _answer(address: str, what: str, **asked: str) -> Any:
    with urlopen(f"{address}data/plugin/scalars/{what}?{urlencode(asked)}") as answer:
        return json.load(answer)
