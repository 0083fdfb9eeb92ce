"""A run configuration: all that the original's files say of a run, with what each means here.

`docs/configuration.md` lists every field. Fields without a meaning on one machine are kept, written
and read like all others; `ignored` names those that somebody has set.
"""

from __future__ import annotations

import os

from homerun import fields
from homerun.conda import CondaDependencies
from homerun.environment import Environment
from homerun.errors import RunConfigurationError, UserError
from homerun.fields import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FRAMEWORKS = ("Python", "PySpark", "CNTK", "TensorFlow", "PyTorch")
COMMUNICATORS = (
    *("None", "ParameterServer", "OpenMpi", "IntelMpi", "Nccl", "Gloo"),
    "ParallelTask",
)
BACKENDS = ("nccl", "gloo")
LOCAL = "local"


def _framework(what: str, given: Any) -> str:
    return fields.one_of(what, given, FRAMEWORKS)


def _communicator(what: str, given: Any) -> str:
    return fields.one_of(what, given, COMMUNICATORS)


def _backend(what: str, given: Any) -> str:
    return fields.one_of(what, given, BACKENDS)


def _rungs(what: str, given: Any) -> list[list[Any]] | None:
    if given is None:
        return None
    pairs = [list(pair) for pair in given if isinstance(pair, (list, tuple))]
    if len(pairs) != len(given) or any(len(pair) != 2 for pair in pairs):
        raise UserError(f"{what} are pairs of a signal and seconds, as [('INT', 5), ('TERM', 10)]")
    return pairs


class HistoryConfiguration(Fields):
    """What is kept of a run."""

    output_collection: bool
    snapshot_project: bool
    directories_to_watch: list[str]
    _fields = {
        "output_collection": (fields.flag, True),
        "snapshot_project": (fields.flag, True),
        "directories_to_watch": (fields.words, ["logs"]),
    }


class DockerConfiguration(Fields):
    """Whether to run in a container; it has no meaning here."""

    use_docker: bool
    shared_volumes: bool
    arguments: list[Any]
    shm_size: str | None
    _fields = {
        "use_docker": (fields.flag, False),
        "shared_volumes": (fields.flag, True),
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
    """How many processes TensorFlow is to have; one process is started here."""

    worker_count: int
    parameter_server_count: int
    _fields = {"worker_count": (fields.count, 1), "parameter_server_count": (fields.count, 1)}


class MpiConfiguration(Fields):
    """How many processes MPI is to start; one process is started here."""

    process_count_per_node: int
    node_count: int
    _fields = {"process_count_per_node": (fields.count, 1), "node_count": (fields.count, 1)}


class PyTorchConfiguration(Fields):
    """How many processes PyTorch is to have; one process is started here."""

    communication_backend: str
    process_count: int | None
    node_count: int
    _fields = {
        "communication_backend": (_backend, "nccl"),
        "process_count": (fields.count, None),
        "node_count": (fields.count, 1),
    }


class ParallelTaskConfiguration(Fields):
    """How many parallel tasks to start; they have no meaning here."""

    max_retries_per_worker: int | None
    worker_count_per_node: int | None
    terminal_exit_codes: object
    configuration: dict[str, Any]
    _fields = {
        "max_retries_per_worker": (fields.count, 0),
        "worker_count_per_node": (fields.count, 1),
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
        "retain_cluster": (fields.flag, False),
        "name": (fields.text, None),
        "cluster_max_node_count": (fields.count, None),
    }


class KubernetesComputeConfiguration(Fields):
    """A kind of instance; it has no meaning here."""

    instance_type: str | None
    _fields = {"instance_type": (fields.text, None)}


class RunConfiguration(Fields):
    """All of a run's configuration but the folder of its code.

    Raises:
        AttributeError: a field is set that there is not.
        UserError: a value that the field cannot have.
    """

    script: str | None
    arguments: list[Any]
    command: str | list[Any]
    target: str
    framework: str
    communicator: str
    max_run_duration_seconds: float | None
    node_count: int
    priority: int | None
    environment: Environment
    history: HistoryConfiguration
    spark: SparkConfiguration
    docker: DockerConfiguration
    hdi: HdiConfiguration
    tensorflow: TensorflowConfiguration
    mpi: MpiConfiguration
    pytorch: PyTorchConfiguration
    paralleltask: ParallelTaskConfiguration
    data_references: dict[str, Any]
    data: dict[str, Any]
    datacaches: list[Any]
    output_data: dict[str, Any]
    source_directory_data_store: object
    amlcompute: AmlComputeConfiguration
    kubernetescompute: KubernetesComputeConfiguration
    auto_cluster_compute_specification: object
    credential_passthrough: bool
    environment_variables: dict[str, str]
    services: dict[str, Any]
    grace_s: float | None
    stop_signals: list[Any] | None
    _fields = {
        "script": (fields.text, None),
        "arguments": (fields.words, []),
        "target": (fields.target, LOCAL),
        "framework": (_framework, "Python"),
        "communicator": (_communicator, "None"),
        "max_run_duration_seconds": (fields.seconds, None),
        "node_count": (fields.count, 1),
        "priority": (fields.count, None),
        "environment": (Environment, None),
        "history": (HistoryConfiguration, None),
        "spark": (SparkConfiguration, None),
        "docker": (DockerConfiguration, None),
        "hdi": (HdiConfiguration, None),
        "tensorflow": (TensorflowConfiguration, None),
        "mpi": (MpiConfiguration, None),
        "pytorch": (PyTorchConfiguration, None),
        "paralleltask": (ParallelTaskConfiguration, None),
        "data_references": (fields.anything, {}),
        "data": (fields.anything, {}),
        "datacaches": (fields.anything, []),
        "output_data": (fields.anything, {}),
        "source_directory_data_store": (fields.anything, None),
        "amlcompute": (AmlComputeConfiguration, None),
        "kubernetescompute": (KubernetesComputeConfiguration, None),
        "auto_cluster_compute_specification": (fields.anything, None),
        "credential_passthrough": (fields.flag, False),
        "command": (fields.command, ""),
        "environment_variables": (fields.variables, {}),
        "services": (fields.anything, {}),
        "grace_s": (fields.seconds, None),
        "stop_signals": (_rungs, None),
    }
    _spelled = {"services": "applicationEndpoints"}

    def __init__(
        self,
        script: str | None = None,
        arguments: Sequence[object] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        _history_enabled: bool | None = None,
        _path: str | None = None,
        _name: str | None = None,
        command: str | Sequence[object] | None = None,
    ) -> None:
        given = {
            "script": script,
            "arguments": arguments,
            "framework": framework,
            "communicator": communicator,
            "command": command,
        }
        super().__init__(**{name: value for name, value in given.items() if value is not None})
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        if _history_enabled is not None:
            self.history.output_collection = _history_enabled
        self._path = _path
        self._name = _name
        self._unknown: list[str] = []

    @property
    def name(self) -> str | None:
        """The name that it was loaded under, or saved."""
        return self._name

    @property
    def auto_prepare_environment(self) -> bool:
        """Always True: the environment is made when the run needs it."""
        return True

    @auto_prepare_environment.setter
    def auto_prepare_environment(self, wanted: bool) -> None:
        """Accepted, as in the original."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as a file has them; those that the original has not, only if they are set."""
        said = super().to_dict()
        for name in ("grace_s", "stop_signals"):
            if getattr(self, name) is None:
                del said[self.spelled(name)]
        return said

    @staticmethod
    def load(path: str | os.PathLike[str] = ".", name: str | None = None) -> RunConfiguration:
        """The configuration of a file.

        Args:
            path: the file; or a folder in which, or in whose `.azureml` or `aml_config`, a file
                of that name lies.
            name: with or without `.runconfig`.

        Raises:
            UserError: there is no such file, or it cannot be understood.
        """
        from homerun import runconfig_files

        return runconfig_files.load(os.fspath(path), name)

    @staticmethod
    def find(named: str, folder: str = ".") -> RunConfiguration:
        """The configuration of a name in a folder, or of the file that the name is the path of.

        Raises:
            UserError: there is none, or it cannot be understood.
        """
        from homerun import runconfig_files

        return runconfig_files.find(named, folder)

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write the configuration into a file, and its packages into another beside it.

        Args:
            path: a folder, in whose `.azureml` (or `aml_config`, if it is there) the file goes;
                or the file itself. None: where it was loaded from, else the current folder.
            name: the file's name; `.runconfig` is added where it has no suffix.
            separate_environment_yaml: write the environment into `environment.yml` there.

        Raises:
            MissingPath: the folder is not there.
            UserError: there is no name, or the file cannot be written.
        """
        from homerun import runconfig_files

        given = None if path is None else os.fspath(path)
        runconfig_files.save(self, given, name, separate_environment_yaml)

    @staticmethod
    def delete(path: str | os.PathLike[str], name: str) -> None:
        """Remove the file of a configuration.

        Raises:
            UserError: there is none.
        """
        from homerun import runconfig_files

        runconfig_files.delete(os.fspath(path), name)


def distribute(config: RunConfiguration, wanted: object) -> None:
    """Note how a run is to be distributed, as the original does.

    Raises:
        RunConfigurationError: it is no such configuration.
    """
    if isinstance(wanted, MpiConfiguration):
        config.mpi, config.framework, config.communicator = wanted, "Python", "IntelMpi"
        config.node_count = wanted.node_count
    elif isinstance(wanted, PyTorchConfiguration):
        config.pytorch, config.framework = wanted, "PyTorch"
        config.communicator = wanted.communication_backend
        config.node_count = wanted.node_count
    elif isinstance(wanted, TensorflowConfiguration):
        config.tensorflow, config.framework = wanted, "TensorFlow"
        config.communicator = "ParameterServer"
    else:
        raise RunConfigurationError(
            "distributed_job_config is a TensorflowConfiguration, MpiConfiguration or "
            f"PyTorchConfiguration, not {type(wanted).__name__}"
        )


def use_docker(config: RunConfiguration, wanted: object) -> None:
    """Note that a run is to be in a container.

    Raises:
        RunConfigurationError: it is no such configuration.
    """
    if not isinstance(wanted, DockerConfiguration):
        kind = type(wanted).__name__
        raise RunConfigurationError(f"docker_runtime_config is a DockerConfiguration, not {kind}")
    config.docker = wanted


def ignored(config: RunConfiguration) -> list[str]:
    """The fields that somebody has set and that have no meaning on one machine."""
    plain = {
        "framework": "Python",
        "communicator": "None",
        "node_count": 1,
        "priority": None,
        "data_references": {},
        "data": {},
        "datacaches": [],
        "output_data": {},
        "source_directory_data_store": None,
        "credential_passthrough": False,
        "auto_cluster_compute_specification": None,
        "services": {},
    }
    found = [name for name, default in plain.items() if getattr(config, name) != default]
    environment = config.environment
    parts = {
        "docker": config.docker.use_docker,
        "environment.docker": environment.docker.enabled,
        "environment.r": environment.r,
        "environment.python.base_conda_environment": environment.python.base_conda_environment,
        "spark": config.framework == "PySpark",
        "tensorflow": config.tensorflow != TensorflowConfiguration(),
        "mpi": config.mpi != MpiConfiguration(),
        "pytorch": config.pytorch != PyTorchConfiguration(),
        "paralleltask": config.paralleltask != ParallelTaskConfiguration(),
        "hdi": config.hdi != HdiConfiguration(),
        "amlcompute": config.amlcompute.vm_size or config.amlcompute.name,
        "kubernetescompute": config.kubernetescompute.instance_type,
        "environment.spark": environment.spark.packages or environment.spark.repositories,
        "environment.databricks": any(
            getattr(environment.databricks, name) for name in environment.databricks._fields
        ),
    }
    return [*found, *(name for name, is_set in parts.items() if is_set), *config._unknown]


def from_file(said: Mapping[Any, Any]) -> tuple[RunConfiguration, list[str]]:
    """A configuration with the fields that a file gives, and the keys that mean nothing here.

    Raises:
        UserError: a value that its field cannot have.
    """
    made = RunConfiguration()
    return made, made.fill(said)
