"""A run, from inside its script and from anywhere else.

A script loads this module to log a number, so what is not needed for that is imported where it is
used.
"""

from __future__ import annotations

import os

from homerun.metrics.logger import MetricLog
from homerun.sdk.labels import Labeled
from homerun.sdk.lifecycle import Lifecycle
from homerun.sdk.observed import Observed
from homerun.sdk.relatives import Relatives
from homerun.sdk.run_files import RunFiles
from homerun.sdk.surroundings import Surroundings
from runstore.metrics.log import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any, NoReturn

    from homerun.sdk.experiment import Experiment
    from homerun.sdk.workspace import Workspace
    from homerun.system.tee import Capture
    from homerun.views.listing import Wanted
    from runstore.look import Look
    from runstore.run.record import Record


_providers: dict[str, Callable[..., Run]] = {}


class Run(MetricLog, Labeled, Observed, Lifecycle, Relatives, RunFiles, Surroundings):
    """One run of an experiment.

    Args:
        experiment: the experiment that the run belongs to.
        run_id: its id, or a beginning that only it has.
        outputs: a folder, made if need be, whose new files an interactive run collects when this
            object ends it.
        original: the original's private arguments; they have no effect.

    Raises:
        RunNotFound, AmbiguousPrefix: the workspace has no such one run.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        outputs: str | None = None,
        **original: object,
    ) -> None:
        record = experiment.workspace.store.find(run_id)
        self._set(record.path, record.id, record, experiment)
        if outputs is not None:
            from homerun.runs import interactive

            self.outputs_folder = interactive.outputs_folder(outputs)

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
        self.outputs_folder = None
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
    def get_context(
        allow_offline: bool = True, used_for_context_manager: bool = False, **original: object
    ) -> Run:
        """The run that this process belongs to; the same object at every call.

        Without a run around the process: an offline run that prints what it is told, and keeps
        metrics and tags in memory.

        Args:
            used_for_context_manager, original: the original's own; they have no effect.

        Raises:
            RunEnvironmentError: there is no run, and `allow_offline` is False.
        """
        from homerun.sdk import context

        return context.get(allow_offline)

    @staticmethod
    def get_submitted_run(**original: object) -> Run:
        """The same as `get_context(allow_offline=False)`.

        Raises:
            RunEnvironmentError: there is no run around this process.
        """
        return Run.get_context(allow_offline=False)

    @staticmethod
    def add_type_provider(runtype: str, factory: Callable[..., Run]) -> None:
        """Say what runs of a type are made with: `factory(experiment, details)` gives each.

        Args:
            runtype: a type as `Run.type` tells it.

        Raises:
            ValueError: that type has one.
        """
        if runtype == ScriptRun.RUN_TYPE or runtype in _providers:
            raise ValueError(f"runs of the type {runtype!r} have a provider already")
        _providers[runtype] = factory

    @staticmethod
    def list_by_compute(*original: object, **named: object) -> NoReturn:
        """Not here: every run is on this machine.

        Raises:
            NotHere: always.
        """
        from homerun.base.errors import refusal

        raise refusal("Run", "list_by_compute", "every run is on this machine; see get_runs")

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
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """The runs of an experiment for which all conditions hold, the newest first, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent.
            where, sort: as for `Workspace.get_runs`.
        """
        from homerun.views import listing

        workspace = experiment.workspace
        wanted = listing.conditions(type, tags, properties, status, where)
        found = listing.runs(workspace.store, experiment.name, wanted, include_children, sort)
        return (typed(record, workspace) for record in found)

    # Identity

    @property
    def id(self) -> str:
        """The run's id."""
        return self._id

    @property
    def name(self) -> str:
        """The name that the run was made with; the one for people where it had none."""
        return str(self._record.run.get("name") or self.display_name)

    @property
    def number(self) -> int | None:
        """The run's number in its experiment, counted from 1."""
        number = self._record.run.get("number")
        return number if isinstance(number, int) else None

    @property
    def experiment(self) -> Experiment:
        """The run's experiment."""
        if self._known_experiment is None:
            from homerun.sdk.experiment import Experiment
            from homerun.sdk.workspace import of_store

            workspace = of_store(self._record.store)
            self._known_experiment = Experiment(workspace, self._record.experiment)
        return self._known_experiment

    @property
    def directory(self) -> str:
        """The run's folder."""
        return self._folder

    @property
    def attempt(self) -> int:
        """Which start of its script the run is at, from 1 on."""
        from runstore.run import attempts

        return attempts.latest(self._folder)

    @property
    def resume_directory(self) -> str | None:
        """In a script that is started again: the folder with what the former attempts have made.

        It is the folder that the script works in; None in a first attempt, and outside of a script.
        """
        from homerun.base import environ

        return environ.resume_directory() if environ.run_id() == self._id else None

    @property
    def type(self) -> str | None:
        """`azureml.scriptrun` for a submitted script; else its property `azureml.runsource`."""
        return _type(self._record)

    # As a block

    def __enter__(self) -> Run:
        """Begin a block whose end is the run's; an interactive run's log gets what it prints."""
        from homerun.runs import lifecycle

        self._begin()
        self._capture = lifecycle.capture(self._record)
        return self

    def __exit__(
        self,
        kind: object,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Completed, or Failed with the error, which goes on."""
        from homerun.runs import lifecycle

        capture, self._capture = self._capture, None
        lifecycle.leave(self, self._record, error, capture)

    # Metrics

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """The metrics by name: a value logged once as itself, more of them as a list.

        Of an image or a JSON metric, the address of the first file, `aml://artifactId/…`.

        Args:
            name: only this metric; {} if nothing was logged under it.
            recursive: of this run and all below it, by run id; runs without metrics are left out.
            run_type: of descendants of this type only.
            populate: give images and JSON metrics as a `MetricArtifact`, with `data` and
                `convert_to_object()`.
        """
        from homerun.metrics import results

        if recursive:
            return results.of_family(self._record, name, run_type, populate)
        return results.of_folder(self._folder, self._id, name, populate)

    # Inside

    @property
    def _record(self) -> Record:
        if self._known_record is None:
            from runstore.run.record import Record
            from runstore.store import Store

            experiment_folder = os.path.dirname(self._folder)
            store = Store(os.path.dirname(experiment_folder))
            self._known_record = Record(store, os.path.basename(experiment_folder), self._id)
        return self._known_record

    def _look(self) -> Look:
        from homerun.runs import reconcile

        return reconcile.look(self._record)

    def _begin(self) -> None:
        """Before this process's first use: a row begins, owned by it."""
        from homerun.base import environ

        if environ.run_id() != self._id:
            from homerun.runs import interactive, owner

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
        from homerun.sdk import html

        return html.run(self)


class ScriptRun(Run):
    """A run of a submitted script."""

    RUN_TYPE = "azureml.scriptrun"

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        directory: str | None = None,
        _run_config: object = None,
        **original: object,
    ) -> None:
        super().__init__(experiment, run_id)

    def resubmit(
        self,
        secrets: Sequence[str] = (),
        environment_variables: Mapping[str, object] | None = None,
    ) -> Run:
        """Submit the script again: the code of this run's snapshot, its command, tags and target.

        Args:
            secrets: what stands behind each `*****` of the recorded command, in this order.
            environment_variables: values are in no record; those that the run was given and that
                are not given here are this process's own.

        Raises:
            UserError: a secret or a variable is missing.
            SubmitError, StoreError: nothing was started.
        """
        from homerun.runs import resubmit

        record = resubmit.again(self._record, secrets, environment_variables)
        return ScriptRun.of(record, self.experiment)

    def clean(self) -> list[str]:
        """Say where the run's folder is: what only its start needed went when it ended.

        Raises:
            InvalidTransition: the run is not over.
        """
        look = self._look()
        if not look.is_over:
            from runstore.errors import InvalidTransition

            raise InvalidTransition(self.id, look.status, "be cleaned up before it is over")
        return [f"nothing to remove: {self.directory} holds what the run made"]


def typed(record: Record, workspace: Workspace) -> Run:
    """The run of a record as its class: a ScriptRun for a submitted script."""
    from homerun.sdk.experiment import Experiment

    try:
        is_script = record.run.get("type") == ScriptRun.RUN_TYPE
    except OSError:
        is_script = False  # it cannot be read now; that keeps it out of no list
    experiment = Experiment.existing(workspace, record.experiment)
    if _providers and not is_script:
        provider = _providers.get(_type(record) or "")
        if provider is not None:
            return provider(experiment, Run.of(record, experiment).describe())
    return (ScriptRun if is_script else Run).of(record, experiment)


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """A run of the experiment's workspace, by its id or a unique beginning of it.

    Args:
        rehydrate: as its own class, such as ScriptRun; else as a plain Run.
        clean_up: the original's own; it has no effect.

    Raises:
        RunNotFound, AmbiguousPrefix: there is no such one run.
    """
    return Run.get(experiment.workspace, run_id) if rehydrate else Run(experiment, run_id)


def _type(record: Record) -> str | None:
    kind = record.run.get("type") or record.properties().get("azureml.runsource")
    return None if kind is None else str(kind)
