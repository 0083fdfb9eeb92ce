"""The keeper of a queue: the program that gives GPUs to the runs that wait for some.

A GPU becomes free when a run of another store ends, or of another user, or a program that is no
run: none of them tells. So one process looks, as long as a run of its queue waits for a GPU. Every
process that enters such a run, frees a slot, or looks at one that waits, starts it where there is
none. It has the queue's lock on descriptor 3 from its beginning, so there is never a second one.
"""

from __future__ import annotations

import os
import select
import sys

from homerun.system import children, linux
from homerun.system.gpus.wants import WantNote
from homerun.targets import dispatch, registry
from homerun.targets.gpus import grants
from homerun.targets.gpus.wake import KEEPER_LOCK
from runstore import layout
from runstore.queue.queue import Queue
from runstore.store import Store

_EVERY_S = 1.0
_LOOKS_PER_PASS = 10


def main() -> None:
    """Give GPUs to the runs of a queue until none waits for some."""
    root, target = sys.argv[1:3]
    os.set_inheritable(KEEPER_LOCK, False)
    children.close_all_but((KEEPER_LOCK,))  # a script that has GPUs hands its locks down to all
    os.chdir(root)  # a store that is renamed meanwhile stays ours
    held: int | None = KEEPER_LOCK
    while held is not None:
        try:
            _keep(target)
        finally:
            os.close(held)  # who enters a run from now on starts another one
        store = Store(os.getcwd())
        is_over = not _is_wanted(store, target)
        held = None if is_over else Queue(store.root, target).take_keeper_lock()


def _is_wanted(store: Store, target: str) -> bool:
    """Whether a run of the queue may be started here, and asks for GPUs."""
    waiting = Queue(store.root, target)
    if waiting.is_paused or not store.may_act:
        return False
    return waiting.has_gpu_entries() and any(one.gpus for one, _ in waiting.startable(store))


def _keep(target: str) -> None:
    watch = linux.watch_folder(f"{layout.QUEUE}/{target}")
    poll = select.poll()
    if watch is not None:
        poll.register(watch, select.POLLIN)
    note = WantNote(Store(os.getcwd()).id, target)
    former: object = None
    looks = 0
    try:
        while _is_wanted(store := Store(os.getcwd()), target):
            found, readings = registry.find(store.root, target), grants.seen()
            signs = grants.signs(store, found, readings) if found else None
            # To go through a long queue costs more than to see that nothing has changed.
            if signs != former or looks % _LOOKS_PER_PASS == 0:
                grants.give(store, target, readings, note, dispatch.start)
            former, looks = signs, looks + 1
            children.reap()
            if poll.poll(_EVERY_S * 1000) and watch is not None:
                os.read(watch, 1 << 16)
                looks = 0
    finally:
        note.put(None)
        if watch is not None:
            os.close(watch)
