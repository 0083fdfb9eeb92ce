"""One process at a time asks an interpreter; a run that starts meanwhile leaves its folder's name.

    <place>.asking     locked by who asks
    <place>.waiting    lines: when, and the folder of a run that wants the answer

A process that waits writes its line and then looks whether another still asks; the one that asked
reads the lines, lets go, and looks for lines once more: one of the two sees both. Lines from before
the asking began were left to one that was killed; packages may have changed since, so those runs go
without.
"""

from __future__ import annotations

import os

from homerun.system import caches, linux
from runstore import layout
from runstore.fs import atomic, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def take(place: str) -> int | None:
    """Be the one who asks: the lock; None: another is.

    Raises:
        OSError: the cache cannot be written.
    """
    folder = os.path.dirname(place)
    caches.make_cache(folder)
    return lock.take(f"{place}.asking", lock.best_kind(folder))


def wait(place: str, run_folder: str) -> bool:
    """Have the process that asks serve a run. False: none asks.

    Raises:
        OSError: the cache cannot be read or written.
    """
    if not _is_asked(place):
        return False
    line = f"{linux.clock()!r} {os.path.abspath(run_folder)}\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(f"{place}.waiting", flags, 0o600)
    try:
        os.write(descriptor, os.fsencode(line))
    finally:
        os.close(descriptor)
    return _is_asked(place)


def serve(place: str, began: float, held: int, publish: Callable[[], None]) -> None:
    """Publish an answer in the folders of those who wait, and let go of the lock."""
    again: int | None = held
    while again is not None:
        try:
            for folder in _waiting(place, began):
                try:
                    os.chdir(folder)
                    if os.path.exists(layout.RUN):
                        publish()
                except OSError:
                    continue  # it was removed, or there is no room
        finally:
            lock.release(again)
        again = take(place) if os.path.exists(f"{place}.waiting") else None


def _is_asked(place: str) -> bool:
    try:
        return lock.is_held(f"{place}.asking", lock.best_kind(os.path.dirname(place)))
    except FileNotFoundError:
        return False


def _waiting(place: str, began: float) -> list[str]:
    """The folders that were left since then; their lines are removed."""
    mine = f"{place}.{os.getpid()}"
    try:
        os.rename(f"{place}.waiting", mine)
    except FileNotFoundError:
        return []
    data = atomic.read_bytes(mine) or b""
    os.unlink(mine)
    found = (line.partition(" ") for line in os.fsdecode(data).split("\n")[:-1])
    return [folder for moment, _, folder in found if float(moment) >= began]
