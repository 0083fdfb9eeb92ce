"""`azureml.tensorboard.Tensorboard`, with a program named tensorboard that serves its folder."""

from __future__ import annotations

import os
import socket
from importlib import metadata
from pathlib import Path
from urllib.request import urlopen

import pytest

from helpers.event_files import program_in, scalars
from helpers.wait import wait_until
from homerun import Experiment, Run, Tensorboard, Workspace
from homerun.base.errors import HomerunError, MissingExtra, UserError
from homerun.files.tensorboard import server
from homerun.files.tensorboard.event_files import EventFiles


def begun() -> Run:
    """A run that goes on, with a point. No fixture: its log is open as long as it is known."""
    experiment = Experiment(Workspace.from_config(), "seen")
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.log("loss", 0.5)
    return run


@pytest.fixture
def run(workspace_dir: Path) -> Run:
    """A run that is over, as another process sees it."""
    made = begun()
    made.complete()
    return Workspace.from_config().get_run(made.id)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is called tensorboard, in PATH."""
    program = program_in(tmp_path / "programs")
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return program


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_it_answers_at_its_address_until_it_is_stopped(
    workspace_dir: Path, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun()
    monkeypatch.setattr(server, "_REFRESH_S", 0.01)
    kept = tmp_path / "kept"
    tensorboard = Tensorboard([run], local_root=str(kept), port=free_port())
    address = tensorboard.start()
    file = f"{address}{run.id}/events.out.tfevents.0000000000.homerun"

    def shown() -> list[tuple[str, int, float]]:
        with urlopen(file) as answer:
            return scalars(answer.read())

    try:
        assert shown() == [("loss", 0, 0.5)]
        run.log("loss", 0.25)
        wait_until(lambda: shown() == [("loss", 0, 0.5), ("loss", 1, 0.25)], "a point is seen")
        with pytest.raises(UserError, match="has been started"):
            tensorboard.start()
    finally:
        tensorboard.stop()

    run.complete()
    with pytest.raises(OSError, match="refused"):
        urlopen(address)
    assert list(kept.iterdir()) == []


def test_it_can_be_started_again(run: Run, program: Path) -> None:
    tensorboard = Tensorboard(run, port=free_port())
    for _ in range(2):
        address = tensorboard.start()
        with urlopen(f"{address}{run.id}/events.out.tfevents.0000000000.homerun") as answer:
            assert scalars(answer.read()) == [("loss", 0, 0.5)]
        tensorboard.stop()


def test_a_port_that_is_taken_is_refused(run: Run, program: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match=r"is taken; give another one: port=…"):
            Tensorboard(run, port=taken.getsockname()[1]).start()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(program: Path, port: int) -> None:
    with pytest.raises(UserError, match="is not a port"):
        Tensorboard([], port=port).start()


def test_a_tensorboard_that_ends_at_once_says_why_and_leaves_nothing(
    run: Run, tmp_path: Path, program: Path
) -> None:
    program.write_text("#!/bin/sh\necho it begins\necho it is broken >&2\nexit 3\n")
    kept = tmp_path / "kept"

    with pytest.raises(HomerunError, match="tensorboard ended with 3: it is broken"):
        Tensorboard(run, local_root=str(kept), port=free_port()).start()

    assert list(kept.iterdir()) == []


def test_without_a_tensorboard_one_sentence_says_how_to_install_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(metadata, "distribution", none)

    with pytest.raises(MissingExtra, match=r"pip install .*tensorboard"):
        Tensorboard(run).start()


def test_a_run_that_is_gone_is_told_of_once_and_the_others_are_shown(
    run: Run, program: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "_REFRESH_S", 0.01)
    other = begun()
    run.delete()
    tensorboard = Tensorboard([run, other], port=free_port())
    address = tensorboard.start()
    file = f"{address}{other.id}/events.out.tfevents.0000000000.homerun"

    def is_shown() -> bool:
        try:
            return urlopen(file).status == 200
        except OSError:
            return False

    try:
        wait_until(is_shown, "the other run is shown")
    finally:
        tensorboard.stop()

    other.complete()
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert run.id in caplog.text


def test_a_fault_while_it_is_brought_up_to_date_is_told_of_once_and_outlived(
    workspace_dir: Path,
    program: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = begun()
    monkeypatch.setattr(server, "_REFRESH_S", 0.01)
    tensorboard = Tensorboard([run], port=free_port())
    address = tensorboard.start()
    real, faults = EventFiles.refresh, iter([ValueError("odd"), KeyError("odder")])

    def refresh(files: EventFiles) -> None:
        for fault in faults:
            raise fault
        real(files)

    def shown() -> list[tuple[str, int, float]]:
        with urlopen(f"{address}{run.id}/events.out.tfevents.0000000000.homerun") as answer:
            return scalars(answer.read())

    monkeypatch.setattr(EventFiles, "refresh", refresh)
    try:
        run.log("loss", 0.25)
        wait_until(lambda: shown() == [("loss", 0, 0.5), ("loss", 1, 0.25)], "a point is seen")
    finally:
        tensorboard.stop()

    run.complete()
    assert [one.getMessage() for one in caplog.records] == [
        "TensorBoard is not brought up to date: ValueError: odd"
    ]
