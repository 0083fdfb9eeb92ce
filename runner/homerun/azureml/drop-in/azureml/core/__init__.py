"""The names of `azureml.core`. Each is loaded when it is used."""

from __future__ import annotations

VERSION = "1.61.0"
"""The version of the original whose names and shapes these are, the last one: scripts compare it
with the version that brought what they use."""

__version__ = VERSION

_HOMES = {
    "ComputeTarget": "compute",
    "ContainerRegistry": "container_registry",
    "Dataset": "dataset",
    "Datastore": "datastore",
    "Environment": "environment",
    "Experiment": "experiment",
    "Image": "image",
    "Keyvault": "keyvault",
    "LinkedService": "linked_service",
    "Model": "model",
    "PrivateEndPoint": "private_endpoint",
    "PrivateEndPointConfig": "private_endpoint",
    "Run": "run",
    "RunConfiguration": "runconfig",
    "ScriptRun": "script_run",
    "ScriptRunConfig": "script_run_config",
    "SynapseWorkspaceLinkedServiceConfiguration": "linked_service",
    "Webservice": "webservice",
    "Workspace": "workspace",
    "attach_legacy_compute_target": "compute_target",
    "diagnostic_log": "logging",
    "get_run": "run",
    "is_compute_target_prepared": "compute_target",
    "prepare_compute_target": "compute_target",
    "remove_legacy_compute_target": "compute_target",
}

_MORE_PARTS = ("authentication", "conda_dependencies")

__all__ = [*_HOMES, "VERSION"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azureml.core.environment import Environment as Environment
    from azureml.core.experiment import Experiment as Experiment
    from azureml.core.run import Run as Run
    from azureml.core.run import get_run as get_run
    from azureml.core.runconfig import RunConfiguration as RunConfiguration
    from azureml.core.script_run import ScriptRun as ScriptRun
    from azureml.core.script_run_config import ScriptRunConfig as ScriptRunConfig
    from azureml.core.workspace import Workspace as Workspace


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(__import__(f"azureml.core.{_HOMES[name]}", fromlist=[name]), name)
    if name in _HOMES.values() or name in _MORE_PARTS:  # the original has loaded them all
        return __import__(f"azureml.core.{name}", fromlist=[name])
    raise AttributeError(f"module 'azureml.core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
