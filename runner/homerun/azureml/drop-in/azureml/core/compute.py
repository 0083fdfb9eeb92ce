"""`azureml.core.compute`: there are no compute targets; code that looks for one is told so."""

from __future__ import annotations

from azureml.exceptions import ComputeTargetException
from homerun.azureml.cloud import named

_ADVICE = "is of the cloud; every run uses this machine: leave compute_target out, or give 'local'"


def __getattr__(name: str) -> type:
    # Notebooks look for a target, and catch that there is none.
    found = globals()[name] = named(__name__, name, _ADVICE, ComputeTargetException)
    return found
