"""Runs on a real Slurm cluster: placed, followed, canceled, lost and started again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import children
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base import environ
from homerun.targets.engines import watch
from homerun.targets.queue import place_of
from runstore import layout
from slurm.cluster import Cluster
from slurm.runs import Submit, ended, is_lost, job_of, left_of
from slurm.settings import Targets
from torture import report


def waits(ready: Fifo, door: Gate, then: str = "") -> str:
    return f"print('up', file={ready.opened}); {door.passed}\n{then}"


@pytest.mark.parametrize("target", ["near", "far"])
def test_a_run_has_its_log_metrics_and_outcome_as_at_home(submit: Submit, target: str) -> None:
    source = "from homerun import Run; Run.get_context().log('loss', 1.5); print('there')"
    there, here = submit(target, source), submit("local", source)

    there.wait_for_completion()
    here.wait_for_completion()

    assert there.get_metrics() == here.get_metrics() == {"loss": 1.5}
    for run in (there, here):
        assert Path(run._record.path, layout.STD_LOG).read_text() == "there\n"
    assert set(ended(there)) == set(ended(here))
    assert set(there._record.run) - {"engine_options"} == set(here._record.run)


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("raise SystemExit(7)", {"cause": "exit_code", "exit_code": 7, "signal": None}),
        (
            "import os; os.kill(os.getpid(), 11)",
            {"cause": "signal", "exit_code": None, "signal": "SIGSEGV"},
        ),
    ],
    ids=["code", "signal"],
)
def test_an_exit_code_and_a_signal_are_those_of_the_script(
    cluster: Cluster, submit: Submit, source: str, outcome: dict[str, object]
) -> None:
    run = submit("far", source)

    end = ended(run)

    assert {name: end[name] for name in outcome} == outcome
    wait_until(lambda: cluster.state(job_of(run)) == "FAILED", "Slurm knows of the failure too")


def test_a_run_that_waits_says_why_in_words(submit: Submit, targets: Targets) -> None:
    targets.add("wide", nodelist="n1", cpus="4")
    first = submit("wide", "import time; time.sleep(1000)")
    wait_until(lambda: first.get_status() == "Running", "it runs")

    second = submit("wide", "print('second')")

    def reason() -> bool:
        where = place_of(second._record)
        assert where is not None
        return where.reason.endswith("no node is free for it (Resources)")

    wait_until(reason, "the reason is told")
    assert second.get_status() == "Queued"
    first.cancel()
    second.wait_for_completion()


def test_children_of_a_parent_on_the_cluster_run_there_too(submit: Submit) -> None:
    parent = submit(
        "far",
        """
        import os
        from homerun import Run, ScriptRunConfig

        run = Run.get_context()
        if "CHILD" in os.environ:
            run.log("node", 1)
        else:
            config = ScriptRunConfig(".", "train.py", compute_target="any")
            config.run_config.environment_variables["CHILD"] = "1"
            children = [run.submit_child(config) for _ in range(2)]
            for child in children:
                child.wait_for_completion()
            run.log("sum", sum(child.get_metrics()["node"] for child in children))
        """,
    )

    parent.wait_for_completion()

    assert parent.get_metrics() == {"sum": 2}
    children = list(parent.get_children())
    assert [child.get_status() for child in children] == ["Completed"] * 2
    assert len({job_of(child) for child in children}) == 2


@pytest.mark.parametrize("target", ["near", "far"])
def test_a_run_that_obeys_is_canceled_and_leaves_nothing(
    cluster: Cluster, submit: Submit, ready: Fifo, target: str
) -> None:
    run = submit(target, f"print('up', file={ready.opened})\nimport time; time.sleep(1000)")
    ready.line()

    run.cancel()

    assert (run.get_status(), left_of(run)) == ("Canceled", [])
    wait_until(lambda: cluster.state(job_of(run)) == "FAILED", "its job ends too")


def test_a_stubborn_tree_is_killed_after_its_grace_double_forked_ones_too(
    submit: Submit, ready: Fifo
) -> None:
    run = submit(
        "far",
        f"""
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pipe = {ready.opened}
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
        print("up", file=pipe)
        time.sleep(1000)
        """,
        grace_s=1,
    )
    ready.line()
    ready.line()

    run.cancel()

    assert (run.get_status(), left_of(run)) == ("Canceled", [])


def test_a_run_that_waits_is_canceled_at_once_and_its_job_with_it(
    cluster: Cluster, submit: Submit, targets: Targets
) -> None:
    targets.add("later", sbatch="--begin=now+1hour")
    run = submit("later", "print('never')")
    wait_until(lambda: cluster.state(job_of(run)) == "PENDING", "it waits")

    run.cancel()

    assert run.get_status() == "Canceled"
    assert cluster.state(job_of(run)) in ("CANCELLED", "")


def test_the_limit_of_the_target_ends_a_run_by_its_own_ladder(
    submit: Submit, targets: Targets
) -> None:
    targets.add("short", nodelist="n2", time="25s")
    run = submit("short", "import time; time.sleep(1000)", grace_s=2)

    assert ended(run)["cause"] == "timeout"
    assert run.get_status() == "Failed"


def test_the_notice_that_slurm_gives_ahead_of_its_limit_is_a_timeout(
    cluster: Cluster, submit: Submit, ready: Fifo
) -> None:
    run = submit("far", f"print('up', file={ready.opened})\nimport time; time.sleep(1000)")
    ready.line()

    cluster.ask("scancel", "--batch", "--signal=XCPU", job_of(run))

    assert ended(run)["cause"] == "timeout"


def test_a_job_that_an_administrator_cancels_is_a_run_that_was_canceled(
    cluster: Cluster, submit: Submit, ready: Fifo
) -> None:
    run = submit("far", f"print('up', file={ready.opened})\nimport time; time.sleep(1000)")
    ready.line()

    cluster.ask("scancel", job_of(run))

    assert (ended(run)["status"], left_of(run)) == ("Canceled", [])


def test_a_run_goes_on_without_the_controller_and_ends_right(
    cluster: Cluster, submit: Submit, ready: Fifo, door: Gate
) -> None:
    run = submit("far", waits(ready, door, "raise SystemExit(5)"))
    ready.line()
    cluster.wait_saved(job_of(run))  # else its number is given again, while the job still runs

    cluster.tell("kill slurmctld")
    try:
        assert run.get_status() == "Running"
        door.open()
        end = ended(run)
    finally:
        cluster.tell("start slurmctld")

    assert (end["status"], end["exit_code"]) == ("Failed", 5)


def test_a_run_whose_node_lost_its_power_is_lost_by_its_engine(
    cluster: Cluster, submit: Submit, ready: Fifo
) -> None:
    if "n3" not in cluster.far:
        pytest.skip("no PID namespaces here, so that a node's processes are seen from this host")
    run = submit("far", f"print('up', file={ready.opened})\nimport time; time.sleep(1000)")
    ready.line()

    cluster.tell("crash n3")
    assert run.get_status() in ("Running", "NotResponding")
    cluster.ask("scontrol", "update", "NodeName=n3", "State=DOWN", "Reason=lost")
    wait_until(lambda: is_lost(run), "the run is over")
    cluster.tell("start n3")
    cluster.ask("scontrol", "update", "NodeName=n3", "State=RESUME")

    assert run.get_status() == "Failed"
    assert (ended(run)["cause"], left_of(run)) == ("lost_by_engine", [])


def requeued(cluster: Cluster, job: str) -> None:
    cluster.ask("scontrol", "requeue", job)


def preempted(cluster: Cluster, job: str) -> None:
    where = ("--partition=urgent", "--nodelist=n3", "--cpus-per-task=4", "--output=/dev/null")
    cluster.ask("sbatch", *where, "--wrap=true")


def starts_now(cluster: Cluster, run: Run, job: str) -> bool:
    """Whether a run's job has begun its second attempt. Slurm sets its time to two minutes from
    now, and may do so after a first update of that time, which is lost then; a job that is still
    being taken away may seem to have left the queue.
    """
    reason = cluster.ask("squeue", "--noheader", f"--jobs={job}", "--format=%r").strip()
    if reason == "BeginTime":  # one update after the other keeps the scheduler from looking at it
        cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
    return Path(run._record.path, "attempts/2", layout.STARTED).exists()


@pytest.mark.parametrize("taken_away", [requeued, preempted])
def test_a_run_that_is_retried_is_started_again_by_slurm_as_its_next_attempt(
    cluster: Cluster,
    submit: Submit,
    ready: Fifo,
    taken_away: Callable[[Cluster, str], None],
) -> None:
    run = submit(
        "far",
        f"""
        import os, time
        print("up", file={ready.opened})
        if "{environ.ATTEMPT}" not in os.environ:
            time.sleep(1000)
        """,
        max_retries=1,
        retry_on=["host_restarted"],
    )
    ready.line()
    job = job_of(run)

    taken_away(cluster, job)
    wait_until(lambda: cluster.state(job) == "PENDING", "it waits again")
    ended_first = Path(run._record.path, layout.EXITED)
    wait_until(ended_first.exists, "its first attempt is over")  # Slurm itself waits two minutes
    cluster.wait_idle()
    wait_until(lambda: starts_now(cluster, run, job), "it is started again")
    ready.line()
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert Path(run._record.path, "attempts/2", layout.STARTED).exists()


def test_a_run_gets_from_slurm_what_it_may_use(
    cluster: Cluster, submit: Submit, ready: Fifo, door: Gate
) -> None:
    run = submit("any", waits(ready, door), cpus=2, memory="100 MB")
    ready.line()

    job = cluster.ask("scontrol", "show", "job", job_of(run))
    door.open()
    run.wait_for_completion()

    assert "CPUs/Task=2" in job
    assert "MinMemoryNode=164M" in job
    assert run.get_status() == "Completed"


def test_after_a_loss_of_state_nothing_of_a_stranger_is_canceled(
    cluster: Cluster, submit: Submit, targets: Targets
) -> None:
    targets.add("later", sbatch="--begin=now+1hour")
    run = submit("later", "print('never')")
    job = job_of(run)
    cluster.lose_state()
    cluster.wait_idle()
    strangers = [
        cluster.ask("sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 1000").strip()
        for _ in range(int(job))
    ]
    assert job in strangers

    run.cancel()

    assert ended(run)["cause"] == "lost_by_engine"
    assert cluster.state(job) in ("PENDING", "RUNNING")


def test_a_batch_of_two_hundred_is_one_array_and_all_of_it_ends_right(
    cluster: Cluster, targets: Targets, script: Callable[..., Path]
) -> None:
    script("train.py", "import sys; sys.exit(int(sys.argv[1]) % 2)")
    configs = [
        ScriptRunConfig("source", "train.py", [str(number)], compute_target="any")
        for number in range(COUNT)
    ]
    before = cluster.calls("sbatch")

    batch = Experiment(Workspace.from_config(), "many").submit_many(configs)
    batch.wait_for_completion(raise_on_error=False)

    assert len(cluster.calls("sbatch")) - len(before) == 1
    statuses = [run.get_status() for run in batch]
    assert statuses == ["Completed", "Failed"] * (COUNT // 2)


COUNT = 200


def test_a_thousand_runs_cost_as_many_calls_to_submit_as_two_and_one_to_look_however_many_look(
    cluster: Cluster,
    targets: Targets,
    script: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("train.py", "print('never')")
    targets.add("later", sbatch="--begin=now+1hour")
    config = ScriptRunConfig("source", "train.py", compute_target="later")
    monkeypatch.setattr(watch, "INTERVAL_S", 3600.0)

    def asked(count: int) -> list[str]:
        before = len(cluster.calls())
        Experiment(Workspace.from_config(), "many").submit_many([config] * count)
        return [call.split()[0] for call in cluster.calls()[before:]]

    def look(_: int) -> list[str]:
        watch._read.clear()
        runs = Workspace.from_config().get_runs("many", include_children=True)
        return sorted({run.get_status() for run in runs if run.parent is not None})

    few, many = asked(2), asked(report.size(100, 1000))

    assert many == few == ["scontrol", "sbatch", "squeue"]
    before = len(cluster.calls())
    assert children.race(4, look) == [["Queued"]] * 4
    assert [call.split()[0] for call in cluster.calls()[before:]] == ["squeue"]
