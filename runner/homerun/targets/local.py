"""The target type `local`: this machine. A slot is a lock, and a supervisor a process."""

from __future__ import annotations

import os

from homerun.system import signals
from homerun.targets.target import Target
from runstore import layout
from runstore.fs import facts, lock
from runstore.queue.queue import Queue
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from homerun.targets.plan import Plan
    from runstore.run.record import Record
    from runstore.store import Store

LOCAL = "local"
"""The type, and the name of the target of that type that every store has."""


class Local(Target):
    """So many runs at once on this machine."""

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, Any]) -> Target:
        """Its `slots`, or one for each processor."""
        return cls(name, slots_in(settings.get("slots")) or cores(), True, settings)

    def size_for(self, limit: int | None) -> int:
        """A run's own limit counts for the store's one `local` target, and narrows another."""
        if limit is None:
            return self.size
        return limit if self.name == LOCAL else min(limit, self.size)

    def take_slots(self, store: Store, wanted: int, size: int) -> list[int] | None:
        """Lock them: the kernel frees the slots of a process that dies."""
        return Queue(store.root, self.name).take_slots(wanted, size, store.lock_kind)

    def free_slots(self, store: Store, size: int) -> int:
        """Those whose lock is not held."""
        return size - Queue(store.root, self.name).busy(size, store.lock_kind)

    def start(
        self,
        run_folder: str,
        given: Plan,
        alive: int,
        slots: Sequence[int] = (),
        gpus: Sequence[int] = (),
    ) -> None:
        """Start a process that inherits the locks."""
        from homerun.targets import launch  # what only looks at a run starts nothing

        launch.supervisor(run_folder, given, alive, slots=slots, gpus=gpus)

    def signal(self, run_folder: str, *numbers: int) -> None:
        """Signal the process through its pidfd, once its identity and the folder's are checked."""
        home = attempts.home(run_folder, layout.STARTED)
        started = facts.read_own(home, layout.STARTED) or {}
        supervisor = started.get("supervisor") or {}
        alive = f"{run_folder}/{layout.ALIVE}"
        if not identity.same_place(started) or identity.is_copied(started, run_folder, alive):
            return  # the supervisor of a copy is the original's
        # After a restart of the machine, another process can be like it in all.
        is_it = None if identity.same_boot(started) else lambda pid: _has_lock(pid, alive)
        signals.send_to(supervisor, *numbers, is_it=is_it)

    def is_alive(self, record: Record) -> bool:
        """Whether the run's lock is held."""
        return lock.is_held(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)

    def logs(self, record: Record) -> list[str]:
        """The supervisor's log."""
        is_there = os.path.isfile(f"{record.path}/{layout.SUPERVISOR_LOG}")
        return [layout.SUPERVISOR_LOG] if is_there else []


def _has_lock(pid: int, alive: str) -> bool:
    """Whether a process has a run's lock where its supervisor has it; no script inherits that."""
    from homerun.targets.plan import LOCK_DESCRIPTOR  # seldom asked

    try:
        held = os.stat(f"/proc/{pid}/fd/{LOCK_DESCRIPTOR}")
        return os.path.samestat(held, os.lstat(alive))
    except OSError:
        return False


def slots_in(given: Any) -> int | None:
    """A number of slots as settings or the environment have it: 1 or more; None: none is given."""
    try:
        number = int(given)
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
