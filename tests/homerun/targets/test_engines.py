"""Runs that an engine starts: placed, begun, judged, canceled, and never given a wrong status."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import engine as fake
from helpers import process
from helpers.engine import Cluster, Held
from helpers.fifo import Fifo, Gate
from helpers.gpus import Machine
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, Workspace
from homerun.runs import reconcile
from homerun.targets import dispatch
from homerun.targets.engines import types, watch
from homerun.targets.engines.engine import GONE, OVER, Seen
from homerun.targets.queue import place_of
from runstore import layout, look, status
from runstore.queue import placed
from runstore.queue.queue import Queue
from runstore.run import attempts
from runstore.store import Store


@pytest.fixture
def cluster(
    workspace_dir: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A cluster, and the target `gpus` that is it; what it says is asked for at each look."""
    monkeypatch.setitem(types.TYPES, "fake", ("helpers.engine", "FakeEngine"))
    monkeypatch.setattr(watch, "INTERVAL_S", 0.0)
    made = Cluster("one", far=getattr(request, "param", None) == "far")
    root = Workspace.from_config()._store.for_writing().root
    said = {"targets": {"gpus": {"type": "fake", "cluster": "one"}}}
    Path(root, layout.SETTINGS).write_text(json.dumps(said))
    yield made
    made.close()


far = pytest.mark.parametrize("cluster", ["far"], indirect=True)


@pytest.fixture
def door(gate: Callable[[str], Gate]) -> Gate:
    return gate("door")


@pytest.fixture
def submit(cluster: Cluster, script: Callable[..., Path]) -> Callable[..., Run]:
    def start(source: str, *arguments: str, **options: Any) -> Run:
        script("train.py", source)
        config = ScriptRunConfig(
            "source", "train.py", list(arguments), compute_target="gpus", **options
        )
        return Experiment(Workspace.from_config(), "engine").submit(config)

    return start


def ended(run: Run) -> dict[str, object]:
    fact = run._record.fact(layout.ENDED)
    assert fact is not None
    return fact


def is_over(run: Run) -> bool:
    return reconcile.bring_up_to_date(run._record).is_over


def age(run: Run, seconds: float) -> None:
    """Let the heartbeat be so old."""
    then = time.time() - seconds
    os.utime(f"{run._record.path}/{layout.HEARTBEAT}", (then, then))


def waits_for(ready: Fifo, door: Gate, then: str = "") -> str:
    return f"print('up', file={ready.opened}); {door.passed}; {then}"


def test_a_run_is_placed_as_a_job_that_runs_it_with_metrics_log_and_outcome(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("from homerun import Run; Run.get_context().log('loss', 1.5); print('there')")
    assert run.get_status() == "Queued"
    waiting = place_of(run._record)
    assert waiting is not None
    assert waiting.reason == "fake has it as job 1: all nodes are busy"

    held = cluster.start()
    run.wait_for_completion()

    assert (run.get_status(), run.get_metrics()) == ("Completed", {"loss": 1.5})
    assert "there" in Path(run._record.path, layout.STD_LOG).read_text()
    assert held.process is not None
    assert held.process.wait() == 0
    job = placed.job_of(run._record)
    assert job is not None
    assert (job["engine"], job["job"], job["comment"]) == ("fake", "1", run._record.mark)
    assert Queue(run._record.store.root, "gpus").entries() == []


def test_a_run_whose_job_is_signalled_process_by_process_was_canceled(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo, door: Gate
) -> None:
    run = submit(waits_for(ready, door))
    cluster.start()
    ready.line()
    started = run._record.fact(layout.STARTED)
    assert started is not None

    for one in ("script", "supervisor"):
        os.kill(started[one]["pid"], signal.SIGTERM)
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"


def test_the_job_ends_with_a_failure_where_the_script_does(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("raise SystemExit(3)")
    held = cluster.start()

    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), ended(run)["exit_code"]) == ("Failed", 3)
    assert held.process is not None
    assert held.process.wait() == 1


def test_a_script_sees_what_its_engine_gives_the_job_and_nothing_else_of_it(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("import os; print([os.environ.get(n) for n in ('FAKE_JOB', 'GIVEN', 'PWD')])",
                 environment_variables={"GIVEN": "yes"})  # fmt: skip
    cluster.start()

    run.wait_for_completion()

    text = Path(run._record.path, layout.STD_LOG).read_text()
    assert text.startswith("['1', 'yes', '/")


def test_the_gpus_that_an_engine_gives_a_job_are_on_record(
    cluster: Cluster, submit: Callable[..., Run], gpus: Machine
) -> None:
    gpus.say(1, name="H200")
    cluster.gives = {**gpus.variables, "CUDA_VISIBLE_DEVICES": "1"}
    known = submit("import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    cluster.start()
    cluster.gives = {"CUDA_VISIBLE_DEVICES": "3,GPU-aa"}
    unknown = submit("pass")
    cluster.start()

    for run in (known, unknown):
        run.wait_for_completion()

    assert Path(known._record.path, layout.STD_LOG).read_text() == "1\n"
    [device] = (known._record.fact(layout.STARTED) or {})["gpus"]
    assert (device["index"], device["uuid"], device["name"]) == ("1", "GPU-1", "H200")
    told = (unknown._record.fact(layout.STARTED) or {})["gpus"]
    assert [(one["index"], one["uuid"]) for one in told] == [("3", ""), ("", "GPU-aa")]


@far
def test_a_run_on_another_host_is_running_canceled_and_over_as_its_facts_and_heartbeat_say(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    cluster.start()
    ready.line()

    assert run.get_status() == "Running"
    assert run._record.place()["host"] == fake.HOST
    run.cancel()

    assert (run.get_status(), ended(run)["cause"]) == ("Canceled", "cancel")


@far
def test_a_silent_run_on_another_host_is_not_responding_and_never_failed_while_its_job_runs(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    cluster.start()
    ready.line()
    record = run._record
    beat = Path(record.path, layout.HEARTBEAT)
    beat.rename(beat.with_suffix(".aside"))
    beat.symlink_to("/dev/null")  # it beats no more

    assert look.at(record).status == "NotResponding"
    assert reconcile.bring_up_to_date(record).status == "NotResponding"
    cluster.is_silent = True
    assert reconcile.bring_up_to_date(record).status == "NotResponding"
    cluster.is_silent = False
    door.open()

    run.wait_for_completion()
    assert run.get_status() == "Completed"


@far
def test_a_heartbeat_of_before_what_the_engine_said_last_is_silence_by_the_file_servers_clock(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    held = cluster.start()
    ready.line()
    cluster.kill(held)
    age(run, 300.0)  # another clock, five minutes behind: no silence by itself
    seen = Path(run._record.store.root, layout.QUEUE, "gpus", layout.QUEUE_SEEN)
    seen.unlink(missing_ok=True)

    assert look.at(run._record).status == "Running"
    cluster.is_silent = True
    reconcile.bring_up_to_date(run._record)
    assert look.at(run._record).status == "NotResponding"


@far
def test_a_run_whose_node_is_gone_is_lost_by_its_engine_once_it_is_silent(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    held = cluster.start()
    ready.line()
    cluster.kill(held)
    assert run.get_status() == "Running"
    age(run, 700.0)

    assert run.get_status() == "Failed"
    assert ended(run)["cause"] == status.LOST_BY_ENGINE
    told = run.get_details()["error"]["error"]["message"]
    assert told == "its job is over and left no outcome: its process ended; exit -9"


@pytest.mark.parametrize("lie", [Seen(OVER), Seen(GONE)], ids=["over", "gone"])
@far
def test_what_an_engine_says_of_an_end_is_not_believed_while_the_heart_beats(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    lie: Seen,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    cluster.start()
    ready.line()
    cluster.lie = lie

    assert run.get_status() == "Running"
    door.open()
    run.wait_for_completion()

    assert run.get_status() == "Completed"


def test_an_engine_that_lost_its_state_and_hands_the_id_out_again_loses_no_run_that_goes_on(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo, door: Gate
) -> None:
    run = submit(waits_for(ready, door))
    cluster.start()
    ready.line()
    cluster.restart()
    other = submit("print('stranger')")
    assert [placed.job_of(one._record)["job"] for one in (run, other)] == ["1", "1"]  # type: ignore[index]

    assert run.get_status() == "Running"
    run.cancel()

    assert run.get_status() == "Canceled"
    assert not cluster.held[0].is_canceled
    cluster.start()
    other.wait_for_completion()
    assert other.get_status() == "Completed"


def test_a_job_that_vanished_before_it_began_is_lost_by_its_engine_and_begins_nothing_later(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("print('never')")
    cluster.restart()

    assert run.get_status() == "Failed"
    assert ended(run)["cause"] == status.LOST_BY_ENGINE

    late = cluster.start(cluster.lost[0])
    assert late.process is not None
    assert late.process.wait() == 0
    assert fake.path_of_log(Path(run._record.path)).read_text() == "homerun: the run is over\n"
    assert not Path(run._record.path, layout.STARTED).exists()


def test_of_two_jobs_of_one_run_one_begins_it(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo, door: Gate
) -> None:
    run = submit(waits_for(ready, door))
    first = cluster.start()
    ready.line()
    second = cluster.enter(first.job)
    cluster.start(second)

    assert second.process is not None
    assert second.process.wait() == 1
    door.open()
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    assert "has begun already" in fake.path_of_log(Path(run._record.path)).read_text()


def test_a_run_that_waits_is_canceled_at_once_and_its_job_is_taken_back(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("print('never')")
    run.cancel()

    assert run.get_status() == "Canceled"
    assert cluster.held[0].is_canceled


def test_a_run_that_is_canceled_while_the_engine_is_silent_never_begins(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("print('never')")
    cluster.is_silent = True
    run.cancel()
    assert run.get_status() == "Canceled"
    cluster.is_silent = False

    held = cluster.start()

    assert held.process is not None
    assert held.process.wait() == 0
    assert not Path(run._record.path, layout.STARTED).exists()


def test_what_an_engine_does_not_take_waits_and_is_given_to_it_later(
    cluster: Cluster, submit: Callable[..., Run], capfd: pytest.CaptureFixture[str]
) -> None:
    cluster.is_silent = True
    run = submit("print('late')")

    told = capfd.readouterr().err
    assert "cluster one does not answer: start it; what waits in the queue of gpus is given" in told
    waiting = place_of(run._record)
    assert waiting is not None
    assert waiting.reason == "fake has not taken it yet"
    cluster.is_silent = False
    dispatch.start(Workspace.from_config()._store, "gpus")
    cluster.start()

    run.wait_for_completion()
    assert len(cluster.held) == 1


def test_a_job_that_was_submitted_and_not_noted_is_found_and_not_submitted_twice(
    cluster: Cluster, submit: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(watch, "add", die)
        with pytest.raises(Killed):
            submit("print('once')")
    dispatch.start(Workspace.from_config()._store, "gpus")
    run = next(Workspace.from_config().get_runs())

    cluster.start()
    run.wait_for_completion()

    assert (run.get_status(), len(cluster.held)) == ("Completed", 1)
    assert cluster.calls.count("submit") == 1


def test_a_batch_costs_one_call_to_submit_and_one_for_each_look_at_all_of_it(
    cluster: Cluster, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    script("train.py", "print('one of many')")
    cluster.starts_at_once = False
    config = ScriptRunConfig("source", "train.py", compute_target="gpus")
    experiment = Experiment(Workspace.from_config(), "many")
    batch = experiment.submit_many([config] * 12)
    assert cluster.calls.count("submit") == 1

    monkeypatch.setattr(watch, "INTERVAL_S", 3600.0)
    cluster.calls.clear()
    assert {run.get_status() for run in batch} == {"Queued"}
    assert len(cluster.calls) <= 1
    batch.parent.cancel()


@pytest.mark.parametrize("way", ["batch", "runs"])
def test_a_cancel_of_many_that_wait_is_one_call(
    cluster: Cluster, script: Callable[..., Path], way: str
) -> None:
    script("train.py", "print('one of many')")
    config = ScriptRunConfig("source", "train.py", compute_target="gpus")
    batch = Experiment(Workspace.from_config(), "many").submit_many([config] * 12)
    cluster.calls.clear()

    if way == "batch":
        batch.parent.cancel()
    else:
        Workspace.from_config().cancel_runs(list(batch))

    assert {run.get_status() for run in batch} == {"Canceled"}
    assert cluster.calls.count("cancel") == 1
    assert all(held.is_canceled for held in cluster.held)


@pytest.mark.parametrize("said", [{"slots": 2}, {"max_concurrent_runs": 2}])
def test_how_many_go_on_at_once_is_not_for_a_run_to_say(
    submit: Callable[..., Run], said: dict[str, int]
) -> None:
    [name] = said

    with pytest.raises(SubmitError, match=f"on gpus is up to its engine: leave {name} out"):
        submit("print('never')", **said)


def test_a_host_where_the_store_is_not_trusted_yet_trusts_it_by_itself_and_the_home_one_still_does(
    cluster: Cluster, submit: Callable[..., Run], state_home: Path
) -> None:
    run = submit(
        """
        from homerun import Run, ScriptRunConfig
        config = ScriptRunConfig(".", command=["/bin/true"], compute_target="local")
        child = Run.get_context().submit_child(config)
        child.wait_for_completion()
        """
    )
    store = Store(run._record.store.root)
    kept = next((state_home / layout.TRUSTED).glob(f"{store.id}.*"))
    known = kept.read_text()
    kept.write_text(json.dumps({**json.loads(known), "device": 1, "file_system": 0}))
    here = Path(f"/tmp/homerun-{os.geteuid()}") / kept.name
    assert not store.may_act

    job = cluster.start().process
    assert job is not None
    assert job.wait() == 0

    assert [child.get_status() for child in run.get_children()] == ["Completed"]
    assert json.loads(kept.read_text())["device"] == 1  # no other host is told otherwise
    assert json.loads(here.read_text())["device"] != 1
    here.unlink()
    kept.write_text(known)


AGAIN = {"max_retries": 1, "retry_on": ["host_restarted"]}
FIRST_WAITS = """
import os
if "HOMERUN_ATTEMPT" not in os.environ:
    print("up", file={ready})
    {door}
print("attempt", os.environ.get("HOMERUN_ATTEMPT", 1))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "preempted"])
@far
def test_a_job_that_its_engine_starts_again_is_another_attempt_of_the_run(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    number: signal.Signals,
    needs_pid_namespace: None,
) -> None:
    run = submit(FIRST_WAITS.format(ready=ready.opened, door=door.passed), **AGAIN)
    held = cluster.start()
    ready.line()
    assert held.job.may_requeue
    if number == signal.SIGKILL:
        cluster.kill(held)
    else:
        supervisor = supervisor_of(held)
        os.kill(supervisor, number)
        assert held.process is not None
        held.process.wait()
        assert look.at(run._record).status == "Queued"

    cluster.start(held, again=True)
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    log = Path(run._record.path, attempts.std_log(2)).read_text()
    assert log == "attempt 2\n"
    kept = Path(run._record.store.root, layout.QUEUE, "gpus")
    wait_until(lambda: not any(kept.glob(".kept-*")), "the supervisor puts away what was kept")


@far
def test_what_an_engine_said_of_a_job_is_not_said_of_the_runs_next_one_with_the_same_id(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    monkeypatch: pytest.MonkeyPatch,
    needs_pid_namespace: None,
) -> None:
    run = submit(FIRST_WAITS.format(ready=ready.opened, door=door.passed), **AGAIN)
    first = placed.job_of(run._record)
    held = cluster.start()
    ready.line()
    cluster.kill(held)
    cluster.restart()
    age(run, 3600)

    assert not is_over(run)
    second = placed.job_of(run._record)
    assert first is not None
    assert second is not None
    assert first["job"] == second["job"]
    monkeypatch.setattr(watch, "INTERVAL_S", 3600.0)  # what was said before is still held
    assert not is_over(run)
    monkeypatch.setattr(watch, "INTERVAL_S", 0.0)
    cluster.start()
    run.wait_for_completion()

    assert run.get_status() == "Completed"


def supervisor_of(held: Held) -> int:
    """The supervisor's pid here: the child of the job, the first process of the other host."""
    assert held.process is not None
    job = process.descendants(held.process.pid)[0]
    return next(one.pid for one in process.descendants(job.pid) if one.parent == job.pid)


def near_supervisor(run: Run) -> int:
    started = run._record.fact(layout.STARTED)
    assert started is not None
    return int(started["supervisor"]["pid"])


@pytest.mark.parametrize("cluster", ["near", "far"], indirect=True)
@pytest.mark.parametrize("code", [0, 3])
def test_a_run_whose_supervisor_is_killed_goes_on_in_its_job_and_ends_as_its_script_does(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    code: int,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door, f"raise SystemExit({code})"))
    held = cluster.start()
    ready.line()

    killed = supervisor_of(held) if cluster.far else near_supervisor(run)
    os.kill(killed, signal.SIGKILL)
    process.wait_gone(killed)
    assert run.get_status() == "Running"
    assert held.process is not None
    assert held.process.poll() is None
    door.open()
    run.wait_for_completion(raise_on_error=False)

    end = ended(run)
    assert (end["status"], end["exit_code"]) == ("Failed" if code else "Completed", code)
    assert held.process.wait() == (1 if code else 0)


@pytest.mark.parametrize("cluster", ["near", "far"], indirect=True)
def test_a_run_whose_supervisor_was_killed_is_canceled_with_all_that_it_has_started(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    needs_pid_namespace: None,
) -> None:
    run = submit(
        f"""
        import subprocess, time
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        print("up", file={ready.opened})
        time.sleep(1000)
        """
    )
    held = cluster.start()
    ready.line()
    killed = supervisor_of(held) if cluster.far else near_supervisor(run)
    os.kill(killed, signal.SIGKILL)
    process.wait_gone(killed)

    run.cancel()

    assert (run.get_status(), ended(run)["cause"]) == ("Canceled", "cancel")
    assert process.marked(f"HOMERUN_RUN_ID={run.id}") == []


def test_a_script_that_ends_while_its_supervisor_is_being_killed_has_its_exit_code_all_the_same(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo, door: Gate
) -> None:
    run = submit(waits_for(ready, door, "raise SystemExit(7)"))
    cluster.start()
    ready.line()
    started = run._record.fact(layout.STARTED) or {}
    supervisor = started["supervisor"]["pid"]
    os.kill(supervisor, signal.SIGSTOP)
    door.open()
    process.wait_gone(started["script"]["pid"])

    os.kill(supervisor, signal.SIGKILL)
    run.wait_for_completion(raise_on_error=False)

    assert ended(run)["exit_code"] == 7


@far
def test_a_run_is_not_begun_again_that_is_not_to_be_retried(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(waits_for(ready, door))
    held = cluster.start()
    ready.line()
    assert not held.job.may_requeue
    cluster.kill(held)

    cluster.start(held, again=True)
    assert held.process is not None
    assert held.process.wait() == 1
    assert not Path(run._record.path, layout.ATTEMPTS).exists()
    age(run, 700.0)
    assert run.get_status() == "Failed"


def test_the_end_of_a_jobs_time_is_told_ahead_and_is_a_time_out(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo, door: Gate
) -> None:
    run = submit(waits_for(ready, door))
    held = cluster.start()
    ready.line()
    assert held.process is not None
    held.process.send_signal(signal.SIGXCPU)

    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), ended(run)["cause"]) == ("Failed", "timeout")


def test_the_limit_of_an_engine_is_that_of_the_run_with_time_for_its_end(
    cluster: Cluster, submit: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake.FakeEngine, "limit_s", lambda self: 100.0)
    run = submit("print('short')", grace_s=30.0)
    cluster.start()
    run.wait_for_completion()

    started = run._record.fact(layout.STARTED) or {}
    assert started["limit_s"] == 50.0


@far
def test_a_child_that_a_script_on_another_host_holds_open_goes_on_and_ends_as_the_script_does(
    cluster: Cluster,
    submit: Callable[..., Run],
    ready: Fifo,
    door: Gate,
    needs_pid_namespace: None,
) -> None:
    run = submit(
        f"""
        from homerun import Run
        child = Run.get_context().child_run("part")
        print("up", file={ready.opened})
        {door.passed}
        """
    )
    cluster.start()
    ready.line()
    child = next(iter(run.get_children()))

    assert child.get_status() == "Running"
    door.open()
    run.wait_for_completion()
    assert child.get_status() == "Completed"


def test_a_run_with_the_id_of_one_that_was_removed_gets_a_job_of_its_own(
    cluster: Cluster, script: Callable[..., Path]
) -> None:
    script("train.py", "print('done')")
    config = ScriptRunConfig("source", "train.py", compute_target="gpus")
    experiment = Experiment(Workspace.from_config(), "engine")
    first = experiment.submit(config, run_id="same")
    cluster.start()
    first.wait_for_completion()
    job = Path(first._record.store.root, layout.QUEUE, "gpus", layout.QUEUE_JOBS, "same")
    first.delete(purge=True)
    job.write_text('{"job": "1"}')  # no look has removed it

    second = experiment.submit(config, run_id="same")
    cluster.start()
    second.wait_for_completion()

    assert [held.job.run_id for held in cluster.held] == ["same", "same"]
