"""The stacks of a run: of each process of its tree, and none of them is ended by the question."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.metrics.usage import stacks

WAITS = """
import os, signal, subprocess, sys, threading

def waits_here():
    door = os.open({gate!r}, os.O_RDONLY)
    print("up", file={opened}, flush=True)
    os.read(door, 1)

{before}
waits_here()
print("went on")
{after}
"""


class Lab:
    """Runs that wait for a gate."""

    def __init__(self, pipes: Path, source: Path) -> None:
        self.gate = Gate(pipes / "gate.fifo")
        self.fifo = Fifo(pipes / "up.fifo")
        self.source = source
        source.mkdir()

    def start(self, before: str = "", after: str = "", count: int = 1) -> Run:
        """A run of which so many processes wait."""
        code = WAITS.format(
            gate=str(self.gate.path), opened=self.fifo.opened, before=before, after=after
        )
        (self.source / "train.py").write_text(code)
        experiment = Experiment(Workspace.from_config(), "hangs")
        run = experiment.submit(ScriptRunConfig(str(self.source), "train.py"))
        for _ in range(count):
            assert self.fifo.line() == "up"
        return run

    def end(self, run: Run) -> str:
        """Let it go on to its end; what it has printed."""
        self.gate.open()
        run.wait_for_completion()
        return b"".join(run.stream()).decode()


@pytest.fixture
def lab(workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    made = Lab(tmp_path, workspace_dir / "source")
    yield made
    made.gate.close()
    made.fifo.close()


@pytest.fixture
def no_py_spy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homerun.system.which.find", lambda *names, path=None: None)


def asked(run: Run) -> list[dict[str, Any]]:
    return stacks.stacks_of(run._record)


def test_each_thread_of_the_script_is_told_and_it_goes_on(lab: Lab, no_py_spy: None) -> None:
    before = "threading.Thread(target=waits_here).start()"
    run = lab.start(before, count=2)
    (first,) = asked(run)
    (second,) = asked(run)
    said = lab.end(run)

    assert first["is_script"]
    assert first["by"] == stacks.FAULTHANDLER
    assert first["command"].endswith("train.py")
    assert first["stacks"].count("in waits_here") == 2
    assert second["stacks"].count("in waits_here") == 2
    assert said == "went on\n"
    assert run.get_status() == "Completed"


def test_a_fork_and_a_started_python_are_told_too(lab: Lab, no_py_spy: None) -> None:
    before = """
if os.fork() == 0:
    waits_here()
    os._exit(0)
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, __file__, "again"])
else:
    waits_here()
    os._exit(0)
"""
    run = lab.start(before, "child.wait()\nos.wait()", count=4)
    found = asked(run)
    lab.end(run)

    assert len(found) == 4
    assert [row["is_script"] for row in found] == [True, False, False, False]
    assert all("waits_here" in row["stacks"] for row in found)


def test_what_is_no_python_is_named(lab: Lab, no_py_spy: None) -> None:
    before = "child = subprocess.Popen(['sleep', '1000'])"
    run = lab.start(before, "child.kill(); child.wait()")
    _, child = asked(run)
    lab.end(run)

    assert child["command"] == "sleep 1000"
    assert child["why"].startswith("no Python (state ")
    assert run.get_status() == "Completed"


def test_a_python_without_the_start_up_is_not_signalled(lab: Lab, no_py_spy: None) -> None:
    before = """
code = "import sys; print('up', flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-I", "-c", code], stdin=-1, stdout=-1)
child.stdout.readline()
"""
    run = lab.start(before, "child.communicate(); print(child.returncode)")
    _, child = asked(run)
    said = lab.end(run)

    assert child["why"].startswith("it was started without homerun's start-up")
    assert said == "went on\n0\n"


@pytest.mark.parametrize("now", ["signal.SIG_DFL", "signal.SIG_IGN"])
def test_a_script_that_has_taken_the_handler_away_is_not_signalled(
    lab: Lab, no_py_spy: None, now: str
) -> None:
    run = lab.start(f"signal.signal({stacks.SIGNAL}, {now})")
    (row,) = asked(run)
    lab.end(run)

    assert row["why"].startswith("it has taken the handler away")
    assert run.get_status() == "Completed"


def test_a_script_that_has_closed_all_descriptors_is_not_signalled(
    lab: Lab, no_py_spy: None
) -> None:
    run = lab.start("os.closerange(3, 1000)")
    (row,) = asked(run)
    lab.end(run)

    assert row["why"].startswith("it was started without homerun's start-up")
    assert run.get_status() == "Completed"


def test_a_script_that_is_stopped_is_told_to_be(lab: Lab, no_py_spy: None) -> None:
    run = lab.start()
    pid = run.describe()["process"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: asked(run)[0].get("why", "").startswith("it is stopped"), "it is stopped")
    os.kill(pid, signal.SIGCONT)
    lab.end(run)

    assert run.get_status() == "Completed"


@pytest.mark.parametrize("code", [0, 1])
def test_py_spy_is_asked_first_where_it_is_there(lab: Lab, tmp_path: Path, code: int) -> None:
    program = tmp_path / "bin" / "py-spy"
    program.write_text(f"#!/bin/sh\necho told $1 $2; exit {code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    run = lab.start()
    (row,) = asked(run)
    lab.end(run)

    if code:
        assert row["by"] == stacks.FAULTHANDLER
        assert "waits_here" in row["stacks"]
    else:
        assert (row["by"], row["stacks"]) == (stacks.PY_SPY, "told dump --pid")


def test_secrets_of_a_command_are_not_shown(lab: Lab, no_py_spy: None) -> None:
    before = "child = subprocess.Popen(['sh', '-c', 'sleep 1000; :', '--api-key', 'sesame'])"
    run = lab.start(before, "child.kill(); child.wait()")
    rows = asked(run)
    for row in rows:
        if row["command"].startswith("sleep"):
            os.kill(row["pid"], 9)
    lab.end(run)

    assert any("--api-key *****" in row["command"] for row in rows)
    assert not any("sesame" in row["command"] for row in rows)


def test_only_a_run_that_runs_here_has_stacks(submit: Callable[[str], Run]) -> None:
    run = submit("print(1)")
    run.wait_for_completion()
    open_run = Experiment(Workspace.from_config(), "notes").start_logging(outputs=False)
    with pytest.raises(UserError, match="is Completed: only a submitted run that runs has any"):
        asked(run)
    with pytest.raises(UserError, match="is Running: only a submitted run that runs has any"):
        asked(open_run)
    open_run.complete()
