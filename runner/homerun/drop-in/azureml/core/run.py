"""`azureml.core.run`: homerun's own classes, and the names by which scripts tell runs apart."""

from __future__ import annotations

from homerun.run import Run

__all__ = ["Run", "get_run"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.experiment import Experiment

_HOMES = {
    "RUNNING_STATES": ("azureml._restclient.constants", "RUNNING_STATES"),
    "RunStatus": ("azureml._restclient.constants", "RunStatus"),
    "ScriptRun": ("homerun.run", "ScriptRun"),
    "_OfflineRun": ("homerun.offline", "OfflineRun"),
    "_SubmittedRun": ("homerun.context", "SubmittedRun"),
}


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """A run of the experiment's workspace, by its id; the last two arguments have no effect.

    Raises:
        RunNotFound, AmbiguousPrefix: there is no such one run.
    """
    return Run.get(experiment.workspace, run_id)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'azureml.core.run' has no attribute {name!r}")
    module, own = _HOMES[name]
    return getattr(__import__(module, fromlist=[own]), own)
