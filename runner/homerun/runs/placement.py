"""Where a run that is being submitted goes: at once to slots that are free, or into the queue."""

from __future__ import annotations

import os

from homerun.base.errors import SubmitError, UserError
from homerun.targets import target as targets
from runstore import layout, status
from runstore.fs import facts, lock
from runstore.queue.queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.targets.plan import Plan
    from runstore.draft import Draft
    from runstore.queue.queue import Entry
    from runstore.run.record import Record
    from runstore.store import Store


class Place:
    """A run's place on its target.

    Args:
        is_one_of_many: it takes slots also where nobody has limited the target.

    Raises:
        SubmitError: there is no such target.
        InvalidSettings: nobody knows which there are.
    """

    def __init__(self, store: Store, config: ScriptRunConfig, is_one_of_many: bool) -> None:
        try:
            found = targets.get(store.root, config.target)
        except UserError as error:
            raise SubmitError(error.message) from error
        self._store = store
        self._config = config
        self.target = found.name
        self._limit = targets.limit(config.max_concurrent_runs)
        self._size = found.size_for(self._limit)
        self._takes_slots = found.is_limited or is_one_of_many or self._limit is not None
        self._entry: Entry | None = None
        self._kept = ""
        self.slots: list[int] = []
        self.waits = False

    def take(self) -> None:
        """Take free slots, if nobody waits for them; else the run has to wait."""
        if not self._takes_slots:
            return
        waiting = Queue(self._store.root, self.target)
        slots = None
        if not waiting.is_paused and waiting.is_empty():
            wanted = min(self._config.slots, self._size)
            slots = waiting.take_slots(wanted, self._size, self._store.lock_kind)
        self.waits = slots is None
        self.slots = slots or []

    def enter(self, draft: Draft, plan: Plan, *, sync: bool) -> None:
        """Put a run that has to wait into the queue, before it can be seen.

        Args:
            sync: whether its place survives a power cut once this returns.
        """
        config, waiting = self._config, Queue(self._store.root, self.target)
        if config.max_retries and status.HOST_RESTARTED in config.retry_on:
            plan.kept = f"../../{layout.QUEUE}/{self.target}/{layout.QUEUE_KEPT}{draft.id}"
            self._kept = waiting.kept(draft.id)
            waiting.keep(draft.id, plan.encode())
        if not self.waits:
            plan.target = self.target if self.slots else ""
            return
        self._entry = waiting.add(
            draft.id,
            plan.encode(),
            slots=config.slots,
            priority=config.priority,
            limit=self._limit,
            sync=sync,
        )
        entered: dict[str, object] = {"target": self.target, "entry": self._entry.name}
        facts.publish(draft.path, layout.QUEUED, facts.signed(entered))

    def start_waiting(self) -> None:
        """Start what can be started of those that wait, this run among them."""
        waiting = Queue(self._store.root, self.target)
        if waiting.busy(self._size, self._store.lock_kind) >= self._size:
            return  # who has them frees them first and looks for those that wait then
        from homerun.targets import dispatch

        try:
            dispatch.start(self._store, self.target)
        except OSError:
            return  # it waits: whoever looks at it, or ends another, tries again

    def release(self) -> None:
        """Let go of this process's copies of the slots.

        Their run may be over already, and who came meanwhile have found them taken.
        """
        for held in self.slots:
            lock.release(held)
        if self.slots and not Queue(self._store.root, self.target).is_empty():
            self.start_waiting()
        self.slots = []

    def leave(self) -> None:
        """Take back all of it: the run was not made."""
        if self._entry is not None:
            self._entry.remove()
        if os.path.exists(self._kept):
            os.unlink(self._kept)
        self.release()


def free_slots_of(parent: Record) -> None:
    """A run that has submitted others gives its slots to them, or they might wait for ever."""
    if (parent.fact(layout.STARTED) or {}).get("slots"):
        from homerun.runs import stop_request

        stop_request.yield_slots(parent.path)
