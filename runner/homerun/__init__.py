"""Training runs on your own machine, with the API of Azure ML SDK v1 and a record you can `ls`.

Importing this package loads nothing until a name is used.
"""

from __future__ import annotations

_HOMES = {
    "__version__": "base.installed",
    "Workspace": "sdk.workspace",
    "Experiment": "sdk.experiment",
    "Run": "sdk.run",
    "ScriptRun": "sdk.run",
    "Batch": "sdk.batch",
    "ScriptRunConfig": "config.script_run_config",
    "RunConfiguration": "config.run_configuration",
    "DockerConfiguration": "config.sections",
    "MpiConfiguration": "config.sections",
    "PyTorchConfiguration": "config.sections",
    "TensorflowConfiguration": "config.sections",
    "Environment": "config.environment",
    "CondaDependencies": "environments.conda",
    "ComputeTarget": "sdk.azure.clusters",
    "AmlCompute": "sdk.azure.clusters",
    "Dataset": "sdk.azure.dataset",
    "Datastore": "sdk.azure.datastore",
    "DataPath": "sdk.azure.datastore",
    "DataReference": "sdk.azure.datastore",
    "FileDataset": "sdk.azure.dataset",
    "TabularDataset": "sdk.azure.dataset",
    "OutputFileDatasetConfig": "sdk.azure.dataset_inputs",
    "Estimator": "sdk.azure.estimator",
    "Keyvault": "sdk.azure.keyvault",
    "Model": "sdk.azure.model",
    "Tensorboard": "sdk.azure.tensorboard",
    "RunDetails": "sdk.widgets",
    "compare_runs": "sdk.compare",
    "to_pandas": "sdk.workspace",
    "HomerunError": "base.errors",
    "UserError": "base.errors",
    "SubmitError": "base.errors",
    "ComputeTargetError": "base.errors",
    "WorkspaceError": "base.errors",
    "MissingExtra": "base.errors",
    "RunFailed": "base.errors",
    "WaitTimeout": "base.errors",
    "RunConfigurationError": "base.errors",
    "RunEnvironmentError": "base.errors",
}

_FACTORIES = {
    "current_run": "sdk.context",
    "experiment_of_folder": "sdk.workspace",
}
"""What the original's static factories on a lower class ask for: it is made above them."""

__all__ = [name for name in _HOMES if name[0] != "_"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.base.errors import ComputeTargetError as ComputeTargetError
    from homerun.base.errors import HomerunError as HomerunError
    from homerun.base.errors import MissingExtra as MissingExtra
    from homerun.base.errors import RunConfigurationError as RunConfigurationError
    from homerun.base.errors import RunEnvironmentError as RunEnvironmentError
    from homerun.base.errors import RunFailed as RunFailed
    from homerun.base.errors import SubmitError as SubmitError
    from homerun.base.errors import UserError as UserError
    from homerun.base.errors import WaitTimeout as WaitTimeout
    from homerun.base.errors import WorkspaceError as WorkspaceError
    from homerun.base.installed import __version__ as __version__
    from homerun.config.environment import Environment as Environment
    from homerun.config.run_configuration import RunConfiguration as RunConfiguration
    from homerun.config.script_run_config import ScriptRunConfig as ScriptRunConfig
    from homerun.config.sections import DockerConfiguration as DockerConfiguration
    from homerun.config.sections import MpiConfiguration as MpiConfiguration
    from homerun.config.sections import PyTorchConfiguration as PyTorchConfiguration
    from homerun.config.sections import TensorflowConfiguration as TensorflowConfiguration
    from homerun.environments.conda import CondaDependencies as CondaDependencies
    from homerun.sdk.azure.clusters import AmlCompute as AmlCompute
    from homerun.sdk.azure.clusters import ComputeTarget as ComputeTarget
    from homerun.sdk.azure.dataset import Dataset as Dataset
    from homerun.sdk.azure.dataset import FileDataset as FileDataset
    from homerun.sdk.azure.dataset import TabularDataset as TabularDataset
    from homerun.sdk.azure.dataset_inputs import OutputFileDatasetConfig as OutputFileDatasetConfig
    from homerun.sdk.azure.datastore import DataPath as DataPath
    from homerun.sdk.azure.datastore import DataReference as DataReference
    from homerun.sdk.azure.datastore import Datastore as Datastore
    from homerun.sdk.azure.estimator import Estimator as Estimator
    from homerun.sdk.azure.keyvault import Keyvault as Keyvault
    from homerun.sdk.azure.model import Model as Model
    from homerun.sdk.azure.tensorboard import Tensorboard as Tensorboard
    from homerun.sdk.batch import Batch as Batch
    from homerun.sdk.compare import compare_runs as compare_runs
    from homerun.sdk.context import current_run as current_run
    from homerun.sdk.experiment import Experiment as Experiment
    from homerun.sdk.run import Run as Run
    from homerun.sdk.run import ScriptRun as ScriptRun
    from homerun.sdk.widgets import RunDetails as RunDetails
    from homerun.sdk.workspace import Workspace as Workspace
    from homerun.sdk.workspace import experiment_of_folder as experiment_of_folder
    from homerun.sdk.workspace import to_pandas as to_pandas


def __getattr__(name: str) -> object:
    home = _HOMES.get(name) or _FACTORIES.get(name)
    if home is None:
        raise AttributeError(f"module 'homerun' has no attribute {name!r}")
    return getattr(__import__(f"homerun.{home}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
