"""A run configuration: all that the original's files say of a run, with what each means here.

`docs/configuration.md` lists every field. Fields without a meaning on one machine are kept, written
and read like all others; `unused.names` tells which of them were set.
"""

from __future__ import annotations

import os

from homerun.base import checks
from homerun.base.errors import RunConfigurationError, UserError
from homerun.config import distributed, fields
from homerun.config import run_configuration_files as files
from homerun.config.environment import Environment
from homerun.config.fields import Fields
from homerun.config.sections import (
    AmlComputeConfiguration,
    DockerConfiguration,
    HdiConfiguration,
    HistoryConfiguration,
    KubernetesComputeConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)
from homerun.config.settings import LIMITS, SHARES
from homerun.environments import conda
from homerun.environments.conda import CondaDependencies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


FRAMEWORKS = ("Python", "PySpark", "CNTK", "TensorFlow", "PyTorch")
COMMUNICATORS = (
    *("None", "ParameterServer", "OpenMpi", "IntelMpi", "Nccl", "Gloo"),
    "ParallelTask",
)
LOCAL = "local"
RULES = ("stop_if", "fail_if", "retry_if", "notify_if", "tag_if")


def _framework(what: str, given: Any) -> str:
    return fields.one_of(what, given, FRAMEWORKS)


def _communicator(what: str, given: Any) -> str:
    return fields.one_of(what, given, COMMUNICATORS)


def _rungs(what: str, given: Any) -> list[list[Any]] | None:
    if given is None:
        return None
    pairs = [list(pair) for pair in given if isinstance(pair, (list, tuple))]
    if len(pairs) != len(given) or any(len(pair) != 2 for pair in pairs):
        raise UserError(f"{what} are pairs of a signal and seconds, as [('INT', 5), ('TERM', 10)]")
    return pairs


def _rules(what: str, given: Any) -> list[str] | None:
    if not given:
        return None
    from homerun.metrics.rules import rule  # few files have any

    return rule.checked_conditions(what.rpartition(".")[2], given)


def _whens(what: str, given: Any) -> list[str] | None:
    if given is None:
        return None
    from homerun.notify import settings  # few files say so

    return settings.whens(what.rpartition(".")[2], given)


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
    memory: int | str | None
    cpus: float | None
    nice: int | None
    pids: int | None
    gpus: int | None
    gpu_memory: int | str | None
    stop_if: list[str] | None
    fail_if: list[str] | None
    retry_if: list[str] | None
    notify_if: list[str] | None
    tag_if: list[str] | None
    notify: list[str] | None
    _fields = {
        "script": (fields.text, None),
        "arguments": (fields.words, []),
        "target": (fields.target, LOCAL),
        "framework": (_framework, "Python"),
        "communicator": (_communicator, "None"),
        "max_run_duration_seconds": (fields.timespan, None),
        "node_count": (fields.number, 1),
        "priority": (fields.number, None),
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
        "credential_passthrough": (checks.flag, False),
        "command": (fields.command, ""),
        "environment_variables": (checks.variables, {}),
        "services": (fields.anything, {}),
        "grace_s": (fields.timespan, None),
        "stop_signals": (_rungs, None),
        "memory": (fields.anything, None),
        "cpus": (fields.anything, None),
        "nice": (fields.number, None),
        "pids": (fields.number, None),
        "gpus": (fields.number, None),
        "gpu_memory": (fields.anything, None),
        "stop_if": (_rules, None),
        "fail_if": (_rules, None),
        "retry_if": (_rules, None),
        "notify_if": (_rules, None),
        "tag_if": (_rules, None),
        "notify": (_whens, None),
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
        for name in ("grace_s", "stop_signals", *LIMITS, *SHARES, *RULES, "notify"):
            if getattr(self, name) is None:
                del said[self.spelled(name)]
        return said

    @classmethod
    def of(
        cls,
        *,
        environment: object = None,
        distributed_job_config: object = None,
        docker_runtime_config: object = None,
        **fields: object,
    ) -> RunConfiguration:
        """A configuration with some of its fields, and with the parts that were given as objects.

        Raises:
            UserError: one of them is of a wrong type.
        """
        made = cls()
        for name, value in fields.items():
            setattr(made, name, value)
        if environment is not None:
            made.environment = environment  # type: ignore[assignment]
        if distributed_job_config is not None:
            _distribute(made, distributed_job_config)
        if docker_runtime_config is not None:
            _use_docker(made, docker_runtime_config)
        return made

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
        file, root = files.find(os.path.expanduser(os.fspath(path)), name)
        made = RunConfiguration()
        try:
            made._unknown = made.fill(files.read(file, root))
        except UserError as error:
            raise type(error)(f"{file}: {error.message}") from error
        made._path, made._name = root, files.stem(file)
        python = made.environment.python
        if not python.conda_dependencies.as_dict().get("dependencies"):
            is_needed = not python.user_managed_dependencies
            packages = files.packages(python.conda_dependencies_file, file, root, is_needed)
            python.conda_dependencies = packages or python.conda_dependencies
        else:
            conda.stands_in(python.conda_dependencies, os.path.join(root, os.path.basename(file)))
        return made

    @staticmethod
    def find(named: str, folder: str = ".") -> RunConfiguration:
        """The configuration of a name in a folder, or of the file that the name is the path of.

        Raises:
            UserError: there is none, or it cannot be understood.
        """
        is_path = os.sep in named and os.path.isfile(os.path.expanduser(named))
        return RunConfiguration.load(named) if is_path else RunConfiguration.load(folder, named)

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
        wanted = os.path.expanduser(os.fspath(path or self._path or "."))
        file, root = files.place(wanted, name, self._name)
        packages = self.environment.python.conda_dependencies
        files.write(file, root, self.to_dict(), packages, separate_environment_yaml)
        self._path, self._name = root, files.stem(file)

    @staticmethod
    def delete(path: str | os.PathLike[str], name: str) -> None:
        """Remove the file of a configuration.

        Raises:
            UserError: there is none.
        """
        files.delete(os.fspath(path), name)


def _distribute(config: RunConfiguration, wanted: object) -> None:
    """Note how a run is to be distributed, as the original does."""
    if isinstance(wanted, MpiConfiguration):
        config.mpi, config.framework, config.communicator = wanted, "Python", "IntelMpi"
        config.node_count = wanted.node_count
    elif isinstance(wanted, PyTorchConfiguration):
        config.pytorch, config.framework = wanted, distributed.PYTORCH
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


def _use_docker(config: RunConfiguration, wanted: object) -> None:
    """Note that a run is to be in a container."""
    if not isinstance(wanted, DockerConfiguration):
        kind = type(wanted).__name__
        raise RunConfigurationError(f"docker_runtime_config is a DockerConfiguration, not {kind}")
    config.docker = wanted
