"""The parts of a run configuration, each with fields of its own.

Those that have no meaning on one machine are kept, written and read like all others.
"""

from __future__ import annotations

from homerun.base import checks
from homerun.config import fields
from homerun.config.fields import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BACKENDS = ("nccl", "gloo")


def _backend(what: str, given: Any) -> str:
    return fields.one_of(what, given, BACKENDS)


class HistoryConfiguration(Fields):
    """What is kept of a run."""

    output_collection: bool
    snapshot_project: bool
    directories_to_watch: list[str]
    _fields = {
        "output_collection": (checks.flag, True),
        "snapshot_project": (checks.flag, True),
        "directories_to_watch": (fields.words, ["logs"]),
    }


class DockerConfiguration(Fields):
    """Whether to run in a container; it has no meaning here."""

    use_docker: bool
    shared_volumes: bool
    arguments: list[Any]
    shm_size: str | None
    _fields = {
        "use_docker": (checks.flag, False),
        "shared_volumes": (checks.flag, True),
        "arguments": (fields.words, []),
        "shm_size": (fields.text, "2g"),
    }


class SparkConfiguration(Fields):
    """Settings of Spark; they have no meaning here."""

    configuration: dict[str, Any]
    _fields = {"configuration": (fields.anything, {})}


class HdiConfiguration(Fields):
    """Settings of HDInsight; they have no meaning here."""

    yarn_deploy_mode: str | None
    _fields = {"yarn_deploy_mode": (fields.text, "cluster")}


class TensorflowConfiguration(Fields):
    """How many processes TensorFlow is to have on several nodes; one is started on this machine."""

    worker_count: int
    parameter_server_count: int
    _fields = {"worker_count": (fields.number, 1), "parameter_server_count": (fields.number, 1)}


class MpiConfiguration(Fields):
    """How many processes MPI is to start on each node."""

    process_count_per_node: int
    node_count: int
    _fields = {"process_count_per_node": (fields.number, 1), "node_count": (fields.number, 1)}


class PyTorchConfiguration(Fields):
    """How many processes PyTorch is to have on all nodes; None: one on each, as it is."""

    communication_backend: str
    process_count: int | None
    node_count: int
    _fields = {
        "communication_backend": (_backend, "nccl"),
        "process_count": (fields.number, None),
        "node_count": (fields.number, 1),
    }


class ParallelTaskConfiguration(Fields):
    """How many parallel tasks to start; they have no meaning here."""

    max_retries_per_worker: int | None
    worker_count_per_node: int | None
    terminal_exit_codes: object
    configuration: dict[str, Any]
    _fields = {
        "max_retries_per_worker": (fields.number, 0),
        "worker_count_per_node": (fields.number, 1),
        "terminal_exit_codes": (fields.anything, None),
        "configuration": (fields.anything, {}),
    }


class AmlComputeConfiguration(Fields):
    """A cluster to be made for the run; it has no meaning here."""

    vm_size: str | None
    vm_priority: str | None
    retain_cluster: bool
    name: str | None
    cluster_max_node_count: int | None
    _fields = {
        "vm_size": (fields.text, None),
        "vm_priority": (fields.text, None),
        "retain_cluster": (checks.flag, False),
        "name": (fields.text, None),
        "cluster_max_node_count": (fields.number, None),
    }


class KubernetesComputeConfiguration(Fields):
    """A kind of instance; it has no meaning here."""

    instance_type: str | None
    _fields = {"instance_type": (fields.text, None)}
