"""`azureml.core.environment`: homerun's own classes."""

from __future__ import annotations

from homerun.azureml.cloud import named
from homerun.config.environment import Environment
from homerun.config.environment_sections import (
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkSection,
)
from homerun.environments.conda import CondaDependencies

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "CondaDependencies",
    "DatabricksSection",
    "DockerSection",
    "Environment",
    "PythonSection",
    "SparkSection",
]

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04"

_ADVICE = "is of the cloud and has no meaning on your own machine; leave it out"


def __getattr__(name: str) -> type:
    found = globals()[name] = named(__name__, name, _ADVICE)
    return found
