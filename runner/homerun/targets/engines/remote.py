"""The target of any engine: it places the runs of its queue, and starts none itself."""

from __future__ import annotations

from homerun.targets.engines import placing, types, watch
from homerun.targets.engines.engine import Placed
from homerun.targets.local import Local
from runstore.queue import placed
from runstore.queue.queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from homerun.targets.engines.engine import Engine
    from homerun.targets.plan import Plan
    from homerun.targets.target import Target
    from runstore.run.record import Record
    from runstore.store import Store


class Remote(Local):
    """Runs as jobs of an engine, which has limits of its own; none of ours.

    A supervisor that lives on this very host is signalled as one at home; one elsewhere looks for
    what is asked of it itself.

    Attributes:
        engine: what runs the jobs.
    """

    def __init__(self, name: str, said: Mapping[str, Any], engine: Engine) -> None:
        super().__init__(name, 0, False, said)
        self.engine = engine

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, Any]) -> Target:
        """It, with the engine that the settings' type names.

        Raises:
            LookupError: there is no such type.
        """
        kind = types.find(str(settings.get("type")))
        if kind is None:
            raise LookupError(settings.get("type"))
        return cls(name, settings, kind(settings))

    def size_for(self, limit: int | None) -> int:
        """The engine has the limits."""
        return 0

    def take_slots(self, store: Store, wanted: int, size: int) -> list[int] | None:
        """None: every run goes through the queue."""
        return None

    def free_slots(self, store: Store, size: int) -> int:
        """All of them: none is ours."""
        return size

    def start(
        self,
        run_folder: str,
        given: Plan,
        alive: int,
        slots: Sequence[int] = (),
        gpus: Sequence[int] = (),
    ) -> None:
        """Nothing is started from here.

        Raises:
            OSError: always.
        """
        raise OSError(f"the runs of {self.name} are started by its engine")

    def place(self, store: Store) -> int:
        """Give the runs that wait to the engine; how many.

        Raises:
            OSError: the engine does not take them; they are still in the queue.
        """
        return placing.place(store, self, Queue(store.root, self.name))

    def take_back(self, records: Sequence[Record]) -> None:
        """Have the engine take back the jobs of those that have one, in one call."""
        known = ((record, placed.job_of(record)) for record in records)
        jobs = [(record, Placed.of(job)) for record, job in known if job is not None]
        if not jobs or self.engine is None:
            return
        try:
            self.engine.cancel([job for _, job in jobs])
        except OSError:
            return
        for record, _ in jobs:
            watch.forget(record, self.name)
