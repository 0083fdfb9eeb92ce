"""Wake the keeper of a queue, which gives GPUs to the runs that wait: start it if there is none."""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
from runstore.fs import lock
from runstore.queue.queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

KEEPER_LOCK = 3
"""Where a keeper has the queue's lock."""

_PROGRAM = "targets.gpus.keeper"


def wake(store: Store, target: str) -> bool:
    """Start the keeper of a queue. False: there is one.

    Raises:
        OSError: no process can be started.
    """
    held = Queue(store.root, target).take_keeper_lock()
    if held is None:
        return False
    try:
        _start(store.root, target, held)
    finally:
        lock.release(held)
    return True


def _start(root: str, target: str, held: int) -> None:
    """Start a keeper, which inherits the queue's lock: so there is never a second one."""
    children.reap()
    argv = children.python(_PROGRAM, root, target, has_packages=True)
    with lock.no_fork():
        copy = lock.copied(held, KEEPER_LOCK + 1)
        try:
            moves: list[tuple[int | str, ...]] = [(os.POSIX_SPAWN_DUP2, copy, KEEPER_LOCK)]
            env = environ.for_supervisor(f"{target}/")
            pid = spawn.start(sys.executable, argv, env, [*spawn.NOTHING_OPEN, *moves])
        finally:
            lock.release(copy)
    children.started(pid)
