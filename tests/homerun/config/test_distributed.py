"""Runs of several processes: one record, a log for each, and no process left.

Launchers of our own stand in for torch's and for mpirun: these tests are of the command line, the
logs and the cancel. `tests/libraries` has the real torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import launchers
from helpers.fifo import Fifo
from homerun import (
    Experiment,
    MpiConfiguration,
    PyTorchConfiguration,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    SubmitError,
    UserError,
    Workspace,
)
from homerun.base import environ
from homerun.config import distributed
from runstore import layout, status

SHOW = """
import os, sys
from homerun import Run
rank = os.environ.get("RANK") or os.environ.get("OMPI_COMM_WORLD_RANK")
run = Run.get_context()
run.log("rank", int(rank))
print("out of", rank, *sys.argv[1:])
print("error of", rank, file=sys.stderr)
if rank == "0" and os.environ.get("HOMERUN_ATTEMPT", "1") in sys.argv[2:]:
    sys.exit(3)
"""


@pytest.fixture
def torch(tmp_path: Path) -> dict[str, str]:
    """The variables of a script for which a launcher of torch is there."""
    return {"PYTHONPATH": str(launchers.torch(tmp_path / "torches"))}


@pytest.fixture
def mpirun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of an mpirun."""
    folder = launchers.mpirun(tmp_path / "mpi")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return f"{folder}/mpirun"


def submit(wanted: object, *arguments: object, **fields: object) -> Run:
    given = {"script": "train.py", "arguments": arguments, **fields}
    config = ScriptRunConfig("source", distributed_job_config=wanted, **given)  # type: ignore[arg-type]
    return Experiment(Workspace.from_config(), "several").submit(config)


def log(run: Run, name: str = layout.STD_LOG) -> list[str]:
    return sorted(Path(run.directory, name).read_text(encoding="utf-8").splitlines())


def test_torchs_launcher_starts_the_processes_of_one_run(
    torch: dict[str, str], script: Callable[..., Path]
) -> None:
    script("train.py", SHOW)

    run = submit(PyTorchConfiguration("Gloo", 2), "a b", environment_variables=torch)
    run.wait_for_completion()

    rank_1 = f"{layout.RANK_LOGS}/id/attempt_0/1/stdout.log"
    assert log(run) == ["error of 0", "error of 1", "out of 0 a b"]
    assert log(run, rank_1) == ["out of 1 a b"]
    assert rank_1 in run.get_details()["logFiles"]
    assert sorted(run.get_metrics()["rank"]) == [0, 1]
    assert run._record.run["command"] == [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
        *("--redirects=1:1", "--tee=1:2", "train.py", "a b"),
    ]
    assert run.describe()["processes"] == {"launcher": "torch", "count": 2}
    assert run.get_details()["runDefinition"]["pyTorch"] == {"processCount": 2}


def test_a_command_is_started_in_each_process(
    torch: dict[str, str], script: Callable[..., Path]
) -> None:
    script("train.py", SHOW)

    run = submit(
        PyTorchConfiguration(process_count=1), script=None, environment_variables=torch,
        command="echo $RANK of $WORLD_SIZE",
    )  # fmt: skip
    run.wait_for_completion()

    assert log(run) == ["0 of 1"]


def test_mpirun_starts_the_processes_of_one_run(mpirun: str, script: Callable[..., Path]) -> None:
    script("train.py", SHOW)

    run = submit(MpiConfiguration(3), "a b")
    run.wait_for_completion()

    assert log(run) == ["error of 0", "error of 1", "error of 2", "out of 0 a b"]
    assert log(run, f"{layout.RANK_LOGS}/2.txt") == ["out of 2 a b"]
    assert run._record.run["command"][:3] == [mpirun, "-n", "3"]
    assert sorted(run.get_metrics()["rank"]) == [0, 1, 2]


def test_a_canceled_run_leaves_none_of_its_processes(
    mpirun: str, torch: dict[str, str], script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", f"import time; open('{ready.path}', 'w').write('x\\n'); time.sleep(1000)")

    for wanted in (MpiConfiguration(2), PyTorchConfiguration(process_count=2)):
        run = submit(wanted, environment_variables=torch)
        ready.line()
        ready.line()
        run.cancel()
        assert run.get_status() == status.CANCELED
    # What is left of them the leak check finds.


def test_a_run_of_several_processes_is_retried_and_submitted_again_with_all_of_them(
    mpirun: str, script: Callable[..., Path]
) -> None:
    script("train.py", SHOW.replace("sys.exit(3)", "os.kill(os.getppid(), 9)"))

    run = submit(MpiConfiguration(2), "a", 1, max_retries=1)
    run.wait_for_completion()
    again = run.resubmit()  # type: ignore[attr-defined]
    again.wait_for_completion()

    for one in (run, again):
        assert len(one.describe()["attempts"]) == 2
        assert log(one, f"{layout.RANK_LOGS}/1.txt")[0] == "out of 1 a 1"
    assert again.describe()["processes"] == run.describe()["processes"]


REFUSED = {
    "two nodes of torch": (PyTorchConfiguration("Gloo", 4, 2), "node_count is 2, and this machine"),
    "two nodes of an MPI": (MpiConfiguration(2, 2), "node_count is 2, and this machine is one"),
    "no process": (PyTorchConfiguration("Gloo", 0), "a run has at least one process"),
    "no torch": (PyTorchConfiguration("Gloo", 2), "needs torch, which .* -m pip install torch"),
    "no mpirun": (MpiConfiguration(2), "no mpirun or mpiexec on PATH: install an MPI"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line_before_anything_is_made(
    case: str, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, workspace_dir: Path
) -> None:
    script("train.py", "")
    wanted, message = REFUSED[case]
    python = workspace_dir / "python"
    python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(workspace_dir))

    with pytest.raises((UserError, SubmitError), match=message):
        submit(wanted, interpreter=str(python))

    assert list(Experiment(Workspace.from_config(), "several").get_runs()) == []


def config(**fields: object) -> RunConfiguration:
    made = RunConfiguration()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


FOUR, TWO = PyTorchConfiguration(process_count=4), MpiConfiguration(2)
WANTED = {
    "nothing": (config(), None),
    "an MPI without its communicator": (config(mpi=TWO), None),
    "an MPI of one process": (config(communicator="OpenMpi"), None),
    "an MPI of two": (config(communicator="IntelMpi", mpi=TWO), ("mpi", 2)),
    "torch without a count": (config(framework="PyTorch", communicator="Nccl"), None),
    "torch by its framework": (config(framework="PyTorch", pytorch=FOUR), ("torch", 4)),
    "torch by its communicator": (config(communicator="Gloo", pytorch=FOUR), ("torch", 4)),
    "torch in name only": (config(pytorch=FOUR), None),
    "torch with an MPI": (
        config(framework="PyTorch", communicator="OpenMpi", pytorch=FOUR, mpi=TWO),
        ("mpi", 2),
    ),
}


@pytest.mark.parametrize("case", WANTED)
def test_a_run_configuration_says_how_many_processes(case: str) -> None:
    given, wanted = WANTED[case]

    found = distributed.processes(
        given.framework, given.communicator, given.node_count, given.mpi, given.pytorch
    )

    assert (found and (found.launcher, found.count)) == wanted


def test_a_store_that_was_moved_takes_the_logs_of_torch_along() -> None:
    env = {"HOMERUN_STORE": "/a", environ.TORCH_LOGS: "/a/run/user_logs/ranks"}

    moved = environ.moved(env, "/b", "/b/run")

    assert moved[environ.TORCH_LOGS] == "/b/run/user_logs/ranks"
    assert environ.moved({environ.TORCH_LOGS: "/x"}, "/b", "/b/r")[environ.TORCH_LOGS] == "/x"
