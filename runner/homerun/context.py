"""The run that this process belongs to, found through its environment."""

from __future__ import annotations

from homerun import environ
from homerun.metric_log import say
from homerun.run import Run, ScriptRun

_found: dict[str, Run] = {}


def get(allow_offline: bool = True) -> Run:
    """The run around this process; see `Run.get_context`."""
    folder, run_id = environ.run_folder(), environ.run_id()
    if folder is None or run_id is None:
        return _offline(allow_offline)
    run = _found.get(folder)
    if run is None:
        new = ScriptRun.in_folder(folder, run_id)
        run = _found.setdefault(folder, new)  # of two threads at once both get the first one's
        if run is new:
            import atexit

            atexit.register(_tell_dropped, run)
    return run


def _offline(allowed: bool) -> Run:
    if not allowed:
        from homerun.errors import RunEnvironmentError

        raise RunEnvironmentError
    from homerun.offline import OfflineRun

    return OfflineRun()


def _tell_dropped(run: Run) -> None:
    if run.dropped:
        say(f"{run.dropped} metric points could not be stored")
