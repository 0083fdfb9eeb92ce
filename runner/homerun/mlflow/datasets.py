"""The datasets that a run has read, as MLflow's `log_input` and autologging tell of them."""

from __future__ import annotations

from homerun.mlflow import kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from mlflow.entities import DatasetInput

    from homerun.sdk.run import Run

_FIELDS = ("name", "digest", "source_type", "source", "schema", "profile")


def keep_datasets(run: Run, inputs: Iterable[DatasetInput]) -> None:
    """Keep datasets that a run has read, each with what it was read for."""
    for one in inputs:
        said = {field: getattr(one.dataset, field) for field in _FIELDS}
        tags = {tag.key: tag.value for tag in one.tags or []}
        key = ".".join((one.dataset.digest, *tags.values()))
        kept.keep_value(run, kept.DATASET, key, {**said, "tags": tags})


def inputs_of(properties: Mapping[str, str]) -> list[Any]:
    """The datasets of a run's properties, as MLflow has what a run has read; none: it has not."""
    try:
        from mlflow.entities import Dataset, DatasetInput, InputTag, RunInputs
    except ImportError:
        return []  # older than 2.4
    found = []
    for said in kept.kept_values(properties, kept.DATASET).values():
        if isinstance(said, dict) and isinstance(said.get("tags"), dict):
            tags = [InputTag(key, value) for key, value in said["tags"].items()]
            found.append(DatasetInput(Dataset(*(said.get(field) for field in _FIELDS)), tags))
    return [RunInputs(dataset_inputs=found)]
