"""`azureml.core.model`: homerun's own class; what serves models is of the cloud."""

from __future__ import annotations

from homerun.azureml.cloud import named
from homerun.sdk.azure.model import Model

__all__ = ["Model"]

_ADVICE = "is of the cloud: load the file that Model.get_model_path or Model.download gives"


def __getattr__(name: str) -> type:
    found = globals()[name] = named(__name__, name, _ADVICE)
    return found
