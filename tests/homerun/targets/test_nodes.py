"""Runs on several nodes of an engine: a stand-in for `srun` starts their processes, all here.

`tests/slurm/test_nodes.py` tells the same of a real cluster.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import engine as fake
from helpers import launchers, process
from helpers.engine import Cluster
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import (
    Experiment,
    MpiConfiguration,
    PyTorchConfiguration,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    SubmitError,
    TensorflowConfiguration,
    UserError,
    Workspace,
)
from homerun.targets.engines import types, watch
from runstore import layout, look

TWO_BY_TWO = PyTorchConfiguration(process_count=4, node_count=2)
Submit = Callable[..., Run]


@pytest.fixture
def cluster(
    workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A cluster whose jobs may have several nodes, and the target `gpus` that is it."""
    monkeypatch.setitem(types.TYPES, "fake", ("helpers.engine", "FakeEngine"))
    monkeypatch.setattr(fake.FakeEngine, "takes_nodes", True)
    monkeypatch.setattr(watch, "INTERVAL_S", 0.0)
    folder = launchers.srun(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    made = Cluster("one", starts_at_once=True)
    root = Workspace.from_config()._store.for_writing().root
    said = {"targets": {"gpus": {"type": "fake", "cluster": "one"}}}
    Path(root, layout.SETTINGS).write_text(json.dumps(said))
    yield made
    made.close()


@pytest.fixture
def submit(cluster: Cluster, script: Callable[..., Path]) -> Submit:
    def start(source: str, wanted: object = TWO_BY_TWO, **options: Any) -> Run:
        script("train.py", source)
        config = ScriptRunConfig(
            "source",
            "train.py",
            **{"compute_target": "gpus", "distributed_job_config": wanted, **options},
        )
        return Experiment(Workspace.from_config(), "nodes").submit(config)

    return start


def log(run: Run, rank: int) -> str:
    name = layout.STD_LOG if rank == 0 else f"{layout.RANK_LOGS}/{rank}.txt"
    return Path(run._record.path, name).read_text(encoding="utf-8")


def message(run: Run) -> str:
    return str(run.get_details()["error"]["error"]["message"])


def test_each_process_has_its_rank_its_log_and_the_runs_metrics(submit: Submit) -> None:
    run = submit(
        """
        import os
        from homerun import Run
        Run.get_context().log("rank", int(os.environ["RANK"]))
        print(os.environ["RANK"], "of", os.environ["WORLD_SIZE"], "on", os.environ["NODE_RANK"])
        """
    )
    run.wait_for_completion()

    assert [log(run, rank) for rank in range(4)] == [
        "0 of 4 on 0\n",
        "1 of 4 on 0\n",
        "2 of 4 on 1\n",
        "3 of 4 on 1\n",
    ]
    assert sorted(run.get_metrics()["rank"]) == [0, 1, 2, 3]
    assert run.get_status() == "Completed"


def test_the_processes_meet_where_the_runs_own_variables_say(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT"):  # as where a process of such a run submits another
        monkeypatch.setenv(name, "of-the-submitter")
    names = ("MASTER_ADDR", "MASTER_PORT", "AZ_BATCH_MASTER_NODE")
    source = f"import os; print(*(os.environ[name] for name in {names}))"

    run = submit(source, environment_variables={"MASTER_PORT": "29999"})
    both = {"MASTER_ADDR": "ib0.n1", "MASTER_PORT": "29998"}
    other = submit(source, environment_variables=both)
    for one in (run, other):
        one.wait_for_completion()

    address = log(run, 0).split()[0]
    assert address != "of-the-submitter"
    assert [log(run, rank).split()[1:] for rank in range(4)] == [["29999", f"{address}:29999"]] * 4
    assert {log(other, rank) for rank in range(4)} == {"ib0.n1 29998 ib0.n1:29998\n"}
    assert run._record.run["environment_variables"] == ["MASTER_PORT"]
    said = "they meet at ib0.n1:29998 (MASTER_ADDR, MASTER_PORT: the run's own variables)"
    assert said in Path(other._record.path, layout.SUPERVISOR_LOG).read_text(encoding="utf-8")


def test_the_first_process_that_fails_is_named_and_the_others_end(submit: Submit) -> None:
    run = submit(
        """
        import os, time
        if os.environ["RANK"] == "2":
            raise ValueError("no data")
        time.sleep(1000)
        """
    )
    run.wait_for_completion(raise_on_error=False)

    seen = look.at(run._record)
    assert look.failed_because(run._record, seen) == "rank 2 on n2: ValueError: no data"
    assert seen.outcome is not None
    assert (seen.outcome["cause"], seen.outcome["exit_code"]) == ("exit_code", 1)
    assert message(run).startswith("rank 2 on n2 ended with exit code 1")
    assert "homerun: rank 2 on n2 ended with exit code 1; the others were ended" in log(run, 0)
    assert "[2] ValueError: no data" in log(run, 0)


def test_a_parent_of_a_process_that_is_killed_is_a_loss_that_is_told(
    submit: Submit, ready: Fifo
) -> None:
    run = submit(
        f"""
        import os, time
        print(os.environ["RANK"], os.getppid(), file={ready.opened})
        time.sleep(1000)
        """
    )
    parents = dict(ready.line().split() for _ in range(4))

    os.kill(int(parents["3"]), signal.SIGKILL)
    run.wait_for_completion(raise_on_error=False)

    end = run._record.fact(layout.ENDED)
    assert end is not None
    assert (end["status"], end["cause"]) == ("Failed", "lost_by_engine")
    assert message(run).startswith("the processes on n")


def catches_term(pid: int) -> bool:
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_process_that_the_engine_ends_before_all_have_begun_is_not_blamed(
    submit: Submit, gate: Callable[[str], Gate]
) -> None:
    run = submit("print('never')", environment_variables={"SRUN_WAITS_AT": str(gate("srun").path)})
    mark = f"HOMERUN_RUN_ID={run.id}"

    def of_first() -> list[process.Process]:
        found = [one for one in process.marked(mark) if "nodes.rank import" in one.command]
        pids = {one.pid for one in found if "--ntasks" not in one.command}
        return [one for one in found if one.parent in pids and catches_term(one.pid)]

    [first] = wait_until(of_first, "the parent of the first process is there")
    process.send(first, signal.SIGTERM)
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert message(run).startswith("srun did not start all processes")
    assert [one for one in process.marked(mark) if one.state not in "ZX"] == []


def test_a_stubborn_family_on_all_nodes_is_canceled_after_its_grace(
    submit: Submit, ready: Fifo
) -> None:
    run = submit(
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
        grace_s=0.5,
    )
    for _ in range(8):
        ready.line()

    run.cancel()

    assert run.get_status() == "Canceled"
    left = process.marked(f"HOMERUN_RUN_ID={run.id}")
    assert [one for one in left if one.state not in "ZX"] == []


def test_a_lead_that_is_killed_leaves_no_process(submit: Submit, ready: Fifo) -> None:
    run = submit(f"import time; print('up', file={ready.opened}); time.sleep(1000)", grace_s=0.5)
    for _ in range(4):
        ready.line()
    started = run._record.fact(layout.STARTED)
    assert started is not None

    os.kill(started["script"]["pid"], signal.SIGKILL)
    run.wait_for_completion(raise_on_error=False)

    end = run._record.fact(layout.ENDED)
    assert end is not None
    assert (end["cause"], end["signal"]) == ("signal", "SIGKILL")
    left = process.marked(f"HOMERUN_RUN_ID={run.id}")
    assert [one for one in left if one.state not in "ZX"] == []


def test_a_run_whose_supervisor_is_killed_goes_on_and_is_canceled_on_all_nodes(
    submit: Submit, ready: Fifo
) -> None:
    run = submit(f"import time; print('up', file={ready.opened}); time.sleep(1000)")
    for _ in range(4):
        ready.line()
    started = run._record.fact(layout.STARTED)
    assert started is not None

    os.kill(started["supervisor"]["pid"], signal.SIGKILL)
    adopted = Path(run._record.path, layout.SUPERVISOR_LOG)
    wait_until(lambda: "adopted: script" in adopted.read_text(), "it is adopted")
    run.cancel()

    assert run.get_status() == "Canceled"
    left = process.marked(f"HOMERUN_RUN_ID={run.id}")
    assert [one for one in left if one.state not in "ZX"] == []


def test_parameter_servers_end_with_the_last_worker(submit: Submit) -> None:
    run = submit(
        """
        import json, os, time
        told = json.loads(os.environ["TF_CONFIG"])
        print(sorted(told["cluster"]), told["task"]["index"], flush=True)
        if told["task"]["type"] == "ps":
            time.sleep(1000)
        """,
        TensorflowConfiguration(worker_count=2, parameter_server_count=1),
    )
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert [log(run, rank) for rank in (0, 1)] == ["['ps', 'worker'] 0\n", "['ps', 'worker'] 1\n"]
    definition = run.get_details()["runDefinition"]
    assert definition["tensorflow"] == {"workerCount": 2, "parameterServerCount": 1}
    assert definition["nodeCount"] == 3


def test_without_srun_the_run_says_what_is_missing(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit("print('never')", environment_variables={"PATH": "/nowhere"})
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert "srun cannot be started" in log(run, 0)


def test_a_run_is_submitted_again_with_all_its_nodes(submit: Submit) -> None:
    run = submit("import os; print(os.environ['OMPI_COMM_WORLD_RANK'])", MpiConfiguration(2, 2))
    run.wait_for_completion()
    again = run.resubmit()  # type: ignore[attr-defined]
    again.wait_for_completion()

    assert [log(again, rank) for rank in range(4)] == ["0\n", "1\n", "2\n", "3\n"]
    assert again.describe()["processes"] == {"launcher": "mpi", "count": 4, "nodes": 2}


def plain(count: int) -> RunConfiguration:
    made = RunConfiguration()
    made.target, made.node_count = "gpus", count
    return made


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no kind of processes": (
        {"run_config": plain(2), "compute_target": None, "distributed_job_config": None},
        "node_count is 2, and nothing says which processes are on the nodes",
    ),
    "a number that does not fit": (
        {"distributed_job_config": PyTorchConfiguration(process_count=3, node_count=2)},
        "process_count is 3, for all 2 nodes together: set it to a multiple of 2, such as 4",
    ),
    "no worker": (
        {"distributed_job_config": TensorflowConfiguration(0, 2)},
        "TensorFlow has at least one worker",
    ),
    "a limit of processes": ({"pids": 10}, "pids: a run on several nodes is not limited so"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_on_several_nodes_is_one_line(case: str, submit: Submit) -> None:
    options, words = REFUSED[case]

    with pytest.raises((UserError, SubmitError), match=words):
        submit("", **options)


def test_a_target_of_one_node_says_so(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake.FakeEngine, "takes_nodes", False)

    with pytest.raises(UserError, match="node_count is 2, and a run on the target gpus has one"):
        submit("")
