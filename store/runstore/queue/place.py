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
    PID namespace of the same kernel they hold.
    """
    place = record.asked().get("submitted_from")
    if not isinstance(place, dict) or record.is_copy(place):
        return False
    boot = identity.boot_id()
    return bool(boot and place.get("boot_id") == boot) or identity.same_place(place)


def entry(record: Record) -> str | None:
    """The path of a run's place in a queue, there as long as it waits; None: it never did."""
    queued = facts.read(_latest(record), layout.QUEUED)
    if queued is None or "entry" not in queued:
        return None
    target, name = str(queued.get("target")), str(queued.get("entry"))
    if "/" in target + name or target[:1] in ("", "."):
        return None
    folder = f"{record.store.root}/{layout.QUEUE}"
    if os.path.islink(folder) or os.path.islink(f"{folder}/{target}"):
        return None
    return f"{folder}/{target}/{name}"


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
    if any(record.fact(name) for name in (layout.STOP, layout.FAILED, layout.EXITED)):
        return False
    return os.path.exists(kept_plan(record))


def kept_plan(record: Record) -> str:
    """The path of what a run is started with after a restart of the machine."""
    name = f"{layout.QUEUE_KEPT}{record.id}"
    return f"{record.store.root}/{layout.QUEUE}/{record.run.get('target')}/{name}"


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
