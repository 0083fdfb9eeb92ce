"""The models that a run has logged, as MLflow 3 knows them; MLflow 2 has files and no more.

A model belongs to its run: its id holds the run's, its files lie in `outputs/models/` of that run,
and what is known of it is kept with the run. So no registry is needed to find one.
"""

from __future__ import annotations

import os
import time

from homerun.mlflow import address, kept
from homerun.mlflow.errors import invalid, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from mlflow.entities import LoggedModel

    from homerun.sdk.run import Run
    from runstore.run.record import Record
    from runstore.store import Store

_FOLDER = "models"
_START = "m-"
_TAG = "mlflow.model-tag."
_PENDING = "PENDING"
_PARTS = {"name", "time_ms", "params", "tags"}


def make_model(
    run: Run, name: str | None, kind: str | None, tags: Iterable[Any], params: Iterable[Any]
) -> LoggedModel:
    """Make a model of a run; its files come afterwards.

    Args:
        kind: the model's type, in MLflow's words.
    """
    key = os.urandom(4).hex()
    said = {
        "name": name or key,
        "model_type": kind,
        "time_ms": time.time_ns() // 1_000_000,
        "params": {param.key: param.value for param in params},
        "tags": {tag.key: tag.value for tag in tags},
    }
    kept.keep_value(run, kept.MODEL, key, said)
    return _model(run._record, key, said)


def find_model(store: Store, model_id: str) -> tuple[Record, str]:
    """The run of a model, and the model's key in it.

    Raises:
        MlflowException: there is no such model.
    """
    run_id, _, key = model_id[len(_START) :].rpartition("-")
    record = store.get(run_id) if model_id.startswith(_START) else None
    if record is None or key not in _said(record):
        raise missing(f"there is no model {model_id} in {store.root}")
    return record, key


def get_model(record: Record, key: str) -> LoggedModel:
    """A model of a run."""
    return _model(record, key, _said(record)[key])


def models_of(record: Record) -> Iterator[LoggedModel]:
    """The models of a run."""
    for key, said in _said(record).items():
        yield _model(record, key, said)


def finish_model(run: Run, key: str, status: str) -> None:
    """Note how a model's logging ended: `READY`, or `FAILED`. The first word counts."""
    kept.keep_value(run, kept.MODEL_STATUS, key, {"status": status})


def tag_model(run: Run, key: str, tags: Iterable[Any]) -> None:
    """Set tags of a model that is there: tags of its run, since those of a property stay."""
    run.set_tags({f"{_TAG}{key}.{tag.key}": tag.value for tag in tags})


def is_of_model(tag: str) -> bool:
    """Whether a run's tag is one of a model of it."""
    return tag.startswith(_TAG)


def note_outputs(run: Run, outputs: Iterable[Any]) -> None:
    """Note at which step of the run models were logged.

    Raises:
        MlflowException: a model is one of another run.
    """
    for one in outputs:
        run_id, _, key = one.model_id[len(_START) :].rpartition("-")
        if run_id != run.id:
            raise invalid(f"model {one.model_id} is of another run than {run.id}")
        kept.keep_value(run, kept.MODEL_STEP, key, one.step)


def outputs_of(record: Record, properties: Mapping[str, str]) -> list[Any]:
    """The models that a run has logged, with the step of each; none for MLflow 2."""
    steps = kept.kept_values(properties, kept.MODEL_STEP)
    if not steps:
        return []
    try:
        from mlflow.entities import LoggedModelOutput
    except ImportError:
        return []
    return [LoggedModelOutput(_id(record, key), step) for key, step in steps.items()]


def _said(record: Record) -> dict[str, Any]:
    """What is kept of each model of a run; what is damaged is left out."""
    found = kept.kept_values(record.properties(), kept.MODEL)
    return {
        key: said for key, said in found.items() if isinstance(said, dict) and said.keys() >= _PARTS
    }


def _id(record: Record, key: str) -> str:
    return f"{_START}{record.id}-{key}"


def _model(record: Record, key: str, said: Mapping[str, Any]) -> LoggedModel:
    from mlflow.entities import LoggedModel, LoggedModelStatus

    ended = kept.kept_values(record.properties(), kept.MODEL_STATUS).get(key) or {}
    start = f"{_TAG}{key}."
    later = {
        tag[len(start) :]: value or ""
        for tag, value in record.labels().tags.items()
        if tag.startswith(start)
    }
    return LoggedModel(
        experiment_id=record.experiment,
        model_id=_id(record, key),
        name=said["name"],
        artifact_location=f"{address.outputs_address(record)}/{_FOLDER}/{said['name']}-{key}",
        creation_timestamp=said["time_ms"],
        last_updated_timestamp=said["time_ms"],
        model_type=said.get("model_type"),
        source_run_id=record.id,
        status=LoggedModelStatus(ended.get("status") or _PENDING),
        tags={**said["tags"], **later},
        params={name: str(value) for name, value in said["params"].items()},
    )
