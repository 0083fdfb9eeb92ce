"""The handle of a run: its folder and id, with its record and experiment read when first needed."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from homerun import Experiment
    from runstore.run.record import Record


class RunHandle:
    """What a `Run` and its parts share.

    Args:
        folder: the run's folder.
        run_id: the run's id.
        record: the run's record, if it was read already.
        experiment: makes the run's experiment from its record.
    """

    __slots__ = ("_experiment", "_find_experiment", "_record", "folder", "id")

    def __init__(
        self,
        folder: str,
        run_id: str,
        record: Record | None = None,
        experiment: Callable[[Record], Experiment] | None = None,
    ) -> None:
        self.folder = folder
        self.id = run_id
        self._record = record
        self._find_experiment = experiment
        self._experiment: Experiment | None = None

    @classmethod
    def of(cls, record: Record, experiment: Experiment | None = None) -> RunHandle:
        """The handle of a record that was read, in an experiment if that is known."""
        find = None if experiment is None else lambda _: experiment
        return cls(record.path, record.id, record, find)

    @property
    def record(self) -> Record:
        """The run's record."""
        if self._record is None:
            from runstore.run.record import Record
            from runstore.store import Store

            experiment_folder, _ = os.path.split(self.folder)
            root, name = os.path.split(experiment_folder)
            self._record = Record(Store(root), name, self.id)
        return self._record

    @property
    def experiment(self) -> Experiment:
        """The run's experiment.

        Raises:
            UserError: this object was made of a folder or a record alone.
        """
        if self._experiment is None:
            if self._find_experiment is None:
                from homerun.base.errors import UserError

                raise UserError(f"get run {self.id} from a workspace to know its experiment")
            self._experiment = self._find_experiment(self.record)
        return self._experiment
