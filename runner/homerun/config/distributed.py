"""A run of several processes: the program that starts them, and where each of them prints.

Torch's own launcher, or that of an MPI, stands in front of the script's command line. It is one
run with one record; what the launcher starts is found and ended like all that a script starts. The
first process, rank 0, prints into the run's log, each other one into a file of its own; what those
print to standard error goes into the run's log too, so that it tells why a run failed.

On several nodes of a cluster the processes are started by the run's supervisor there
(`supervisor/nodes`): the command line is that of one process.
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.base.errors import SubmitError, UserError
from homerun.system import which
from homerun.targets import plan
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.config.sections import (
        MpiConfiguration,
        PyTorchConfiguration,
        TensorflowConfiguration,
    )

TORCH = "torch"
MPI = "mpi"
TENSORFLOW = "tensorflow"
PYTORCH = "PyTorch"

HERE = "this machine is one node"
"""Why a run has one node where no engine runs it."""

_OF_TENSORFLOW = "ParameterServer"

_OF_MPI = ("OpenMpi", "IntelMpi")
_OF_TORCH = ("Nccl", "Gloo")
_PROGRAMS = ("mpirun", "mpiexec")
_OUT, _ERR = 1, 2
"""How torch counts what a process prints to."""

_HAS_TORCH = (
    "import sys; from importlib.util import find_spec; sys.exit(find_spec('torch') is None)"
)

_LOG = f'"${environ.RUN_FOLDER}/{layout.RANK_LOGS}"'
_AS_A_RANK = (
    "r=${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-0}}}; "
    f'[ "$r" = 0 ] || {{ mkdir -p {_LOG}; exec >>{_LOG}/"$r.txt"; }}; exec "$0" "$@"'
)
"""What each process of an MPI does before it becomes the script: options for that differ from one
MPI to the next, and from version to version."""


class Processes:
    """How many processes a run has, and what starts them.

    Args:
        launcher: `torch`, `mpi` or `tensorflow`.
        count: how many there are on all nodes.
        workers: how many of them TensorFlow calls workers; the others are parameter servers.
    """

    __slots__ = ("count", "launcher", "nodes", "workers")

    def __init__(self, launcher: str, count: int, nodes: int = 1, workers: int = 0) -> None:
        self.launcher = launcher
        self.count = count
        self.nodes = nodes
        self.workers = workers

    @property
    def is_mpi(self) -> bool:
        """Whether the launcher of an MPI starts them."""
        return self.launcher == MPI

    def describe(self) -> dict[str, Any]:
        """As a run's record has it."""
        found: dict[str, Any] = {"launcher": self.launcher, "count": self.count}
        if self.nodes > 1:
            found["nodes"] = self.nodes
        if self.workers:
            found["workers"] = self.workers
        return found

    def planned(self) -> dict[str, object]:
        """What the supervisor has to know of them."""
        ranks = plan.ranks_of(self.describe())
        return {"ranks": ranks} if ranks else {}  # else the command line says it all

    def wrap(self, argv: list[str], python: str, *, is_script: bool, may_come: bool) -> list[str]:
        """The command line that starts all of them.

        Args:
            argv: that of one process.
            python: the interpreter that has torch.
            is_script: whether `argv` is this interpreter with a script.
            may_come: whether the launcher may be in packages that are still to be installed.

        Raises:
            SubmitError: there is no launcher.
        """
        if self.nodes > 1:
            return argv
        if self.launcher == MPI:
            return [*_mpirun(may_come), "-n", str(self.count), "/bin/sh", "-c", _AS_A_RANK, *argv]
        launch = [python, "-m", "torch.distributed.run", "--standalone"]
        launch.append(f"--nproc_per_node={self.count}")
        if self.count > 1:
            others = range(1, self.count)
            launch.append(f"--redirects={','.join(f'{rank}:{_OUT}' for rank in others)}")
            launch.append(f"--tee={','.join(f'{rank}:{_ERR}' for rank in others)}")
        return [*launch, *argv[1:]] if is_script else [*launch, "--no_python", *argv]

    def enter(self, env: dict[str, str], run_folder: str, said: Mapping[str, str]) -> None:
        """Let a launcher's environment say where to print, and that it may do what it is asked.

        On several nodes only the run's own variables say where its processes meet: a submitter may
        be a process of such a run itself.

        Args:
            said: the variables that were given with the submit.
        """
        if self.nodes > 1:
            for name in (environ.MASTER_ADDR, environ.MASTER_PORT):
                if name not in said:
                    env.pop(name, None)
            return
        if self.launcher == TORCH:
            env[environ.TORCH_LOGS] = f"{run_folder}/{layout.RANK_LOGS}"
            return
        for name, value in environ.for_mpi().items():
            env.setdefault(name, value)


def recorded(said: Mapping[str, Any] | None) -> Processes | None:
    """The processes of a run's record."""
    if not said:
        return None
    numbers = (int(said.get(name) or least) for name, least in (("nodes", 1), ("workers", 0)))
    return Processes(str(said["launcher"]), int(said["count"]), *numbers)


def flaw_of(nodes: int, one_node: str) -> str:
    """Why a run cannot have so many nodes; "": it can.

    Args:
        one_node: why there can be one only; "": there can be several.
    """
    if nodes < 2 or not one_node:
        return ""
    return (
        f"node_count is {nodes}, and {one_node}: set it to 1, and the number of processes to what "
        "one machine can take"
    )


def launcher(framework: str, communicator: str, torch_count: int | None) -> str | None:
    """What is to start the processes of a run; None: there is one process.

    Args:
        torch_count: how many processes torch is asked for.
    """
    if communicator in _OF_MPI:
        return MPI
    return TORCH if is_of_torch(framework, communicator) and torch_count is not None else None


def is_of_torch(framework: str, communicator: str) -> bool:
    """Whether what a run configuration says of torch is meant."""
    if communicator in _OF_MPI:
        return False
    return framework == PYTORCH or communicator in _OF_TORCH


def processes(
    framework: str,
    communicator: str,
    node_count: int,
    mpi: MpiConfiguration,
    pytorch: PyTorchConfiguration,
    tensorflow: TensorflowConfiguration | None = None,
    one_node: str = HERE,
) -> Processes | None:
    """The processes of a run configuration; None: the script is started once, as it is.

    One process of an MPI needs no launcher; one of torch does, to be told that it is the only one.

    Args:
        one_node: as for `flaw_of`.

    Raises:
        UserError: there are to be none, or they are to be on several nodes where there is one.
    """
    found = launcher(framework, communicator, pytorch.process_count)
    nodes = node_count
    if communicator in _OF_MPI:
        nodes = max(nodes, mpi.node_count)
    elif is_of_torch(framework, communicator):
        nodes = max(nodes, pytorch.node_count)
    elif communicator == _OF_TENSORFLOW and tensorflow is not None and not one_node:
        return _of_tensorflow(tensorflow, nodes)
    if why := flaw_of(nodes, one_node):
        raise UserError(why)
    if nodes > 1:
        return _on_nodes(framework, communicator, nodes, mpi, pytorch)
    count = mpi.process_count_per_node if found == MPI else pytorch.process_count if found else 1
    if not count or count < 1:
        raise UserError("a run has at least one process: set process_count to 1 or more")
    return None if found is None or (found == MPI and count == 1) else Processes(found, count)


def _on_nodes(
    framework: str,
    communicator: str,
    nodes: int,
    mpi: MpiConfiguration,
    pytorch: PyTorchConfiguration,
) -> Processes:
    """The processes of a run on several nodes: as many on each."""
    if communicator in _OF_MPI:
        launcher, count = MPI, mpi.process_count_per_node * nodes
    elif is_of_torch(framework, communicator):
        launcher = TORCH
        count = nodes if pytorch.process_count is None else pytorch.process_count
    else:
        raise UserError(
            f"node_count is {nodes}, and nothing says which processes are on the nodes: give a "
            "distributed_job_config, such as PyTorchConfiguration(node_count=2)"
        )
    if count < 1:
        raise UserError("a run has at least one process: set process_count to 1 or more")
    if count % nodes:
        raise UserError(
            f"process_count is {count}, for all {nodes} nodes together: set it to a multiple of "
            f"{nodes}, such as {(count // nodes + 1) * nodes}"
        )
    return Processes(launcher, count, nodes)


def _of_tensorflow(wanted: TensorflowConfiguration, nodes: int) -> Processes | None:
    """Each of its processes on a node of its own, or on as many nodes as are asked for."""
    workers, others = wanted.worker_count, wanted.parameter_server_count
    if workers < 1 or others < 0:
        raise UserError("TensorFlow has at least one worker: set worker_count to 1 or more")
    count = workers + others
    if count == 1:
        return None
    return Processes(TENSORFLOW, count, min(nodes, count) if nodes > 1 else count, workers)


def check_torch(python: str, variables: Mapping[str, str]) -> None:
    """See that an interpreter has torch, without loading it.

    Raises:
        SubmitError: it has not, or cannot be started.
    """
    import subprocess

    env = {**os.environ, **variables}
    try:
        done = subprocess.run(
            [python, "-c", _HAS_TORCH], env=env, capture_output=True, check=False, text=True
        )
    except OSError as error:
        raise SubmitError(f"{python} cannot be started ({error.strerror})") from error
    if done.returncode:
        raise SubmitError(
            f"process_count needs torch, which {python} has not: `{python} -m pip install torch`, "
            "or name it among the packages of the environment"
        )


def _mpirun(may_come: bool) -> list[str]:
    found = which.find(*_PROGRAMS)
    if found:
        return [found]
    if may_come:
        return ["/usr/bin/env", _PROGRAMS[0]]
    raise SubmitError(
        "there is no mpirun or mpiexec on PATH: install an MPI (`apt install openmpi-bin`, "
        "`conda install openmpi`), or give no MpiConfiguration"
    )
