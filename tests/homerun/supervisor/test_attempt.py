"""One attempt: the facts that it publishes, what wakes it, what ends it, and what it reaps."""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers import children
from helpers.errors import fails, raises
from homerun.supervisor import attempt, patience, successor
from homerun.supervisor.attempt import Attempt, Recorder
from homerun.system import linux, process_tree
from homerun.system.limits import oom
from homerun.targets.plan import Plan
from runstore import layout, status
from runstore.fs import facts
from runstore.run import attempts, identity


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder, which is the current one."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def plan(**given: Any) -> Plan:
    asked = {"mark": "m", "store_id": "s", "user": "u", "shown": "", "cwd": "work/source"}
    return Plan(**asked, argv=["true"], env={}, ladder=[(signal.SIGTERM, 2.5)], **given)


def recorder(**given: Any) -> Recorder:
    return Recorder(plan(**given), {"host": "here"})


class Told:
    """A control group's count of kills, as a test tells it: a number for each look."""

    path, wakes_on = "/group/memory.events.local", select.POLLIN

    def __init__(self, *counts: int | None, woken_by: int | None = None) -> None:
        self._counts = iter(counts)
        self._woken_by = woken_by

    def count(self) -> int | None:
        return next(self._counts, None)

    def told(self, descriptor: int, before: int) -> int | None:
        return next(self._counts, None)

    def watch(self) -> int | None:
        return self._woken_by


# The facts


def test_the_started_fact_says_who_runs_where_and_under_which_limits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = os.open(home / layout.ALIVE, os.O_RDWR | os.O_CREAT)
    monkeypatch.setattr(attempt, "LOCK_DESCRIPTOR", lock)
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(4))
    one = recorder(slots=2)
    one.script, one.started_at, one.deadline = os.getpid(), 1.12345678, 4.62345678
    fact = one.started_fact()
    one.deadline = None
    unlimited = one.started_fact()
    inode = os.fstat(lock).st_ino
    os.close(lock)

    me = identity.process(os.getpid())
    assert (fact["script"], fact["supervisor"], fact["host"]) == (me, me, "here")
    assert (fact["attempt"], fact["store_id"], fact["mark"], fact["slots"]) == (1, "s", "m", 2)
    assert (fact["alive_inode"], fact["grace_s"], fact["memory_kills"]) == (inode, 2.5, 4)
    assert fact["memory_kills_in"] == Told.path
    assert (fact["clock_s"], fact["limit_s"], unlimited["limit_s"]) == (1.123457, 3.5, None)


def test_a_limit_and_what_was_used_are_told_in_microseconds(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "clock", lambda: 3.0)
    monkeypatch.setattr(attempt, "LOCK_DESCRIPTOR", ".")
    one = recorder()
    one.script, one.started_at, one.deadline = os.getpid(), 1.0, 2.23456789
    one.cpu_user_s, one.cpu_system_s, one.peak_memory_kib = 0.12345678, 0.98765432, 77
    fact = one.exited_fact(None, began=True)

    assert one.started_fact()["limit_s"] == 1.234568
    assert (fact["cpu_user_s"], fact["cpu_system_s"]) == (0.123457, 0.987654)
    assert (fact["elapsed_s"], fact["peak_memory_kib"]) == (2.0, 77)
    one.started_at = 1.98765432
    assert one.exited_fact(None, began=True)["elapsed_s"] == 1.012346


@pytest.mark.parametrize(
    ("raw", "failure", "began", "told"),
    [
        pytest.param(3 << 8, None, True, (3 << 8, 3, None, None), id="an exit code"),
        pytest.param(15, None, True, (15, None, "SIGTERM", None), id="a signal"),
        pytest.param(15, "no", True, (15, None, "SIGTERM", "no"), id="a signal after a failure"),
        pytest.param(127 << 8, "no", True, (127 << 8, None, None, "no"), id="a failure"),
        pytest.param(None, None, True, (None, None, None, None), id="unknown"),
        pytest.param(3 << 8, None, False, (None, None, None, None), id="nothing of it ran"),
    ],
)
def test_the_exited_fact_says_how_the_script_ended(
    home: Path,
    raw: int | None,
    failure: str | None,
    began: bool,
    told: tuple[object, ...],
) -> None:
    one = recorder()
    one.raw = raw
    fact = one.exited_fact(failure, began=began)

    names = ("wait_status", "exit_code", "signal", "cannot_start")
    assert tuple(fact[name] for name in names) == told
    assert (fact["stopped"], fact["source"], fact["out_of_memory"]) == (None, "supervisor", False)


def test_the_exited_fact_names_an_environment_and_leftovers_only_where_there_are_any(
    home: Path,
) -> None:
    one = recorder()
    plain = one.exited_fact(None, began=True)
    one.unprepared, one.left, one.stopped = "no such package", ["17 sleep"], status.CANCEL
    told = one.exited_fact(None, began=True)

    assert not {"environment", "left"} & plain.keys()
    assert (told["environment"], told["left"]) == ("no such package", ["17 sleep"])
    assert told["stopped"] == status.CANCEL


USED = ("cpu_user_s", "cpu_system_s", "peak_memory_kib", "wait_status", "stopped")


def test_a_new_attempt_and_the_one_after_it_have_used_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(1, 2))
    one = recorder(attempt=2)
    first = one.exited_fact(None, began=True)
    one.cpu_user_s = one.cpu_system_s = one.peak_memory_kib = 9
    one.raw, one.stopped, one.left = 9, status.CANCEL, ["17 sleep"]
    one.log_once("subject", "said")
    one.reset_for_next_attempt()
    one.log_once("subject", "said")
    second = one.exited_fact(None, began=True)

    assert [first[name] for name in USED] == [0, 0, 0, None, None]
    assert [second[name] for name in USED] == [0, 0, 0, None, None]
    assert "left" not in second
    assert (one.plan.attempt, one.home) == (3, attempts.folder(".", 3))
    assert one.kills_before == 2
    assert capfd.readouterr().err.count("said") == 2


def test_a_builder_that_is_over_counts_nothing_for_the_script(home: Path) -> None:
    one = recorder()
    one.script, one.over, one.raw = 17, True, 9
    one.cpu_user_s = one.cpu_system_s = one.peak_memory_kib = 9
    one.reset_after_builder()

    assert [one.exited_fact(None, began=True)[name] for name in USED] == [0, 0, 0, None, None]
    assert not one.over


@pytest.mark.parametrize(
    ("raw", "stopped", "before", "now", "expected"),
    [
        pytest.param(9, None, 1, 2, True, id="a kill more"),
        pytest.param(9, None, 0, 1, True, id="the first kill"),
        pytest.param(9, None, 1, 1, False, id="no kill more"),
        pytest.param(9, None, 0, None, False, id="the count is gone"),
        pytest.param(9, None, None, 1, False, id="no count at the start"),
        pytest.param(9, status.CANCEL, 1, 2, False, id="stopped"),
        pytest.param(15, None, 1, 2, False, id="another signal"),
        pytest.param(9 << 8, None, 1, 2, False, id="an exit code"),
        pytest.param(0, None, 1, 2, False, id="a success"),
        pytest.param(None, None, 1, 2, False, id="unknown"),
    ],
)
def test_only_a_kill_while_the_count_rose_is_for_want_of_memory(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    raw: int | None,
    stopped: str | None,
    before: int | None,
    now: int | None,
    expected: bool,
) -> None:
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(before, now))
    one = recorder()
    one.stopped = stopped

    assert one.is_out_of_memory(raw) is expected


def test_facts_of_an_attempt_lie_in_its_folder_and_those_of_the_run_in_the_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    (home / attempts.folder(".", 2)).mkdir(parents=True)
    one = recorder(attempt=2)
    one.publish(layout.EXITED, {"wait_status": 0})
    assert synced == []
    one.publish(layout.ENDED, {"status": status.COMPLETED}, sync=True)

    assert synced
    assert (facts.read(one.home, layout.EXITED) or {})["wait_status"] == 0
    assert (facts.read(".", layout.ENDED) or {})["user"] == "u"
    assert one.has(layout.ENDED)
    assert not one.has(layout.EXITED)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between two tries, which take no time."""
    pauses: list[float] = []
    monkeypatch.setattr(patience, "insist", partial(patience.insist, sleep=pauses.append))
    return pauses


def test_no_fact_of_a_run_that_was_removed_is_wanted_any_more(
    home: Path, waits: list[float]
) -> None:
    one = recorder()
    shutil.rmtree(home)
    one.publish(layout.ENDED, {"status": status.COMPLETED})

    assert waits == []


def test_a_fact_that_cannot_be_published_is_tried_again_and_that_is_logged_once(
    home: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    answers = iter([fails(errno.EIO), fails(errno.ENOSPC), facts.publish])

    def publish(*given: Any, **named: Any) -> Any:
        return next(answers)(*given, **named)

    monkeypatch.setattr(attempt.facts, "publish", publish)
    recorder().publish(layout.ENDED, {"status": status.COMPLETED})

    assert len(waits) == 2
    assert (facts.read(".", layout.ENDED) or {})["status"] == status.COMPLETED
    assert capfd.readouterr().err.count("ended.json cannot be published yet") == 1


def test_what_the_outcome_does_not_hang_on_is_tried_once_and_logged(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder().try_once("it stays", raises(ValueError("odd")))

    assert "it stays: odd" in capfd.readouterr().err


# What wakes it, in processes that take signals of their own


Play = Callable[[Attempt], Any]


@pytest.fixture
def played(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What becomes of an attempt, in a process of its own: `played(what is done, **plan)`."""
    monkeypatch.setattr(oom, "of_own_group", lambda: None)
    monkeypatch.setattr(linux, "is_going_down", lambda: False)

    def play(act: Play, **given: Any) -> Any:
        def inside() -> Any:
            log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            return act(Attempt(plan(**given), {}))

        return children.in_child(inside)

    return play


def exits(code: int) -> int:
    """A child that has ended and was not reaped yet."""
    pid = os.fork()
    if not pid:
        os._exit(code)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def lives() -> int:
    """A child, in a session of its own, that lives until it is ended or its parent is gone."""
    rest, kept = os.pipe()
    up, say = os.pipe()
    pid = os.fork()
    if not pid:
        os.setsid()
        os.close(kept)
        os.write(say, b"u")
        os.read(rest, 1)
        os._exit(0)
    os.read(up, 1)
    return pid


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def stop_fact() -> Any:
    return facts.read(".", layout.STOP)


def test_it_waits_until_the_script_is_over(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        up, go = os.pipe()
        one.script = os.fork()
        if not one.script:
            os.close(go)
            os.read(up, 1)
            os._exit(3)
        os.close(go)
        one.wait()
        return [one.over, one.raw, one.stop_wanted]

    assert played(play) == [True, 3 << 8, False]


def test_it_waits_for_no_more_once_it_is_to_stop(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        one.script = lives()
        os.kill(os.getpid(), signal.SIGTERM)
        one.wait()
        end(one.script)
        return [one.over, one.stop_wanted]

    assert played(play) == [False, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_stop_request(played: Callable[..., Any], number: int) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), number)
        return [one.doze(0), one.stop_wanted, one.stop_kind(), one.doze(0)]

    assert played(play) == [True, True, status.CANCEL, False]
    assert stop_fact()["why"] == "a signal asked for it"


def test_a_signal_that_came_while_it_was_at_something_else_is_not_lost(
    played: Callable[..., Any],
) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        seen = [list(one.nap(0)), list(one.nap(0)), one.stop_wanted]
        one.doze(0)
        return [*seen, one.stop_wanted]

    assert played(play) == [[signal.SIGTERM], [], False, True]


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGUSR1, signal.SIGHUP])
def test_other_signals_stop_nothing(played: Callable[..., Any], number: int) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), number)
        return [one.doze(0), one.told_to_end, one.stop_wanted]

    assert played(play) == [number != signal.SIGHUP, False, False]
    assert stop_fact() is None


def test_a_script_that_was_over_before_the_signal_came_has_its_own_end(
    played: Callable[..., Any],
) -> None:
    def play(one: Attempt) -> Any:
        one.script = exits(3)
        os.kill(os.getpid(), signal.SIGTERM)
        one.doze(0)
        return [one.over, one.raw, one.stop_wanted]

    assert played(play) == [True, 3 << 8, False]
    assert stop_fact() is None


def test_a_second_reason_to_stop_does_not_change_the_first(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        one.want_stop(status.TIMEOUT, "the time is over")
        os.kill(os.getpid(), signal.SIGTERM)
        one.doze(0)
        return [one.stop_kind_here, one.stop_kind()]

    assert played(play) == [status.TIMEOUT, status.TIMEOUT]


def test_a_signal_of_a_machine_that_goes_down_is_no_stop_request(
    played: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "is_going_down", lambda: True)

    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        one.doze(0)
        return [one.stop_wanted, one.stop_kind()]

    assert played(play) == [True, status.SHUTDOWN]
    assert stop_fact() is None
    assert "stopping: the machine is going down" in (home / "log").read_text()


@pytest.mark.parametrize(
    ("look", "expected"), [(lambda _: True, False), (fails(errno.EIO), True)], ids=["there", "?"]
)
def test_a_stop_request_comes_before_a_shutdown_where_it_can_be_seen(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[..., Any],
    expected: bool,
) -> None:
    one = Attempt.__new__(Attempt)
    monkeypatch.setattr(attempt.atomic, "is_at", look)
    monkeypatch.setattr(linux, "is_going_down", lambda: True)

    assert one.is_shut_down() is expected


@pytest.mark.parametrize(
    ("said", "kind"),
    [({"kind": status.TIMEOUT}, status.TIMEOUT), ({"kind": "odd"}, "here"), ({}, "here")],
)
def test_the_kind_of_a_stop_is_what_its_fact_says(
    home: Path, said: dict[str, object], kind: str
) -> None:
    one = Attempt.__new__(Attempt)
    one.stop_kind_here = "here"

    assert one.stop_kind() == "here"
    facts.publish(".", layout.STOP, said)
    assert one.stop_kind() == kind


def test_a_script_that_is_over_is_stopped_no_more(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        one.over = True
        one.want_stop(status.CANCEL, "late")
        return [one.stop_wanted]

    assert played(play) == [False]
    assert stop_fact() is None


def test_a_stop_that_cannot_be_published_stops_the_script_all_the_same(
    played: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt.facts, "publish", fails(errno.ENOSPC))

    def play(one: Attempt) -> Any:
        one.want_stop(status.FAIL, "wanted")
        return [one.stop_wanted, one.stop_kind()]

    assert played(play) == [True, status.FAIL]
    assert "stop.json cannot be published" in (home / "log").read_text()


# The time limit


class Dozing(Attempt):
    """An attempt whose sleeps are noted, and take no time; something happens in them, or not."""

    def __init__(self, deadline: float | None, happens: bool) -> None:
        Recorder.__init__(self, plan(settings={"max_run_duration_seconds": 5.0}), {})
        self.deadline, self.happens = deadline, happens
        self.stop_wanted = False
        self.slept: list[float | None] = []

    def doze(self, seconds: float | None) -> bool:
        self.slept.append(seconds)
        return self.happens


@pytest.mark.parametrize(
    ("until", "deadline", "happens", "slept", "stops"),
    [
        pytest.param(None, None, False, None, False, id="no limit"),
        pytest.param(103.0, None, False, 3.0, False, id="until a moment"),
        pytest.param(103.0, 105.0, False, 3.0, False, id="until a moment before the limit"),
        pytest.param(109.0, 105.0, False, 5.0, False, id="until the limit"),
        pytest.param(None, 100.0, False, 0.0, True, id="the limit is over now"),
        pytest.param(None, 99.0, False, -1.0, True, id="the limit is over"),
        pytest.param(None, 99.0, True, -1.0, False, id="what happens goes first"),
    ],
)
def test_it_sleeps_no_longer_than_to_the_time_limit_which_stops_the_script(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    until: float | None,
    deadline: float | None,
    happens: bool,
    slept: float | None,
    stops: bool,
) -> None:
    monkeypatch.setattr(linux, "clock", lambda: 100.0)
    one = Dozing(deadline, happens)
    one.doze_in_time(until)

    assert one.slept == [slept]
    assert one.stop_wanted is stops
    assert (stop_fact() is not None) is stops
    assert not stops or stop_fact()["why"] == "the time limit of 5 s is over"


class Poll:
    """A poll that returns at once, and says for how many milliseconds it was to sleep."""

    def __init__(self, ready: list[tuple[int, int]]) -> None:
        self.ready = ready
        self.asked: list[float | None] = []

    def poll(self, milliseconds: float | None) -> list[tuple[int, int]]:
        self.asked.append(milliseconds)
        return self.ready


def test_a_nap_is_never_longer_than_a_poll_can_count(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        one.poll = poll = Poll([])  # type: ignore[assignment]
        for seconds in (None, 1.5, -7.0, 1e9):
            one.nap(seconds)
        return poll.asked

    *asked, longest = played(play)
    assert asked == [None, 1500, 0]
    assert 24 * 3600 * 999 < longest < 1 << 31


# Memory


def test_the_count_of_kills_is_watched_where_it_can_be(
    played: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(0, woken_by=read_end))

    def play(one: Attempt) -> Any:
        os.write(write_end, b"x")
        one.nap(0)
        return one.memory_wakes

    wakes = played(play)
    os.close(read_end)
    os.close(write_end)
    assert wakes == 1


@pytest.fixture
def watching(home: Path) -> Attempt:
    """An attempt that is told by its group of memory."""
    one = Attempt.__new__(Attempt)
    Recorder.__init__(one, plan(), {})
    one.memory, one.memory_wakes = os.open(os.devnull, os.O_RDONLY), 0
    one.poll = select.poll()
    one.poll.register(one.memory, 0)
    one.is_dying = lambda: False  # type: ignore[method-assign]
    return one


@pytest.mark.parametrize(
    ("before", "told", "over", "counted"),
    [
        pytest.param(2, 3, False, 3, id="a kill more"),
        pytest.param(None, 1, False, 1, id="the first one that was told"),
        pytest.param(None, 0, False, None, id="none"),
        pytest.param(2, 2, False, 2, id="no kill more"),
        pytest.param(2, None, False, 2, id="nothing told"),
        pytest.param(2, 3, True, 2, id="after the script"),
    ],
)
def test_a_kill_beside_the_living_script_is_left_out_of_count(
    watching: Attempt,
    before: int | None,
    told: int | None,
    over: bool,
    counted: int | None,
) -> None:
    watching.kills = Told(told)  # type: ignore[assignment]
    watching.kills_before, watching.over = before, over
    watching.look_at_memory()
    assert watching.memory is not None
    os.close(watching.memory)

    assert watching.kills_before == counted
    assert (watching.memory_wakes == 0) is (counted != before)


def test_a_hundred_wakes_without_a_kill_are_enough(watching: Attempt) -> None:
    watching.kills = Told(*([0] * 50), 1, *([1] * 101))  # type: ignore[assignment]
    watching.kills_before = 0
    for _ in range(151):
        watching.look_at_memory()
    assert watching.memory is not None
    watching.look_at_memory()

    assert watching.memory is None


@pytest.mark.parametrize(
    ("looks", "expected"), [([True], True), ([False, True], True), ([False] * 9, False)]
)
def test_a_script_is_given_a_moment_to_begin_to_die(
    monkeypatch: pytest.MonkeyPatch, looks: list[bool], expected: bool
) -> None:
    waited: list[float] = []
    seen = iter(looks)
    monkeypatch.setattr(oom, "is_dying", lambda pid: pid == 17 and next(seen))
    monkeypatch.setattr(time, "sleep", waited.append)
    one = Attempt.__new__(Attempt)
    one.script = 17

    assert one.is_dying() is expected
    assert bool(waited) is (looks != [True])
    assert 0 <= sum(waited) < 0.1
    assert min(waited, default=0) >= 0


# Reaping

USAGE = ("ru_utime", "ru_stime", "ru_maxrss")


def test_all_that_ended_is_reaped_at_once_and_only_the_script_ends_the_run(
    played: Callable[..., Any],
) -> None:
    def play(one: Attempt) -> Any:
        before = one.reap()
        one.script = lives()
        still = one.reap()
        others = [exits(5), exits(6)]
        seen = [before, still, one.reap(), one.reap(), one.over, one.raw]
        assert one.script not in others
        end(one.script)
        return [*seen, one.reap(), one.over, one.raw, one.reap()]

    assert played(play) == [False, False, True, False, False, None, True, True, 9, False]


def test_what_all_used_is_added_up_and_the_highest_peak_counts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Attempt.__new__(Attempt)
    Recorder.__init__(one, plan(), {})
    one.helpers, one.script = {9}, 9
    of_each = [(1.0, 0.25, 700), (2.0, 0.5, 900), (4.0, 1.0, 800)]
    ended = iter([(10, 0, SimpleNamespace(**dict(zip(USAGE, used)))) for used in of_each])
    monkeypatch.setattr(os, "wait4", lambda *_: next(ended, (0, 0, None)))
    one.reap()

    assert (one.cpu_user_s, one.cpu_system_s, one.peak_memory_kib) == (7.0, 1.75, 900)


def test_what_the_helper_used_is_not_the_scripts(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        one.helpers = {exits(0)}
        one.reap()
        used = [len(one.helpers), one.cpu_user_s, one.cpu_system_s, one.peak_memory_kib, one.over]
        one.helpers, one.script = {exits(0)}, exits(3)
        one.reap()
        return [*used, one.over, one.raw, one.peak_memory_kib > 0]

    assert played(play) == [0, 0, 0, 0, False, True, 3 << 8, True]


def test_it_has_children_as_long_as_one_lives(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        pid = lives()
        seen = [one.has_children(), one.has_children(), [p.pid for p in one.look()] == [pid]]
        end(pid)
        return [*seen, one.has_children(), one.look()]

    assert played(play) == [True, True, True, False, []]


def test_where_processes_cannot_be_seen_that_is_logged_once(
    played: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(_root: int, _mark: str) -> list[process_tree.Process]:
        raise ImportError("no psutil")

    monkeypatch.setattr(process_tree, "below", unseen)

    assert played(lambda one: [one.look(), one.look()]) == [[], []]
    assert (home / "log").read_text().count("no psutil") == 1


# Slots


@pytest.mark.parametrize(
    ("number", "slots", "given_up"),
    [(signal.SIGUSR1, 2, True), (signal.SIGUSR1, 0, False), (signal.SIGCHLD, 2, False)],
)
def test_a_run_that_submits_others_gives_up_its_slots_when_it_is_told_so(
    played: Callable[..., Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    slots: int,
    given_up: bool,
) -> None:
    first = 300
    monkeypatch.setattr(attempt, "SLOT_DESCRIPTOR", first)
    monkeypatch.setattr(successor, "start_waiting", lambda target: (home / target).touch())

    def play(one: Attempt) -> Any:
        for place in range(first, first + 3):
            os.dup2(1, place)
        os.kill(os.getpid(), number)
        one.doze(0)
        there = set(map(int, os.listdir("/proc/self/fd")))
        return [[place in there for place in range(first, first + 3)], one.plan.slots]

    kept = not given_up
    assert played(play, slots=slots, target="gpu") == [[kept, kept, True], slots if kept else 0]
    assert (home / "gpu").exists() is given_up
    assert ("gave its slots" in (home / "log").read_text()) is given_up
