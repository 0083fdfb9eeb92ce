"""A run, from inside its script and from anywhere else.

A script loads this module to log a number, so what is not needed for that is imported where it is
used.
"""

from __future__ import annotations

import os

from homerun.labeled import Labeled
from homerun.metric_log import MetricLog
from runstore.metrics import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from homerun.config import ScriptRunConfig
    from homerun.experiment import Experiment
    from homerun.filters import Wanted
    from homerun.tee import Capture
    from homerun.workspace import Workspace
    from runstore.record import Look, Record


class Run(MetricLog, Labeled):
    """One run of an experiment.

    Args:
        experiment: the experiment that the run belongs to.
        run_id: its id, or a beginning that only it has.

    Raises:
        RunNotFound, AmbiguousPrefix: the workspace has no such one run.
    """

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        record = experiment.workspace.store.find(run_id)
        self._set(record.path, record.id, record, experiment)

    def _set(
        self,
        folder: str,
        run_id: str,
        record: Record | None = None,
        experiment: Experiment | None = None,
    ) -> None:
        self._folder = folder
        self._id = run_id
        self._metrics = Writer(folder, self._begin)
        self._known_record = record
        self._known_experiment = experiment
        self.outputs_folder: str | None = None
        self._capture: Capture | None = None

    @classmethod
    def of(cls, record: Record, experiment: Experiment | None = None) -> Run:
        """The run of a record that is at hand."""
        run = cls.__new__(cls)
        run._set(record.path, record.id, record, experiment)
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
        return typed(workspace.store.find(run_id), workspace)

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """The runs of an experiment for which all conditions hold, the newest first, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent.
        """
        from homerun import family
        from homerun.filters import Filter

        wanted = Filter(type, tags, properties, status)
        return family.runs(experiment.workspace, experiment.name, wanted, include_children)

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
        """`azureml.scriptrun` for a submitted script, None for an interactive run."""
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

    # The end

    def start(self) -> None:
        """Let a row of `create_children` begin; any other run has begun already."""
        self._begin()

    def complete(self) -> None:
        """Complete an interactive run.

        In a submitted script it changes nothing: the script's own end decides.

        Raises:
            InvalidTransition: the run ended in another way, or is a live script of its own.
        """
        from homerun import ending

        ending.complete(self, self._record)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Declare the run failed.

        In its own script: a fact that wins over exit code 0; nothing is ended. On a live script
        from outside: it is stopped and ends Failed. An interactive run ends Failed. On an ended
        run: its shown status becomes Failed, and its outcome stays readable.
        """
        from homerun import ending

        ending.fail(self, self._record, error_details, error_code)

    def cancel(self) -> None:
        """Cancel the run and all below it, and wait until nothing of them lives.

        It waits at most the grace and 5 s, and not inside the run itself. On a run that is over it
        changes nothing.

        Raises:
            InvalidTransition: the run belongs to another host, or to another store.
        """
        from homerun import ending

        ending.cancel(self, self._record)

    def __enter__(self) -> Run:
        """Begin a block whose end is the run's; an interactive run's log gets what it prints."""
        from homerun import ending

        self._begin()
        self._capture = ending.capture(self._record)
        return self

    def __exit__(
        self,
        kind: object,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Completed, or Failed with the error, which goes on."""
        from homerun import ending

        capture, self._capture = self._capture, None
        ending.leave(self, self._record, error, capture)

    # Parents and children

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        above = self._record.parent()
        return None if above is None else typed(above, self.experiment.workspace)

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
    ) -> Run:
        """An interactive run below this one, begun and owned by this process.

        Args:
            name: its display name.
            outputs: a folder whose new files are collected at the end; True: `./outputs`.
        """
        from homerun import family

        return family.child_run(self, self._record, name, run_id, outputs)

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[object] | None = None,
    ) -> Sequence[Run]:
        """Rows below this run, each of which begins when it is first used.

        Args:
            count: how many; each gets the tag `azureml.batch_child_number`.
            tag_key, tag_values: instead: one row per value, tagged with it.

        Raises:
            UserError: neither or both were given.
        """
        from homerun import family

        return family.create_children(self, self._record, count, tag_key, tag_values)

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Submit a script as a child of this run; it goes on when this run completes.

        Raises:
            SubmitError, StoreError: nothing was started.
        """
        self._begin()
        return self.experiment.submit(config, tags, parent=self._record)

    def get_children(
        self,
        recursive: bool = False,
        tags: Wanted = None,
        properties: Wanted = None,
        type: str | None = None,
        status: str | None = None,
    ) -> Iterator[Run]:
        """The children (recursive: all descendants) for which all conditions hold, newest first."""
        from homerun import family
        from homerun.filters import Filter

        wanted = Filter(type, tags, properties, status)
        return family.children(self, self._record, wanted, recursive)

    # Metrics

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None
    ) -> dict[str, Any]:
        """The metrics by name: a value logged once as itself, more of them as a list.

        Args:
            name: only this metric; {} if nothing was logged under it.
            recursive: of this run and all below it, by run id; runs without metrics are left out.
            run_type: of descendants of this type only.
        """
        from homerun import family, shapes

        if recursive:
            return family.metrics(self, self._record, name, run_type)
        return shapes.of_folder(self._folder, name)

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

    def _begin(self) -> None:
        """Before this process's first use: a row begins, owned by it."""
        from homerun import environ

        if environ.run_id() != self._id:
            from homerun import interactive, owner

            if interactive.begin(self._record):
                owner.opened(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._folder == self._folder

    def __hash__(self) -> int:
        return hash(self._folder)

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self._record.experiment},\nId: {self.id},\n"
            f"Type: {self.type},\nStatus: {self.get_status()})"
        )

    def _repr_html_(self) -> str:
        from homerun import html

        return html.run(self)


class ScriptRun(Run):
    """A run of a submitted script."""

    RUN_TYPE = "azureml.scriptrun"


def typed(record: Record, workspace: Workspace) -> Run:
    """The run of a record as its class: a ScriptRun for a submitted script."""
    from homerun.experiment import Experiment

    try:
        is_script = record.run.get("type") == ScriptRun.RUN_TYPE
    except OSError:
        is_script = False  # it cannot be read now; that keeps it out of no list
    experiment = Experiment.existing(workspace, record.experiment)
    return (ScriptRun if is_script else Run).of(record, experiment)
