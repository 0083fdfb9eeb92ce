"""`azureml.core.runconfig`: homerun's own classes."""

from __future__ import annotations

from azureml.core.environment import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    CondaDependencies,
    Environment,
)
from homerun.azureml.cloud import named
from homerun.config.run_configuration import RunConfiguration
from homerun.config.sections import (
    AmlComputeConfiguration,
    DockerConfiguration,
    HdiConfiguration,
    HistoryConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "AmlComputeConfiguration",
    "CondaDependencies",
    "DockerConfiguration",
    "Environment",
    "HdiConfiguration",
    "HistoryConfiguration",
    "MpiConfiguration",
    "ParallelTaskConfiguration",
    "PyTorchConfiguration",
    "RunConfiguration",
    "SparkConfiguration",
    "TensorflowConfiguration",
]

_ADVICE = "is of the cloud and has no meaning on your own machine; leave it out"


def __getattr__(name: str) -> type:
    found = globals()[name] = named(__name__, name, _ADVICE)
    return found
