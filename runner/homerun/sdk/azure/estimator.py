"""Estimators, the original's former way to say what ScriptRunConfig says: each is one.

What they have in common with it is handed on; images, sizes of machines and the like are accepted
without effect.
"""

from __future__ import annotations

import os

from homerun.assets import bindings
from homerun.base.errors import UserError
from homerun.config.environment import Environment
from homerun.config.script_run_config import ScriptRunConfig
from homerun.config.sections import MpiConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class Estimator(ScriptRunConfig):
    """A script, its parameters and its packages.

    Args:
        source_directory: the folder with the code.
        compute_target: a target, or its name.
        entry_script: the script's path inside that folder.
        script_params: its options, each with a value; "" for a flag. Values may be data.
        conda_packages, pip_packages: what is to be installed for it; without any the script runs
            with the Python that submits, or with that of `environment_definition`.
        conda_dependencies_file, pip_requirements_file: the same, as files in the folder.
        environment_definition: an Environment, instead of these.
        environment_variables: set for the script.
        inputs: data that the script finds in `run.input_datasets`.
        distributed_training: how many processes to start, as for ScriptRunConfig.
        node_count, process_count_per_node: the same, in the older way.
        max_run_duration_seconds: how long the run may take.
        original: what has no meaning here: sizes and images of machines.

    Raises:
        UserError: an argument of a wrong type, or without a meaning here.
    """

    _main: Sequence[str] = ()
    """The packages that such an estimator has beside those that are named."""

    def __init__(
        self,
        source_directory: str,
        *,
        compute_target: object = None,
        entry_script: str | None = None,
        script_params: Mapping[str, Any] | None = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        distributed_backend: str | None = None,
        distributed_training: object = None,
        conda_packages: Sequence[str] | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_dependencies_file: str | None = None,
        pip_requirements_file: str | None = None,
        conda_dependencies_file_path: str | None = None,
        pip_requirements_file_path: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        environment_definition: Environment | None = None,
        inputs: Sequence[Any] | None = None,
        max_run_duration_seconds: float | None = None,
        **original: object,
    ) -> None:
        conda_file = conda_dependencies_file or conda_dependencies_file_path
        pip_file = pip_requirements_file or pip_requirements_file_path
        environment = environment_definition or self._environment(
            source_directory, conda_packages, pip_packages, conda_file, pip_file
        )
        if environment_variables:
            environment = (environment or _plain()).clone("estimator")
            environment.environment_variables = dict(environment_variables)
        super().__init__(
            source_directory,
            entry_script,
            arguments_of(script_params or {}),
            compute_target=compute_target,
            environment=environment,
            distributed_job_config=distributed_training
            or _processes(distributed_backend, node_count, process_count_per_node),
            max_run_duration_seconds=max_run_duration_seconds,
        )
        given = [one.bound() for one in inputs or () if hasattr(one, "bound")]
        self._bindings = bindings.distinct([*self._bindings, *given])

    def _environment(
        self,
        folder: str,
        conda_packages: Sequence[str] | None,
        pip_packages: Sequence[str] | None,
        conda_file: str | None,
        pip_file: str | None,
    ) -> Environment | None:
        """The environment of the packages that are named; None: none is."""
        if not (conda_packages or pip_packages or conda_file or pip_file):
            return None
        if conda_file:
            made = Environment.from_conda_specification(
                "estimator", os.path.join(folder, conda_file)
            )
        elif pip_file:
            made = Environment.from_pip_requirements("estimator", os.path.join(folder, pip_file))
        else:
            made = Environment("estimator")
        for package in conda_packages or ():
            made.python.conda_dependencies.add_conda_package(package)
        for package in (*self._main, *(pip_packages or ())):
            made.python.conda_dependencies.add_pip_package(package)
        return made


class SKLearn(Estimator):
    """An estimator whose packages have scikit-learn among them."""

    _main = ("scikit-learn",)


class PyTorch(Estimator):
    """An estimator whose packages have torch and torchvision among them."""

    _main = ("torch", "torchvision")


class TensorFlow(Estimator):
    """An estimator whose packages have tensorflow among them."""

    _main = ("tensorflow",)


class Chainer(Estimator):
    """An estimator whose packages have chainer among them."""

    _main = ("chainer",)


def arguments_of(params: Mapping[str, Any]) -> list[Any]:
    """Options and their values as arguments of a script; "" and None stand for a flag.

    Raises:
        UserError: it is not a dict.
    """
    if not hasattr(params, "items"):
        raise UserError(f"script_params is a dict of options, not {type(params).__name__}")
    found: list[Any] = []
    for name, value in params.items():
        found.append(name)
        if value is not None and not (isinstance(value, str) and value == ""):
            found.append(value)
    return found


def _plain() -> Environment:
    """An environment that is the Python that submits."""
    made = Environment("estimator")
    made.python.user_managed_dependencies = True
    return made


def _processes(backend: str | None, nodes: int, count: int) -> object:
    """How many processes to start, as the older arguments say it; None: one."""
    if backend in (None, "mpi") and (nodes, count) == (1, 1):
        return None
    if backend in (None, "mpi"):
        return MpiConfiguration(count, nodes)
    raise UserError(
        f"distributed_backend={backend!r}: give distributed_training=PyTorchConfiguration(…) or "
        "MpiConfiguration(…)"
    )
