"""Runs on several nodes of a real Slurm cluster: their processes, logs, ends and losses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import MpiConfiguration, PyTorchConfiguration, Run, TensorflowConfiguration
from runstore import layout, look
from slurm.cluster import Cluster
from slurm.runs import Submit, ended, is_lost, job_of, left_of

SHOW = """
import json, os
from homerun import Run
names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT",
         "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
         "OMPI_COMM_WORLD_LOCAL_SIZE", "AZ_BATCH_MASTER_NODE", "TF_CONFIG", "SLURMD_NODENAME")
print(json.dumps({name: os.environ.get(name) for name in names}))
Run.get_context().log("rank", int(os.environ["SLURM_PROCID"]))
"""

TWO_BY_TWO = PyTorchConfiguration(process_count=4, node_count=2)


def log(run: Run, rank: int) -> str:
    name = layout.STD_LOG if rank == 0 else f"{layout.RANK_LOGS}/{rank}.txt"
    return Path(run._record.path, name).read_text(encoding="utf-8")


def told(run: Run, rank: int) -> dict[str, Any]:
    """The variables of a rank that `SHOW` has printed, those that are set."""
    said = json.loads(log(run, rank).splitlines()[0])
    return {name: value for name, value in said.items() if value is not None}


def last_node(run: Run) -> str:
    """The node of the last ranks."""
    said = Path(run._record.path, layout.SUPERVISOR_LOG).read_text(encoding="utf-8")
    return said.partition("the processes begin: ")[2].splitlines()[0].split()[-1]


def waits(ready: Fifo, *, is_stubborn: bool = False, then: str = "") -> str:
    """A script that tells its rank, and waits to be ended; a stubborn one leaves a daemon too."""
    stubborn = """
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
    return f"""
import os, signal, time
rank = os.environ["RANK"]
pipe = {ready.opened}
{stubborn if is_stubborn else ""}
print(rank, file=pipe)
{then}
time.sleep(1000)
"""


def test_torchs_processes_are_started_on_all_nodes(submit: Submit) -> None:
    run = submit("any", SHOW, distributed_job_config=TWO_BY_TWO)
    run.wait_for_completion()

    every = [told(run, rank) for rank in range(4)]
    assert [one["RANK"] for one in every] == ["0", "1", "2", "3"]
    assert [one["LOCAL_RANK"] for one in every] == ["0", "1", "0", "1"]
    assert [one["NODE_RANK"] for one in every] == ["0", "0", "1", "1"]
    assert {one["WORLD_SIZE"] for one in every} == {"4"}
    assert len({(one["MASTER_ADDR"], one["MASTER_PORT"]) for one in every}) == 1
    assert len({one["SLURMD_NODENAME"] for one in every}) == 2
    assert sorted(run.get_metrics()["rank"]) == [0, 1, 2, 3]
    assert run.describe()["processes"] == {"launcher": "torch", "count": 4, "nodes": 2}
    definition = run.get_details()["runDefinition"]
    assert (definition["nodeCount"], definition["pyTorch"]) == (2, {"processCount": 4})


def test_all_processes_meet_at_the_address_of_the_first_one(submit: Submit) -> None:
    run = submit(
        "any",
        """
        import os, socket
        from homerun import Run
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        where = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        if rank == 0:
            with socket.create_server(where) as server:
                print("listening", flush=True)
                met = [server.accept()[0].recv(1)[0] for _ in range(size - 1)]
            Run.get_context().log("met", sum(met))
        while rank:
            try:
                with socket.create_connection(where) as peer:
                    peer.send(bytes([rank]))
                break
            except ConnectionRefusedError:
                continue
        """,
        distributed_job_config=TWO_BY_TWO,
    )
    run.wait_for_completion()

    assert run.get_metrics() == {"met": 6}


def test_without_a_count_each_node_has_one_process(submit: Submit) -> None:
    run = submit("any", SHOW, distributed_job_config=PyTorchConfiguration(node_count=3))
    run.wait_for_completion()

    assert [told(run, rank)["NODE_RANK"] for rank in range(3)] == ["0", "1", "2"]
    assert {told(run, rank)["WORLD_SIZE"] for rank in range(3)} == {"3"}


def test_the_processes_of_an_mpi_know_their_ranks(submit: Submit) -> None:
    wanted = MpiConfiguration(process_count_per_node=2, node_count=2)
    run = submit("any", SHOW, distributed_job_config=wanted)
    run.wait_for_completion()

    last = told(run, 3)
    assert last["OMPI_COMM_WORLD_RANK"] == "3"
    assert (last["OMPI_COMM_WORLD_SIZE"], last["OMPI_COMM_WORLD_LOCAL_SIZE"]) == ("4", "2")
    assert last["AZ_BATCH_MASTER_NODE"] == f"{last['MASTER_ADDR']}:{last['MASTER_PORT']}"


def test_tensorflow_knows_its_cluster_and_ends_with_its_workers(
    submit: Submit, ready: Fifo, door: Gate
) -> None:
    source = f"""{SHOW}
import sys, time
sys.stdout.flush()
print("up", file={ready.opened})
{door.passed}
if json.loads(os.environ["TF_CONFIG"])["task"]["type"] == "ps":
    time.sleep(1000)
"""
    wanted = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    run = submit("any", source, distributed_job_config=wanted)
    for _ in range(3):
        ready.line()
    door.open(3)
    run.wait_for_completion()

    every = [json.loads(told(run, rank)["TF_CONFIG"]) for rank in range(3)]
    assert [one["task"] for one in every] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
        {"type": "ps", "index": 0},
    ]
    assert every[0]["cluster"] == every[2]["cluster"]
    assert {name: len(of) for name, of in every[0]["cluster"].items()} == {"worker": 2, "ps": 1}
    assert (run.get_status(), left_of(run)) == ("Completed", [])


@pytest.mark.parametrize("is_stubborn", [False, True], ids=["obeys", "stubborn"])
def test_a_cancel_reaches_all_processes_on_all_nodes(
    submit: Submit, ready: Fifo, is_stubborn: bool
) -> None:
    source = waits(ready, is_stubborn=is_stubborn)
    run = submit("any", source, distributed_job_config=TWO_BY_TWO, grace_s=1)
    for _ in range(8 if is_stubborn else 4):
        ready.line()

    run.cancel()

    assert (run.get_status(), left_of(run)) == ("Canceled", [])


def test_a_process_that_fails_ends_the_others_and_is_named(submit: Submit, ready: Fifo) -> None:
    source = waits(ready, then="if rank == '3':\n    raise ValueError('no data')")
    run = submit("any", source, distributed_job_config=TWO_BY_TWO)

    end = ended(run)

    assert (end["status"], end["cause"], end["exit_code"]) == ("Failed", "exit_code", 1)
    error = run.get_details()["error"]["error"]["message"]
    assert error.startswith("rank 3 on n")
    assert error.endswith("ValueError: no data")
    assert "[3] ValueError: no data" in log(run, 0)
    assert left_of(run) == []


def test_a_process_that_is_killed_ends_the_run_by_its_signal(submit: Submit, ready: Fifo) -> None:
    source = waits(ready, then="if rank == '1':\n    os.kill(os.getpid(), 9)")
    run = submit("any", source, distributed_job_config=TWO_BY_TWO)

    end = ended(run)

    assert (end["status"], end["cause"], end["signal"]) == ("Failed", "signal", "SIGKILL")
    assert "rank 1 on n" in run.get_details()["error"]["error"]["message"]


def test_a_run_of_several_nodes_is_tried_again_with_all_of_them(submit: Submit) -> None:
    source = f"{SHOW}\nraise SystemExit('HOMERUN_ATTEMPT' not in os.environ)"
    run = submit("any", source, distributed_job_config=TWO_BY_TWO, max_retries=1)
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert [one["exit_code"] for one in run.describe()["attempts"]] == [1, 0]
    assert Path(run._record.path, "attempts/2", layout.RANKS).exists()


@pytest.mark.parametrize("way", ["down", "crash"])
def test_a_node_that_is_lost_ends_the_run_and_leaves_no_process(
    cluster: Cluster, submit: Submit, ready: Fifo, way: str
) -> None:
    if not cluster.far:
        pytest.skip("no PID namespaces here, so that a node's processes are seen from this host")
    run = submit(
        "any", waits(ready, is_stubborn=True), distributed_job_config=TWO_BY_TWO, grace_s=1
    )
    for _ in range(8):
        ready.line()
    lost = last_node(run)

    if way == "crash":
        cluster.tell(f"crash {lost}")
    cluster.ask("scontrol", "update", f"NodeName={lost}", "State=DOWN", "Reason=lost")
    try:
        end = ended(run)
        wait_until(lambda: not left_of(run), "no process of it is left")
    finally:
        if way == "crash":
            cluster.tell(f"start {lost}")
        cluster.ask("scontrol", "update", f"NodeName={lost}", "State=RESUME")

    assert (end["status"], end["cause"]) == ("Failed", "lost_by_engine")


def test_the_first_node_that_is_lost_ends_the_run_and_leaves_no_process(
    cluster: Cluster, submit: Submit, targets: Any, ready: Fifo
) -> None:
    if not cluster.far:
        pytest.skip("no PID namespaces here, so that a node's processes are seen from this host")
    targets.add("away", nodelist="n[2-3]")
    run = submit("away", waits(ready), distributed_job_config=TWO_BY_TWO)
    for _ in range(4):
        ready.line()

    cluster.tell("crash n2")
    cluster.ask("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=lost")
    try:
        wait_until(lambda: is_lost(run), "the run is over")
        wait_until(lambda: not left_of(run), "no process of it is left")
    finally:
        cluster.tell("start n2")
        cluster.ask("scontrol", "update", "NodeName=n2", "State=RESUME")

    assert ended(run)["cause"] == "lost_by_engine"


VICTIMS = {
    "nodes.lead import": "the script was ended by SIGKILL",
    "nodes.rank import": "the processes on n",
    "--kill-on-bad-exit": "srun was ended by SIGKILL",
}
"""By what is in its command: what the run says of it."""


@pytest.mark.parametrize("victim", VICTIMS)
def test_what_starts_the_processes_may_be_killed_and_none_of_them_is_left(
    cluster: Cluster, submit: Submit, ready: Fifo, victim: str
) -> None:
    run = submit("any", waits(ready), distributed_job_config=TWO_BY_TWO, grace_s=1)
    for _ in range(4):
        ready.line()
    pids = [one.pid for one in left_of(run) if victim in command(one.pid)]
    if victim.startswith("nodes.rank"):
        # The last is a child of the first, on the last node.
        pids = [pid for pid in sorted(pids) if "--kill-on-bad-exit" not in command(pid)][-1:]

    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # one may end with another
            os.kill(pid, signal.SIGKILL)
    end = ended(run)

    assert end["status"] == "Failed"
    said = look.failed_because(run._record, look.at(run._record))
    assert said is not None
    assert said.startswith(VICTIMS[victim])
    wait_until(lambda: not left_of(run), "no process of it is left")


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_a_job_that_an_administrator_cancels_leaves_no_process_on_any_node(
    cluster: Cluster, submit: Submit, ready: Fifo
) -> None:
    run = submit("any", waits(ready), distributed_job_config=TWO_BY_TWO, grace_s=1)
    for _ in range(4):
        ready.line()

    cluster.ask("scancel", job_of(run))

    assert (ended(run)["status"], left_of(run)) == ("Canceled", [])
