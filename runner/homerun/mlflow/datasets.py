"""The datasets that a run has read, as MLflow's `log_input` and autologging tell of them."""

from __future__ import annotations

from mlflow.entities import Dataset, DatasetInput, InputTag, RunInputs

from homerun.mlflow import kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homerun.sdk.run import Run

_FIELDS = ("name", "digest", "source_type", "source", "schema", "profile")


def keep_datasets(run: Run, inputs: Iterable[DatasetInput]) -> None:
    """Keep datasets that a run has read, each with what it was read for."""
    for one in inputs:
        said = {field: getattr(one.dataset, field) for field in _FIELDS}
        tags = {tag.key: tag.value for tag in one.tags or []}
        key = ".".join((one.dataset.digest, *tags.values()))
        kept.keep_value(run, kept.DATASET, key, {**said, "tags": tags})


def inputs_of(properties: Mapping[str, str]) -> RunInputs:
    """The datasets of a run's properties."""
    found = [_input(said) for said in kept.kept_values(properties, kept.DATASET).values()]
    return RunInputs(dataset_inputs=found)


def _input(said: Mapping[str, object]) -> DatasetInput:
    tags = said.get("tags")
    return DatasetInput(
        Dataset(*(said.get(field) for field in _FIELDS)),
        [InputTag(key, value) for key, value in (tags if isinstance(tags, dict) else {}).items()],
    )
