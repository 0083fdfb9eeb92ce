"""`azureml.core.workspace`: homerun's own class, and others that files import from there."""

from __future__ import annotations

from homerun.sdk.workspace import Workspace

__all__ = ["Workspace"]

_OTHERS = ("Dataset", "Datastore", "Environment", "Experiment", "Model", "Run")


def __getattr__(name: str) -> object:
    if name not in _OTHERS:
        raise AttributeError(f"module 'azureml.core.workspace' has no attribute {name!r}")
    return getattr(__import__("homerun"), name)
