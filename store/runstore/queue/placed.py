"""A run that an engine starts, mostly on another host: its job, who begins it, its heartbeat.

A lock that is held on another host may not be seen here. So there the write-once fact taken.json
elects who begins a run, and a file that its supervisor touches tells that it lives. Its time is
that of the file server; it is compared with another time of that server where there is one, and
else with this machine's clock, which may be wrong by minutes.
"""

from __future__ import annotations

import os
import time

from runstore import layout
from runstore.fs import atomic, facts
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.record import Record

BEATS_EVERY_S = 10.0
SILENT_S = 60.0
"""So old a heartbeat is where the file server's own time is known, and nothing beats any more."""
SILENT_BY_CLOCK_S = 600.0
"""The same by this machine's clock."""


def job_of(record: Record) -> dict[str, Any] | None:
    """Which job of an engine the latest attempt of a run was given; None: none.

    A second attempt that the first one's supervisor started, or the engine, is of the same job.
    """
    number = attempts.latest(record.path)
    while number > 1:
        home = attempts.folder(record.path, number)
        found = facts.read(home, layout.PLACED)
        if found is not None or "entry" in (facts.read(home, layout.QUEUED) or {}):
            return found
        number -= 1
    return facts.read(record.path, layout.PLACED)


def note_job(record: Record, job: dict[str, object]) -> bool:
    """Publish which job a run was given. False: it was given one before.

    Raises:
        OSError: it cannot be written.
    """
    home = attempts.folder(record.path, attempts.latest(record.path))
    return facts.publish(home, layout.PLACED, facts.signed(job))


def take(record: Record, why: str) -> bool:
    """Be the one that begins the latest attempt of a run, or ends it. False: another is.

    Raises:
        OSError: it cannot be written.
    """
    home = attempts.folder(record.path, attempts.latest(record.path))
    return facts.publish(home, layout.TAKEN, facts.signed({"for": why}), sync=True)


def beat(folder: str) -> None:
    """Have a run's heartbeat be of now, as the file server has it.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = atomic.open_plain(f"{folder}/{layout.HEARTBEAT}", os.O_WRONLY | os.O_CREAT)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


def has_beaten(record: Record) -> bool:
    """Whether a run was begun by a supervisor whose heartbeat counts."""
    return _time_of(f"{record.path}/{layout.HEARTBEAT}") is not None


def is_beating(record: Record) -> bool:
    """Whether a run's supervisor, on another host, has told not long ago that it lives."""
    beaten = _time_of(f"{record.path}/{layout.HEARTBEAT}")
    if beaten is None:
        return False
    target = str(record.run.get("target") or "-")
    seen = None
    if "/" not in target:
        queue = f"{record.store.root}/{layout.QUEUE}/{target}"
        seen = _time_of(f"{queue}/{layout.QUEUE_SEEN}")
    if seen is not None and seen - beaten > SILENT_S:
        return False
    return time.time() - beaten <= SILENT_BY_CLOCK_S


def _time_of(path: str) -> float | None:
    """When a file was written or touched. It is opened: only so a network file system asks."""
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
