"""A script that failed is started again: as often, after what, and as late as was asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.system import children, linux
from runstore import RunExists, layout
from runstore.fs import facts
from runstore.queue.queue import Queue
from runstore.run import identity
from runstore.upkeep.check import check

COUNTS = """
import os, sys
from homerun import Run
run = Run.get_context()
done = len(open("outputs/done").read()) if os.path.exists("outputs/done") else 0
print("attempt", run.attempt, "found", done, run.resume_directory)
assert (run.resume_directory is None) == (run.attempt == 1)
assert run.resume_directory is None or os.path.samefile(run.resume_directory, ".")
open("outputs/done", "a").write("x")
run.log("done", done)
sys.exit(75 if done < int(sys.argv[1]) else 0)
"""


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("counts.py", COUNTS)
    script("fails.py", "raise SystemExit(3)")
    return Experiment(Workspace.from_config(), "retries")


def submit(experiment: Experiment, name: str, *arguments: object, **options: Any) -> Run:
    return experiment.submit(ScriptRunConfig("source", name, list(arguments), **options))


def ended(run: Run) -> dict[str, Any]:
    run.wait_for_completion(raise_on_error=False)
    return facts.read(run.directory, layout.ENDED) or {}


def log(run: Run, name: str = "std_log.txt") -> str:
    return Path(run.directory, "user_logs", name).read_text()


def test_a_script_is_started_again_until_it_succeeds_and_finds_what_it_made(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit(experiment, "counts.py", 2, max_retries=5, retry_on=[75])

    run.wait_for_completion(show_output=True)

    assert run.get_status() == "Completed"
    assert run.get_metrics() == {"done": [0, 1, 2]}
    assert log(run) == "attempt 1 found 0 None\n"
    assert log(run, "std_log_2.txt").startswith("attempt 2 found 1 ")
    assert log(run, "std_log_3.txt").startswith("attempt 3 found 2 ")
    assert capsys.readouterr().out.count("attempt ") == 3
    rows = run.describe()["attempts"]
    assert [row.get("exit_code") for row in rows] == [75, 75, 0]
    assert [row.get("cause") for row in rows] == ["exit_code", "exit_code", None]
    third = facts.read(f"{run.directory}/attempts/3", layout.STARTED) or {}
    assert third["attempt"] == 3
    assert check(experiment.workspace.store) == []


def test_after_the_last_retry_it_is_failed_as_the_last_attempt_was(experiment: Experiment) -> None:
    run = submit(experiment, "counts.py", 9, max_retries=2)

    assert ended(run)["exit_code"] == 75
    assert len(run.describe()["attempts"]) == 3
    assert run.get_status() == "Failed"
    assert "attempt 3" in run.get_details()["error"]["error"]["message"]


def test_what_is_not_to_be_retried_is_not(experiment: Experiment) -> None:
    run = submit(experiment, "fails.py", max_retries=2, retry_on=["exit:75", "signal"])

    assert ended(run)["exit_code"] == 3
    assert "attempts" not in run.describe()
    assert run.attempt == 1


def test_a_script_that_was_ended_by_a_signal_is_started_again(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("dies.py", "import os\nif 'HOMERUN_ATTEMPT' not in os.environ: os.kill(os.getpid(), 9)")

    run = submit(experiment, "dies.py", max_retries=1, retry_on="signal")

    assert ended(run)["status"] == "Completed"
    assert [row.get("signal") for row in run.describe()["attempts"]] == ["SIGKILL", None]


def test_a_script_that_declared_itself_failed_is_not_started_again(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("says.py", "from homerun import Run; Run.get_context().fail('no'); raise SystemExit(1)")

    run = submit(experiment, "says.py", max_retries=2)

    assert ended(run)["cause"] == "fail"
    assert run.attempt == 1


def waits(run: Run) -> bool:
    return run.attempt == 2


def test_while_it_waits_it_is_preparing_and_a_cancel_ends_it_at_once(
    experiment: Experiment,
) -> None:
    run = submit(experiment, "fails.py", max_retries=1, retry_delay_s=1000)
    assert holds_within(lambda: waits(run), 10.0)
    assert holds_within(lambda: run.describe()["attempts"][0].get("exit_code") == 3, 10.0)

    assert run.get_status() == "Preparing"
    assert run.describe()["attempts"][1] == {"attempt": 2}
    run.cancel()

    assert run.get_status() == "Canceled"
    assert facts.read(f"{run.directory}/attempts/2", layout.STARTED) is None
    assert ended(run)["cause"] == "cancel"


def test_the_time_limit_is_that_of_the_whole_run(experiment: Experiment) -> None:
    run = submit(
        experiment, "fails.py", max_retries=1, retry_delay_s=1000, max_run_duration_seconds=0.5
    )

    assert ended(run)["cause"] == "timeout"
    assert run.get_status() == "Failed"


def test_a_supervisor_that_is_killed_while_it_waits_leaves_the_first_attempts_outcome(
    experiment: Experiment,
) -> None:
    run = submit(experiment, "fails.py", max_retries=1, retry_delay_s=1000)
    assert holds_within(lambda: waits(run), 10.0)
    assert holds_within(lambda: run.describe()["attempts"][0].get("exit_code") == 3, 10.0)

    kill(run, "supervisor")

    assert run.get_status() == "Failed"
    assert ended(run)["exit_code"] == 3


def kill(run: Run, *whom: str, attempt: int = 1) -> None:
    folder = run.directory if attempt == 1 else f"{run.directory}/attempts/{attempt}"
    started = facts.read(folder, layout.STARTED) or {}
    for who in whom:
        found = process.look(int(started[who]["pid"]))
        assert found is not None
        process.send(found, signal.SIGKILL)
        assert holds_within(lambda who=who: not identity.lives(started[who]), 10.0)  # type: ignore[misc]


@pytest.mark.parametrize("how", ["ends", "canceled"])
def test_a_supervisor_that_is_killed_in_the_second_attempt_is_replaced(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    how: str,
) -> None:
    door = gate("door")
    script(
        "second.py",
        f"""
        import os, sys
        if "HOMERUN_ATTEMPT" not in os.environ:
            sys.exit(1)
        ready = {ready.opened}
        print("up", file=ready)
        {door.passed}
        sys.exit(7)
        """,
    )
    run = submit(experiment, "second.py", max_retries=1, grace_s=0.2)
    ready.line()
    assert run.get_status() == "Running"
    kill(run, "supervisor", attempt=2)

    assert run.get_status() == "Running"
    assert holds_within(lambda: "adopted" in Path(run.directory, "supervisor.log").read_text(), 10)
    if how == "ends":
        door.open()
        assert ended(run)["exit_code"] == 7
        exited = facts.read(f"{run.directory}/attempts/2", layout.EXITED) or {}
        assert exited["exit_code"] == 7
    else:
        run.cancel()
        assert run.get_status() == "Canceled"
    assert (facts.read(run.directory, layout.EXITED) or {})["exit_code"] == 1
    ready.eof()


@pytest.fixture
def ending(script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]) -> Gate:
    """What lets a script end that failed, and that leaves a process which ignores TERM."""
    door = gate("door")
    script(
        "ends.py",
        f"""
        import os, signal, sys
        fifo = {ready.opened}
        if sys.argv[1] == "leaves" and os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("up", file=fifo)
            while True: signal.pause()
        print("up", file=fifo)
        {door.passed}
        sys.exit(1)
        """,
    )
    return door


def test_a_supervisor_that_is_told_to_end_as_its_script_ends_starts_no_other_attempt(
    experiment: Experiment, ending: Gate, ready: Fifo
) -> None:
    run = submit(experiment, "ends.py", "alone", max_retries=3)
    ready.line()
    processes = run.describe()["process"]
    os.kill(processes["supervisor_pid"], signal.SIGSTOP)

    ending.open(4)
    process.wait_gone(processes["pid"])
    os.kill(processes["supervisor_pid"], signal.SIGTERM)
    os.kill(processes["supervisor_pid"], signal.SIGCONT)

    assert ended(run)["exit_code"] == 1
    assert run.get_status() == "Failed"
    assert run.attempt == 1


def test_a_supervisor_that_is_told_to_end_while_it_sweeps_starts_no_other_attempt(
    experiment: Experiment, ending: Gate, ready: Fifo
) -> None:
    run = submit(experiment, "ends.py", "leaves", max_retries=3)
    assert [ready.line(), ready.line()] == ["up", "up"]
    log_of = Path(run.directory, "supervisor.log")

    ending.open(4)
    assert holds_within(lambda: "left behind: TERM" in log_of.read_text(), 10.0)
    os.kill(run.describe()["process"]["supervisor_pid"], signal.SIGTERM)

    assert ended(run)["exit_code"] == 1
    assert run.attempt == 1
    ready.eof()


def test_a_run_that_waits_for_its_retry_keeps_its_slot(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "1")
    run = submit(experiment, "fails.py", max_retries=1, retry_delay_s=1000)
    assert holds_within(lambda: waits(run), 10.0)

    other = submit(experiment, "counts.py", 0)

    assert other.get_status() == "Queued"
    run.cancel()
    assert ended(other)["status"] == "Completed"


# After a restart of the machine


@pytest.fixture
def waiting(script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]) -> Gate:
    door = gate("door")
    script(
        "wait.py",
        f"""
        import os
        ready = {ready.opened}
        print(os.environ.get("HOMERUN_ATTEMPT"), os.environ["KEY"], file=ready)
        {door.passed}
        """,
    )
    return door


def restarted(experiment: Experiment, ready: Fifo) -> Run:
    """A run that is to be retried after a restart, and went with its machine."""
    run = submit(
        experiment,
        "wait.py",
        max_retries=1,
        retry_on=["host_restarted"],
        environment_variables={"KEY": "canary"},
    )
    assert ready.line() == "None canary"
    kept = Queue(experiment.workspace.directory, "local").kept(run.id)
    assert os.stat(kept).st_mode & 0o777 == 0o600
    kill(run, "supervisor", "script")
    boot = identity.boot_id()
    path = Path(run.directory, layout.STARTED)
    path.write_text(path.read_text().replace(boot, "earlier"))
    return run


def canaries(root: str) -> list[str]:
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    return [path for path in paths if os.path.isfile(path) and b"canary" in Path(path).read_bytes()]


def test_after_a_restart_the_next_command_starts_it_again(
    experiment: Experiment, waiting: Gate, ready: Fifo
) -> None:
    run = restarted(experiment, ready)

    assert run.get_status() in ("Queued", "Preparing", "Running")

    assert ready.line() == "2 canary"
    assert run.get_status() == "Running"
    waiting.open()
    assert ended(run)["status"] == "Completed"
    assert holds_within(lambda: not canaries(experiment.workspace.directory), 10.0)
    ready.eof()
    assert check(experiment.workspace.store) == []


def test_after_a_restart_it_can_be_canceled_while_it_is_queued(
    experiment: Experiment, waiting: Gate, ready: Fifo
) -> None:
    run = restarted(experiment, ready)
    Queue(experiment.workspace.directory, "local").pause()

    assert run.get_status() == "Queued"
    run.cancel()

    assert run.get_status() == "Canceled"
    assert canaries(experiment.workspace.directory) == []


# On the way down: an orderly shutdown sends TERM to all, and systemd says so where it is asked


@pytest.fixture
def going_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The machine is going down, as every supervisor that is started, and this process, sees it."""
    boot = children._BOOT
    seen = "from homerun.system import linux; linux.is_going_down = lambda: True; from homerun."
    with monkeypatch.context() as patch:
        patch.setattr(children, "_BOOT", boot.replace("from homerun.", seen, 1))
        patch.setattr(linux, "is_going_down", lambda: True)
        yield patch


KEPT = {
    "max_retries": 1,
    "retry_on": ["host_restarted"],
    "environment_variables": {"KEY": "canary"},
    "grace_s": 0.3,
}


@pytest.mark.parametrize("first", ["script", "supervisor"])
def test_after_an_orderly_shutdown_it_is_started_again_too(
    experiment: Experiment,
    waiting: Gate,
    ready: Fifo,
    going_down: pytest.MonkeyPatch,
    first: str,
) -> None:
    run = submit(experiment, "wait.py", **KEPT)
    assert ready.line() == "None canary"
    started = facts.read(run.directory, layout.STARTED) or {}
    script, supervisor = (int(started[who]["pid"]) for who in ("script", "supervisor"))

    os.kill(supervisor, signal.SIGSTOP)
    if first == "script":
        os.kill(script, signal.SIGTERM)
        process.wait_gone(script)
    os.kill(supervisor, signal.SIGTERM)
    os.kill(supervisor, signal.SIGCONT)
    process.wait_gone(supervisor)
    on_the_way = [run.get_status(), run.get_status()]
    going_down.undo()
    path = Path(run.directory, layout.STARTED)
    path.write_text(path.read_text().replace(identity.boot_id(), "earlier"))
    run.get_status()

    assert on_the_way == ["Queued", "Queued"]
    assert ready.line() == "2 canary"
    waiting.open()
    assert ended(run)["status"] == "Completed"
    assert (facts.read(run.directory, layout.EXITED) or {})["stopped"] == "shutdown"
    ready.eof()


def test_a_shutdown_ends_a_run_without_such_retries_and_starts_none_that_waits(
    experiment: Experiment,
    waiting: Gate,
    ready: Fifo,
    going_down: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "1")
    run = submit(experiment, "wait.py", **{**KEPT, "max_retries": 0})
    assert ready.line() == "None canary"
    other = submit(experiment, "counts.py", 0)
    supervisor = run.describe()["process"]["supervisor_pid"]

    os.kill(supervisor, signal.SIGTERM)
    process.wait_gone(supervisor)

    assert (run.get_status(), ended(run)["cause"]) == ("Failed", "host_restarted")
    assert facts.read(run.directory, layout.STOP) is None
    assert facts.read(other.directory, layout.STARTED) is None
    going_down.undo()
    assert ended(other)["status"] == "Completed"


def test_a_cancel_on_the_way_down_is_a_cancel(
    experiment: Experiment, waiting: Gate, ready: Fifo, going_down: pytest.MonkeyPatch
) -> None:
    run = submit(experiment, "wait.py", **KEPT)
    ready.line()

    run.cancel()

    assert (run.get_status(), ended(run)["cause"]) == ("Canceled", "cancel")


def test_a_shutdown_that_did_not_come_starts_the_run_again(
    experiment: Experiment, waiting: Gate, ready: Fifo, going_down: pytest.MonkeyPatch
) -> None:
    run = submit(experiment, "wait.py", **KEPT)
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGTERM)
    process.wait_gone(supervisor)

    going_down.undo()
    run.get_status()

    assert ready.line() == "2 canary"
    waiting.open()
    assert ended(run)["status"] == "Completed"


def test_without_retries_left_a_restart_is_the_end(
    experiment: Experiment, waiting: Gate, ready: Fifo
) -> None:
    run = restarted(experiment, ready)
    os.makedirs(f"{run.directory}/attempts/2")

    assert run.get_status() == "Failed"
    assert ended(run)["cause"] == "host_restarted"
    assert canaries(experiment.workspace.directory) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_retries": -1},
        {"max_retries": "two"},
        {"retry_on": ["sometimes"]},
        {"retry_on": ["exit:"]},
        {"retry_on": [0]},
        {"retry_on": ["exit:256"]},
        {"retry_delay_s": -1},
    ],
)
def test_retries_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        ScriptRunConfig("source", "noop.py", **wrong)


def test_a_run_that_a_restart_caught_before_it_began_is_started_too(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homerun.targets import launch

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervisor", lambda *given, **named: 0)
        run = submit(experiment, "counts.py", 0, max_retries=1, retry_on=["host_restarted"])
    asked = facts.read(run.directory, layout.RUN) or {}
    asked["submitted_from"]["boot_id"] = "earlier"
    Path(run.directory, layout.RUN).unlink()
    facts.publish(run.directory, layout.RUN, asked)

    again = experiment.workspace.get_run(run.id)

    assert ended(again)["status"] == "Completed"
    assert again.attempt == 2


def test_a_killed_supervisor_is_no_restart_of_the_machine(
    experiment: Experiment, waiting: Gate, ready: Fifo
) -> None:
    run = submit(
        experiment,
        "wait.py",
        max_retries=1,
        retry_on=["host_restarted"],
        environment_variables={"KEY": "canary"},
    )
    ready.line()
    kill(run, "supervisor", "script")

    assert run.get_status() == "Failed"
    assert ended(run)["cause"] == "lost_exit_status"
    assert canaries(experiment.workspace.directory) == []
    ready.eof()


@pytest.mark.parametrize("age_s", [0, 61])
def test_what_a_removed_run_was_started_with_keeps_no_new_run_of_its_id_from_being_made(
    experiment: Experiment, age_s: int
) -> None:
    waiting = Queue(experiment.workspace.store.for_writing().root, "local")
    waiting.keep("again", b"of a run that was removed")
    kept = Path(waiting.kept("again"))
    then = kept.stat().st_mtime - age_s
    os.utime(kept, (then, then))
    config = ScriptRunConfig("source", "fails.py", max_retries=1, retry_on=["host_restarted"])

    if age_s:
        run = experiment.submit(config, run_id="again")
        assert ended(run)["cause"] == "exit_code"
        process.wait_gone(run.describe()["process"]["supervisor_pid"])
        assert not kept.exists()
    else:  # it may be that of another process that makes a run of this id now
        with pytest.raises(RunExists, match="'again' exists already or was removed just now"):
            experiment.submit(config, run_id="again")
        assert kept.read_bytes() == b"of a run that was removed"
