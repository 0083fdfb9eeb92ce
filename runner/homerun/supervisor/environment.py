"""A supervisor's first work where a run has packages: to see that its environment is there.

The builder is a child of the supervisor, so that a cancel ends it like a script. The run shows
Preparing meanwhile: it has no started.json. A supervisor loads this only for such a run.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.environments import recipe
from homerun.environments.builder import RECIPE_DESCRIPTOR
from homerun.supervisor import sweep
from homerun.system import children, spawn
from runstore import layout, status
from runstore.fs import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.supervisor.supervisor import Supervisor

_LOOK_EVERY_S = 0.2
"""A run that is being prepared is on record with no process: who stops it cannot wake anybody."""

_MOST_WORDS = 2000
_OWN = "homerun: "
_ERRORS = ("error", "\u00d7")
"""How pip and uv begin to say what is wrong."""


def environment(supervisor: Supervisor) -> bool:
    """Have the environment of a run made if need be, and hold it.

    Returns:
        False: the run is to end, as `supervisor.unprepared` or its stop says; nothing of it ran.
    """
    folder, name = supervisor.plan.recipe.split("\n", 2)[:2]
    while (held := recipe.use(folder)) is None:
        _tell(f"building the environment {name!r}; its log is {layout.ENVIRONMENT_LOG}")
        supervisor.log(f"building the environment {name!r} in {folder}")
        try:
            _build(supervisor)
        except OSError as error:
            supervisor.unprepared = f"its builder cannot be started ({error.strerror or error})"
            return False
        if supervisor.stop_wanted:
            sweep.end_tree(supervisor)
            supervisor.stopped = supervisor.stopped or supervisor.stop_kind()
            return False
        # A builder that was killed leaves its installer behind.
        sweep.sweep_leftovers(supervisor, "left behind by the builder")
        if supervisor.raw != 0:
            supervisor.unprepared = _words() or "its builder was killed"
            _tell(f"the environment could not be built:\n{supervisor.unprepared}")
            return False
        supervisor.forget_script()
    supervisor.holds = held
    return True


def _build(supervisor: Supervisor) -> None:
    """Start the builder in the place of the script, and wait until it is over or to be stopped."""
    given = children.nameless_file(supervisor.plan.recipe.encode("utf-8", "surrogateescape"))
    try:
        supervisor.script = spawn.start(
            sys.executable,
            children.python("environments.builder"),
            environ.for_builder(supervisor.plan.env),
            [
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, layout.ENVIRONMENT_LOG, *_APPEND),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, given, RECIPE_DESCRIPTOR),
            ],
        )
    finally:
        os.close(given)
    while not supervisor.over and not supervisor.stop_wanted:
        supervisor.doze(_LOOK_EVERY_S)
        if facts.read_bytes(layout.STOP) is not None:
            supervisor.want_stop(status.CANCEL, "asked for while the environment was built")


_APPEND = (os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _tell(line: str) -> None:
    """A line in the run's own log, for whoever follows it."""
    try:
        log = os.open(layout.STD_LOG, *_APPEND)
    except OSError:
        return
    try:
        os.write(log, f"homerun: {line}\n".encode("utf-8", "replace"))
    except OSError:
        pass  # a full disk: the outcome says it too
    finally:
        os.close(log)


def _words() -> str:
    """The last lines that the resolver wrote; from where it calls them an error, if it does."""
    try:
        with open(layout.ENVIRONMENT_LOG, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _MOST_WORDS))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    last = [line.strip() for line in lines[-12:] if line.strip()]
    last = [line[len(_OWN) :] if line.startswith(_OWN) else line for line in last]
    marked = (n for n, line in enumerate(last) if line.lower().startswith(_ERRORS))
    return "\n".join(last[next(marked, 0) :])
