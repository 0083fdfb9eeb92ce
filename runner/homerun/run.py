"""A run, from inside its script and from anywhere else.

A script loads this module to log a number, so what is not needed for that is imported where it is
used. Inside a script nothing here raises because of the store: what cannot be written is counted
and said once. What the caller gets wrong does raise.
"""

from __future__ import annotations

import os
import sys

from runstore.metrics import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.experiment import Experiment
    from homerun.workspace import Workspace
    from runstore.record import Look, Record

_PLAIN = (float, int, str, bool, type(None))


class Run:
    """One run of an experiment.

    Args:
        experiment: the experiment that the run belongs to.
        run_id: its id, or a beginning that only it has.

    Raises:
        RunNotFound, AmbiguousPrefix: the workspace has no such one run.
    """

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        record = experiment.workspace.store.find(run_id)
        self._set(record.path, record.id)
        self._known_record: Record | None = record
        self._known_experiment: Experiment | None = experiment

    def _set(self, folder: str, run_id: str) -> None:
        self._folder = folder
        self._id = run_id
        self._metrics = Writer(folder)
        self._dropped = 0
        self._known_record = None
        self._known_experiment = None

    @classmethod
    def of(cls, record: Record, experiment: Experiment | None = None) -> Run:
        """The run of a record that is at hand."""
        run = cls.in_folder(record.path, record.id)
        run._known_record = record
        run._known_experiment = experiment
        return run

    @classmethod
    def in_folder(cls, folder: str, run_id: str) -> Run:
        """The run whose folder is known; nothing is read before it is needed."""
        run = cls.__new__(cls)
        run._set(folder, run_id)
        return run

    @staticmethod
    def get_context(allow_offline: bool = True) -> Run:
        """The run that this process belongs to; the same object at every call.

        Without a run around the process: an offline run that prints what it is told, and keeps
        metrics and tags in memory.

        Raises:
            RunEnvironmentError: there is no run, and `allow_offline` is False.
        """
        from homerun import context

        return context.get(allow_offline)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """A run of any experiment of the workspace, by its id or a unique beginning of it.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        return _typed(workspace.store.find(run_id), workspace, None)

    @staticmethod
    def list(experiment: Experiment) -> Iterator[Run]:
        """The runs of an experiment, the newest first, lazily."""
        return of_workspace(experiment.workspace, experiment.name)

    # Identity

    @property
    def id(self) -> str:
        """The run's id."""
        return self._id

    @property
    def number(self) -> int | None:
        """The run's number in its experiment, counted from 1."""
        number = self._record.run.get("number")
        return number if isinstance(number, int) else None

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given."""
        return self._record.labels().display_name or self._record.run.get("display_name") or self.id

    @property
    def experiment(self) -> Experiment:
        """The run's experiment."""
        if self._known_experiment is None:
            from homerun.experiment import Experiment
            from homerun.workspace import of_store

            workspace = of_store(self._record.store)
            self._known_experiment = Experiment(workspace, self._record.experiment)
        return self._known_experiment

    @property
    def directory(self) -> str:
        """The run's folder."""
        return self._folder

    @property
    def type(self) -> str | None:
        """`azureml.scriptrun` for a submitted script."""
        kind = self._record.run.get("type")
        return None if kind is None else str(kind)

    # Status

    @property
    def status(self) -> str:
        """The same as `get_status()`."""
        return self.get_status()

    def get_status(self) -> str:
        """The status as it is now."""
        return self._look().status

    def get_details(self) -> dict[str, Any]:
        """Everything about the run, in the original's camelCase shape."""
        from homerun import describe

        return describe.details(self._record, self._look())

    def describe(self) -> dict[str, Any]:
        """Everything about the run, in the snake_case shape of the command line."""
        from homerun import describe

        return describe.row(self._record, self._look())

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run is over, and return its details.

        Args:
            show_output: stream the script's output to standard output, from its beginning.
            wait_post_processing: accepted; a run is over only when all of it is.
            raise_on_error: raise if the run ended Failed.

        Raises:
            RunFailed: it did; names the exit code or signal and the last lines of the output.
        """
        from homerun import wait

        if show_output:
            from homerun import show

            show.output(self)
        wait.until_over(self._record)
        details = self.get_details()
        error = details.get("error")
        if error is not None and raise_on_error:
            from homerun.errors import RunFailed

            raise RunFailed(self.id, error["error"])
        return details

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        """The script's output from a byte on, as it comes, until the run is over."""
        from homerun import follow

        return follow.output(self._record, offset)

    def cancel(self) -> None:
        """Cancel the run and wait until nothing of it lives, at most its grace and 5 s.

        Inside the run itself it does not wait. On a run that is over it changes nothing.

        Raises:
            InvalidTransition: the run belongs to another host, or to another store.
        """
        from homerun import stop
        from runstore import status

        stop.stop(self._record, status.CANCEL)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Declare the run failed.

        In its own script: a fact that wins over exit code 0; nothing is ended. On a live run from
        outside: it is stopped and ends Failed. On an ended run: its shown status becomes Failed,
        and its outcome stays readable.
        """
        from homerun import verdict

        verdict.fail(self._record, error_details, error_code)

    # Metrics

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log a number (or a text, a bool, None) under a name; safe from SIGKILL on return.

        Args:
            step: where in the training it belongs.

        Raises:
            UserError: the value is a list or a generator: that is `log_list`'s.
        """
        try:
            if type(value) in _PLAIN and step is None and not description:
                self._metrics.add_scalar(name, value)
            else:
                self._log_other(name, value, description, step)
        except OSError as error:
            self._drop(error)

    def get_metrics(self, name: str | None = None) -> dict[str, Any]:
        """The metrics by name: a value logged once as itself, more of them as a list.

        Args:
            name: only this metric; {} if nothing was logged under it.
        """
        from homerun import shapes

        return shapes.of_folder(self._folder, name)

    @property
    def dropped(self) -> int:
        """How many points this process could not store."""
        return self._dropped

    def flush(self, timeout_seconds: float = 300) -> None:
        """Accepted: every point is written when `log` returns."""

    # Inside

    @property
    def _record(self) -> Record:
        if self._known_record is None:
            from runstore.record import Record
            from runstore.store import Store

            experiment_folder = os.path.dirname(self._folder)
            store = Store(os.path.dirname(experiment_folder))
            self._known_record = Record(store, os.path.basename(experiment_folder), self._id)
        return self._known_record

    def _look(self) -> Look:
        from homerun import settle

        return settle.look(self._record)

    def _log_other(self, name: str, value: object, description: str, step: int | None) -> None:
        from homerun import values

        self._metrics.add(
            values.name(name), values.scalar(name, value), step=step, description=description
        )

    def _drop(self, error: OSError) -> None:
        """Count a point that the store did not take; the training goes on."""
        self._dropped += 1
        if self._dropped == 1:
            sys.stderr.write(f"homerun: metrics cannot be stored and are dropped: {error}\n")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._folder == self._folder

    def __hash__(self) -> int:
        return hash(self._folder)

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self._record.experiment},\nId: {self.id},\n"
            f"Type: {self.type},\nStatus: {self.get_status()})"
        )


class ScriptRun(Run):
    """A run of a submitted script."""

    RUN_TYPE = "azureml.scriptrun"


def of_workspace(workspace: Workspace, experiment: str | None) -> Iterator[Run]:
    """The runs of a workspace, or of one of its experiments, the newest first, lazily."""
    for record in workspace.store.runs(experiment):
        yield _typed(record, workspace, None)


def _typed(record: Record, workspace: Workspace, experiment: Experiment | None) -> Run:
    """The run as its class: a ScriptRun for a submitted script."""
    if experiment is None:
        from homerun.experiment import Experiment

        experiment = Experiment(workspace, record.experiment)
    is_script = record.run.get("type") == ScriptRun.RUN_TYPE
    return (ScriptRun if is_script else Run).of(record, experiment)
