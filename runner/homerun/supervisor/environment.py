"""Before the script starts: build the environment of a run that names packages, and hold it.

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
from runstore.fs import append, atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.supervisor.attempt import Attempt

_LOOK_EVERY_S = 0.2
"""No fact names a process of a run that is being prepared: a stop request cannot wake this one."""

_APPEND = (os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
_MOST_BYTES = 2000
_OWN = "homerun: "
_ERRORS = ("error", "\u00d7")
"""How pip and uv begin to say what is wrong."""


def build(attempt: Attempt) -> bool:
    """Build the environment of a run if it is not there, and hold it.

    Returns:
        False: the run is to end, as `attempt.unprepared` or its stop says; nothing of it ran.
    """
    folder, name = attempt.plan.recipe.split("\n", 2)[:2]
    while (held := recipe.use(folder)) is None:
        _write_to_log(f"building the environment {name!r}; its log is {layout.ENVIRONMENT_LOG}")
        attempt.log(f"building the environment {name!r} in {folder}")
        try:
            _start_builder(attempt)
        except OSError as error:
            attempt.unprepared = f"its builder cannot be started ({error.strerror or error})"
            return False
        if attempt.stop_wanted:
            sweep.end_tree(attempt)
            attempt.stopped = attempt.stopped or attempt.stop_kind()
            return False
        # A builder that was killed leaves its installer behind.
        sweep.sweep_leftovers(attempt, "left behind by the builder")
        if attempt.raw != 0:
            attempt.unprepared = _last_lines() or "its builder was killed"
            _write_to_log(f"the environment could not be built:\n{attempt.unprepared}")
            return False
        attempt.reset_after_builder()
    attempt.environment_lock = held
    return True


def _start_builder(attempt: Attempt) -> None:
    """Start the builder in the place of the script, and wait until it is over or to be stopped."""
    given = children.nameless_file(attempt.plan.recipe.encode("utf-8", "surrogateescape"))
    try:
        attempt.script = spawn.start(
            sys.executable,
            children.python("environments.builder"),
            environ.for_builder(attempt.plan.env),
            [
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, layout.ENVIRONMENT_LOG, *_APPEND),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, given, RECIPE_DESCRIPTOR),
            ],
        )
    finally:
        os.close(given)
    while not attempt.over and not attempt.stop_wanted:
        attempt.doze(_LOOK_EVERY_S)
        if atomic.read_bytes(layout.STOP) is not None:
            attempt.want_stop(status.CANCEL, "asked for while the environment was built")


def _write_to_log(line: str) -> None:
    """Write a line to the run's own log, for the user who follows it."""
    try:
        log = append.open_for_append(layout.STD_LOG)
    except OSError:
        return
    try:
        os.write(log, f"homerun: {line}\n".encode("utf-8", "replace"))
    except OSError:
        pass  # a full disk: the outcome says it too
    finally:
        os.close(log)


def _last_lines() -> str:
    """The last lines that the resolver wrote; from where it calls them an error, if it does."""
    try:
        with open(layout.ENVIRONMENT_LOG, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _MOST_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    last = [line.strip() for line in lines[-12:] if line.strip()]
    last = [line[len(_OWN) :] if line.startswith(_OWN) else line for line in last]
    marked = (n for n, line in enumerate(last) if line.lower().startswith(_ERRORS))
    return "\n".join(last[next(marked, 0) :])
