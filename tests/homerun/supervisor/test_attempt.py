"""One attempt: the facts that it publishes, what wakes it, what ends it, and what it reaps."""

from __future__ import annotations

import errno
import json
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
from homerun.metrics.rules import rule as rules
from homerun.metrics.usage import roll
from homerun.supervisor import attempt, hooks, patience, successor
from homerun.supervisor.attempt import Attempt, Recorder
from homerun.system import linux, process_tree
from homerun.system.limits import oom
from homerun.targets.plan import Plan
from homerun.targets.slurm import own_job
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
        self.before = before
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


class Limits:
    """Limits in force, as a test tells of them: which one is broken, and what the watch finds."""

    def __init__(self, broken: str = "", *, is_over: bool = False) -> None:
        self.broken = broken
        self.watch: Any = None
        self.is_over = is_over
        self.is_released = False

    def fact(self) -> dict[str, Any]:
        return {"memory": {"value": 1 << 30}}

    def told(self, *, is_out_of_memory: bool) -> dict[str, Any]:
        return {"memory_peak": 77, "told": is_out_of_memory}

    def look(self, _found: object) -> bool:
        return self.is_over

    def release(self) -> None:
        self.is_released = True


def test_limits_and_gpus_are_on_record_only_of_a_run_that_has_any(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "LOCK_DESCRIPTOR", ".")
    plain = recorder()
    one = recorder(settings={"gpus_given": ["0\tGPU-a\t512\tT4", "1\tGPU-b\t0\tT4"]})
    one.limits = Limits("memory")  # type: ignore[assignment]
    one.raw = plain.raw = 15
    started, exited = one.started_fact(), one.exited_fact(None, began=True)

    assert not {"limits", "gpus"} & plain.started_fact().keys()
    assert "memory_peak" not in plain.exited_fact(None, began=True)
    assert started["limits"] == {"memory": {"value": 1 << 30}}
    assert started["gpus"] == [
        {"index": "0", "uuid": "GPU-a", "name": "T4", "memory": 512 << 20},
        {"index": "1", "uuid": "GPU-b", "name": "T4"},
    ]
    assert (exited["memory_peak"], exited["told"], exited["out_of_memory"]) == (77, True, True)


def test_what_the_processes_on_several_nodes_used_is_on_record_only_of_a_run_that_has_any(
    home: Path,
) -> None:
    facts.publish(".", layout.RANKS, {"peak_memory_kib": 4242})
    plain = recorder().exited_fact(None, began=True)
    one = recorder(settings={"ranks": "2"})
    one.node_lost = "a node of its job failed"
    told = one.exited_fact(None, began=True)

    assert (plain["peak_memory_kib"], "lost" in plain) == (0, False)
    assert (told["peak_memory_kib"], told["lost"]) == (4242, "a node of its job failed")


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


@pytest.mark.parametrize(
    ("broken", "raw", "stopped", "expected"),
    [
        pytest.param("memory", 15, None, True, id="ended over its memory"),
        pytest.param("memory", 15, status.CANCEL, False, id="stopped"),
        pytest.param("pids", 9, None, False, id="ended over its processes"),
        pytest.param("", 9, None, True, id="killed by the kernel"),
        pytest.param("", 15, None, False, id="another signal"),
    ],
)
def test_a_script_that_was_ended_over_its_limit_is_out_of_memory_if_that_was_of_memory(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    raw: int,
    stopped: str | None,
    expected: bool,
) -> None:
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(1, 2))
    one = recorder()
    one.limits = Limits(broken)  # type: ignore[assignment]
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


BY_ENGINE = {"beats": True}


def test_an_engine_that_ends_the_job_soon_is_a_time_limit_also_if_a_stop_is_asked_for_beside(
    played: Callable[..., Any],
) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGXCPU)
        os.kill(os.getpid(), signal.SIGTERM)
        seen = [sorted(one.nap(0)), list(one.nap(0)), one.stop_wanted]
        one.doze(0)
        return [*seen, one.stop_wanted, one.stop_kind_here]

    came = sorted([signal.SIGXCPU, signal.SIGTERM])
    assert played(play, settings=BY_ENGINE) == [came, [], False, True, status.TIMEOUT]
    assert stop_fact()["why"] == "its engine is about to end the job: its time is up"


def test_an_engine_that_ends_the_job_soon_is_noted_without_any_other_signal(
    played: Callable[..., Any],
) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGXCPU)
        one.doze(0)
        return one.stop_kind()

    assert played(play, settings=BY_ENGINE) == status.TIMEOUT


@pytest.mark.parametrize(
    ("settings", "kept", "kind"),
    [
        pytest.param(BY_ENGINE, "plan", status.SHUTDOWN, id="by an engine, which starts it again"),
        pytest.param(BY_ENGINE, "", status.CANCEL, id="by an engine, for good"),
        pytest.param({}, "plan", status.CANCEL, id="at home"),
    ],
)
def test_a_job_that_its_engine_takes_away_to_start_it_again_is_no_stop_request(
    played: Callable[..., Any], settings: dict[str, object], kept: str, kind: str
) -> None:
    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        one.doze(0)
        return one.stop_kind()

    assert played(play, settings=settings, kept=kept) == kind
    assert (stop_fact() is None) is (kind == status.SHUTDOWN)


FAILED_NODE = "a node of its job failed"


@pytest.mark.parametrize(
    ("ranks", "said", "kind"),
    [
        pytest.param("2", FAILED_NODE, status.LOST, id="a node is lost"),
        pytest.param("2", "", status.CANCEL, id="no node is lost"),
        pytest.param(None, FAILED_NODE, status.CANCEL, id="a run on one node"),
    ],
)
def test_a_run_that_goes_with_a_node_of_its_job_is_lost_and_not_canceled(
    played: Callable[..., Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    ranks: str | None,
    said: str,
    kind: str,
) -> None:
    monkeypatch.setattr(own_job, "lost", lambda _env: said)

    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        one.doze(0)
        return [one.stop_wanted, one.stop_kind(), one.node_lost]

    is_lost = kind == status.LOST
    assert played(play, settings={"ranks": ranks}) == [True, kind, FAILED_NODE if is_lost else ""]
    assert (stop_fact() is None) is is_lost
    assert (f"stopping: {FAILED_NODE}" in (home / "log").read_text()) is is_lost


def test_a_stop_request_comes_before_a_node_that_is_lost(
    played: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_job, "lost", lambda _env: FAILED_NODE)
    facts.publish(".", layout.STOP, {"kind": status.CANCEL})

    assert played(lambda one: one.has_lost_node(), settings={"ranks": "2"}) is False


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


@pytest.mark.parametrize("is_over", [False, True])
def test_a_signal_goes_to_the_script_alone_and_to_no_process_that_has_its_pid_after_it(
    played: Callable[..., Any], is_over: bool
) -> None:
    def play(one: Attempt) -> Any:
        sent: list[tuple[int, int]] = []
        one.script = exits(3) if is_over else lives()
        os.kill = lambda *given: sent.append(given)  # type: ignore[assignment]
        one.signal_script(signal.SIGUSR1)
        return [sent == [(one.script, signal.SIGUSR1)], sent == [], one.over]

    assert played(play) == [not is_over, is_over, is_over]


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


class Clock:
    """A clock that only what is slept moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(linux, "clock", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Heart:
    """The beats of a run whose stop is asked for at the last of so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.asked: list[float | None] = []

    def rest(self, seconds: float | None) -> float | None:
        self.asked.append(seconds)
        return 1.0 if seconds is None else min(seconds, 1.0)

    def look(self) -> bool:
        self.looks -= 1
        assert self.looks >= 0
        return not self.looks


class Sleeping(Poll):
    """A poll in which time goes by."""

    def __init__(self, clock: Clock, ready: list[tuple[int, int]] | None = None) -> None:
        super().__init__(ready or [])
        self.clock = clock

    def poll(self, milliseconds: float | None) -> list[tuple[int, int]]:
        self.clock.now += (milliseconds or 0.0) / 1000
        return super().poll(milliseconds)


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [
        pytest.param(2.5, [2.5, 1.5, 0.5], id="so long"),
        pytest.param(0.5, [0.5], id="shorter than one look"),
        pytest.param(2.0, [2.0, 1.0], id="as long as two looks"),
        pytest.param(-7.0, [0.0], id="no time"),
        pytest.param(None, [None] * 9, id="until it is stopped"),
    ],
)
def test_a_run_of_an_engine_sleeps_as_long_as_it_is_to_and_looks_for_its_stop_meanwhile(
    played: Callable[..., Any],
    clock: Clock,
    seconds: float | None,
    asked: list[float | None],
) -> None:
    def play(one: Attempt) -> Any:
        one.beats = heart = Heart(9)  # type: ignore[assignment]
        one.poll = Sleeping(clock)  # type: ignore[assignment]
        came = one.nap(seconds)
        return [list(came), heart.asked, one.told_to_end]

    assert played(play) == [[], asked, seconds is None]


@pytest.mark.parametrize("what", ["a signal", "a process"])
def test_what_happens_ends_the_sleep_of_a_run_of_an_engine(
    played: Callable[..., Any], clock: Clock, what: str
) -> None:
    def play(one: Attempt) -> Any:
        one.beats = heart = Heart(9)  # type: ignore[assignment]
        ready = [(9999, select.POLLIN)] if what == "a process" else []
        one.poll = Sleeping(clock, ready)  # type: ignore[assignment]
        if what == "a signal":
            os.kill(os.getpid(), signal.SIGCHLD)  # it comes just when the poll has ended
        return [list(one.nap(30.0)), heart.asked]

    assert played(play) == [[signal.SIGCHLD] if what == "a signal" else [], [30.0]]


def test_a_run_of_an_engine_is_stopped_by_its_stop_request_alone(
    played: Callable[..., Any],
) -> None:
    facts.publish(".", layout.STOP, {"kind": status.FAIL})

    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGCHLD)  # it looks at once, and not a second later
        one.wait()
        return [one.stop_wanted, one.stop_kind()]

    assert played(play, settings=BY_ENGINE) == [True, status.FAIL]
    assert os.path.exists(layout.HEARTBEAT)


# Sampling, and the limits that are watched


class Waiting(Attempt):
    """An attempt on a clock that only its sleeps move; its script is over at a moment."""

    def __init__(self, clock: Clock, over_at: float, **given: Any) -> None:
        Recorder.__init__(self, plan(**given), {})
        self.clock, self.over_at, self.started_at = clock, over_at, clock.now
        self.stop_wanted = False
        self.sampled: list[float] = []
        self.sleeps = 0

    def doze(self, seconds: float | None) -> bool:
        self.sleeps += 1
        assert self.sleeps < 30
        assert not self.over
        until = self.over_at if seconds is None else self.clock.now + max(0.0, seconds)
        self.clock.now = min(until, self.over_at)
        self.reap()
        return self.over

    def reap(self) -> bool:
        self.over = self.clock.now >= self.over_at
        return self.over

    def look(self) -> list[process_tree.Process]:
        return []

    def have_sampled(self) -> None:
        self.sampled.append(self.clock.now)


@pytest.fixture
def in_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which a run's folder is the current one."""
    (home / "exp" / "run").mkdir(parents=True)
    monkeypatch.chdir(home / "exp" / "run")
    return home


RULE = {"stop_if": ["metrics.loss is nan"]}


@pytest.mark.parametrize(
    ("said", "settings", "over_at", "sampled"),
    [
        pytest.param(None, {}, 104.0, [], id="over before"),
        pytest.param(None, {}, 105.0, [], id="over just then"),
        pytest.param(None, {}, 500.0, [105.0], id="after five seconds, once"),
        pytest.param({}, {}, 500.0, [105.0], id="nothing is said of samples"),
        pytest.param({"sample_s": 2}, {}, 500.0, [102.0], id="samples come often"),
        pytest.param({"sample_s": 60}, {}, 500.0, [105.0], id="samples come seldom"),
        pytest.param({"sample_s": 0}, {}, 500.0, [], id="no samples"),
        pytest.param(None, {"ranks": "2"}, 500.0, [], id="on several nodes"),
        pytest.param(None, RULE, 221.0, [100.0, 160.0, 220.0], id="with rules, again and again"),
        pytest.param(None, {**RULE, "ranks": "2"}, 101.0, [100.0], id="with rules, on nodes"),
        pytest.param({"sample_s": 0}, RULE, 101.0, [100.0], id="with rules, without samples"),
    ],
)
def test_a_run_is_sampled_once_it_takes_long_and_its_rules_are_looked_at_from_the_start(
    in_store: Path,
    clock: Clock,
    said: dict[str, object] | None,
    settings: dict[str, object],
    over_at: float,
    sampled: list[float],
) -> None:
    if said is not None:
        (in_store / layout.SETTINGS).write_text(json.dumps(said))
    one = Waiting(clock, over_at, settings=settings)
    one.wait()

    assert one.sampled == sampled
    assert (clock.now, one.stop_wanted) == (over_at, False)


def test_a_run_that_cannot_be_sampled_goes_on(
    in_store: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Waiting, "have_sampled", fails(errno.ENOSPC))
    one = Waiting(clock, 110.0)
    one.wait()

    assert one.over
    assert capfd.readouterr().err.count("nothing samples what it uses") == 1


class Watch(Limits):
    """A watch that looks every two seconds, and finds the limit broken from a moment on."""

    def __init__(self, clock: Clock, over_from: float) -> None:
        super().__init__()
        self.clock, self.over_from, self.watch = clock, over_from, self
        self.due = clock.now + 2.0
        self.looks: list[float] = []

    def look(self, _found: object) -> bool:
        self.looks.append(self.clock.now)
        self.due = self.clock.now + 2.0
        return self.clock.now >= self.over_from


@pytest.mark.parametrize(
    ("over_from", "over_at", "looks", "is_over"),
    [
        pytest.param(106.0, 500.0, [102.0, 104.0, 106.0], False, id="over its limit"),
        pytest.param(106.0, 106.0, [102.0, 104.0], True, id="over just then"),
        pytest.param(900.0, 107.0, [102.0, 104.0, 106.0], True, id="never over its limit"),
    ],
)
def test_a_script_is_waited_for_until_it_is_over_the_limit_that_is_watched(
    in_store: Path,
    clock: Clock,
    over_from: float,
    over_at: float,
    looks: list[float],
    is_over: bool,
) -> None:
    one = Waiting(clock, over_at)
    one.limits = watch = Watch(clock, over_from)  # type: ignore[assignment]
    one.wait()

    assert (watch.looks, one.over) == (looks, is_over)


@pytest.mark.parametrize(
    ("limits", "over_at", "expected"),
    [
        pytest.param(Limits(is_over=True), 500.0, True, id="over"),
        pytest.param(Limits(), 500.0, False, id="within"),
        pytest.param(Limits(is_over=True), 0.0, False, id="the script has ended"),
        pytest.param(None, 500.0, False, id="no limits"),
    ],
)
def test_only_a_living_script_is_over_a_limit(
    home: Path, clock: Clock, limits: Any, over_at: float, expected: bool
) -> None:
    one = Waiting(clock, over_at)
    one.limits = limits

    assert one.is_over_limit() is expected


@pytest.mark.parametrize(("sampler", "settings"), [(0, {}), (4242, {}), (4242, RULE)])
def test_what_a_sampler_uses_that_a_run_has_started_is_not_the_scripts(
    played: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    sampler: int,
    settings: dict[str, object],
) -> None:
    asked: list[Any] = []

    def add_run(*given: Any, **named: Any) -> int:
        asked.append([*given, named])
        return sampler

    def play(one: Attempt) -> Any:
        before = one.is_sampled
        one.follow_rules = lambda: asked.append("rules")  # type: ignore[method-assign]
        one.have_sampled()
        return [before, one.is_sampled, sorted(one.helpers), asked]

    monkeypatch.setattr(roll, "add_run", add_run)
    entered = ["m", {}, {"has_rules": bool(settings)}]
    expected = [entered, "rules"] if settings else [entered]
    helpers = [sampler] if sampler else []
    assert played(play, settings=settings) == [False, True, helpers, expected]


# Rules


def fire(number: int, action: str, of_attempt: int = 1) -> None:
    """Have a rule fire, as the process does that looks at them."""
    rule = rules.Rule(number, action, "metrics.loss is nan")
    rules.publish(".", rule, {"metrics.loss": float("nan")}, of_attempt)


def test_a_rule_that_asks_for_another_attempt_ends_this_one_without_a_stop_request(
    played: Callable[..., Any], home: Path
) -> None:
    fire(1, rules.RETRY)

    def play(one: Attempt) -> Any:
        one.script = 17
        one.follow_rules()
        return [one.stop_wanted, one.stop_kind()]

    assert played(play) == [True, status.RETRY]
    assert stop_fact() is None
    log = (home / "log").read_text()
    assert "rule 1 (retry): metrics.loss was nan" in log
    assert "stopping: a rule asks for another attempt" in log


@pytest.mark.parametrize(
    ("action", "of_attempt", "script", "is_stopped"),
    [
        pytest.param(rules.RETRY, 2, 17, False, id="of another attempt"),
        pytest.param(rules.RETRY, 1, 0, False, id="before its script began"),
        pytest.param(rules.RETRY, 1, 17, True, id="after a stop request"),
        pytest.param(rules.STOP, 1, 17, False, id="another rule"),
    ],
)
def test_no_attempt_is_ended_that_a_rule_does_not_ask_to_be(
    played: Callable[..., Any], action: str, of_attempt: int, script: int, is_stopped: bool
) -> None:
    fire(1, action, of_attempt)
    if is_stopped:
        facts.publish(".", layout.STOP, {"kind": status.CANCEL})

    def play(one: Attempt) -> Any:
        one.script = script
        one.follow_rules()
        return one.stop_wanted

    assert played(play) is False


def test_each_rule_that_has_fired_is_followed_once_in_each_attempt(
    played: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def notify(*given: Any) -> int:
        told.append(given)
        return 4000 + len(told)

    monkeypatch.setattr(hooks, "notify", notify)
    fire(1, rules.NOTIFY)

    def play(one: Attempt) -> Any:
        one.follow_rules()
        fire(2, rules.STOP)
        fire(3, rules.RETRY)
        fire(3, rules.RETRY, 2)
        one.follow_rules()
        one.follow_rules()
        return [told, sorted(one.helpers)]

    assert played(play) == [[[".", "m", {}, "rule", "1.json"]], [4001]]
    log = (home / "log").read_text()
    assert [log.count(f"rule {number} (") for number in (1, 2, 3)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("number", "settings", "followed"),
    [(signal.SIGUSR2, RULE, 1), (signal.SIGUSR2, {}, 0), (signal.SIGCHLD, RULE, 0)],
)
def test_what_rules_ask_for_is_done_when_the_run_is_told_so(
    played: Callable[..., Any], number: int, settings: dict[str, object], followed: int
) -> None:
    def play(one: Attempt) -> Any:
        done: list[int] = []
        one.follow_rules = lambda: done.append(1)  # type: ignore[method-assign]
        os.kill(os.getpid(), number)
        one.doze(0)
        return len(done)

    assert played(play, settings=settings) == followed


def test_what_a_rule_asks_for_and_cannot_be_done_does_not_end_the_supervisor(
    played: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "fired", fails(errno.EIO))

    def play(one: Attempt) -> Any:
        os.kill(os.getpid(), signal.SIGUSR2)
        return [one.doze(0), one.stop_wanted]

    assert played(play, settings=RULE) == [True, False]
    assert "what a rule asks for cannot be done" in (home / "log").read_text()


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
    watching.kills = group = Told(told)  # type: ignore[assignment]
    watching.kills_before, watching.over = before, over
    watching.look_at_memory()
    assert watching.memory is not None
    os.close(watching.memory)

    assert group.before == (before or 0)
    assert watching.kills_before == counted
    assert (watching.memory_wakes == 0) is (counted != before)


def test_a_group_that_cannot_wake_it_is_counted_all_the_same(
    played: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(3))

    assert played(lambda one: [one.kills_before, one.memory, one.memory_wakes]) == [3, None, 0]


def test_kills_are_counted_in_the_runs_own_group_as_long_as_that_keeps_its_limits(
    watching: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oom, "of_own_group", lambda: Told(8))
    former, watching.memory_wakes = watching.memory, 7
    read_end, write_end = os.pipe()
    watching.count_kills_in(Told(3, woken_by=read_end))  # type: ignore[arg-type]
    os.write(write_end, b"x")
    woken_by = [descriptor for descriptor, _ in watching.poll.poll(0)]
    of_run = watching.kills_before, watching.memory_wakes, woken_by == [read_end]
    watching.release_limits()
    unlimited = watching.kills_before, watching.memory == read_end
    watching.limits = limits = Limits()  # type: ignore[assignment]
    watching.release_limits()
    os.close(write_end)

    assert (of_run, unlimited) == ((3, 0, True), (3, True))
    assert (limits.is_released, watching.limits, watching.kills_before) == (True, None, 8)
    assert (watching.memory, watching.poll.poll(0)) == (None, [])
    assert former is not None
    for closed in (former, read_end):
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(closed)


def test_where_no_group_counts_kills_none_is_out_of_memory(watching: Attempt) -> None:
    watching.count_kills_in(None)

    assert (watching.kills_before, watching.memory) == (None, None)
    assert watching.is_out_of_memory(9) is False


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


def test_what_another_part_of_it_has_started_is_no_process_of_the_script(
    played: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(one: Attempt) -> Any:
        started = exits(0)
        monkeypatch.setattr(attempt.children, "forget", lambda pid: pid == started)
        return [one.reap(), one.peak_memory_kib]

    assert played(play) == [True, 0]


# Slots, and GPUs


def test_the_gpus_of_a_run_are_free_once_it_gives_them_up(played: Callable[..., Any]) -> None:
    def play(one: Attempt) -> Any:
        for place in (300, 301, 302):
            os.dup2(1, place)
        one.gpu_locks = range(300, 302)
        for _ in range(2):
            one.free_gpus()
        there = set(map(int, os.listdir("/proc/self/fd")))
        return [[place in there for place in (0, 300, 301, 302)], list(one.gpu_locks)]

    assert played(play) == [[True, False, False, True], []]


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
