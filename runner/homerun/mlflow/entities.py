"""Runs and experiments of a store as MLflow's entities."""

from __future__ import annotations

from mlflow.entities import (
    Experiment,
    ExperimentTag,
    Param,
    Run,
    RunData,
    RunInfo,
    RunTag,
)

from homerun.base import times
from homerun.mlflow import address, datasets, history, kept, models
from homerun.views import details, experiments
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.params import Value
    from runstore.run.record import Record
    from runstore.store import Store

RUN_NAME, NOTE, PARENT = "mlflow.runName", "mlflow.note.content", "mlflow.parentRunId"
"""Tags of MLflow that are something else here: the display name, the description, the parent."""

SYSTEM = "mlflow."
"""What the names of MLflow's own tags begin with; those of a new run are properties here."""

_USER, _SOURCE, _SOURCE_KIND = "mlflow.user", "mlflow.source.name", "mlflow.source.type"

_ACTIVE = "active"
_STATUS = {
    status.NOT_STARTED: "SCHEDULED",
    status.QUEUED: "SCHEDULED",
    status.PREPARING: "SCHEDULED",
    status.COMPLETED: "FINISHED",
    status.FAILED: "FAILED",
    status.CANCELED: "KILLED",
}
_GOES_ON = "RUNNING"


def run_entity(record: Record, *, with_metrics: bool = True) -> Run:
    """A run.

    Args:
        with_metrics: with what it has logged: all its points are read for that.
    """
    row = details.row_of(record)
    tags = _tags(row)
    params = {key: as_python(value) for key, value in row["params"].items()}
    data = RunData(
        metrics=history.last_points(record.path) if with_metrics else [],
        params=[Param(key, value) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    inputs = datasets.inputs_of(row["properties"])
    return Run(_info(record, row), data, *inputs, *_outputs(record, row))


def experiment_entity(store: Store, name: str) -> Experiment:
    """An experiment; its id is its name."""
    created = _milliseconds(experiments.created(store, name))
    return Experiment(
        experiment_id=name,
        name=name,
        artifact_location=address.experiment_address(store, name),
        lifecycle_stage=_ACTIVE,
        tags=[
            ExperimentTag(key, value or "")
            for key, value in store.experiment_labels(name).tags.items()
        ],
        creation_time=created,
        last_update_time=created,
    )


def mlflow_status(known: str) -> str:
    """What MLflow calls a status."""
    return _STATUS.get(known, _GOES_ON)


def as_python(value: Value) -> str:
    """A parameter as Python writes it, which is what MLflow logs: `True`, `0.1`, `[64, 32]`."""
    return str(value)


def _info(record: Record, row: dict[str, Any]) -> RunInfo:
    created = _milliseconds(row.get("created_utc")) or 0
    return RunInfo(
        record.id,
        experiment_id=row["experiment_name"],
        user_id=str(row.get("submitted_by") or ""),
        status=mlflow_status(row["status"]),
        start_time=_milliseconds(row.get("start_time_utc")) or created,
        end_time=_milliseconds(row.get("end_time_utc")),
        lifecycle_stage=_ACTIVE,
        artifact_uri=address.outputs_address(record),
        run_name=row.get("display_name") or record.id,
    )


def _outputs(record: Record, row: dict[str, Any]) -> list[Any]:
    """What a run has made, where MLflow is one that knows of that."""
    found = models.outputs_of(record, row["properties"])
    if not found:
        return []
    from mlflow.entities import RunOutputs

    return [RunOutputs(found)]


def _tags(row: dict[str, Any]) -> dict[str, str]:
    """A run's tags, and MLflow's own ones from what is known otherwise."""
    known = {
        _USER: row.get("submitted_by"),
        _SOURCE: row.get("script_name"),
        _SOURCE_KIND: "PROJECT" if row.get("script_name") else None,
        **kept.tags_of(row["properties"], SYSTEM),
        RUN_NAME: row.get("display_name") or row["run_id"],
        NOTE: row.get("description"),
        PARENT: row.get("parent_run_id"),
    }
    found = {**row["tags"], **{key: value for key, value in known.items() if value is not None}}
    return {key: value or "" for key, value in found.items() if not models.is_of_model(key)}


def _milliseconds(time: object) -> int | None:
    seconds = times.unix(time)
    return None if seconds is None else round(seconds * 1000)
