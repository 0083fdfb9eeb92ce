"""`azureml.core.workspace`: homerun's own class."""

from __future__ import annotations

from homerun.sdk.workspace import Workspace

__all__ = ["Workspace"]
