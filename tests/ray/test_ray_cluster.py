"""Runs on a real Ray cluster: placed, followed, canceled and lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo
from helpers.ray_cluster import Cluster
from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base import environ
from homerun.runs import reconcile
from homerun.targets import registry
from homerun.targets.engines.engine import UNKNOWN, Placed
from homerun.targets.engines.remote import Remote
from homerun.targets.queue import place_of
from runstore import layout
from runstore.queue import placed
from torture import report

PATIENCE_S = 240.0
"""A job of Ray starts in seconds, and in a minute where the machine is busy."""


@pytest.fixture
def submit(cluster: Cluster, script: Callable[..., Path]) -> Callable[..., Run]:
    def start(source: str, *arguments: str, target: str = "ray", **options: Any) -> Run:
        script("train.py", source)
        config = ScriptRunConfig(
            "source", "train.py", list(arguments), compute_target=target, **options
        )
        return Experiment(Workspace.from_config(), "on-ray").submit(config)

    return start


def engine_of(run: Run) -> Any:
    target = registry.get(run._record.store.root, "ray")
    assert isinstance(target, Remote)
    return target.engine


def job_of(run: Run) -> Placed:
    job = placed.job_of(run._record)
    assert job is not None
    return Placed.of(job)


def ended(run: Run) -> dict[str, object]:
    return run._record.fact(layout.ENDED) or {}


def is_over(run: Run) -> bool:
    return reconcile.bring_up_to_date(run._record).is_over


def comes(condition: Callable[[], object]) -> None:
    assert holds_within(condition, PATIENCE_S)


def left_of(run: Run) -> list[process.Process]:
    """Processes of the script that live, wherever they are."""
    found = process.marked(f"HOMERUN_RUN_ID={run.id}")
    return [one for one in found if one.state not in "ZX"]


def log_of(run: Run) -> str:
    return Path(run._record.path, layout.STD_LOG).read_text()


def up(ready: Fifo, then: str) -> str:
    return f"print('up', file={ready.opened}); {then}"


def age_heartbeat(run: Run) -> None:
    then = time.time() - 3600
    os.utime(f"{run._record.path}/{layout.HEARTBEAT}", (then, then))


def test_the_steps_of_a_test_see_a_real_cluster(cluster: Cluster) -> None:
    target = registry.get(Workspace.from_config()._store.root, "ray")
    assert isinstance(target, Remote)
    told = "0.5 CPUs; the cluster has 4 CPUs now"  # from a few seconds after its start on
    comes(lambda: list(target.engine.test())[-1] == ("what a run asks for", told))


def test_runs_end_as_their_scripts_do_with_metrics_and_logs(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    runs = [
        submit(
            "import os, signal, sys; from homerun import Run\n"
            "Run.get_context().log('loss', 0.5); print('there', os.environ['RAY_ADDRESS'])\n"
            "print('err', file=sys.stderr); how = sys.argv[1]\n"
            "os.kill(os.getpid(), signal.SIGSEGV) if how == 'SEGV' else sys.exit(int(how))",
            how,
        )
        for how in ("0", "3", "SEGV")
    ]
    for run in runs:
        run.wait_for_completion(raise_on_error=False)

    assert [run.get_status() for run in runs] == ["Completed", "Failed", "Failed"]
    assert [ended(run).get("exit_code") for run in runs[:2]] == [0, 3]
    assert ended(runs[2])["signal"] == "SIGSEGV"
    assert [run.get_metrics() for run in runs] == [{"loss": 0.5}] * 3
    assert all("there" in log_of(run) and "err" in log_of(run) for run in runs)
    comes(lambda: [one.exit for one in engine_of(runs[0]).look([job_of(r) for r in runs])]
          == ["0", "1", "1"])  # fmt: skip


def test_a_parent_on_the_cluster_has_its_children_there(
    cluster: Cluster, submit: Callable[..., Run], script: Callable[..., Path]
) -> None:
    script("child.py", "from homerun import Run; Run.get_context().log('n', 1); print('child')")
    parent = submit(
        "from homerun import Run, ScriptRunConfig\n"
        "run = Run.get_context()\n"
        "config = ScriptRunConfig('.', 'child.py', compute_target='ray')\n"
        "children = [run.submit_child(config) for _ in range(2)]\n"
        "for child in children: child.wait_for_completion()\n"
        "run.log('sum', sum(child.get_metrics()['n'] for child in children))\n"
    )
    parent.wait_for_completion()

    children = list(parent.get_children())
    assert parent.get_metrics() == {"sum": 2}
    assert [child.get_status() for child in children] == ["Completed"] * 2
    assert {job_of(child).engine for child in children} == {"ray"}


def test_a_run_is_canceled_whether_its_script_goes_along_or_not(
    cluster: Cluster, submit: Callable[..., Run], fifo: Callable[[str], Fifo]
) -> None:
    willing, stubborn = fifo("willing"), fifo("stubborn")
    runs = [
        submit("import time\n" + up(willing, "time.sleep(3600)")),
        submit(
            f"""
            import os, signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            pipe = {stubborn.opened}
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
            print("up", file=pipe)
            time.sleep(3600)
            """,
            grace_s=1,
        ),
    ]
    for ready in (willing, stubborn, stubborn):
        assert ready.line(PATIENCE_S) == "up"
    assert [run.get_status() for run in runs] == ["Running"] * 2

    for run in runs:
        run.cancel()

    for run in runs:
        comes(lambda run=run: is_over(run))  # type: ignore[misc]
    assert [run.get_status() for run in runs] == ["Canceled"] * 2
    assert [left_of(run) for run in runs] == [[], []]


def test_a_job_that_rays_own_command_stops_is_a_run_that_was_canceled(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo
) -> None:
    run = submit("import time\n" + up(ready, "time.sleep(3600)"))
    assert ready.line(PATIENCE_S) == "up"

    cluster.stop(job_of(run).job)

    comes(lambda: is_over(run))
    assert (run.get_status(), ended(run)["cause"]) == ("Canceled", "cancel")
    assert left_of(run) == []


def test_a_limit_of_time_ends_a_run_by_its_own_ladder(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("import time; time.sleep(3600)", max_run_duration_seconds=1, grace_s=2)

    comes(lambda: is_over(run))
    assert (run.get_status(), ended(run)["cause"]) == ("Failed", "timeout")
    assert left_of(run) == []


def test_a_batch_ends_as_each_of_its_scripts_does(
    cluster: Cluster, script: Callable[..., Path]
) -> None:
    script("train.py", "import sys; sys.exit(int(sys.argv[1]) % 2)")
    count = report.size(6, 200)
    configs = [
        ScriptRunConfig("source", "train.py", [str(number)], compute_target="ray")
        for number in range(count)
    ]

    batch = Experiment(Workspace.from_config(), "many").submit_many(configs)
    batch.wait_for_completion(raise_on_error=False)

    assert [run.get_status() for run in batch] == ["Completed", "Failed"] * (count // 2)


def test_a_run_that_waits_says_what_for_and_is_canceled_at_once(
    cluster: Cluster, submit: Callable[..., Run]
) -> None:
    run = submit("pass", target="large")

    assert run.get_status() == "Queued"
    waiting = place_of(run._record)
    assert waiting is not None
    assert "it waits for 64 CPUs of the cluster" in waiting.reason
    run.cancel()
    assert run.get_status() == "Canceled"


def test_a_run_whose_cluster_is_lost_is_failed_only_once_another_does_not_know_it(
    cluster: Cluster, submit: Callable[..., Run], ready: Fifo
) -> None:
    if not cluster.is_far:
        pytest.skip("no PID namespaces here, so that its processes are seen from this host")
    logs = "import time; from homerun import Run; Run.get_context().log('loss', 2)\n"
    run = submit(logs + up(ready, "time.sleep(3600)"))
    retried = submit(
        f"import os; from homerun import Run; Run.get_context().log('loss', 3)\n"
        f"if '{environ.ATTEMPT}' not in os.environ:\n"
        f"    import time; {up(ready, 'time.sleep(3600)')}",
        max_retries=1,
        retry_on=["host_restarted"],
    )
    assert [ready.line(PATIENCE_S) for _ in range(2)] == ["up"] * 2

    cluster.crash()
    assert engine_of(run).look([job_of(run)])[0].state == UNKNOWN
    for one in (run, retried):
        age_heartbeat(one)
        assert (is_over(one), one.get_status()) == (False, "NotResponding")

    cluster.start()
    stranger = cluster.submit("exec sleep 1000", job_of(run).job)
    comes(lambda: is_over(run))
    assert (run.get_status(), ended(run)["cause"]) == ("Failed", "lost_by_engine")
    assert run.get_metrics() == {"loss": 2}
    run.cancel()
    comes(lambda: is_over(retried))
    assert (retried.get_status(), retried.get_metrics()) == ("Completed", {"loss": [3, 3]})
    assert cluster.state(stranger) in ("PENDING", "RUNNING")
    cluster.stop(stranger)
