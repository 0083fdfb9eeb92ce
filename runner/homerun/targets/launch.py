"""Launching a supervisor on this machine: the one place where one is started.

A supervisor inherits its descriptors by number:

    0, 1        /dev/null
    2           supervisor.log of the run
    3           the run's lock `alive`, locked
    4           its plan, in a file without a name
    5           an adopter only: a pidfd of the script
    6 … 5+n     the locks of the n slots that it holds
    from 6+n    those of the GPUs that it has, which its script inherits too

In this process the same files have any numbers, which may be some of these. So each is first
copied to a number above all these, and the spawn then copies it from there to its place:

    here        13 alive      5 plan       3 slot          (any numbers)
                 │            │            │
    copied       7            8            9               F_DUPFD_CLOEXEC, from 6+n on
                 │            │            │
    there        3            4            6               POSIX_SPAWN_DUP2; the rest closes at exec
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
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
    from collections.abc import Sequence

_PROGRAM = "supervisor.main"


def supervisor(
    run_folder: str,
    given: Plan,
    alive: int,
    script: int | None = None,
    slots: Sequence[int] = (),
    gpus: Sequence[int] = (),
) -> int:
    """Start the supervisor of a run; it inherits the lock `alive`. Its pid is returned.

    Args:
        script: for an adopter: a pidfd of the script, opened while it lived.
        slots: the locks of its slots, which it inherits too.
        gpus: those of its GPUs.

    Raises:
        OSError: no process can be started.
    """
    children.reap()
    given.slots = len(slots)
    if gpus:
        given.settings = {**given.settings, "gpu_locks": len(gpus)}
    places = {alive: LOCK_DESCRIPTOR}
    if script is not None:
        places[script] = SCRIPT_DESCRIPTOR
    held_too = (*slots, *gpus)
    places.update({held: SLOT_DESCRIPTOR + number for number, held in enumerate(held_too)})
    above = SLOT_DESCRIPTOR + len(held_too)
    copies: list[int] = []
    with lock.no_fork():  # a copy of the lock in a stray child would outlive the run
        nameless = children.nameless_file(given.encode())
        try:
            places[nameless] = PLAN_DESCRIPTOR
            moves: list[tuple[int | str, ...]] = []
            for source, place in places.items():
                copies.append(lock.copied(source, above))
                moves.append((os.POSIX_SPAWN_DUP2, copies[-1], place))
            pid = _start(run_folder, given.mark, moves)
        finally:
            for copy in copies:
                lock.release(copy)
            os.close(nameless)
    children.started(pid)
    return pid


def _start(run_folder: str, mark: str, moves: list[tuple[int | str, ...]]) -> int:
    log = f"{run_folder}/{layout.SUPERVISOR_LOG}"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    standard: list[tuple[int | str, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, log, flags, 0o600),
    ]
    argv = children.python(_PROGRAM, run_folder)
    return spawn.start(sys.executable, argv, environ.for_supervisor(mark), [*standard, *moves])
