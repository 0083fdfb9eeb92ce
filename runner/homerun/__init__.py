"""Training runs on your own machine, with the API of Azure ML SDK v1 and a record you can `ls`.

Importing this package loads nothing until a name is used.
"""

from __future__ import annotations

__version__ = "0.1.0"

_HOMES = {
    "Workspace": "workspace",
    "Experiment": "experiment",
    "Run": "run",
    "ScriptRun": "run",
    "ScriptRunConfig": "config",
    "RunConfiguration": "runconfig",
    "DockerConfiguration": "sections",
    "MpiConfiguration": "sections",
    "PyTorchConfiguration": "sections",
    "TensorflowConfiguration": "sections",
    "Environment": "environment",
    "CondaDependencies": "conda",
    "compare_runs": "comparing",
    "HomerunError": "errors",
    "UserError": "errors",
    "SubmitError": "errors",
    "WorkspaceError": "errors",
    "MissingExtra": "errors",
    "RunFailed": "errors",
    "WaitTimeout": "errors",
    "RunConfigurationError": "errors",
    "RunEnvironmentError": "errors",
}

__all__ = [*_HOMES]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.comparing import compare_runs as compare_runs
    from homerun.conda import CondaDependencies as CondaDependencies
    from homerun.config import ScriptRunConfig as ScriptRunConfig
    from homerun.environment import Environment as Environment
    from homerun.errors import HomerunError as HomerunError
    from homerun.errors import MissingExtra as MissingExtra
    from homerun.errors import RunConfigurationError as RunConfigurationError
    from homerun.errors import RunEnvironmentError as RunEnvironmentError
    from homerun.errors import RunFailed as RunFailed
    from homerun.errors import SubmitError as SubmitError
    from homerun.errors import UserError as UserError
    from homerun.errors import WaitTimeout as WaitTimeout
    from homerun.errors import WorkspaceError as WorkspaceError
    from homerun.experiment import Experiment as Experiment
    from homerun.run import Run as Run
    from homerun.run import ScriptRun as ScriptRun
    from homerun.runconfig import RunConfiguration as RunConfiguration
    from homerun.sections import DockerConfiguration as DockerConfiguration
    from homerun.sections import MpiConfiguration as MpiConfiguration
    from homerun.sections import PyTorchConfiguration as PyTorchConfiguration
    from homerun.sections import TensorflowConfiguration as TensorflowConfiguration
    from homerun.workspace import Workspace as Workspace


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'homerun' has no attribute {name!r}")
    return getattr(__import__(f"homerun.{home}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
