"""A run that waits: its place in a queue, and what it is started with after the machine was."""

from __future__ import annotations

import os

from runstore import layout, status
from runstore.fs import atomic, facts
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record


def may_start_here(record: Record) -> bool:
    """Whether a run that waits can be started from here without being started twice.

    Not in a copy of its store, nor on another host, where its locks may not be seen; in another
    PID namespace of the same kernel they hold, but another container has other programs and files.
    """
    place = record.asked().get("submitted_from")
    if not isinstance(place, dict) or record.is_copy(place):
        return False
    boot = identity.boot_id()
    if boot and place.get("boot_id") == boot and "root" in place:
        return identity.same_root(place)
    return identity.same_place(place)


def entry(record: Record) -> str | None:
    """The path of a run's place in a queue, there as long as it waits; None: it never did."""
    queued = facts.read(_latest(record), layout.QUEUED)
    if queued is None or "entry" not in queued:
        return None
    name = str(queued.get("entry"))
    folder = _queue(record, queued.get("target"))
    return None if folder is None or not _is_name(name) else f"{folder}/{name}"


def _queue(record: Record, target: object) -> str | None:
    """The folder of a target's queue; None where a damaged record names no target, or a link
    stands there.
    """
    folder = f"{record.store.root}/{layout.QUEUE}"
    path = f"{folder}/{target}"
    is_inside = _is_name(str(target)) and not os.path.islink(folder) and not os.path.islink(path)
    return path if is_inside else None


def _is_name(text: str) -> bool:
    return text[:1] not in ("", ".") and "/" not in text and "\0" not in text


def is_kept(record: Record) -> bool:
    """Whether a run that went with its machine is to be started again: who looks at it next,
    and may write, puts it into its queue.

    Raises:
        OSError: the disk does not tell.
    """
    run = record.asked()
    is_wanted = status.HOST_RESTARTED in (run.get("retry_on") or ())
    if not is_wanted or attempts.latest(record.path) > (run.get("max_retries") or 0):
        return False
    if any(record.fact(name) for name in (layout.STOP, layout.FAILED)):
        return False
    exited = record.fact(layout.EXITED)
    if exited and exited.get("stopped") != status.SHUTDOWN:
        return False
    return os.path.lexists(kept_plan(record))


def kept_plan(record: Record) -> str:
    """The path of what a run is started with after a restart of the machine."""
    folder = _queue(record, record.run.get("target")) or f"{record.store.root}/{layout.QUEUE}/-"
    return f"{folder}/{layout.QUEUE_KEPT}{record.id}"


def has_begun(record: Record) -> bool:
    """Whether the last attempt of a run has started.

    Raises:
        OSError: the disk does not tell.
    """
    return bool(atomic.read_bytes(f"{_latest(record)}/{layout.STARTED}"))


def is_settled(record: Record) -> bool:
    """Whether a run in a queue has begun or ended, so that there is nothing to start.

    Raises:
        OSError: the disk does not tell.
    """
    return has_begun(record) or bool(atomic.read_bytes(f"{record.path}/{layout.ENDED}"))


def _latest(record: Record) -> str:
    return attempts.folder(record.path, attempts.latest(record.path))
