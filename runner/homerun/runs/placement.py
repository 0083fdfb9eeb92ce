"""Place a run that is being submitted: at once on slots that are free, or in the queue."""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.base.errors import SubmitError, UserError
from homerun.config import distributed
from homerun.targets import registry
from runstore import layout, status
from runstore.errors import RunExists
from runstore.fs import facts, lock
from runstore.queue.queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.targets.plan import Plan
    from homerun.targets.target import Target
    from runstore.draft import Draft
    from runstore.queue.queue import Entry
    from runstore.run.record import Record
    from runstore.store import Store


class Place:
    """A run's place on its target.

    Args:
        is_one_of_many: it takes slots also where the target is not limited.
        parent: the run that it is to be below.

    Raises:
        SubmitError: there is no such target, or no such GPU, or only above it.
        InvalidSettings: the settings that name the targets cannot be read.
    """

    def __init__(
        self,
        store: Store,
        config: ScriptRunConfig,
        is_one_of_many: bool,
        parent: Record | None = None,
    ) -> None:
        try:
            self.target = registry.get(store.root, config.target)
        except UserError as error:
            raise SubmitError(error.message) from error
        self._store = store
        self._config = config
        self._limit = registry.limit(config.max_concurrent_runs)
        self._size = self.target.size_for(self._limit)
        self._takes_slots = self.target.is_limited or is_one_of_many or self._limit is not None
        self._entry: Entry | None = None
        self._kept = ""
        self.slots: list[int] = []
        self.waits = False
        self._gpus, self._gpu_mib = 0, None
        self._check_nodes()
        if self.target.places:
            self._check_for_engine()
        elif config.gpus or config.gpu_memory:
            self._check_gpus(parent)

    def _check_nodes(self) -> None:
        """Check that the run can have as many nodes as it asks for, also one submitted again."""
        processes = self._config.processes
        if processes is None or processes.nodes == 1:
            return
        if why := distributed.flaw_of(processes.nodes, self.target.one_node):
            raise SubmitError(why)
        unkept = [name for name in ("nice", "pids") if getattr(self._config, name) is not None]
        if unkept:
            wrong = f"{' and '.join(unkept)}: a run on several nodes is not limited so"
            raise SubmitError(f"{wrong}; leave it out")

    def _check_for_engine(self) -> None:
        """Check that an engine can be asked for what the run wants."""
        if self._config.gpu_memory:
            wrong = "a part of a GPU's memory is given on this machine only"
            raise SubmitError(f"{wrong}: on {self.target.name} ask for whole GPUs (gpus)")
        counted = {"slots": self._config.slots > 1}
        counted["max_concurrent_runs"] = self._config.max_concurrent_runs is not None
        for name in (name for name, is_said in counted.items() if is_said):
            wrong = f"how many runs go on at once on {self.target.name} is up to its engine"
            raise SubmitError(f"{wrong}: leave {name} out")

    def _check_gpus(self, parent: Record | None) -> None:
        from homerun.system.gpus import visible  # few runs ask for GPUs
        from homerun.targets.gpus import grants

        wanted = grants.wish(self._config.gpus, self._config.gpu_memory)
        assert wanted is not None
        env = {**os.environ, **self._config.environment_variables}
        visible.forget_given(env)
        try:
            grants.check_gpus(self._store, self.target, wanted, env, parent)
        except UserError as error:
            raise SubmitError(error.message) from error
        self._gpus, self._gpu_mib = wanted

    @property
    def never_waits(self) -> bool:
        """Whether the run starts at once, whatever else goes on."""
        return not (self._gpus or self.target.places or self._takes_slots)

    def take(self) -> None:
        """Take free slots, if no run waits for them; else the run has to wait."""
        if self._gpus or self.target.places:
            self.waits = True  # its queue's keeper gives it some
            return
        if self.never_waits:
            return
        waiting = Queue(self._store.root, self.target.name)
        slots = None
        if not waiting.is_paused and waiting.is_empty():
            wanted = min(self._config.slots, self._size)
            slots = self.target.take_slots(self._store, wanted, self._size)
        self.waits = slots is None
        self.slots = slots or []

    def enter(self, draft: Draft, plan: Plan, *, sync: bool) -> None:
        """Put a run that has to wait into the queue, before it can be seen.

        Args:
            sync: whether its place survives a power cut once this returns.
        """
        config, waiting = self._config, Queue(self._store.root, self.target.name)
        if self.target.places:
            from homerun.targets.engines import watch  # most targets are local

            plan.settings = {**plan.settings, **self._of_engine()}
            # One that had this id, and was removed, may have left its job there.
            watch.remove(waiting.folder, draft.id)
        elif environ.is_of_engine():
            plan.settings = {**plan.settings, "beats": True}
        is_kept = bool(config.max_retries) and status.HOST_RESTARTED in config.retry_on
        if is_kept or self.waits:
            from homerun.system import inherited  # others inherit it indeed

            plan.inherited = inherited.collect()
        if is_kept:
            plan.kept = f"../../{layout.QUEUE}/{self.target.name}/{layout.QUEUE_KEPT}{draft.id}"
            self._kept = waiting.kept(draft.id)
            try:
                waiting.keep(draft.id, plan.encode())
            except RunExists:
                self._kept = ""  # it is not this run's
                raise
        if not self.waits:
            plan.target = self.target.name if self.slots else ""
            return
        self._entry = waiting.add(
            draft.id,
            plan.encode(),
            slots=config.slots if self._takes_slots and not self.target.places else 0,
            priority=config.priority,
            limit=self._limit,
            gpus=self._gpus,
            gpu_mib=self._gpu_mib,
            sync=sync,
        )
        entered: dict[str, object] = {"target": self.target.name, "entry": self._entry.name}
        facts.publish(draft.path, layout.QUEUED, facts.signed(entered))

    def _of_engine(self) -> dict[str, object]:
        """What the supervisor has to know of the engine, without asking it."""
        engine = self.target.engine
        assert engine is not None
        return {"engine_gives": list(engine.GIVEN), "engine_limit_s": engine.limit_s()}

    def start_waiting(self) -> list[str]:
        """Start what can be started of those that wait, this run among them; notices."""
        has_none = self._gpus or self.target.places
        if not has_none and self.target.free_slots(self._store, self._size) < 1:
            return []  # the supervisor that has them frees them, and then starts what waits
        from homerun.targets import dispatch

        try:
            dispatch.start(self._store, self.target.name)
        except OSError as error:
            # It waits: the next look at it, and the next end of a run, tries again.
            return [_not_taken(self.target, error)] if self.target.places else []
        return []

    def release(self) -> None:
        """Let go of this process's copies of the slots.

        Their run may be over already, and a run that came meanwhile has found them taken.
        """
        for held in self.slots:
            lock.release(held)
        if self.slots and not Queue(self._store.root, self.target.name).is_empty():
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
    """Have a run that submits others give its slots to them, or they might wait for ever."""
    if (parent.fact(layout.STARTED) or {}).get("slots"):
        from homerun.runs import stop_request

        stop_request.yield_slots(parent.path)


def place_all(store: Store, names: set[str | None]) -> list[str]:
    """Give what waits for the engines of these targets to them; notices."""
    told = []
    for name in names:
        target = registry.find(store.root, name)
        if target is None or not target.places:
            continue
        try:
            target.place(store)
        except OSError as error:
            told.append(_not_taken(target, error))
    return told


def _not_taken(target: Target, error: OSError) -> str:
    return f"{error}; what waits in the queue of {target.name} is given to it later"


def wake_queues(store: Store) -> None:
    """Start what waits for a free slot: the process that should have may have been killed.

    Where nothing has ever waited it costs a look for one folder.
    """
    if os.path.isdir(f"{store.root}/{layout.QUEUE}"):
        from homerun.targets import dispatch  # a store without a queue does without it

        dispatch.wake(store)
