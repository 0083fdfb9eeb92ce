"""Queues as the user sees them: which runs wait, at which position, why, and since when."""

from __future__ import annotations

import os

from homerun.base.errors import UserError
from homerun.base.times import zulu
from homerun.targets import dispatch, registry
from runstore import layout, look
from runstore.errors import InvalidSettings
from runstore.fs import atomic
from runstore.queue import place, queue
from runstore.queue.queue import Queue
from runstore.run.record import Record
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.queue.queue import Entry
    from runstore.store import Store


class Waiting:
    """A run's place in a queue.

    Attributes:
        target: whose slots it waits for.
        position: 1: it is the next to start.
        slots, gpus, priority: what it was submitted with.
        since: since when it waits, in UTC.
        reason: why it waits, as a clause.
    """

    __slots__ = (*("gpus", "position", "priority", "reason", "record", "since", "slots", "target"),)

    def __init__(self, record: Record, target: str, entry: Entry, position: int, why: str) -> None:
        self.record = record
        self.target = target
        self.position = position
        self.slots = entry.slots
        self.gpus = entry.gpus
        self.priority = entry.priority
        self.since = str((record.fact(layout.QUEUED) or {}).get("time") or record.created)
        self.reason = why

    @property
    def words(self) -> str:
        """All of it in one line."""
        return f"position {self.position} in the queue of {self.target}: {self.reason}"

    def describe(self) -> dict[str, Any]:
        """All of it, in the snake_case shape of the command line."""
        return {
            "target": self.target,
            "position": self.position,
            "reason": self.reason,
            "since_utc": zulu(self.since),
            "slots": self.slots,
            "gpus": self.gpus,
            "priority": self.priority,
        }


class TargetQueue:
    """The queue of a target.

    Args:
        name: the target's name; None: the default one.

    Raises:
        UserError: there is no such target, and nothing waits for one of that name.
    """

    def __init__(self, store: Store, name: str | None = None) -> None:
        self._store = store
        self.target = name or registry.Targets(store).default
        if self.target not in names(self._store):
            wrong = f"there is no target {name!r}: `homerun target list` shows them"
            raise UserError(wrong)
        self._queue = Queue(self._store.root, self.target)

    @property
    def size(self) -> int | None:
        """How many slots the target has; None: it is not there any more."""
        found = registry.find(self._store.root, self.target)
        return found.size if found else None

    @property
    def busy(self) -> int:
        """How many of the slots are taken."""
        found = registry.find(self._store.root, self.target)
        return found.size - found.free_slots(self._store, found.size) if found else 0

    @property
    def is_limited(self) -> bool:
        """Whether runs that are submitted one by one take slots, too."""
        found = registry.find(self._store.root, self.target)
        return found is None or found.is_limited

    @property
    def is_paused(self) -> bool:
        """Whether nothing is started for now."""
        return self._queue.is_paused

    def describe(self) -> dict[str, Any]:
        """All of it, in the snake_case shape of the command line."""
        return {
            "target": self.target,
            "slots": self.size,
            "busy": self.busy,
            "is_limited": self.is_limited,
            "paused": self.is_paused,
            "waiting": [_row(one) for one in self],
        }

    def pause(self) -> None:
        """Start nothing more; what runs goes on. A queue that is paused stays so.

        Raises:
            ReadOnlyStore: it cannot be written.
        """
        Queue(self._store.for_writing().root, self.target).pause()

    def resume(self) -> None:
        """Start runs again, now those that can be started.

        Raises:
            ReadOnlyStore: it cannot be written.
            OSError: no process can be started.
        """
        self._store.for_writing()
        self._queue.resume()
        dispatch.start(self._store, self.target)

    def move(self, record: Record, *, before: Record | None = None, is_last: bool = False) -> None:
        """Have a run that waits start first, before another one, or last.

        It gets the priority of the run that it starts before, or behind.

        Raises:
            UserError: one of them does not wait here; nothing was moved.
            ReadOnlyStore: it cannot be written.
        """
        moved = self._entry(record)
        store = self._store.for_writing()
        others = [one for one in self._queue.in_order() if one.name != moved.name]
        follows = None if is_last or not others else others[0]
        if before is not None:
            follows = self._entry(before)
        if not others or (follows is not None and follows.name == moved.name):
            return
        try:
            self._queue.move(moved, follows)
        except FileNotFoundError as error:
            raise UserError(f"run {error} does not wait any more; nothing was moved") from None
        except OSError as error:
            raise atomic.unwritable(store.root, error) from error

    def _entry(self, record: Record) -> Entry:
        """The place of a run that waits in this queue."""
        path = place.entry(record) or ""
        folder, name = os.path.split(path)
        entry = self._queue.entry(name) if folder == self._queue.folder else None
        if entry is None or not _waits(record, entry):
            said = look.at(record).status
            raise UserError(f"run {record.id} does not wait for {self.target}: it is {said}")
        return entry

    def __iter__(self) -> Iterator[Waiting]:
        """Those that wait, in the order in which they are started."""
        position = 0
        reasons = _Reasons(self._store, self._queue)
        ahead = _Ahead()
        for entry in self._queue.entries():
            record = self._store.get(entry.run_id)
            if record is None or not _waits(record, entry):
                continue
            position += 1
            why = reasons.of(entry, ahead.of(entry), record)
            yield Waiting(record, self.target, entry, position, why)


class _Ahead:
    """How many stand ahead of a run and keep it from starting: what lacks GPUs is passed."""

    def __init__(self) -> None:
        self._all = self._with_gpus = 0

    def of(self, entry: Entry) -> int:
        """How many of those that were given before; this one counts from now on."""
        ahead = self._with_gpus if entry.gpus else self._all - self._with_gpus
        self._all += 1
        self._with_gpus += bool(entry.gpus)
        return ahead


class _Reasons:
    """Why runs of one queue wait; what is the same for all is found out once."""

    def __init__(self, store: Store, waiting: Queue) -> None:
        self._store = store
        self._queue = waiting
        self._target = registry.find(store.root, waiting.target)
        self._paused = waiting.paused_since()

    def of(self, entry: Entry, ahead: int, record: Record) -> str:
        """Why the run of an entry waits, behind so many others."""
        if record.fact(layout.STOP) is not None:
            return "it is being canceled"
        is_placed = self._target is not None and self._target.places
        if not is_placed and not place.may_start_here(record):
            return (
                "it starts only in the container, on the host and in the store that it was "
                f"submitted in; from here: homerun run resubmit -r {record.id}"
            )
        if not queue.are_owners(self._store, entry, record):
            return "another user has changed it, so it is not started; submit it again"
        if self._target is None:
            return self._why_no_target()
        if self._paused is not None:
            return "the queue is paused"
        if ahead and not self._target.places:
            return f"behind {ahead} other{'s' if ahead > 1 else ''}"
        if self._target.is_alive(record):
            return "it is being started"
        if self._target.places:
            return self._of_engine(record)
        size = self._target.size_for(entry.limit)
        wanted = min(entry.slots, size)
        free = self._target.free_slots(self._store, size)
        if free >= wanted and entry.gpus:
            from homerun.targets.gpus import grants  # few runs ask for GPUs

            return grants.why_waiting(self._target, entry, record)
        if free >= wanted:
            return "it is about to start"
        if wanted == 1:
            return "the only slot is busy" if size == 1 else f"all {size} slots are busy"
        return f"it needs {wanted} slots, and {free} of {size} {'is' if free == 1 else 'are'} free"

    def _of_engine(self, record: Record) -> str:
        from homerun.targets.engines import watch  # most targets are local

        assert self._target is not None
        said = watch.waits_because(self._store, self._target, record)
        return said or f"{self._target.said['type']} has not taken it yet"

    def _why_no_target(self) -> str:
        name = self._queue.target
        try:
            if name in registry.target_names(self._store.root):
                registry.get(self._store.root, name)
        except (InvalidSettings, UserError) as error:
            return error.message
        return f"there is no target {name!r} any more; `homerun target add` adds one"


def _row(one: Waiting) -> dict[str, Any]:
    run = one.record.run
    known = {
        "experiment_name": one.record.experiment,
        "run_number": run.get("number"),
        "parent_run_id": run.get("parent"),
        "script_name": run.get("script"),
        "arguments": run.get("arguments"),
    }
    told = {key: value for key, value in known.items() if value is not None}
    return {"run_id": one.record.id, **one.describe(), **told}


def queues(store: Store) -> list[TargetQueue]:
    """The queues of a store."""
    return [TargetQueue(store, name) for name in names(store)]


def names(store: Store) -> list[str]:
    """The targets of a store, and what else has a queue of runs that wait."""
    found = [one.name for one in registry.Targets(store)]
    left = (name for name in queue.names(store.root) if registry.names_a_target(name))
    return found + [n for n in left if n not in found and not Queue(store.root, n).is_empty()]


def place_of(record: Record) -> Waiting | None:
    """Where a run waits; None: it does not."""
    path = place.entry(record)
    if path is None:
        return None
    folder, name = os.path.split(path)
    waiting = Queue(record.store.root, os.path.basename(folder))
    entry = waiting.entry(name)
    if entry is None or not _waits(record, entry):
        return None
    position, ahead = waiting.position(entry), _Ahead()
    for other in waiting.in_order():
        behind = ahead.of(other)
        if other.name == entry.name:
            break
    else:
        return None
    why = _Reasons(store_of(record), waiting).of(entry, behind, record)
    return Waiting(record, waiting.target, entry, position, why)


def _waits(record: Record, entry: Entry) -> bool:
    """Whether an entry is that of a run that waits, and not a left-over."""
    settled = (layout.STARTED, layout.ENDED)
    return entry.exists() and not any(os.path.exists(f"{record.path}/{name}") for name in settled)
