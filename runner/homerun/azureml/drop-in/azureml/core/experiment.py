"""`azureml.core.experiment`: homerun's own class."""

from __future__ import annotations

from homerun.sdk.experiment import Experiment

__all__ = ["Experiment"]
