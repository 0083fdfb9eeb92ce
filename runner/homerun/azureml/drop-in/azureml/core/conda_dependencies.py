"""`azureml.core.conda_dependencies`: homerun's own class."""

from __future__ import annotations

from homerun.environments.conda import CondaDependencies

__all__ = ["CondaDependencies"]
