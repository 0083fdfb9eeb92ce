"""`azureml.core.compute`: targets by their names; other kinds of compute are of the cloud."""

from __future__ import annotations

from azureml.exceptions import ComputeTargetException
from homerun.azureml.cloud import named
from homerun.sdk.azure.clusters import AmlCompute, ComputeTarget

__all__ = ["AmlCompute", "ComputeTarget", "ComputeTargetException"]

_ADVICE = "is of the cloud; a run uses this machine, or a target that `homerun target add` adds"


def __getattr__(name: str) -> type:
    found = globals()[name] = named(__name__, name, _ADVICE, ComputeTargetException)
    return found
