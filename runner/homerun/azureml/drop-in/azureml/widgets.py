"""`azureml.widgets`: a run in a notebook, kept up to date while it goes on."""

from __future__ import annotations

from homerun.sdk.widgets import RunDetails

__all__ = ["RunDetails"]
