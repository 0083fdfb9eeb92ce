"""Runs of one id in two stores, and what a script makes of the variables that name its run."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from runstore import layout, names
from runstore.fs import facts

SUBMITS = """
import os, signal, sys
from homerun import Experiment, ScriptRunConfig, Workspace
store, source, then = sys.argv[1:]
os.environ["HOMERUN_STORE"] = store
config = ScriptRunConfig(source, "wait.py", grace_s=0.2)
Experiment(Workspace.from_config(), "e").submit(config, run_id="train")
if then == "stay": signal.pause()
"""


class Stores:
    """Two stores, and a run `train` in either."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._set = monkeypatch.setenv

    def open(self, name: str) -> Workspace:
        """The workspace of a store, which is trusted since it is named."""
        self._set("HOMERUN_STORE", str(self.folder / name))
        return Workspace.from_config()

    def submit(self, name: str, script: str, *arguments: str) -> Run:
        config = ScriptRunConfig("source", script, arguments=list(arguments), grace_s=0.2)
        return Experiment(self.open(name), "e").submit(config, run_id="train")

    def train(self, name: str) -> Run:
        return self.open(name).get_run("train")


@pytest.fixture
def stores(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    return Stores(workspace_dir, monkeypatch)


@pytest.fixture
def waits(script: Callable[..., Path], ready: Fifo) -> Fifo:
    """`wait.py` says that it is up, and goes on until it is ended: then this FIFO has its end."""
    script("wait.py", f"import signal; f = {ready.opened}; print('up', file=f); signal.pause()")
    return ready


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    process.wait_gone(pid)


@pytest.mark.parametrize("how", ["it ends", "it is canceled"])
def test_a_run_ends_no_run_of_its_id_that_it_has_submitted_to_another_store(
    stores: Stores, script: Callable[..., Path], waits: Fifo, how: str
) -> None:
    script("submit.py", SUBMITS)
    then = "go" if how == "it ends" else "stay"
    source = str(stores.folder / "source")
    outer = stores.submit("outer", "submit.py", str(stores.folder / "inner"), source, then)
    waits.line()
    inner = stores.train("inner")

    if how == "it is canceled":
        outer.cancel()
    outer.wait_for_completion(raise_on_error=False)
    spared = inner.get_status()
    inner.cancel()

    assert outer.get_status() == ("Completed" if how == "it ends" else "Canceled")
    assert (spared, inner.get_status()) == ("Running", "Canceled")
    waits.eof()


def test_a_lost_run_ends_no_run_of_its_id_whose_store_was_moved_and_which_that_one_still_ends(
    stores: Stores, waits: Fifo
) -> None:
    stores.submit("there", "wait.py")
    waits.line()
    os.rename(stores.folder / "there", stores.folder / "moved")
    lost = stores.submit("here", "wait.py")
    waits.line()
    processes = lost.describe()["process"]
    _kill(processes["supervisor_pid"])
    _kill(processes["pid"])

    lost.wait_for_completion(raise_on_error=False)
    moved = stores.train("moved")
    spared = moved.get_status()
    moved.cancel()

    assert (lost.get_status(), spared, moved.get_status()) == ("Failed", "Running", "Canceled")
    waits.eof()


ORPHANS = """
import os, signal, sys
fifo = {}
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for pair in sys.argv[1:]: os.environ.__setitem__(*pair.split("=", 1))
        code = "import signal; signal.signal(15, 1); f = {}; print('up', file=f); signal.pause()"
        os.execv(sys.executable, [sys.executable, "-c", code])
    os._exit(0)
signal.pause()
"""


@pytest.mark.parametrize(
    "set_by_script",
    [
        ["HOMERUN_RUN_ID="],
        ["HOMERUN_RUN_ID=another", "HOMERUN_RUN_FOLDER=/another"],
        ["HOMERUN_RUN_UUID="],
        ["HOMERUN_RUN_UUID=none"],
        ["HOMERUN_SUPERVISES="],
        ["HOMERUN_RUN_ID=", "HOMERUN_RUN_UUID=", "HOMERUN_RUN_FOLDER=", "HOMERUN_SUPERVISES="],
    ],
)
def test_a_process_that_empties_the_variables_of_its_run_ends_with_it(
    stores: Stores, script: Callable[..., Path], ready: Fifo, set_by_script: list[str]
) -> None:
    script("train.py", ORPHANS.format(ready.opened, ready.opened.replace("'", "\\'")))
    run = stores.submit("here", "train.py", *set_by_script)
    ready.line()

    run.cancel()

    assert run.get_status() == "Canceled"
    ready.eof()


@pytest.mark.parametrize("has_uuid", [True, False], ids=["this version", "an earlier version"])
def test_an_adopter_ends_what_a_script_left_to_no_process(
    stores: Stores,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
    has_uuid: bool,
) -> None:
    """Of a run of an earlier version it is found by id and folder, as that version did."""
    script("train.py", ORPHANS.format(ready.opened, ready.opened.replace("'", "\\'")))
    with monkeypatch.context() as earlier:
        if not has_uuid:
            earlier.setattr(names, "new_uuid", lambda: "")
        run = stores.submit("here", "train.py")
        ready.line()
    assert bool(run._record.uuid) == has_uuid
    if not has_uuid:
        started = Path(run.directory, layout.STARTED)
        said = json.loads(started.read_text())
        started.write_text(json.dumps({key: one for key, one in said.items() if key != "mark"}))
    _kill(run.describe()["process"]["supervisor_pid"])

    run.cancel()

    assert run.get_status() == "Canceled"
    ready.eof()


def test_a_script_that_fails_a_run_of_its_id_in_another_store_stops_it(
    stores: Stores, script: Callable[..., Path], waits: Fifo
) -> None:
    script(
        "fail.py",
        f"""
        import os
        from homerun import Run, Workspace
        os.environ["HOMERUN_STORE"] = {str(stores.folder / "there")!r}
        Workspace.from_config().get_run("train").fail("seen from elsewhere")
        """,
    )
    other = stores.submit("there", "wait.py")
    waits.line()

    own = stores.submit("here", "fail.py")
    own.wait_for_completion()

    assert (own.get_status(), other.get_status()) == ("Completed", "Failed")
    assert facts.read(other.directory, layout.FAILED) is None
    waits.eof()


def test_an_interactive_run_is_within_no_run_that_has_but_the_id_of_the_script_around_it(
    stores: Stores, script: Callable[..., Path], waits: Fifo
) -> None:
    script(
        "begin.py",
        f"""
        import os
        from homerun import Experiment, Workspace
        Experiment(Workspace.from_config(), "e").start_logging(run_id="own", outputs=False)
        os.environ["HOMERUN_STORE"] = {str(stores.folder / "there")!r}
        Experiment(Workspace.from_config(), "e").start_logging(run_id="open", outputs=False)
        os._exit(0)
        """,
    )
    other = stores.submit("there", "wait.py")
    waits.line()

    stores.submit("here", "begin.py").wait_for_completion()
    left = stores.open("there").get_run("open").get_status()
    inside = stores.open("here").get_run("own").get_status()
    other.cancel()

    assert (left, inside) == ("Failed", "Completed")


def test_a_run_that_waits_is_not_started_with_what_a_removed_run_of_its_id_waited_with(
    stores: Stores,
    script: Callable[..., Path],
    fifo: Callable[[str], Fifo],
    gate: Callable[[str], Gate],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ready, door = fifo("started"), gate("door")
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "1")
    script("hold.py", f"print('up', file={ready.opened}); {door.passed}")
    script("say.py", "import sys; print(sys.argv[1])")
    holder = Experiment(stores.open("here"), "e").submit(ScriptRunConfig("source", "hold.py"))
    ready.line()
    removed = stores.submit("here", "say.py", "the removed one")
    shutil.rmtree(removed.directory)
    os.unlink(f"{removed.experiment.workspace.directory}/{layout.IDS}/train")
    waits = stores.submit("here", "say.py", "the new one")

    door.open()
    holder.wait_for_completion()
    waits.wait_for_completion()

    assert Path(waits.directory, layout.STD_LOG).read_text() == "the new one\n"
    assert os.listdir(f"{stores.open('here').directory}/{layout.QUEUE}/local") == [".tickets"]
