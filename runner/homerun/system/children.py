"""Starting a supervisor: a process in a session of its own that outlives whoever submitted."""

from __future__ import annotations

import fcntl
import os
import sys

from homerun.base import environ
from homerun.system import spawn
from homerun.targets.plan import (
    LOCK_DESCRIPTOR,
    PLAN_DESCRIPTOR,
    SCRIPT_DESCRIPTOR,
    SLOT_DESCRIPTOR,
    Plan,
)
from runstore import layout
from runstore.fs import lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BOOT = (
    "import sys; sys.path += sys.argv[1:3]; del sys.argv[1:3]; "
    "from homerun.{module} import main; main()"
)
"""Appended to the path, not put in front: a stray module beside ours cannot shadow the stdlib."""

_started: set[int] = set()


def supervisor(
    run_folder: str,
    given: Plan,
    alive: int,
    script: int | None = None,
    slots: Sequence[int] = (),
) -> int:
    """Start the supervisor of a run; it inherits the lock `alive`. Its pid is returned.

    Args:
        script: for an adopter: a pidfd of the script, opened while it lived.
        slots: the locks of its slots, which it inherits too.

    Raises:
        OSError: no process can be started.
    """
    reap()
    wanted = {alive: LOCK_DESCRIPTOR}
    if script is not None:
        wanted[script] = SCRIPT_DESCRIPTOR
    given.slots = len(slots)
    wanted.update({held: SLOT_DESCRIPTOR + number for number, held in enumerate(slots)})
    log = f"{run_folder}/{layout.SUPERVISOR_LOG}"
    above = SLOT_DESCRIPTOR + len(slots)
    opened: list[int] = []
    with lock.no_fork():  # a copy of the lock in a stray child would outlive the run
        try:
            opened.append(nameless_file(given.encode()))
            wanted[opened[0]] = PLAN_DESCRIPTOR
            moves: list[tuple[int, int, int]] = []
            for source, target in wanted.items():
                # Moved out of the way first, so that none lies where another is to go.
                opened.append(fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, above))
                moves.append((os.POSIX_SPAWN_DUP2, opened[-1], target))
            pid = spawn.start(
                sys.executable,
                python("supervisor.supervisor", run_folder),
                environ.for_supervisor(given.run_id),
                [
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
                    *moves,
                ],
            )
        finally:
            for descriptor in opened:
                os.close(descriptor)
    started(pid)
    return pid


def python(module: str, *arguments: str) -> list[str]:
    """The command line that calls `main` of one of our modules, untouched by the user's Python."""
    boot = _BOOT.format(module=module)
    return [sys.executable, "-I", "-S", "-c", boot, *_package_parents(), *arguments]


def started(pid: int) -> None:
    """Have a child that we started collected when it has ended."""
    _started.add(pid)


def git(run_folder: str, run_id: str, question: list[str], env: Mapping[str, str]) -> int:
    """Start the process that asks git about a run's code, where there is anything to ask.

    Args:
        question: what `gitdiff.wanted` said.
        env: the environment of whoever submitted.

    Returns:
        Its pid, which `reap` collects; 0 where the run has to go without it.
    """
    reap()
    if not question or not sys.executable:
        return 0
    argv = python("snapshots.git_diff", run_folder, *question)
    try:
        pid = spawn.start(sys.executable, argv, environ.for_helper(run_id, env), spawn.NOTHING_OPEN)
    except (OSError, ValueError):
        return 0
    started(pid)
    return pid


def asking(
    run_folder: str, interpreter: str, run_id: str, env: Mapping[str, str], cache: str
) -> int:
    """Start the process that asks an interpreter what is installed in it, for a run.

    Args:
        env: the script's.
        cache: the user's cache folder.

    Returns:
        Its pid; whoever calls this collects it.

    Raises:
        OSError: it cannot be started.
    """
    path = env.get("PATH") or os.defpath
    argv = python("environments.inspector", run_folder, interpreter, path, cache)
    return spawn.start(sys.executable, argv, environ.for_helper(run_id, env), spawn.NOTHING_OPEN)


def reap() -> int:
    """Collect those of our processes that have ended; how many are left.

    Called at each submit and after each wait, so that a notebook does not gather zombies.
    """
    for pid in list(_started):
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            _started.discard(pid)
    return len(_started)


def nameless_file(data: bytes) -> int:
    """A descriptor of a file with this content that no path leads to."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("plan", os.MFD_CLOEXEC)
    else:
        import tempfile

        descriptor, path = tempfile.mkstemp()
        os.unlink(path)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return descriptor


def _package_parents() -> list[str]:
    """The folders that hold `homerun` and `runstore`, each a source root or a site-packages."""
    import runstore

    own = os.path.dirname(os.path.dirname(__file__))
    packages = (own, os.path.dirname(str(runstore.__file__)))
    return [os.path.dirname(os.path.abspath(package)) for package in packages]
