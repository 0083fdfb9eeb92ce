"""The run that this process belongs to, found through its environment."""

from __future__ import annotations

from homerun.base import environ
from homerun.base.messages import say
from homerun.sdk.run import Run, ScriptRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun import Experiment
    from runstore.run.record import Record

_found: dict[str, Run] = {}
_experiments: dict[str, Experiment] = {}


class SubmittedRun(ScriptRun):
    """The run of a submitted script, as that script sees it."""


def current_run(allow_offline: bool = True) -> Run:
    """The run around this process; see `Run.get_context`."""
    folder, run_id = environ.run_folder(), environ.run_id()
    if folder is None or run_id is None:
        return _offline(allow_offline)
    run = _found.get(folder)
    if run is None:
        new = SubmittedRun.in_folder(folder, run_id, _experiment_of)
        run = _found.setdefault(folder, new)  # of two threads at once both get the first one's
        if run is new:
            import atexit

            atexit.register(_at_exit, run)
    return run


def _offline(allowed: bool) -> Run:
    if not allowed:
        from homerun.base.errors import RunEnvironmentError

        raise RunEnvironmentError
    from homerun.sdk.offline import OfflineRun

    return OfflineRun()


def _experiment_of(record: Record) -> Experiment:
    from homerun.sdk.experiment import Experiment
    from homerun.sdk.workspace import workspace_of_store
    from runstore.store import store_of

    known = _experiments.get(record.path)
    if known is None:
        known = Experiment.existing(workspace_of_store(store_of(record)), record.experiment)
        _experiments[record.path] = known
    return known


def _at_exit(run: Run) -> None:
    if run.dropped:
        say(f"{run.dropped} metric points could not be stored")
    from runstore import layout
    from runstore.fs import lock

    try:
        if not lock.is_held(f"{run.directory}/{layout.ALIVE}", lock.OFD):
            # The supervisor was killed: this starts an adopter, which sees how the script ends.
            run.get_status()
    except Exception:  # noqa: BLE001 - the script's own end is not to be disturbed
        return
