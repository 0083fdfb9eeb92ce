"""`homerun tensorboard`, with a program named tensorboard that serves its folder."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest

from helpers.event_files import program_in, scalars
from helpers.wait import DEADLINE_S
from homerun import Experiment, Workspace
from homerun.base import installed

FILE = "events.out.tfevents.0000000000.homerun"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files; and `tensorboard` is in PATH."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("PATH", str(program_in(tmp_path / "programs").parent), prepend=":")
    return folder


@pytest.fixture
def runs(workspace_dir):
    """The ids of two runs with a metric, and of a child of the second."""
    experiment = Experiment(Workspace.from_config(), "digits")
    made = [experiment.start_logging(snapshot_directory=None) for _ in range(2)]
    made.append(made[1].child_run())
    for value, run in enumerate(made):
        run.log("loss", value)
    for run in reversed(made):
        run.complete()
    return [run.id for run in made]


def shown_at(address):
    """What is shown of each run of `digits`, and that the server answers."""
    found = {}
    for number in ("1", "2", "3"):
        try:
            with urlopen(f"{address}digits/{number}/{FILE}") as answer:
                found[number] = scalars(answer.read())
        except OSError:
            continue
    return found


def address_in(terminal):
    terminal.until(b"/\r\n")
    return terminal.text.split("TensorBoard: ")[1].split("\n")[0]


def test_runs_are_shown_with_those_below_them_until_ctrl_c(terminal, runs, temporary):
    shown = terminal("tensorboard", "digits/1", runs[1])
    address = address_in(shown)

    assert shown_at(address) == {
        number: [("loss", 0, value)] for number, value in (("1", 0.0), ("2", 1.0), ("3", 2.0))
    }
    assert len(list(temporary.iterdir())) == 1

    shown.press(b"\x03")
    assert shown.end() == 130
    assert list(temporary.iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        urlopen(address)


def test_a_terminal_that_is_closed_ends_it_and_nothing_is_left(terminal, runs, temporary):
    shown = terminal("run", "monitor-tensorboard", "-r", "digits/1")
    address = address_in(shown)
    assert shown_at(address) == {"1": [("loss", 0, 0.0)]}

    assert shown.hang_up() == 129

    assert list(temporary.iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        urlopen(address)


def test_sigterm_ends_it_and_nothing_is_left(start, runs, temporary, tmp_path):
    kept = tmp_path / "kept"
    process = start(
        *("run", "monitor-tensorboard", "-r", "digits/1", "-o", "json"),
        *("--local-directory", str(kept)),
    )
    told = "".join(iter(lambda: process.stdout.readline().decode(), "}\n"))
    address = json.loads(told + "}")["address"]
    assert len(list(kept.iterdir())) == 1

    process.send_signal(signal.SIGTERM)

    assert process.wait(DEADLINE_S) == 143
    assert process.stderr.read() == b""
    assert [*kept.iterdir(), *temporary.iterdir()] == []
    with pytest.raises(OSError, match="refused"):
        urlopen(address)


def test_a_tensorboard_that_is_not_there_is_named_with_what_installs_it(
    invoke, runs, tmp_path, monkeypatch
):
    from importlib import metadata

    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(metadata, "distribution", none)

    done = invoke("tensorboard", "digits/1")

    assert done.code == 1
    install = installed.line_for_extra("tensorboard")
    assert done.err == f"homerun: TensorBoard needs more packages: {install}\n"


def test_a_tensorboard_that_breaks_down_ends_the_command(invoke, runs, temporary, tmp_path):
    Path(tmp_path, "programs/tensorboard").write_text("#!/bin/sh\necho broken >&2\nexit 3\n")

    done = invoke("tensorboard", "digits/1")

    assert (done.code, done.err) == (1, "homerun: tensorboard ended with 3: broken\n")
    assert list(temporary.iterdir()) == []
