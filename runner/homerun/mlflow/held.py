"""The runs that this process logs to: what it keeps of each while it goes on."""

from __future__ import annotations

from mlflow.utils import validation

from homerun.base import checks, environ
from homerun.base.messages import say
from homerun.mlflow.entities import NOTE, PARENT, RUN_NAME, SYSTEM, as_python
from homerun.mlflow.errors import invalid, missing
from homerun.runs import interactive, start
from homerun.runs.handle import RunHandle
from homerun.sdk.context import current_run
from homerun.sdk.experiment import Experiment
from homerun.sdk.run import Run, held
from homerun.sdk.workspace import workspace_of_store
from runstore import status
from runstore.errors import InvalidTransition, StoreError, words
from runstore.run import params as run_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow.entities import Metric

    from runstore.run.record import Record
    from runstore.store import Store

_TO_END = {"FINISHED": Run.complete, "FAILED": Run.fail, "KILLED": Run.cancel}


class HeldRun:
    """A run that this process logs to.

    Attributes:
        run: it, as the SDK has it.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._logger = run._metrics
        self._add = self._logger.writer.add_scalar_at
        self._steps: dict[str, int] = {}
        self._params: dict[str, str] | None = None

    def log_metric(self, metric: Metric) -> None:
        """Log one number.

        MLflow gives each point a step: 0 where its caller gave none. A point of step 0 behind
        another such one is kept without a step, and read as one of step 0.

        Raises:
            MlflowException: MLflow takes no such name, value, time or step.
        """
        name, value, time_ms, step = metric.key, metric.value, metric.timestamp, metric.step
        last = self._steps.get(name)
        is_usual = type(value) is float and type(time_ms) is type(step) is int and time_ms >= 0
        if last is None or not is_usual:
            validation._validate_metric(name, value, time_ms, step)
            value, time_ms, step = float(value), int(time_ms), int(step)
        self._steps[name] = step
        try:
            self._add(name, value, time_ms, None if step == 0 == last else step)
        except (OSError, StoreError) as error:
            self._logger.drop(error)

    def log_params(self, given: Mapping[str, str]) -> None:
        """Add parameters, as numbers where they read as such.

        Raises:
            MlflowException: one has another value already, which MLflow refuses.
        """
        known = self._params
        if known is None:
            labels = self.run._record.labels()
            known = self._params = {key: as_python(value) for key, value in labels.params.items()}
        wanted = checks.params({key: _typed(text) for key, text in given.items()})
        for key, value in wanted.items():
            if known.get(key, as_python(value)) != as_python(value):
                raise invalid(
                    f"Changing param values is not allowed. Param with key='{key}' was already "
                    f"logged with value='{known[key]}' for run ID='{self.run.id}'. Attempted "
                    f"logging new value '{as_python(value)}'."
                )
        new = {key: value for key, value in wanted.items() if key not in known}
        if new:
            self.run.log_params(new)
            known.update((key, as_python(value)) for key, value in new.items())

    def set_tags(self, given: Mapping[str, str]) -> None:
        """Set tags; the run's name and its note are tags for MLflow.

        Raises:
            MlflowException: the run is to get another parent.
        """
        tags = dict(given)
        name, note, parent = tags.pop(RUN_NAME, None), tags.pop(NOTE, None), tags.pop(PARENT, None)
        if parent is not None and parent != self.run._record.run.get("parent"):
            raise invalid(f"run {self.run.id} has the parent that it was made with")
        if tags:
            self.run.set_tags(tags)
        if name is not None:
            self.run.display_name = name
        if note is not None:
            self.run.description = note

    def remove_tag(self, key: str) -> None:
        """Remove a tag.

        Raises:
            MlflowException: the run has none of that name.
        """
        if key not in self.run.tags:
            raise missing(f"No tag with name: {key} in run with id {self.run.id}")
        self.run.remove_tags([key])

    def become(self, wanted: str, name: str | None) -> None:
        """Let the run begin or end, and give it a name.

        The status of a script is its own, and so is that of a run that is over: both are said once,
        and an end within the script itself is not even said.

        Args:
            wanted: one of MLflow's names of a status.
        """
        if name is not None:
            self.run.display_name = name
        if wanted not in _TO_END:
            self.run.start()
            return
        record = self.run._record
        if record.is_interactive:
            try:
                _TO_END[wanted](self.run)
            except InvalidTransition as error:
                say(f"MLflow's {wanted} changes nothing: {words(error)}")
        elif not environ.is_inside(record) and self.run.get_status() in status.GOING_ON:
            say(f"MLflow's {wanted} changes nothing: run {record.id} ends when its script ends")


def run_around(store: Store) -> Record | None:
    """The run of this store in whose script this process is."""
    run_id = environ.run_id()
    record = store.get(run_id) if run_id else None
    return record if record is not None and environ.is_inside(record) else None


def hold_run(record: Record, store: Store) -> HeldRun:
    """A run that is there; the one around this process is known by its environment alone."""
    if environ.run_folder() == record.path:
        return HeldRun(current_run())
    return HeldRun(Run.of(record, _experiment(store, record.experiment)))


def begin_run(
    store: Store, experiment: str, name: str | None, tags: Mapping[str, str], parent: Record | None
) -> HeldRun:
    """Begin an interactive run that this process holds open.

    Args:
        experiment: made if need be; a run below another one is of that one's.
        tags: MLflow's own among them become properties, the run's name and its note what they are.
    """
    shown = name or tags.get(RUN_NAME)
    plain = {key: value for key, value in tags.items() if not key.startswith(SYSTEM)}
    own = {key: value for key, value in tags.items() if key.startswith(SYSTEM) and value}
    for known in (RUN_NAME, NOTE, PARENT):
        own.pop(known, None)
    note = tags.get(NOTE)
    if parent is None:
        handle = start.start_logging(
            store,
            experiment,
            shown,
            run_id=None,
            outputs=False,
            snapshot_directory=None,
            display_name=None,
            description=note,
            properties=own,
            tags=plain,
        )
        return HeldRun(held(handle, _experiment(store, experiment)))
    asked: dict[str, object] = {
        "name": shown,
        "display_name": shown,
        "description": note,
        "tags": plain,
        "properties": own,
        "target": "local",
    }
    made = interactive.start(store, parent.experiment, asked, parent=parent)
    return HeldRun(held(RunHandle.opened(made), _experiment(store, parent.experiment)))


def _experiment(store: Store, name: str) -> Experiment:
    return Experiment.existing(workspace_of_store(store), name)


def _typed(text: str) -> object:
    """The number or boolean that a text is exactly, as Python writes it; else the text."""
    value = {"True": True, "False": False}.get(text, text)
    number = run_params.number_in(text) if value is text else None
    return number if number is not None and as_python(number) == text else value
