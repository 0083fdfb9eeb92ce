"""A ScriptRunConfig and its run configuration, made one when a run is submitted.

The original's rules: with a run configuration given, target, environment and time limit are its
own; script, arguments and command of the ScriptRunConfig win over its own. Whatever is not used is
said.
"""

from __future__ import annotations

import copy

from homerun.base import environ, masking
from homerun.base.errors import SubmitError, UserError
from homerun.config import distributed, run_configuration
from homerun.config import environment as environments
from homerun.config import script_run_config as configs
from homerun.config import unused as config_unused
from homerun.config.run_configuration import RunConfiguration
from homerun.config.settings import LIMITS, SHARES, says
from homerun.environments import recipe, resolve
from homerun.targets import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.config.script_run_config import ScriptRunConfig


def settle(config: ScriptRunConfig, root: str) -> tuple[ScriptRunConfig, list[str]]:
    """What is to be run, from a ScriptRunConfig and its run configuration as they are now.

    Args:
        root: the store, which knows the targets.

    Returns:
        A configuration for which the run configuration has nothing to add, and notices.

    Raises:
        UserError: a value of the run configuration cannot be carried out.
    """
    if config.is_settled:
        return config, []
    given, is_given, unused = config.run_config, config._given is not None, config._unused
    made, told = copy.copy(config), []
    if unused:
        told.append(f"{', '.join(unused)}: not used, since run_config is given; set them there")
    told += _work(made, given)
    environment = given.environment
    made.environment_variables = {
        **_meant(environment.environment_variables),
        **given.environment_variables,
        **config.environment_variables,
    }
    _settle_masked(made.environment_variables, environment.name)
    made.interpreter = made.interpreter or environments.interpreter(environment)
    if given.max_run_duration_seconds is not None or is_given:
        made.max_run_duration_seconds = given.max_run_duration_seconds
    made.recipe, more = resolve.recipe(
        environment.name,
        environments.packages(environment),
        made.interpreter,
        config.ignore_conda_packages,
    )
    told += more
    made.environment = {"name": environment.name, "version": environment.version}
    if made.recipe is not None:
        made.environment["key"] = made.recipe.key
        made.environment["packages"] = masking.texts(made.recipe.lines)
    told += _place(made, given, is_given, root)
    _patience(made, given)
    _limits(made, given)
    _rules(made, given)
    made.history = copy.deepcopy(given.history)
    target = registry.find(root, made.target)
    if made.recipe is not None and target is not None and target.places:
        made.recipe.lie_in(recipe.shared_home(root))
    _distributed(made, given, target.one_node if target else distributed.HERE)
    _data(made, given)
    names = config_unused.names(given, made.processes)
    if names:
        told.append(f"without a meaning on one machine, and not used: {', '.join(names)}")
    made._given = made._own = None
    return made, told


def _distributed(made: ScriptRunConfig, given: RunConfiguration, one_node: str) -> None:
    """The processes, and whether what starts them is there.

    Args:
        one_node: why there can be one node only; "": the target has several.
    """
    made.processes = distributed.processes(
        given.framework,
        given.communicator,
        given.node_count,
        given.mpi,
        given.pytorch,
        given.tensorflow,
        one_node,
    )
    if made.processes is None:
        return
    made.argv()
    is_here = made.processes.nodes == 1
    if is_here and made.processes.launcher == distributed.TORCH and made.recipe is None:
        distributed.check_torch(made.python(), made.environment_variables)


def _data(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """What the run configuration says that a run reads and writes."""
    parts = [*given.data.values(), *given.output_data.values(), *given.data_references.values()]
    found = [one.bound() for one in parts if hasattr(one, "bound")]
    if found:
        from homerun.assets import bindings  # few runs name data

        made._bindings = bindings.distinct([*made._bindings, *found])


def _meant(given: Mapping[str, str]) -> dict[str, str]:
    """The variables without the example that every environment of the original begins with."""
    example = ("EXAMPLE_ENV_VAR", "EXAMPLE_VALUE")
    return {name: value for name, value in given.items() if (name, value) != example}


def _settle_masked(variables: dict[str, str], name: str | None) -> None:
    """Take this process's own values for those that a registered environment was kept without."""
    for masked in [one for one, value in variables.items() if masking.is_masked(value)]:
        if environ.variable(masked) is None:
            raise SubmitError(
                f"the environment {name!r} is kept without the value of {masked}, a secret: set "
                "that variable, or give it in environment_variables"
            )
        del variables[masked]  # the script has the submitter's


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
    if registry.is_defined(root, given.target):
        return []
    made.target = None
    return [registry.here_instead(given.target)]


def _rules(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """The rules of both."""
    for name in run_configuration.RULES:
        every = [*(getattr(given, name) or ()), *(getattr(made, name) or ())]
        setattr(made, name, list(dict.fromkeys(every)) or None)
    if made.notify is None:
        made.notify = given.notify


def _patience(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """How a run is stopped, where only the run configuration says so."""
    if says(made, "stop_signals") or says(made, "grace_s"):
        return
    try:
        like = configs.ScriptRunConfig(
            ".", grace_s=given.grace_s, stop_signals=given.stop_signals or None
        )
    except UserError as error:
        raise UserError(f"RunConfiguration.{error.message}") from error
    made.grace_s, made.stop_signals = like.grace_s, like.stop_signals


def _limits(made: ScriptRunConfig, given: RunConfiguration) -> None:
    """What the run may use, and has, where only the run configuration says so."""
    for name in (*LIMITS, *SHARES):
        value = getattr(given, name)
        if value is None or says(made, name):
            continue
        try:
            setattr(made, name, value)
        except UserError as error:
            raise UserError(f"RunConfiguration.{error.message}") from error
