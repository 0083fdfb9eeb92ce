"""The seam for targets: what a place for runs has to offer.

A type of target is a module beside `local.py` with a subclass of `Target`, and a line in
`registry.py`. A target only places the supervisor: the record, the script's log, a cancel and the
outcome are the same everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from homerun.system import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from homerun.targets.engines.engine import Engine
    from homerun.targets.plan import Plan
    from runstore.run.record import Record
    from runstore.store import Store


class Target(ABC):
    """A place for runs, named in a store's settings.

    Attributes:
        name: its name, also that of its queue's folder.
        size: how many slots it has.
        is_limited: whether the settings limit it; else only batches and children wait for slots.
        said: what the settings say of it.
        engine: what runs the jobs that the runs of its queue become; None: they are started here.
    """

    engine: Engine | None = None

    def __init__(
        self, name: str, size: int, is_limited: bool, said: Mapping[str, Any] | None = None
    ) -> None:
        self.name = name
        self.size = size
        self.is_limited = is_limited
        self.said = said or {}

    @classmethod
    @abstractmethod
    def from_settings(cls, name: str, settings: Mapping[str, Any]) -> Target:
        """The target that an entry of the store's settings describes."""

    @property
    def places(self) -> bool:
        """Whether it gives the runs of its queue to an engine, which starts them elsewhere."""
        return self.engine is not None

    @property
    def one_node(self) -> str:
        """Why a run has one node there, as a clause; "": it can have several."""
        if self.engine is None:
            return "this machine is one node"
        if self.engine.takes_nodes:
            return ""
        return f"a run on the target {self.name} has one node"

    # Slots: the permission to start

    @abstractmethod
    def size_for(self, limit: int | None) -> int:
        """How many slots it has for a run that was submitted under a limit of its own."""

    @abstractmethod
    def take_slots(self, store: Store, wanted: int, size: int) -> list[int] | None:
        """Take so many of its first `size` slots: descriptors that hold them.

        Returns:
            None: fewer are free; none is held.
        """

    @abstractmethod
    def free_slots(self, store: Store, size: int) -> int:
        """How many of its first `size` slots are free."""

    def place(self, store: Store) -> int:
        """Give the runs that wait to its engine; how many.

        Raises:
            OSError: it does not take them; they are still in the queue.
        """
        raise NotImplementedError

    def take_back(self, records: Sequence[Record]) -> None:
        """Have its engine take back the jobs of runs, as far as they can be had: a job that begins
        all the same finds that its run is over.
        """
        return

    # Supervisors

    @abstractmethod
    def start(
        self,
        run_folder: str,
        given: Plan,
        alive: int,
        slots: Sequence[int] = (),
        gpus: Sequence[int] = (),
    ) -> None:
        """Start the supervisor of a run, which takes over these locks; the caller closes its own.

        Raises:
            OSError: it cannot be started.
        """

    def adopt(self, run_folder: str, given: Plan, alive: int, script: int | None) -> None:
        """Start an adopter. It runs where the script lives, which is this machine.

        Args:
            script: a pidfd of the script, opened while it lived; None: the script is gone, or
                there are no pidfds here.

        Raises:
            OSError: it cannot be started.
        """
        from homerun.targets import launch  # most looks at a run start nothing

        launch.supervisor(run_folder, given, alive, script)

    @abstractmethod
    def signal(self, run_folder: str, *numbers: int) -> None:
        """Signal the supervisor that started.json names; one that is gone is left alone.

        Raises:
            OSError: the record cannot be read: no process was signalled.
        """

    def wake(self, run_folder: str) -> None:
        """Have the supervisor look for stop.json. CONT too: a script can have stopped it.

        Raises:
            OSError: as `signal`.
        """
        self.signal(run_folder, signals.TERM, signals.CONT)

    @abstractmethod
    def is_alive(self, record: Record) -> bool:
        """Whether a supervisor of the run lives, or is just being started.

        Raises:
            OSError: that cannot be told.
        """

    @abstractmethod
    def logs(self, record: Record) -> list[str]:
        """The files in the run's folder that it writes beside the script's own log, if any yet."""
