"""Two hosts that share a folder and nothing else, with clocks five minutes apart.

What waits, runs or is over can be read, canceled and deleted from either.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import children, host, spool, wheels
from helpers.fifo import Fifo, Gate
from helpers.host import Host
from helpers.wait import wait_until
from runstore import layout
from runstore.store import Store

SHIFT_S = 150

ACT = """
import json, sys
from homerun.targets.engines import types, watch
types.TYPES["spool"] = ("helpers.spool", "Spool")
watch.INTERVAL_S = 0.0
from homerun import CondaDependencies, Environment, Experiment, ScriptRunConfig, Workspace
from homerun.base.errors import HomerunError
from runstore.errors import BaseError
given = json.loads(sys.argv[1])
ws = Workspace.from_config()

def with_packages():
    made = Environment("tiny")
    made.python.conda_dependencies = CondaDependencies.create(pip_packages=["tiny==1.0"])
    made.python.conda_dependencies.set_pip_option("--find-links " + given["wheels"])
    config = ScriptRunConfig("source", "train.py", environment=made)
    config.run_config.target = given["target"]
    return Experiment(ws, "shared").submit(config, run_id=given["id"]).id

def run():
    return ws.get_run(given["id"])

try:
    said = eval(given["what"])
except (BaseError, HomerunError) as error:
    said = f"{type(error).__name__}: {error}"
print(json.dumps(said, default=str))
"""


class Side:
    """One of the hosts, and what is done there."""

    def __init__(self, made: Host) -> None:
        self.host = made

    def say(self, what: str, id: str = "", **more: Any) -> Any:
        """The value of an expression there; `run()` is the run of that id."""
        given = json.dumps({"what": what, "id": id, **more})
        return json.loads(self.host.run(ACT, given))

    def submit(self, target: str, id: str) -> Any:
        """Submit the script from there."""
        return self.say(
            "Experiment(ws, 'shared').submit(ScriptRunConfig('source', 'train.py', "
            "compute_target=given['target'], grace_s=1.0), run_id=given['id']).id",
            id,
            target=target,
        )

    def status(self, id: str) -> Any:
        """The status of a run as it is seen from there."""
        return self.say("run().get_status()", id)


@pytest.fixture
def sides(workspace_dir: Path, tmp_path: Path) -> Iterator[dict[str, Side]]:
    """The hosts `left`, whose clock is behind, and `right`, each with a target of its name."""
    host.needed()
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    root = Path(Store(f"{workspace_dir}/.runs").for_writing().root)
    said = {
        name: {"type": "spool", "folder": str(jobs), "host": name} for name in ("left", "right")
    }
    (root / layout.SETTINGS).write_text(json.dumps({"targets": said}))
    made = {}
    try:
        for name, shift_s in (("left", -SHIFT_S), ("right", SHIFT_S)):
            daemon = [sys.executable, spool.__file__, str(jobs), name]
            made[name] = Side(Host(name, tmp_path / name, shift_s, daemon))
            (tmp_path / f"{name}.open").touch()
        yield made
    finally:
        for side in made.values():
            side.host.close()


@pytest.fixture
def door(gate: Callable[[str], Gate]) -> Gate:
    return gate("door")


either = pytest.mark.parametrize(("here", "there"), [("left", "right"), ("right", "left")])

WAITS = """
from homerun import Run
Run.get_context().log("loss", 1.5)
print("up", file={ready})
{door}
"""


@pytest.fixture
def waits(script: Callable[..., Path], ready: Fifo, door: Gate) -> None:
    """A script that logs, says that it is up, and ends when the door is opened."""
    script("train.py", WAITS.format(ready=ready.opened, door=door.passed))


@pytest.mark.parametrize("canceler", ["left", "right"])
@either
def test_a_run_is_read_and_canceled_from_either_host_wherever_it_runs(
    sides: dict[str, Side], waits: None, ready: Fifo, here: str, there: str, canceler: str
) -> None:
    sides[here].submit(there, "one")
    ready.line()

    for side in sides.values():
        said = "[run().get_status(), run().get_metrics(), run()._record.place()['host']]"
        assert side.say(said, "one") == ["Running", {"loss": 1.5}, there]
    sides[canceler].say("run().cancel()", "one")

    assert [side.status("one") for side in sides.values()] == ["Canceled", "Canceled"]


def test_a_run_that_waits_is_seen_with_its_reason_and_canceled_from_the_other_host(
    sides: dict[str, Side], waits: None, tmp_path: Path
) -> None:
    near, far = sides["left"], sides["right"]
    (tmp_path / "right.open").unlink()
    near.submit("right", "one")
    assert [side.status("one") for side in (near, far)] == ["Queued", "Queued"]
    assert far.say(REASON, "one").endswith(": its host is busy")

    far.say("run().cancel()", "one")
    (tmp_path / "right.open").touch()

    assert [side.status("one") for side in (near, far)] == ["Canceled", "Canceled"]
    [over] = wait_until(lambda: list((tmp_path / "jobs").glob("*/over")), "its job is over")
    assert not over.with_name("begun").exists()


REASON = "__import__('homerun.targets.queue').targets.queue.place_of(run()._record).reason"


def test_a_run_is_deleted_from_the_other_host_once_it_is_over_and_not_before(
    sides: dict[str, Side], waits: None, ready: Fifo, door: Gate
) -> None:
    near, far = sides["left"], sides["right"]
    near.submit("right", "one")
    ready.line()
    assert near.say("run().delete()", "one").startswith("InvalidTransition: ")
    assert far.say("run().delete()", "one").startswith("InvalidTransition: ")

    door.open()
    near.say("run().wait_for_completion()", "one")
    near.say("run().delete()", "one")

    for side in (near, far):
        assert side.say("[one.id for one in ws.get_runs()]") == []
        assert side.say("[one['run_id'] for one in ws.trash.list()]") == ["one"]


@either
def test_what_a_host_runs_without_an_engine_does_not_answer_on_the_other_and_is_left_alone(
    sides: dict[str, Side], waits: None, ready: Fifo, door: Gate, here: str, there: str
) -> None:
    near, far = sides[here], sides[there]
    near.submit("local", "one")
    ready.line()

    assert [side.status("one") for side in (near, far)] == ["Running", "NotResponding"]
    refused = far.say("run().cancel()", "one")
    assert f"it belongs to {here}; go there" in refused
    assert far.say("run().delete()", "one").startswith("InvalidTransition: ")
    door.open()
    near.say("run().wait_for_completion()", "one")

    assert [side.status("one") for side in (near, far)] == ["Completed", "Completed"]


def test_what_waits_for_a_host_itself_is_not_started_by_the_other(
    sides: dict[str, Side], waits: None, ready: Fifo, door: Gate
) -> None:
    near, far = sides["left"], sides["right"]
    near.say("ws.targets.add('local', 1)")
    near.submit("local", "first")
    ready.line()
    near.submit("local", "second")

    assert [side.status("second") for side in (near, far)] == ["Queued", "Queued"]
    far.say("run().cancel()", "second")
    assert [side.status("second") for side in (near, far)] == ["Canceled", "Canceled"]
    near.submit("local", "third")
    far.submit("local", "fourth")
    door.open(3)
    near.say("run().wait_for_completion()", "third")
    far.say("run().wait_for_completion()", "fourth")

    hosts = [near.say("run()._record.place()['host']", one) for one in ("third", "fourth")]
    assert hosts == ["left", "right"]


def test_runs_that_both_hosts_submit_at_once_are_given_to_the_engine_once_each(
    sides: dict[str, Side], script: Callable[..., Path], tmp_path: Path
) -> None:
    began = tmp_path / "began"
    noted = f"open({str(began)!r}, 'a').write(os.environ['HOMERUN_RUN_ID'] + ' ')"
    script("train.py", f"import os; {noted}")

    def submit(number: int) -> None:
        name = ("left", "right")[number]
        sides[name].say(MANY, name, target="left")

    children.race(2, submit)
    for side in sides.values():
        assert set(side.say("[one.get_status() for one in ws.get_runs('shared')]")) <= GOOD
    sides["left"].say("[one.wait_for_completion() for one in ws.get_runs('shared')]")

    wanted = sorted(f"{name}-{number}" for name in ("left", "right") for number in range(6))
    assert sorted(began.read_text().split()) == wanted
    assert len(list((tmp_path / "jobs").iterdir())) == 12
    for side in sides.values():
        assert side.say("[one.get_status() for one in ws.get_runs('shared')]") == ["Completed"] * 12


GOOD = {"Queued", "Preparing", "Running", "Finalizing", "Completed"}
MANY = """[
    Experiment(ws, "shared").submit(
        ScriptRunConfig("source", "train.py", compute_target=given["target"]),
        run_id=f"{given['id']}-{number}",
    ).id
    for number in range(6)
]"""


def test_a_silent_run_does_not_answer_and_is_failed_only_once_its_engine_has_no_process_of_it(
    sides: dict[str, Side], waits: None, ready: Fifo, tmp_path: Path
) -> None:
    near, far = sides["left"], sides["right"]
    near.submit("right", "one")
    ready.line()
    run = Path(near.say("run()._record.path", "one"))
    [job] = (tmp_path / "jobs").iterdir()
    far.host.close()  # it has lost its power
    beat = (run / layout.HEARTBEAT).stat().st_mtime

    assert near.status("one") == "Running"
    os.utime(run / layout.HEARTBEAT, (beat - 90, beat - 90))
    assert near.status("one") == "NotResponding"
    (job / "over").touch()

    assert near.status("one") == "Failed"
    assert near.say("run().get_details()['error']['error']['message']", "one").startswith(
        "its job is over and left no outcome: its process ended"
    )


def test_an_environment_is_made_once_for_all_hosts_and_each_run_has_on_record_what_it_ran_with(
    sides: dict[str, Side],
    script: Callable[..., Path],
    workspace_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheels.make(workspace_dir / "wheels", "tiny", "1.0", "")
    script("train.py", "import os, tiny; print(tiny.VERSION, os.uname().nodename)")
    found = str(workspace_dir / "wheels")

    for name, target in (("one", "right"), ("two", "left"), ("three", "right")):
        sides["left"].say("with_packages()", name, target=target, wheels=found)
    for name in ("one", "two", "three"):
        sides["right"].say("run().wait_for_completion()", name)

    for name, there in (("one", "right"), ("two", "left"), ("three", "right")):
        folder = Path(sides["left"].say("run()._record.path", name))
        assert (folder / layout.STD_LOG).read_text().splitlines()[-1] == f"1.0 {there}"
        told = wait_until(lambda at=folder / layout.INTERPRETER: at.exists() and at.read_text(), "")  # type: ignore[misc]
        assert "tiny==1.0" in json.loads(told)["packages"]
    within = workspace_dir / ".runs" / layout.ENVIRONMENTS / layout.MADE
    assert len([path for path in within.glob("*/*-*") if path.is_dir()]) == 1
    [row] = sides["left"].say(KEPT)
    assert row["name"] == "tiny"


KEPT = "__import__('homerun.environments.manage').environments.manage.kept(ws.store.root)"
