"""The lock of an environment that is built: one process builds, and the others wait for it.

The kernel frees it when its holder dies. A holder that was stopped, or that takes for ever, has
nothing that ends it, so the wait for it has an end: then one more process builds. That is safe,
since each builds in a new folder, and the first that is whole counts. The file names its holder.
"""

from __future__ import annotations

import fcntl
import os
import time

from runstore.fs import json_write
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST_S = 3600.0
LONGEST_STOPPED_S = 10.0
_EVERY_S = 0.25

_STOPPED = (b"T", b"t")


def wait(held: int, say: Callable[[str], None]) -> bool:
    """Take the lock, or give up its holder.

    Args:
        held: an open descriptor of the lock's file; to close it is to free the lock.
        say: gets a line where there is something to wait for, and one where it is given up.

    Returns:
        Whether this process has the lock.
    """
    began = active = time.monotonic()
    is_said = False
    while not _take(held):
        holder = _holder(held)
        if not is_said:
            say(f"waiting for {_named(holder)}, which builds this environment")
            is_said = True
        now = time.monotonic()
        is_stopped = _is_stopped(holder)
        active = active if is_stopped else now
        if is_stopped and now - active >= LONGEST_STOPPED_S:
            say(f"{_named(holder)}, which builds this environment, is stopped: it is built here")
            return False
        if now - began >= LONGEST_S:
            say(f"{_named(holder)} has built this environment for too long: it is built here")
            return False
        time.sleep(_EVERY_S)
    os.ftruncate(held, 0)
    me = {**identity.here(), **identity.process(os.getpid())}
    os.pwrite(held, json_write.dumps(me).encode(), 0)
    return True


def _take(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(held: int) -> dict[str, Any]:
    """What the file says of the process that has the lock; {}: nothing yet."""
    import json

    try:
        said = json.loads(os.pread(held, 4096, 0))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _named(holder: dict[str, Any]) -> str:
    host = holder.get("host")
    where = f" on {host}" if host not in (None, os.uname().nodename) else ""
    return f"process {holder.get('pid')}{where}" if holder else "another process"


def _is_stopped(holder: dict[str, Any]) -> bool:
    """Whether the holder is a process of this place that was stopped."""
    if not holder or not identity.same_place(holder) or not identity.lives(holder):
        return False
    stat = identity.read_stat(int(holder["pid"]))
    return stat is not None and stat[0] in _STOPPED
