"""`azureml.core.compute_target`: as `azureml.core.compute`."""

from __future__ import annotations

from azureml.core import compute


def __getattr__(name: str) -> object:
    return getattr(compute, name)
