"""What is in force of the limits that were asked for, and what becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.wait import wait_until
from homerun.system import process_tree
from homerun.system.limits import groups, in_force, processors
from homerun.system.limits.scopes import NoGroup
from homerun.system.limits.tree_watch import TreeWatch

MIB = 1 << 20


@pytest.fixture
def no_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where no control group can be made."""

    def refuse(*_: object) -> None:
        raise NoGroup("none here")

    monkeypatch.setattr(groups, "make_group", refuse)
    monkeypatch.setattr(groups, "foreseen", refuse)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder, which holds the locks on processors, of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Group:
    """A control group that keeps what it is told."""

    folder = "/group"
    kills = None

    def __init__(self, takes: tuple[str, ...], peak: int | None = None) -> None:
        self.takes = takes
        self.has: dict[str, float] = {}
        self.inside: list[int] = []
        self.is_removed = False
        self._peak = peak

    def limit(self, name: str, value: float) -> bool:
        if name in self.takes:
            self.has[name] = value
        return name in self.takes

    def take_in(self, pid: int) -> None:
        self.inside.append(pid)

    def peak(self) -> int | None:
        return self._peak

    def refused(self) -> int:
        return 7

    def remove(self) -> None:
        self.is_removed = True


def given(monkeypatch: pytest.MonkeyPatch, group: Group, able: set[str]) -> None:
    monkeypatch.setattr(groups, "make_group", lambda mark, attempt, wanted: (group, able))
    monkeypatch.setattr(groups, "foreseen", lambda wanted: able)


def begin(**asked: float) -> in_force.InForce:
    return in_force.put_in_force(asked, "ab12", 1, "")


def test_a_group_keeps_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group(("memory", "pids"), peak=60 * MIB)
    given(monkeypatch, group, {"memory", "pids"})

    found = begin(memory=64 * MIB, pids=50)
    found.take_in(17)
    told = found.told(is_out_of_memory=True)
    found.release()

    assert group.has == {"memory": 64 * MIB, "pids": 50}
    assert (group.inside, found.watch, found.flaws) == ([17], None, [])
    assert found.fact() == {
        "memory": {"value": 64 * MIB, "by": "group"},
        "pids": {"value": 50, "by": "group"},
        "group": "/group",
    }
    assert told["memory_peak"] == 60 * MIB
    assert told["processes_refused"] == 7
    assert told["over_limit"] == (
        "the script was killed by the kernel at its memory limit of 64 MiB: it had 60 MiB"
    )
    assert group.is_removed


def test_what_no_group_keeps_is_watched_and_that_is_said(no_groups: None) -> None:
    found = begin(memory=64 * MIB, pids=50)

    assert [one["by"] for one in found.kept.values()] == ["watch", "watch"]
    assert found.watch is not None
    assert (found.watch.memory, found.watch.pids) == (64 * MIB, 50)
    assert found.flaws == [
        (
            "memory and processes of the run are looked at every 1 s, and may go over the limit in "
            "between: none here"
        )
    ]


def test_what_a_group_lacks_the_controller_for_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, Group(("pids",)), {"pids"})

    found = begin(memory=64 * MIB, pids=50)

    assert {name: one["by"] for name, one in found.kept.items()} == {
        "memory": "watch",
        "pids": "group",
    }
    assert found.watch is not None
    assert found.watch.memory == 64 * MIB


def test_a_script_that_no_group_takes_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group(("memory",))
    given(monkeypatch, group, {"memory"})

    def refuse(pid: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    group.take_in = refuse  # type: ignore[method-assign]
    found = begin(memory=64 * MIB)
    found.take_in(17)

    assert (found.group, group.is_removed) == (None, True)
    assert found.watch is not None
    assert found.kept["memory"]["by"] == "watch"
    assert "cannot be put into one: Operation not permitted" in found.flaws[0]


def test_a_submit_knows_beforehand_what_will_not_be_kept(no_groups: None) -> None:
    found = in_force.put_in_force(
        {"memory": MIB, "cpus": 1e4, "nice": None}, "", 1, "", is_dry=True
    )

    assert len(found.flaws) == 2
    assert found.flaws[0].startswith("cpus: there are only ")
    assert found.text == ""


def test_a_higher_priority_than_the_submitters_is_refused_to_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    found = in_force.put_in_force({"nice": 5}, "ab12", 1, "umask=18 nice=10")
    lower = in_force.put_in_force({"nice": 12}, "ab12", 1, "umask=18 nice=10")

    assert (found.kept["nice"]["by"], found.text) == (None, "")
    assert found.flaws == ["nice 5 is refused to users who have 10; the run keeps that"]
    assert (lower.kept["nice"]["by"], lower.text, lower.flaws) == ("priority", " nice=12", [])


def test_runs_are_bound_to_other_processors_as_long_as_there_are_any(
    no_groups: None, own_cache: None
) -> None:
    first = processors.choose(1, {4, 5})
    second = processors.choose(1, {4, 5})
    third = processors.choose(1, {4, 5})
    first.release()
    fourth = processors.choose(1, {4, 5})
    every = processors.choose(9, {4, 5})
    for one in (second, third, fourth, every):
        one.release()

    assert (first.numbers, second.numbers, fourth.numbers) == ([4], [5], [4])
    assert (third.shared, fourth.shared) == (1, 0)
    assert third.numbers in ([4], [5])
    assert (every.numbers, every.shared) == ([4, 5], 0)


def test_a_run_is_bound_to_processors_of_its_submitters(no_groups: None, own_cache: None) -> None:
    found = in_force.put_in_force({"cpus": 1.5}, "ab12", 1, "processors=176")  # 4, 5 and 7
    numbers = found.kept["cpus"]["processors"]
    found.release()

    assert (numbers, found.text, found.kept["cpus"]["by"]) == ([4, 5], " processors=48", "affinity")


# The watch


FILL = """
import os, sys
kept = bytearray(b"x") * (40 << 20)
for _ in range(3):
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def forked() -> Iterator[subprocess.Popen[str]]:
    """Four processes that share 40 MiB."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", FILL], text=True, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.communicate()


def below(process: subprocess.Popen[str]) -> list[process_tree.Process]:
    every = process_tree.below(os.getpid(), "no run")
    pids = {process.pid, *(one.pid for one in every if one.parent == process.pid)}
    return [one for one in every if one.pid in pids]


@pytest.fixture
def tree(forked: subprocess.Popen[str]) -> Callable[[], list[process_tree.Process]]:
    wait_until(lambda: len(below(forked)) == 4, "the forks")
    return lambda: below(forked)


def test_memory_that_processes_share_counts_once(
    tree: Callable[[], list[process_tree.Process]],
) -> None:
    watch, tight = TreeWatch(120 * MIB, None), TreeWatch(30 * MIB, None)

    assert watch.look(tree()) == ""
    assert tight.look(tree()) == "memory"
    assert 40 * MIB <= watch.peak <= 120 * MIB
    assert tight.peak >= 40 * MIB


def test_processes_and_threads_are_counted(
    tree: Callable[[], list[process_tree.Process]],
) -> None:
    watch, tight = TreeWatch(None, 4), TreeWatch(None, 3)

    assert (watch.look(tree()), tight.look(tree())) == ("", "pids")
    assert watch.most == 4


def test_what_became_of_a_watch_is_told_in_numbers(
    no_groups: None, tree: Callable[[], list[process_tree.Process]]
) -> None:
    memory, pids = begin(memory=30 * MIB), begin(pids=3)
    assert memory.look(tree())
    assert pids.look(tree())
    over, many = memory.told(is_out_of_memory=True), pids.told(is_out_of_memory=False)

    assert over["over_limit"].startswith("the script was over its memory limit of 30 MiB: it had ")
    assert over["memory_peak"] > 40 * MIB
    assert many["over_limit"] == (
        "the script was over its limit of 3 processes and threads: it had 4"
    )


def test_an_adopter_goes_on_with_what_is_on_record() -> None:
    fact = {
        "memory": {"value": MIB, "by": "watch"},
        "pids": {"value": 9, "by": "group"},
        "group": "/group",
        "flaws": ["a line"],
    }

    found = in_force.from_record(fact)

    assert found.watch is not None
    assert (found.watch.memory, found.watch.pids) == (MIB, None)
    assert found.group is not None
    assert found.group.folder == "/group"
    assert found.memory == MIB
