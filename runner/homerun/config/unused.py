"""The fields of a run configuration that are set and that mean nothing on one machine."""

from __future__ import annotations

from homerun.config import distributed
from homerun.config.sections import (
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.config.distributed import Processes
    from homerun.config.run_configuration import RunConfiguration

_PLAIN: dict[str, object] = {
    "priority": None,
    "datacaches": [],
    "source_directory_data_store": None,
    "credential_passthrough": False,
    "auto_cluster_compute_specification": None,
    "services": {},
}


_DATA = ("data_references", "data", "output_data")


def _is_no_data(given: object) -> bool:
    """Whether what is said of data is not of the objects that stand for data here."""
    found = given.values() if isinstance(given, dict) else [given]
    return any(not hasattr(one, "bound") for one in found)


def names(config: RunConfiguration, processes: Processes | None = None) -> list[str]:
    """The names of these fields, and the keys of a file that are not fields.

    Args:
        processes: those of the run.
    """
    found = [*_of_processes(config, processes)]
    found += [name for name, default in _PLAIN.items() if getattr(config, name) != default]
    environment = config.environment
    parts = {
        **{name: _is_no_data(getattr(config, name)) for name in _DATA},
        "docker": config.docker.use_docker,
        "environment.docker": environment.docker.enabled,
        "environment.r": environment.r,
        "environment.python.base_conda_environment": environment.python.base_conda_environment,
        "spark": config.framework == "PySpark",
        "paralleltask": config.paralleltask != ParallelTaskConfiguration(),
        "hdi": config.hdi.yarn_deploy_mode != "cluster",
        "amlcompute": config.amlcompute.vm_size or config.amlcompute.name,
        "kubernetescompute": config.kubernetescompute.instance_type,
        "environment.spark": environment.spark.packages or environment.spark.repositories,
        "environment.databricks": any(
            getattr(environment.databricks, name) for name in environment.databricks._fields
        ),
    }
    return [*found, *(name for name, is_set in parts.items() if is_set), *config._unknown]


def _of_processes(config: RunConfiguration, processes: Processes | None) -> list[str]:
    """What is said of processes and belongs to no launcher that the run has."""
    if processes is not None and processes.launcher == distributed.TENSORFLOW:
        return []
    framework, communicator, pytorch = config.framework, config.communicator, config.pytorch
    launcher = distributed.launcher(framework, communicator, pytorch.process_count)
    parts = {
        "framework": framework not in ("Python", distributed.PYTORCH),
        "communicator": communicator in ("ParameterServer", "ParallelTask"),
        "tensorflow": config.tensorflow != TensorflowConfiguration(),
        "mpi": launcher != distributed.MPI and config.mpi != MpiConfiguration(),
        "pytorch": not distributed.is_of_torch(framework, communicator)
        and pytorch != PyTorchConfiguration(pytorch.communication_backend),
    }
    return [name for name, is_set in parts.items() if is_set]
