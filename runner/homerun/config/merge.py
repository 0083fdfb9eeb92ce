"""A ScriptRunConfig and its run configuration, made one when a run is submitted.

The original's rules: with a run configuration given, target, environment and time limit are its
own; script, arguments and command of the ScriptRunConfig win over its own. Whatever is not used is
said.
"""

from __future__ import annotations

import copy

from homerun.base import masking
from homerun.base.errors import RunConfigurationError, UserError
from homerun.config import distributed, run_configuration
from homerun.config import script_run_config as configs
from homerun.config import unused as config_unused
from homerun.config.environment import OWN_PYTHON
from homerun.config.run_configuration import RunConfiguration
from homerun.config.sections import (
    DockerConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)
from homerun.environments import resolve
from homerun.targets import target as targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.config.script_run_config import ScriptRunConfig


def configuration(config: ScriptRunConfig, named: Mapping[str, object]) -> RunConfiguration:
    """The run configuration that says what a ScriptRunConfig does.

    Args:
        named: the arguments environment, distributed_job_config and docker_runtime_config.

    Raises:
        UserError: one of them is of a wrong type.
    """
    made = RunConfiguration(config.script, config.arguments, command=config.command)
    made.target = config.target or run_configuration.LOCAL
    made.max_run_duration_seconds = config.max_run_duration_seconds
    made.environment_variables = config.environment_variables
    environment = named.get("environment")
    if environment is not None:
        made.environment = environment  # type: ignore[assignment]
    if named.get("distributed_job_config") is not None:
        _distribute(made, named["distributed_job_config"])
    if named.get("docker_runtime_config") is not None:
        _use_docker(made, named["docker_runtime_config"])
    return made


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


def settle(
    config: ScriptRunConfig, given: RunConfiguration, is_given: bool, unused: list[str], root: str
) -> tuple[ScriptRunConfig, list[str]]:
    """See `ScriptRunConfig.settled`.

    Args:
        is_given: whether the run configuration came from outside.
        unused: the arguments of the ScriptRunConfig that do not count beside it.
    """
    made, told = copy.copy(config), []
    if unused:
        told.append(f"{', '.join(unused)}: not used, since run_config is given; set them there")
    told += _work(made, given)
    python, environment = given.environment.python, given.environment
    made.environment_variables = {
        **_meant(environment.environment_variables),
        **given.environment_variables,
        **config.environment_variables,
    }
    if made.interpreter is None and python.interpreter_path not in (None, "", OWN_PYTHON):
        made.interpreter = python.interpreter_path
    if given.max_run_duration_seconds is not None or is_given:
        made.max_run_duration_seconds = given.max_run_duration_seconds
    made.recipe, more = resolve.recipe(environment, made.interpreter, config.ignore_conda_packages)
    told += more
    made.environment = {"name": environment.name, "version": environment.version}
    if made.recipe is not None:
        made.environment["key"] = made.recipe.key
        made.environment["packages"] = masking.arguments(made.recipe.lines)
    told += _place(made, given, is_given, root)
    _patience(made, given)
    made.history = copy.deepcopy(given.history)
    _distributed(made, given)
    names = config_unused.names(given)
    if names:
        told.append(f"without a meaning on one machine, and not used: {', '.join(names)}")
    made._given = made._own = None
    return made, told


def _distributed(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """The processes, and whether what starts them is there."""
    made.processes = distributed.of(given)
    if made.processes is None:
        return
    made.argv()
    if made.processes.launcher == distributed.TORCH and made.recipe is None:
        distributed.check_torch(made.python(), made.environment_variables)


def _meant(given: Mapping[str, str]) -> dict[str, str]:
    """The variables without the example that every environment of the original begins with."""
    example = ("EXAMPLE_ENV_VAR", "EXAMPLE_VALUE")
    return {name: value for name, value in given.items() if (name, value) != example}


def _work(made: ScriptRunConfig, given: RunConfiguration) -> list[str]:
    """Script, command and arguments of the ScriptRunConfig win; what it leaves open is taken."""
    theirs = configs.ScriptRunConfig(
        made.source_directory, given.script, given.arguments, command=given.command or None
    )
    won = []
    if made.script is None and not made.command:
        made.script, made.command = theirs.script, theirs.command
    else:
        for name in ("script", "command"):
            if getattr(theirs, name) not in (None, "", [], getattr(made, name)):
                won.append(name)
    if not made.arguments:
        made.arguments = theirs.arguments
    elif theirs.arguments and theirs.arguments != made.arguments:
        won.append("arguments")
    return [f"{', '.join(won)} of run_config: not used, ScriptRunConfig has its own"] if won else []


def _place(made: ScriptRunConfig, given: RunConfiguration, is_given: bool, root: str) -> list[str]:
    """The target; one that only Azure has means this machine."""
    if not is_given and given.target == (made.target or run_configuration.LOCAL):
        return []  # as the ScriptRunConfig has it, which may mean the default one
    made.target = given.target
    if targets.find(root, given.target) is not None:
        return []
    made.target = None
    return [f"there is no target {given.target!r} here: the run is placed on this machine"]


def _patience(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """How a run is stopped, where only the run configuration says so."""
    if made.stop_signals is not None or made.grace_s != configs.DEFAULT_GRACE_S:
        return
    if given.stop_signals is None and given.grace_s is None:
        return
    try:
        like = configs.ScriptRunConfig(
            made.source_directory,
            made.script,
            grace_s=configs.DEFAULT_GRACE_S if given.grace_s is None else given.grace_s,
            stop_signals=[(str(name), float(s)) for name, s in given.stop_signals or []] or None,
        )
    except (TypeError, ValueError) as error:
        raise UserError(f"RunConfiguration.stop_signals: {error}") from error
    made.grace_s, made.stop_signals = like.grace_s, like.stop_signals
