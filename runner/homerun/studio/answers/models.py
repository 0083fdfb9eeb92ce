"""Registered models, their versions and their files."""

from __future__ import annotations

from typing import TypedDict

from homerun.studio.answers.runs import RunRow
from homerun.studio.answers.values import Tags, Time


class ModelData(TypedDict):
    """A dataset that a model was made from; `name` and `version` of one that is registered."""

    purpose: str | None
    id: str | None
    name: str | None
    version: int | None


class _Model(TypedDict):
    id: str
    name: str
    version: int
    run_id: str | None
    run: RunRow | None
    experiment: str | None
    datasets: list[ModelData]
    tags: Tags
    description: str | None
    files: int
    size_bytes: int
    created: Time | None
    created_by: str | None


class ModelRow(_Model, total=False):
    """A version of a model; `run` is None where it is gone.

    `versions` counts those of its name, where the row stands for all of them.
    """

    versions: int


class ModelFile(TypedDict):
    """A file of a model as it was registered; `trouble`: what is wrong with it now."""

    path: str
    size: int
    sha256: str
    trouble: str | None


class ModelDetails(_Model):
    """A version of a model; `is_damaged`: its record names files that cannot be read there."""

    framework: str | None
    framework_version: str | None
    properties: dict[str, str]
    path: str | None
    directory: str
    kept: list[ModelFile]
    is_damaged: bool
    more: bool


class ModelsAnswer(TypedDict):
    """Models, and a sentence for each version that is there and cannot be used."""

    models: list[ModelRow]
    refused: list[str]
    more: bool


class ModelAnswer(ModelsAnswer):
    """A version of a model; `models` has all versions, the newest first."""

    model: ModelDetails
