"""The handle of a run: what one `Run` object, or one process that holds a run open, knows of it."""

from __future__ import annotations

import os

from homerun.base import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.runs.interactive import Outputs
    from homerun.system.tee import Capture
    from runstore.run.record import Record


class RunHandle:
    """A run by its folder and id; its record is read when it is first needed.

    Args:
        folder: the run's folder.
        run_id: the run's id.
        record: the run's record, if it was read already.
        outputs: the folder whose new files an interactive run collects at its end.
    """

    def __init__(
        self,
        folder: str,
        run_id: str,
        record: Record | None = None,
        outputs: Outputs | None = None,
    ) -> None:
        self.folder = folder
        self.id = run_id
        self.outputs = outputs
        self._record = record
        self._capture: Capture | None = None

    @classmethod
    def of(cls, record: Record, outputs: Outputs | None = None) -> RunHandle:
        """The handle of a record that was read."""
        return cls(record.path, record.id, record, outputs)

    @classmethod
    def opened(cls, record: Record, outputs: Outputs | None = None) -> RunHandle:
        """The handle of an interactive run that this process has begun and ends."""
        from homerun.runs import owner

        handle = cls.of(record, outputs)
        owner.opened(record, handle.finish, handle.collect)
        return handle

    @property
    def record(self) -> Record:
        """The run's record."""
        if self._record is None:
            from runstore.run.record import Record
            from runstore.store import Store

            experiment_folder = os.path.dirname(self.folder)
            store = Store(os.path.dirname(experiment_folder))
            self._record = Record(store, os.path.basename(experiment_folder), self.id)
        return self._record

    def begin(self) -> None:
        """Before the first use by this process: a row begins, and this process owns it."""
        if environ.run_folder() != self.folder:
            from homerun.runs import interactive, owner

            if interactive.begin(self.record):
                owner.opened(self.record, self.finish, self.collect)

    def finish(self, error: BaseException | None) -> None:
        """End the run: Completed, or Failed with the error."""
        from homerun.runs import lifecycle

        if error is None:
            lifecycle.complete(self.record, self.outputs)
        else:
            lifecycle.fail(self.record, self.outputs, error, None)

    def collect(self) -> None:
        """Do what comes before the end of a run, whatever that will be."""
        from homerun.runs import lifecycle

        lifecycle.prepare_end(self.record, self.outputs)
        self.record.sync_metrics()

    def enter(self) -> None:
        """Begin a `with` block: an interactive run's log gets what this process prints."""
        from homerun.runs import lifecycle

        self.begin()
        self._capture = lifecycle.capture(self.record)

    def leave(self, error: BaseException | None) -> None:
        """End a `with` block, and with it an interactive run."""
        from homerun.runs import lifecycle

        capture, self._capture = self._capture, None
        lifecycle.leave(self.record, self.outputs, error, capture)
