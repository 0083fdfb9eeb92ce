"""A copy of a live store is a copy, however it was made: it shows no run as its own, and ends none.

The copies that a file system makes (snapshots, images) have the inodes of the original, and another
device.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fifo import Fifo
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import stop_request
from homerun.targets import dispatch
from runstore import InvalidTransition, layout

Copy = Callable[[Path], None]


def _by_copying(to: Path) -> None:
    shutil.copytree(".runs", to, symlinks=True)


def _by_hard_links(to: Path) -> None:
    subprocess.run(["cp", "-al", ".runs", str(to)], check=True)


HOW = pytest.mark.parametrize("copy", [_by_copying, _by_hard_links])


@pytest.fixture
def live(workspace_dir: Path, script: Callable[..., Path], ready: Fifo) -> Run:
    """A run of a script that goes on until it is ended."""
    script("wait.py", f"import signal; f = {ready.opened}; print('up', file=f); signal.pause()")
    experiment = Experiment(Workspace.create("copied"), "e")
    run = experiment.submit(ScriptRunConfig("source", "wait.py", grace_s=0.2))
    ready.line()
    return run


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Copy], Workspace]:
    """The workspace of a copy of `.runs`, which is named, and so trusted."""

    def copied(copy: Copy) -> Workspace:
        to = tmp_path / "copy"
        copy(to)
        with monkeypatch.context() as naming:
            naming.setenv("HOMERUN_STORE", str(to))
            return Workspace.from_config()

    return copied


def _is_left_alone(run: Run, copy: Run) -> None:
    """The copy reads NotResponding, ends nothing, and the original ends as it is told to."""
    assert copy.get_status() == "NotResponding"
    with pytest.raises(InvalidTransition, match="the original store"):
        copy.cancel()
    stop_request.wake_supervisor(copy.directory)
    assert copy.get_status() == "NotResponding"
    assert run.get_status() == "Running"
    assert not Path(run.directory, layout.STOP).exists()
    run.cancel()
    assert run.get_status() == "Canceled"


@HOW
def test_a_copy_of_a_live_run_is_not_responding_and_the_original_runs_and_is_canceled(
    live: Run, copied: Callable[[Copy], Workspace], copy: Copy
) -> None:
    _is_left_alone(live, copied(copy).get_run(live.id))


def test_a_hard_link_to_the_lock_alone_makes_no_copy(live: Run) -> None:
    os.link(f"{live.directory}/{layout.ALIVE}", f"{live.directory}/outputs/linked")

    assert live.get_status() == "Running"
    live.cancel()
    assert live.get_status() == "Canceled"


def test_a_run_folder_copied_beside_the_original_by_hard_links_is_a_copy(live: Run) -> None:
    beside = f"{os.path.dirname(live.directory)}/beside"
    subprocess.run(["cp", "-al", live.directory, beside], check=True)

    _is_left_alone(live, live.experiment.workspace.get_run("beside"))


def test_an_image_of_a_store_has_another_device_and_is_a_copy(
    live: Run, copied: Callable[[Copy], Workspace]
) -> None:
    """Its files have the inodes of the original: only the number of the device is another."""
    copy = copied(_by_copying).get_run(live.id)
    fact = Path(copy.directory, layout.STARTED)
    seen = os.stat(f"{copy.directory}/{layout.ALIVE}")
    said = json.loads(fact.read_text())
    fact.write_text(
        json.dumps({**said, "alive_inode": seen.st_ino, "alive_device": seen.st_dev + 1})
    )

    _is_left_alone(live, copy)


LOOK_THROUGH = """
import os, subprocess, sys
os.makedirs("view")
given = f"lowerdir=.runs,upperdir={sys.argv[1]}/upper,workdir={sys.argv[1]}/work"
subprocess.run(["mount", "-t", "overlay", "overlay", "-o", given, "view"], check=True)
os.environ["HOMERUN_STORE"] = "view"
from homerun import Workspace
run = Workspace.from_config().get_run(sys.argv[2])
print(run.get_status())
try:
    run.cancel()
except Exception as error:
    print(type(error).__name__)
"""


def test_a_store_seen_through_an_overlay_is_a_copy(
    live: Run, tmp_path: Path, needs_user_mount: None
) -> None:
    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    command = ["unshare", "-rm", sys.executable, "-c", LOOK_THROUGH, str(tmp_path), live.id]
    done = subprocess.run(command, capture_output=True, text=True)
    if "mount" in done.stderr and "CalledProcessError" in done.stderr:
        pytest.skip("an overlay cannot be mounted here")

    assert done.stdout.split() == ["NotResponding", "InvalidTransition"], done.stderr
    assert live.get_status() == "Running"
    live.cancel()


def test_a_fact_of_an_earlier_version_tells_no_original_from_a_copy_by_hard_links(
    live: Run, copied: Callable[[Copy], Workspace]
) -> None:
    """It names no folder. Which of the two is the original is unknown, so nothing is signalled."""
    fact = Path(live.directory, layout.STARTED)
    whole = fact.read_bytes()
    said = json.loads(whole)
    new = ("alive_device", "folder_inode", "mark")
    fact.write_text(json.dumps({key: one for key, one in said.items() if key not in new}))
    alone = live.get_status()
    copy = copied(_by_hard_links).get_run(live.id)

    assert (alone, copy.get_status()) == ("Running", "NotResponding")
    stop_request.wake_supervisor(copy.directory)
    shutil.rmtree(copy.experiment.workspace.directory)
    fact.write_bytes(whole)
    assert live.get_status() == "Running"
    live.cancel()


@HOW
def test_a_copy_of_a_run_that_waits_does_not_wait_and_is_not_started(
    live: Run,
    script: Callable[..., Path],
    copied: Callable[[Copy], Workspace],
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "1")
    script("say.py", "print('once')")
    workspace = live.experiment.workspace
    workspace.queue("local").pause()
    waits = live.experiment.submit(ScriptRunConfig("source", "say.py"))
    other = copied(copy)
    other.queue("local").resume()

    in_copy = other.get_run(waits.id).get_status()
    started = dispatch.start(other.store.for_acting(), "local")
    there = waits.get_status()
    workspace.queue("local").resume()
    live.cancel()
    waits.wait_for_completion()

    assert (in_copy, started, there) == ("NotResponding", 0, "Queued")
    assert waits.get_status() == "Completed"


@HOW
def test_a_copy_of_a_run_that_a_process_holds_open_is_not_responding(
    workspace_dir: Path, copied: Callable[[Copy], Workspace], copy: Copy
) -> None:
    run = Experiment(Workspace.create("copied"), "e").start_logging(outputs=False)
    there = copied(copy).get_run(run.id)

    assert there.get_status() == "NotResponding"
    with pytest.raises(InvalidTransition, match="the original store"):
        there.cancel()
    assert run.get_status() == "Running"
    run.complete()
