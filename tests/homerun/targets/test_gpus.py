"""GPUs as slots: a run has what it asked for to itself, whoever else wants it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.gpus import Machine
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, UserError, Workspace
from homerun.base import accounts
from homerun.system.gpus import shares, table, wants
from homerun.system.gpus.devices import Device
from homerun.targets.gpus.grants import Rivals
from homerun.targets.gpus.rules import GpuRules, reservation
from homerun.targets.queue import place_of
from runstore import layout
from runstore.fs import facts
from runstore.queue.queue import Queue

GIB = 1 << 30
TELLS = """
import os, sys
names = ("CUDA_VISIBLE_DEVICES", "HOMERUN_GPUS", "HOMERUN_GPU_CHOICE")
print(os.getpid(), *(os.environ.get(name, "-") for name in names), sep="|", file={ready})
{door}
"""


class Waiting:
    """Scripts that tell which GPUs they see, and wait to be let go."""

    def __init__(self, fifo: Callable[[str], Fifo], gate: Callable[[str], Gate]) -> None:
        self.ready, self.door = fifo("ready"), gate("door")
        self.experiment = Experiment(Workspace.from_config(), "gpus")

    def source(self, then: str = "") -> str:
        return TELLS.format(ready=self.ready.opened, door=self.door.passed) + then

    def submit(self, **options: Any) -> Run:
        return self.experiment.submit(ScriptRunConfig("source", "tells.py", **options))

    def told(self) -> list[str]:
        """Of the script that begins next: pid, and the variables."""
        return self.ready.line().split("|")


@pytest.fixture
def waiting(
    gpus: Machine,
    fifo: Callable[[str], Fifo],
    gate: Callable[[str], Gate],
    script: Callable[..., Path],
) -> Waiting:
    made = Waiting(fifo, gate)
    script("tells.py", made.source())
    return made


def why(run: Run) -> str:
    found = place_of(run._record)
    return found.reason if found else ""


def finish(waiting: Waiting, *runs: Run) -> None:
    waiting.door.open(len(runs))
    for run in runs:
        run.wait_for_completion(raise_on_error=False)


def test_two_runs_get_a_gpu_each_and_a_third_waits_and_says_for_what(waiting: Waiting) -> None:
    one = waiting.submit(gpus=1)
    first = waiting.told()
    two = waiting.submit(gpus=1)
    second = waiting.told()
    three = waiting.submit(gpus=1)
    wait_until(lambda: "run gpus/2" in why(three), "it waits for both")

    assert first[1:] == ["GPU-0", "GPU-0", ""]
    assert second[1:] == ["GPU-1", "GPU-1", ""]
    me = accounts.login_of(os.geteuid())
    assert why(three) == f"waiting for a GPU: 0 is run gpus/1 ({me}), 1 is run gpus/2 ({me})"
    assert three.get_status() == "Queued"
    finish(waiting, one, two, three)
    assert [run.get_status() for run in (one, two, three)] == ["Completed"] * 3
    given = (facts.read(three.directory, layout.STARTED) or {})["gpus"]
    assert given in (
        [{"index": "0", "uuid": "GPU-0", "name": "Fake GPU"}],
        [{"index": "1", "uuid": "GPU-1", "name": "Fake GPU"}],
    )
    wait_until(
        lambda: all(not shares.holders(one.device) for one in table.readings()), "all is free"
    )


def test_a_program_that_is_no_run_keeps_a_gpu_until_it_ends(
    gpus: Machine, waiting: Waiting
) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.say(0, computing=[[os.getpid(), 31 * GIB]])
    run = waiting.submit(gpus=1)
    wait_until(lambda: "is used by" in why(run), "it waits")

    who = accounts.login_of(os.geteuid())
    name = Path("/proc/self/comm").read_text().strip()
    told = f"waiting for a GPU: 0 is used by {name} (pid {os.getpid()}, {who}, 31 GiB)"
    assert why(run) == told
    gpus.say(0, computing=[], drawing=[[os.getpid(), GIB]])
    assert waiting.told()[1] == "GPU-0"
    finish(waiting, run)


def test_a_device_that_has_fallen_off_is_not_given(gpus: Machine, waiting: Waiting) -> None:
    gpus.say(0, lost=True)
    one = waiting.submit(gpus=1)
    assert waiting.told()[1] == "GPU-1"
    two = waiting.submit(gpus=1)
    wait_until(lambda: "run gpus/1" in why(two), "it waits")

    assert "GPU is lost" in why(two)
    gpus.say(0, lost=False)
    assert waiting.told()[1] == "GPU-0"
    finish(waiting, one, two)


def test_runs_share_a_gpu_as_far_as_its_memory_goes(gpus: Machine, waiting: Waiting) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.say(0, memory=80 * GIB)
    one = waiting.submit(gpu_memory="30 GB")
    pid = int(waiting.told()[0])
    gpus.say(0, computing=[[pid, 20 * GIB]])
    two = waiting.submit(gpu_memory="50 GB")
    assert waiting.told()[1] == "GPU-0"
    three = waiting.submit(gpu_memory="1 GB")
    wait_until(lambda: "run gpus/2" in why(three), "it waits")

    assert (facts.read(two.directory, layout.STARTED) or {})["gpus"][0]["memory"] == 50 * GIB
    gpus.say(0, computing=[])
    finish(waiting, one, two, three)


def test_a_script_may_choose_from_what_its_user_has_restricted_it_to(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    one = waiting.submit(gpus=1)

    assert waiting.told()[1:] == ["GPU-1", "GPU-1", "CUDA_VISIBLE_DEVICES=1"]
    with pytest.raises(SubmitError, match="asks for 2 GPUs; this machine has 2 GPUs, and 1 of th"):
        waiting.submit(gpus=2)
    finish(waiting, one)


def test_more_than_there_is_is_refused_at_once(gpus: Machine, waiting: Waiting) -> None:
    with pytest.raises(SubmitError, match="the run asks for 3 GPUs; this machine has 2 GPUs"):
        waiting.submit(gpus=3)
    with pytest.raises(SubmitError, match="asks for 200 GiB of a GPU; this machine has 2 GPUs"):
        waiting.submit(gpu_memory="200GB")
    gpus.write(error="Driver Not Loaded")
    with pytest.raises(SubmitError, match="none can be seen here: the NVIDIA driver says: Driver"):
        waiting.submit(gpus=1)


def test_what_asks_for_no_gpu_passes_what_waits_for_one(gpus: Machine, waiting: Waiting) -> None:
    gpus.say(0, computing=[[os.getpid(), GIB]])
    gpus.say(1, computing=[[os.getpid(), GIB]])
    first = waiting.submit(gpus=2, max_concurrent_runs=1)
    wait_until(lambda: Queue(waiting.experiment.workspace.directory, "local").lacking(), "it lacks")
    other = waiting.submit(max_concurrent_runs=1)

    assert waiting.told()[1] == "-"
    finish(waiting, other)
    gpus.say(0, computing=[])
    gpus.say(1, computing=[])
    assert waiting.told()[1] == "GPU-0,GPU-1"
    finish(waiting, first)


CHILD = """
from homerun import Run, ScriptRunConfig
child = Run.get_context().submit_child(
    ScriptRunConfig(os.environ["HOMERUN_SOURCE_DIRECTORY"], "tells.py", {options})
)
print("submitted", file={ready})
child.wait_for_completion()
"""


def submit_parent(waiting: Waiting, script: Callable[..., Path], options: str) -> Run:
    code = CHILD.format(options=options, ready=waiting.ready.opened)
    script("parent.py", waiting.source(code))
    run = waiting.experiment.submit(ScriptRunConfig("source", "parent.py", gpus=1))
    assert waiting.told()[1] == "GPU-0"
    return run


def test_a_child_gets_a_gpu_that_its_parent_has_not(
    waiting: Waiting, script: Callable[..., Path]
) -> None:
    parent = submit_parent(waiting, script, "gpus=1")
    waiting.door.open()

    lines = sorted([waiting.ready.line(), waiting.ready.line()], key=len)
    assert lines[0] == "submitted"
    assert lines[1].split("|")[1:] == ["GPU-1", "GPU-1", ""]
    finish(waiting, parent)
    assert parent.get_status() == "Completed"


def test_a_child_that_asks_for_none_sees_the_gpus_of_its_parent(
    waiting: Waiting, script: Callable[..., Path]
) -> None:
    parent = submit_parent(waiting, script, "")
    waiting.door.open()

    lines = sorted([waiting.ready.line(), waiting.ready.line()], key=len)
    assert lines[1].split("|")[1:] == ["GPU-0", "GPU-0", ""]
    finish(waiting, parent)


def test_a_child_that_asks_for_what_only_its_parent_has_is_refused(
    gpus: Machine, waiting: Waiting, script: Callable[..., Path]
) -> None:
    parent = submit_parent(waiting, script, "gpus=2")
    finish(waiting, parent)

    assert parent.get_status() == "Failed"
    told = "the run asks for 2 GPUs, which gpus/1 and the runs below would wait for, for ever"
    assert told in b"".join(parent.stream()).decode()


def test_two_parents_do_not_wait_for_each_others_gpus(
    waiting: Waiting, script: Callable[..., Path]
) -> None:
    first = submit_parent(waiting, script, "gpus=1")
    second = waiting.experiment.submit(ScriptRunConfig("source", "parent.py", gpus=1))
    assert waiting.told()[1] == "GPU-1"
    waiting.door.open(2)
    assert waiting.ready.line() == "submitted"
    wait_until(lambda: "Failed" in (first.get_status(), second.get_status()), "one is refused")
    lines = waiting.told()

    assert lines[1] in ("GPU-0", "GPU-1")
    finish(waiting, first, second)
    assert sorted([first.get_status(), second.get_status()]) == ["Completed", "Failed"]


def test_a_script_keeps_its_gpu_when_its_supervisor_is_killed(
    gpus: Machine, waiting: Waiting
) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.write()
    one = waiting.submit(gpus=1)
    waiting.told()
    os.kill(one.describe()["process"]["supervisor_pid"], signal.SIGKILL)
    two = waiting.submit(gpus=1)
    wait_until(lambda: "run gpus/1" in why(two), "it waits")

    assert two.get_status() == "Queued"
    finish(waiting, one)
    waiting.told()
    finish(waiting, two)


def test_a_canceled_run_gives_its_gpu_back_and_one_that_waits_leaves_the_queue(
    gpus: Machine, waiting: Waiting
) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.write()
    one, two, three = (waiting.submit(gpus=1) for _ in range(3))
    waiting.told()
    two.cancel()
    two.wait_for_completion(raise_on_error=False)
    one.cancel()

    assert waiting.told()[1] == "GPU-0"
    finish(waiting, three)
    assert [run.get_status() for run in (one, two, three)] == ["Canceled", "Canceled", "Completed"]


def test_a_keeper_that_is_killed_is_started_again_by_the_next_look(
    gpus: Machine, waiting: Waiting
) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.say(0, computing=[[os.getpid(), GIB]])
    run = waiting.submit(gpus=1)
    (keeper,) = wait_until(keepers, "there is a keeper")
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not keepers(), "it is dead")
    gpus.say(0, computing=[])
    waiting.experiment.workspace.store  # noqa: B018
    wait_until(lambda: run.get_status() != "Queued" or None, "a look starts another one")

    assert waiting.told()[1] == "GPU-0"
    finish(waiting, run)


def keepers() -> list[int]:
    """The keepers that this test's processes have started."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path("/proc", name, "cmdline").read_bytes()
        except OSError:
            continue
        if b"gpus.keeper" in words and os.fsencode(os.getcwd()) in words:
            found.append(int(name))
    return found


def test_an_entry_of_the_queue_says_what_it_needs_and_older_ones_are_read(
    waiting: Waiting,
) -> None:
    line = Queue(waiting.experiment.workspace.store.for_writing().root, "local")
    names = ["9999.000000000001.1.a", "9999.000000000002.2of4.b"]
    names += ["9999.000000000003.0g2.c", "9999.000000000004.1of3g1m20480.d"]
    found = [line.entry(name) for name in names]

    told = [(e.slots, e.limit, e.gpus, e.gpu_mib) for e in found if e is not None]
    assert told == [(1, None, 0, None), (2, 4, 0, None), (0, None, 2, None), (1, 3, 1, 20480)]
    assert [line.entry(f"9999.1.{part}.x") for part in ("1g", "1m5", "g1", "1gxm2")] == [None] * 4


def test_a_target_may_say_which_gpus_its_runs_have_and_how_many(waiting: Waiting) -> None:
    targets = waiting.experiment.workspace.targets
    targets.set_gpus("local", devices=["1"], per_user=1)
    one = waiting.submit(gpus=1)
    assert waiting.told()[1] == "GPU-1"
    with pytest.raises(SubmitError, match="this machine has 2 GPUs, and 1 of them may be used"):
        waiting.submit(gpus=2)
    targets.set_gpus("local", devices=[])
    with pytest.raises(SubmitError, match="1 is the most for each user of the target local"):
        waiting.submit(gpus=2)
    two = waiting.submit(gpus=1)
    wait_until(lambda: "is not for you" in why(two), "it waits")

    assert "0 is not for you: you have 1, the most for each user here" in why(two)
    targets.set_gpus("local", per_user=0)
    assert waiting.told()[1] == "GPU-0"
    finish(waiting, one, two)


def test_a_gpu_is_kept_for_the_user_who_has_reserved_it(waiting: Waiting) -> None:
    targets = waiting.experiment.workspace.targets
    me = accounts.own_name()
    targets.set_gpus("local", reserved=[f"{me}=0", "some-one-else=1"])
    one, two = waiting.submit(gpus=1), waiting.submit(gpus=1)
    assert waiting.told()[1] == "GPU-0"
    wait_until(lambda: "reserved" in why(two), "it waits")

    assert why(two).endswith("1 is reserved for some-one-else")
    targets.set_gpus("local", reserved=[])
    assert waiting.told()[1] == "GPU-1"
    finish(waiting, one, two)


@pytest.mark.parametrize(
    ("at", "is_kept"), [("17:59", False), ("18:00", True), ("22:59", True), ("23:00", False)]
)
def test_a_reservation_holds_from_minute_to_minute(at: str, is_kept: bool) -> None:
    now = time.mktime(time.strptime(f"2026-11-29 {at}", "%Y-%m-%d %H:%M"))
    card = Device("0", "GPU-a", "Fake", 1 << 30, "CUDA_VISIBLE_DEVICES")
    day = GpuRules({"gpu_reservations": ["alice=0@18:00-23:00"]})
    night = GpuRules({"gpu_reservations": ["alice=GPU-a@23:00-18:00"]})

    assert day.held_back(card, "bob", now) == ("is reserved for alice until 23:00" * is_kept)
    assert night.held_back(card, "bob", now) == (
        "is reserved for alice until 18:00" * (not is_kept)
    )
    assert day.held_back(card, "alice", now) == ""


@pytest.mark.parametrize(
    "wrong", ["alice", "alice=", "=0", "a=0@", "a=0@5", "a=0@25:00-3", "a=0@1-x"]
)
def test_what_is_no_reservation_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(UserError, match="alice=0@18:00-23:00"):
        reservation(wrong)


def test_rules_that_cannot_be_read_start_nothing_and_are_named(waiting: Waiting) -> None:
    run = waiting.submit(gpus=1)
    waiting.told()
    path = Path(waiting.experiment.workspace.directory, layout.SETTINGS)
    path.write_text('{"gpus": 3}')

    with pytest.raises(SubmitError, match="gpus in the settings is a list, not 3"):
        waiting.submit(gpus=1)
    finish(waiting, run)


def test_of_two_stores_the_higher_priority_goes_first_and_then_who_waited_longer(
    gpus: Machine, waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus.devices = gpus.devices[:1]
    gpus.say(0, computing=[[os.getpid(), GIB]])
    source = Path("source").resolve()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    other = Experiment(Workspace.from_config(), "theirs")

    def submit_there(**options: Any) -> Run:
        return other.submit(ScriptRunConfig(str(source), "tells.py", gpus=1, **options))

    early = waiting.experiment.submit(ScriptRunConfig(str(source), "tells.py", gpus=1))
    late, first = submit_there(), submit_there(priority=5)
    stores = [one.workspace.directory for one in (other, waiting.experiment)]
    queues = [Queue(one, "local") for one in stores]
    wait_until(lambda: [len(one.lacking()) for one in queues] == [2, 1], "all of them lack it")
    wait_until(lambda: len(wants.of_others("", "")) == 2, "both stores say what they wait for")
    gpus.say(0, computing=[])
    order = []
    for _ in range(3):
        waiting.told()
        order += [run for run in (early, late, first) if run.get_status() == "Running"]
        waiting.door.open()
        order[-1].wait_for_completion()

    assert order == [first, early, late]
    wait_until(lambda: not wants.of_others("", ""), "none waits any more")


def rival(**said: Any) -> wants.Want:
    told = {"uid": 1, "priority": 0, "since": 0.0, "count": 1, "mib": None, "devices": ["GPU-0"]}
    return wants.Want(**{**told, **said, "devices": frozenset(said.get("devices", ["GPU-0"]))})


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ([rival(priority=1, since=9.0)], {"GPU-0"}),
        ([rival(since=9.0)], set()),
        ([rival(since=1.0)], {"GPU-0"}),
        ([rival(uid=2, since=1.0)], set()),  # that user has a GPU
        ([rival(count=2, since=1.0, devices=["GPU-0", "GPU-1"])], {"GPU-0"}),
        ([rival(since=1.0, devices=["GPU-7"])], set()),
    ],
)
def test_of_users_the_one_with_fewer_gpus_goes_first(
    gpus: Machine, monkeypatch: pytest.MonkeyPatch, others: list[wants.Want], left: set[str]
) -> None:
    held = shares.Holder(2, "bob", "theirs/1", "t", "s", 80 << 10, False)
    monkeypatch.setattr(wants, "of_others", lambda store, target: others)
    monkeypatch.setattr(shares, "holders", lambda device: [held] if device.uuid == "GPU-1" else [])
    rivals = Rivals("s", "local", table.readings())

    assert rivals.go_first(rival(uid=3, since=5.0, devices=["GPU-0", "GPU-1"])) == left


def test_a_note_of_what_is_wanted_counts_as_long_as_its_process_lives(gpus: Machine) -> None:
    note = wants.WantNote("s", "local")
    note.put(rival(uid=os.geteuid()))
    (said,) = wants.of_others("other", "local")

    assert said == rival(uid=os.geteuid())
    assert wants.of_others("s", "local") == []
    path = gpus.locks / f"homerun-gpu-wants.{os.geteuid()}.s.local"
    path.rename(gpus.locks / f"homerun-gpu-wants.{os.geteuid() + 1}.s.local")
    assert wants.of_others("other", "local") == []  # another user's by its name alone
    (gpus.locks / f"homerun-gpu-wants.{os.geteuid() + 1}.s.local").rename(path)
    note.put(None)
    path.write_text('{"count": 1}')
    assert wants.of_others("other", "local") == []


def test_a_run_that_is_submitted_again_may_have_other_gpus(waiting: Waiting) -> None:
    run = waiting.submit(gpus=1)
    waiting.told()
    finish(waiting, run)
    again, more = run.resubmit(), run.resubmit(gpus=2)  # type: ignore[attr-defined]
    told = {waiting.told()[1]}
    waiting.door.open(2)
    told.add(waiting.told()[1])
    finish(waiting, again, more)

    assert told in ({"GPU-0", "GPU-0,GPU-1"}, {"GPU-1", "GPU-0,GPU-1"})
