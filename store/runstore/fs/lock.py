"""The lock `alive`: held as long as a process answers for a run, and free in the instant it dies.

The kernel frees it on any death, so there is no heartbeat, no time-out and no clock in it. A holder
never unlocks (that would free it for every process that inherited the descriptor); all only close.
A probe asks and never takes, so readers disturb no holder.

The kind is one setting of the whole store, because the two kinds do not see each other: `ofd`
(open file description locks, Linux) or `flock` (elsewhere, and where `ofd` is refused). With
`flock` a probe has to take a shared lock for an instant, so `take` tries several times.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from _thread import RLock

from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

OFD = "ofd"
FLOCK = "flock"

_RECORD = struct.Struct("hhqqi4x")
_WHOLE = _RECORD.pack(fcntl.F_WRLCK, 0, 0, 0, 0)
_REFUSED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)

_held: set[int] = set()
_opening: list[int] = []
"""Opened, and perhaps locked already. A signal handler that forks can come in between."""
_guards: dict[int, RLock] = {}


def best_kind(folder: str) -> str:
    """The kind of lock that works in this folder; asked once, when a store is made."""
    if not hasattr(fcntl, "F_OFD_GETLK"):
        return FLOCK
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE)
    except OSError as error:
        if error.errno in _REFUSED:
            return FLOCK
        raise
    finally:
        os.close(descriptor)
    return OFD


def take(path: str, kind: str) -> int | None:
    """Take the lock, making its file if need be.

    Raises:
        OSError: a link or a pipe stands in its place, or the file cannot be made.

    The descriptor is closed in every process that this one forks: a stray copy in a data loader's
    worker would keep a dead run alive.

    Returns:
        The descriptor that holds it; None: another holds it.
    """
    locked = _take_ofd if kind == OFD else _take_flock
    return _opened(path, os.O_RDWR | os.O_CREAT, locked)


def join(path: str, *, alone: bool = False) -> int | None:
    """Take a `flock` together with others, or alone; its file is made if need be.

    No probe asks for this lock, so its kind is the one that every system has.

    Returns:
        The descriptor that holds it; None: another process has it alone, or, for `alone`, at all.

    Raises:
        OSError: the folder is gone, or there are no locks here.
    """

    def locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, locked)


def _opened(path: str, flags: int, locked: Callable[[int], bool]) -> int | None:
    """A descriptor of a file that was locked; None: it could not be."""
    with no_fork():
        at = len(_opening)
        # One step for the interpreter, which runs a signal handler between two.
        _opening.extend(map(os.open, (path,), (flags | atomic.PLAIN,), (0o600,)))
        descriptor = _opening[at]
        free = False
        try:
            atomic.accept_plain(descriptor, path, flags)
            free = locked(descriptor)
        finally:
            if free:
                _held.add(descriptor)
            else:
                os.close(descriptor)
            del _opening[at:]
        return descriptor if free else None


def copied(descriptor: int, above: int) -> int:
    """A copy of a descriptor, at this number or behind it, for a process that is about to be
    started; closed in every forked child, and given back by `release`.

    To be called under `no_fork`.
    """
    at = len(_opening)
    _opening.extend(map(fcntl.fcntl, (descriptor,), (fcntl.F_DUPFD_CLOEXEC,), (above,)))
    copy = _opening[at]
    _held.add(copy)
    del _opening[at:]
    return copy


def release(descriptor: int) -> None:
    """Close this process's copy of a lock that `take` gave."""
    with no_fork():
        os.close(descriptor)
        _held.discard(descriptor)


def no_fork() -> RLock:
    """While this is held (by `with`) a fork in another thread waits.

    A lock that is taken, copied or given back just then would else live on in the child. A fork in
    this thread, by a signal handler, does not wait for itself.
    """
    guard = _guards.get(0)
    if guard is None:
        made = RLock()
        guard = _guards.setdefault(0, made)
        if guard is made:
            os.register_at_fork(
                before=guard.acquire, after_in_parent=guard.release, after_in_child=_close_all
            )
    return guard


def is_held(path: str, kind: str) -> bool:
    """Whether a process holds the lock. False too where its file is gone."""
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno in atomic.NO_FILE:
            return False  # a link, or a pipe: what a script has put there is no lock
        raise
    try:
        return _ofd_is_held(descriptor) if kind == OFD else not _share(descriptor)
    finally:
        os.close(descriptor)


def _take_ofd(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _ofd_is_held(descriptor: int) -> bool:
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE)
    return bool(_RECORD.unpack(answer)[0] != fcntl.F_UNLCK)


def _take_flock(descriptor: int) -> bool:
    import time

    for pause in (0.001, 0.002, 0.005, 0.01, 0.03, 0.0):  # a probe in flight refuses us
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def _share(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close_all() -> None:
    for descriptor in (*_held, *_opening):
        try:
            os.close(descriptor)
        except OSError:
            continue
    _held.clear()
    _guards[0].release()
