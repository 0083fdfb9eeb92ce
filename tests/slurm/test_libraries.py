"""The real torch, and a real MPI, on several nodes: what they add up over all processes is right.

They are those of `make test-libraries`; where these are not installed the tests are skipped.
"""

from __future__ import annotations

import subprocess

import pytest

from helpers import sources
from homerun import Environment, MpiConfiguration, PyTorchConfiguration
from slurm.runs import Submit, ended
from slurm.test_nodes import log

PYTHON = sources.ROOT / ".venv-libraries/bin/python"

TORCH = """
import os, sys
import torch, torch.distributed as distributed
from homerun import Run

distributed.init_process_group("gloo")
rank = distributed.get_rank()
total = torch.tensor([float(rank + 1)])
distributed.all_reduce(total)
print("rank", rank, "on", os.environ["SLURMD_NODENAME"], "has", total.item(), flush=True)
Run.get_context().log("total", total.item())
distributed.barrier()
distributed.destroy_process_group()
sys.exit(3 if sys.argv[1:] == [str(rank)] else 0)
"""

MPI = """
import os
from homerun import Run
from mpi4py import MPI

world = MPI.COMM_WORLD
total = world.allreduce(world.rank + 1)
print("rank", world.rank, "of", world.size, "has", total, flush=True)
assert str(world.rank) == os.environ["OMPI_COMM_WORLD_RANK"]
Run.get_context().log("total", total)
"""


def environment(*packages: str) -> Environment:
    """That of the libraries."""
    for package in packages:
        found = [PYTHON, "-c", f"import importlib.metadata as of; of.version({package!r})"]
        if not PYTHON.exists() or subprocess.run(found, capture_output=True).returncode:
            pytest.skip(f"{package} is not there: `make test-libraries` installs it")
    made = Environment("libraries")
    made.python.user_managed_dependencies = True
    made.python.interpreter_path = str(PYTHON)
    return made


def test_torchs_processes_add_up_over_two_nodes_and_end_as_one_of_them(submit: Submit) -> None:
    four = PyTorchConfiguration(process_count=4, node_count=2)
    options = {"distributed_job_config": four, "environment": environment("torch")}
    run = submit("any", TORCH, **options)
    failing = submit("any", TORCH, "2", **options)

    assert (ended(run)["status"], run.get_metrics()) == ("Completed", {"total": [10.0] * 4})
    lines = [log(run, rank).splitlines()[-1].split() for rank in range(4)]
    assert [line[:2] for line in lines] == [["rank", str(rank)] for rank in range(4)]
    assert len({line[3] for line in lines}) == 2
    end = ended(failing)
    assert (end["status"], end["exit_code"]) == ("Failed", 3)
    assert failing.get_details()["error"]["error"]["message"].startswith("rank 2 on n")


def test_the_processes_of_an_mpi_add_up_over_two_nodes(submit: Submit) -> None:
    libraries = PYTHON.parents[1] / "lib"
    variables = {
        "SLURM_MPI_TYPE": "pmi2",
        "MPI4PY_MPIABI": "mpich",
        "LD_LIBRARY_PATH": str(libraries),
        "UCX_TLS": "tcp,self",  # the nodes are one machine, and do not share its memory
    }
    run = submit(
        "any",
        MPI,
        distributed_job_config=MpiConfiguration(process_count_per_node=2, node_count=2),
        environment=environment("mpi4py", "mpich"),
        environment_variables=variables,
    )

    assert (ended(run)["status"], run.get_metrics()) == ("Completed", {"total": [10] * 4})
    lines = [log(run, rank).splitlines()[-1] for rank in range(4)]
    assert lines == [f"rank {rank} of 4 has 10" for rank in range(4)]
