"""`azureml.core.run`: homerun's own classes, and the names by which scripts tell runs apart."""

from __future__ import annotations

from homerun.sdk.run import Run, get_run

__all__ = ["Run", "get_run"]

_HOMES = {
    "RUNNING_STATES": ("azureml._restclient.constants", "RUNNING_STATES"),
    "RunStatus": ("azureml._restclient.constants", "RunStatus"),
    "ScriptRun": ("homerun.sdk.run", "ScriptRun"),
    "_OfflineRun": ("homerun.sdk.offline", "OfflineRun"),
    "_SubmittedRun": ("homerun.sdk.context", "SubmittedRun"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'azureml.core.run' has no attribute {name!r}")
    module, own = _HOMES[name]
    return getattr(__import__(module, fromlist=[own]), own)
