"""The store that MLflow logs to and asks: its interface over a store of runs.

What this store does not do raises MLflow's own error for that, in each version of MLflow.
"""

from __future__ import annotations

from mlflow.entities import RunStatus, ViewType
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils import validation

from homerun.base import environ
from homerun.base.messages import say
from homerun.mlflow import address, entities, held, history, kept, searches
from homerun.mlflow import models as logged_models
from homerun.mlflow.datasets import keep_datasets
from homerun.mlflow.errors import as_mlflows, exists, invalid, missing, not_supported
from homerun.mlflow.questions import Question
from homerun.runs import trash
from runstore import names
from runstore.run import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn

    from mlflow.entities import Experiment, LoggedModel, Metric, Param, Run, RunTag

    from homerun.mlflow.held import HeldRun
    from runstore.run.record import Record

_DEFAULT_ID, _DEFAULT = "0", "Default"
"""The experiment of MLflow's that is there before any was made."""

_OF_MLFLOW = frozenset(
    (
        *("end_async_logging", "flush_async_logging", "shut_down_async_logging"),
        *("log_batch_async", "log_metric_async", "log_param_async", "set_tag_async"),
        *("get_metric_history_bulk_interval", "get_metric_history_bulk_interval_from_steps"),
        "search_runs",
    )
)
"""What MLflow itself does with the methods that are here."""


def _refusing_the_rest(store: type) -> type:
    """Have a class refuse whatever else MLflow asks of a store."""
    for name in dir(AbstractStore):
        is_asked = name[0] != "_" and name not in _OF_MLFLOW and name not in vars(store)
        if is_asked and callable(getattr(AbstractStore, name)):
            setattr(store, name, _refusal(name))
    store.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
    return store


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(self: object, *_: object, **__: object) -> NoReturn:
        raise not_supported(f"{name} is not supported by a store of homerun")

    refuse.__name__ = name
    return refuse


@_refusing_the_rest
class TrackingStore(AbstractStore):  # type: ignore[misc]
    """A store of homerun for MLflow.

    Args:
        store_uri: its address.
    """

    def __init__(self, store_uri: str) -> None:
        super().__init__()
        with as_mlflows():
            self._store = address.store_named(store_uri)
        self._held: dict[str, HeldRun] = {}
        self._stands_for: dict[str, str] = {}

    # Experiments

    def get_experiment(self, experiment_id: str) -> Experiment:
        """An experiment by its id, which is its name."""
        name = self._name_of(experiment_id)
        if name == _DEFAULT:
            with as_mlflows():
                self._store.make_experiment(name)
        return self._experiment(name)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        """An experiment by its name; None: there is none."""
        with as_mlflows():
            name = _plain_name(experiment_name)
            is_there = name in self._store.experiments()
            return entities.experiment_entity(self._store, name) if is_there else None

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Iterable[Any] | None = None
    ) -> str:
        """Make an experiment; its id."""
        if artifact_location:
            raise invalid("artifacts lie in the folder of their run: leave artifact_location out")
        with as_mlflows():
            plain = _plain_name(name)
            if plain in self._store.experiments():
                raise exists(f"Experiment(name={plain}) already exists")
            self._store.make_experiment(plain)
            if plain != name:
                say(f"MLflow's experiment {name!r} is called {plain} here")
            self._label(plain, [(labels.TAG, tag.key, tag.value) for tag in tags or []])
        return plain

    def set_experiment_tag(self, experiment_id: str, tag: Any) -> None:
        """Set a tag of an experiment."""
        with as_mlflows():
            self._label(self._name_of(experiment_id), [(labels.TAG, tag.key, tag.value)])

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag of an experiment."""
        with as_mlflows():
            self._label(self._name_of(experiment_id), [(labels.UNTAG, key, None)])

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList:
        """Experiments that meet a filter in MLflow's language."""
        _check_view(view_type)
        with as_mlflows():
            known = [
                entities.experiment_entity(self._store, one) for one in self._store.experiments()
            ]
        return searches.matching_experiments(
            known, filter_string, order_by, max_results, page_token
        )

    # Runs

    def create_run(
        self,
        experiment_id: str,
        user_id: str,
        start_time: int,
        tags: Iterable[RunTag],
        run_name: str | None,
    ) -> Run:
        """Begin a run, which this process holds open.

        Within a script it is a child: of the run that MLflow nests it in, else of the script's.
        """
        given = {tag.key: tag.value for tag in tags}
        with as_mlflows():
            above = given.get(entities.PARENT)
            parent = self._record(above) if above else held.run_around(self._store)
            name = self._name_of(experiment_id)
            made = held.begin_run(self._store, name, run_name, given, parent)
            self._held[made.run.id] = made
            return entities.run_entity(made.run._record)

    def get_run(self, run_id: str) -> Run:
        """A run, with all that it has logged."""
        with as_mlflows():
            record = self._record(run_id)
            found = entities.run_entity(record)
            around = held.run_around(self._store)
            if around is not None and around.path == record.path:
                self._stay_in_own(found.info)
            return found

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> Any:
        """Let a run begin or end, or give it a name. That of a script ends with its script."""
        with as_mlflows():
            one = self._held_run(run_id)
            one.become("" if run_status is None else RunStatus.to_string(run_status), run_name)
            return entities.run_entity(one.run._record, with_metrics=False).info

    def delete_run(self, run_id: str) -> None:
        """Delete a run that is over, with all below it: they lie in the trash."""
        with as_mlflows():
            trash.delete(self._store, [self._record(run_id)])

    def restore_run(self, run_id: str) -> None:
        """Take a run back from the trash."""
        with as_mlflows():
            trash.Trash(self._store).restore(run_id)

    def _search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int,
        order_by: Sequence[str] | None,
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        _check_view(run_view_type)
        with as_mlflows():
            question = Question(filter_string, order_by)
            chosen = self._names_in(experiment_ids)
            return searches.matching_runs(self._store, chosen, question, max_results, page_token)

    # Logging

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Log one number."""
        (self._held.get(run_id) or self._held_run(run_id)).log_metric(metric)

    def log_param(self, run_id: str, param: Param) -> None:
        """Add a parameter."""
        self.log_batch(run_id, [], [param], [])

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Set a tag."""
        self.log_batch(run_id, [], [], [tag])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag."""
        with as_mlflows():
            self._held_run(run_id).remove_tag(key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric],
        params: Sequence[Param],
        tags: Sequence[RunTag],
    ) -> None:
        """Log numbers, parameters and tags at once."""
        metrics, params, tags = _checked(metrics, params, tags)
        with as_mlflows():
            one = self._held_run(run_id)
            if params:
                one.log_params({param.key: str(param.value) for param in params})
            for metric in metrics:
                # MLflow logs points again that it takes for those of a model: they are here.
                if getattr(metric, "model_id", None) is None or metric.run_id is None:
                    self.log_metric(run_id, metric)
            if tags:
                one.set_tags({tag.key: _text(tag.value) for tag in tags})

    def get_metric_history(
        self,
        run_id: str,
        metric_key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList:
        """All points of a metric, on one page, in the order of logging."""
        with as_mlflows():
            return PagedList(history.all_points(self._record(run_id).path, metric_key), None)

    def log_inputs(self, run_id: str, datasets: Any = None, models: Any = None) -> None:
        """Keep which datasets a run has read."""
        if models:
            raise not_supported("models as inputs of a run are not supported by a store of homerun")
        with as_mlflows():
            keep_datasets(self._held_run(run_id).run, datasets or [])

    # Models: MLflow 2 tells of their files, MLflow 3 of themselves

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """Keep that a model was logged, as MLflow 2 does."""
        said = mlflow_model.get_tags_dict()
        with as_mlflows():
            run = self._held_run(run_id).run
            kept.keep_value(run, f"{kept.HISTORY}.", str(mlflow_model.model_uuid), said)

    def create_logged_model(
        self,
        experiment_id: str = _DEFAULT_ID,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Any = None,
        params: Any = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a model of a run; within a script, of the script's where MLflow names none."""
        validation._validate_logged_model_name(name)
        with as_mlflows():
            record = self._record(source_run_id) if source_run_id else held.run_around(self._store)
            if record is None:
                raise invalid("a model belongs to a run here: call mlflow.start_run() first")
            run = self._held_run(record.id).run
            return logged_models.make_model(run, name, model_type, tags or [], params or [])

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        """A model by its id."""
        with as_mlflows():
            return logged_models.get_model(*logged_models.find_model(self._store, model_id))

    def finalize_logged_model(self, model_id: str, status: Any) -> LoggedModel:
        """Note how the logging of a model ended."""
        with as_mlflows():
            record, key = logged_models.find_model(self._store, model_id)
            logged_models.finish_model(self._held_run(record.id).run, key, str(status))
            return logged_models.get_model(record, key)

    def set_logged_model_tags(self, model_id: str, tags: Iterable[Any]) -> None:
        """Set tags of a model."""
        with as_mlflows():
            record, key = logged_models.find_model(self._store, model_id)
            logged_models.tag_model(self._held_run(record.id).run, key, tags)

    def log_outputs(self, run_id: str, models: Iterable[Any]) -> None:
        """Note at which step a run has logged models."""
        with as_mlflows():
            logged_models.note_outputs(self._held_run(run_id).run, models)

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Any = None,
        max_results: int | None = None,
        order_by: Any = None,
        page_token: str | None = None,
    ) -> PagedList:
        """Models that meet a filter in MLflow's language."""
        with as_mlflows():
            chosen = self._names_in(experiment_ids)
            records = [record for name in chosen for record in self._store.runs(name)]
            known = [one for record in records for one in logged_models.models_of(record)]
        return searches.matching_models(
            known, filter_string, datasets, order_by, max_results, page_token
        )

    # Inside

    def _record(self, run_id: str) -> Record:
        found = self._store.get(run_id)
        if found is None:
            raise missing(f"Run '{run_id}' not found in {self._store.root}")
        return found

    def _held_run(self, run_id: str) -> HeldRun:
        one = self._held.get(run_id)
        if one is None:
            with as_mlflows():
                new = held.hold_run(self._record(run_id), self._store)
            one = self._held.setdefault(run_id, new)  # two threads at once get one
        return one

    def _name_of(self, experiment_id: str) -> str:
        known = str(experiment_id)
        return _DEFAULT if known == _DEFAULT_ID and not self._is_there(known) else known

    def _is_there(self, name: str) -> bool:
        return name in self._store.experiments()

    def _experiment(self, name: str) -> Experiment:
        if not self._is_there(name):
            raise missing(f"No Experiment with id={name} exists in {self._store.root}")
        with as_mlflows():
            return entities.experiment_entity(self._store, name)

    def _label(self, name: str, changes: list[tuple[str, str, object]]) -> None:
        if changes:
            self._store.label_experiment(name, changes)

    def _names_in(self, experiment_ids: Iterable[str]) -> list[str]:
        """The experiments that are meant, each once."""
        wanted = dict.fromkeys(map(self._name_of, experiment_ids))
        wanted.update(
            (self._stands_for[one], None) for one in list(wanted) if one in self._stands_for
        )
        return list(wanted)

    def _stay_in_own(self, info: Any) -> None:
        """Let a script that names an experiment of its own log to its run all the same.

        MLflow refuses to go on with a run of another experiment than `mlflow.set_experiment` says.
        From here on a search in the one finds the runs of the other too.
        """
        from mlflow.tracking import fluent

        chosen = getattr(fluent, "_active_experiment_id", None)
        own = info.experiment_id
        if chosen is None or chosen == own:
            return
        info._experiment_id = chosen
        environ.stay_in_experiment(own)
        if chosen not in self._stands_for:
            self._stands_for[chosen] = own
            say(f"mlflow.set_experiment names {chosen}: the run stays in its own, {own}")


def _plain_name(name: str) -> str:
    """An experiment's name as it can be here: other characters than letters and digits are `-`."""
    validation._validate_experiment_name(name)
    plain = "".join(one if one in "_-" or one.isalnum() else "-" for one in name).lstrip("_-")
    return names.check_experiment(plain)


def _checked(metrics: Any, params: Any, tags: Any) -> tuple[Any, Any, Any]:
    """A batch as MLflow's own stores take it: long values are cut, too long names refused."""
    for one in metrics:
        validation._validate_metric(one.key, one.value, one.timestamp, one.step)
    validation._validate_param_keys_unique(params)
    cut_params, cut_tags = (
        [check(one.key, _text(one.value)) or one for one in many]  # None: an MLflow that cuts none
        for check, many in ((validation._validate_param, params), (validation._validate_tag, tags))
    )
    validation._validate_batch_log_limits(metrics, params, tags)
    return metrics, cut_params, cut_tags


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _check_view(view: int) -> None:
    if view == ViewType.DELETED_ONLY:
        raise not_supported(
            "what was deleted is in no list of MLflow's here: homerun run list --deleted has it"
        )
