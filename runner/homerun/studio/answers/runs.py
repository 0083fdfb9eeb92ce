"""Rows of runs, and the table of them."""

from __future__ import annotations

from typing import Literal, TypedDict

from homerun.studio.answers.values import Numeric, Params, Status, Tags, Time


class MetricCell(TypedDict):
    """A metric in a row."""

    last: Numeric
    min: Numeric
    max: Numeric
    mean: Numeric
    count: int


class BestRun(TypedDict):
    """The best of some runs by the metric that the project's file names as a goal."""

    metric: str
    value: float
    run_id: str
    run_number: int | None


class _Rollup(TypedDict):
    total: int
    by_status: dict[Status, int]
    status: Status


class Rollup(_Rollup, total=False):
    """How many runs there are, of which status, and the status that stands for all.

    `best` is there where the project has a goal and one of the runs has logged it.
    """

    best: BestRun


class RunRow(TypedDict):
    """A run as the table shows it."""

    id: str
    experiment: str
    number: int | None
    name: str
    status: Status
    parent: str | None
    children: int
    type: str | None
    user: str | None
    script: str | None
    arguments: list[str]
    target: str | None
    description: str | None
    created: Time | None
    started: Time | None
    ended: Time | None
    duration_s: float | None
    cpu_s: float | None
    cpu_percent: float | None
    memory_kib: int | None
    read_kib: int | None
    written_kib: int | None
    gpus: int | None
    gpu_percent: float | None
    gpu_memory_kib: int | None
    joules: float | None
    error: str | None
    params: Params
    tags: Tags
    properties: dict[str, str]
    metrics: dict[str, MetricCell]
    rollup: Rollup | None


class SpreadCell(TypedDict):
    """A metric among the runs of a group, from the last value of each."""

    mean: Numeric
    std: Numeric
    min: Numeric
    max: Numeric
    count: int


class GroupRow(TypedDict):
    """Runs that share a value; `first` is the place of the first one in the whole table.

    `depth` is 0 for the outermost; the groups within one follow it.
    """

    value: str | float | None
    count: int
    first: int
    depth: int
    by_status: dict[Status, int]
    metrics: dict[str, SpreadCell]


class Unread(TypedDict):
    """How many runs of how many are not in the index yet, which is being made."""

    runs: int
    of: int


class RunsAnswer(TypedDict):
    """A part of the table of runs."""

    total: int
    skip: int
    runs: list[RunRow]
    groups: list[GroupRow] | None
    cursor: str
    unread: Unread | None


class ChildrenAnswer(TypedDict):
    """A part of the runs below a run."""

    total: int
    skip: int
    runs: list[RunRow]
    rollup: Rollup | None


class FieldRow(TypedDict):
    """What runs can be sorted and filtered by, and how many runs have it.

    Of a metric `is_most` says whether more of it is better; None: that is not known, or it is none.
    """

    name: str
    kind: Literal["number", "text", "time", "status"]
    runs: int
    is_most: bool | None


class FieldsAnswer(TypedDict):
    """All fields, and those that a table shows at first besides what each run has."""

    fields: list[FieldRow]
    columns: list[str]


class ValueRow(TypedDict):
    """A value of a field, and how many runs have it."""

    value: str | float
    runs: int


class ValuesAnswer(TypedDict):
    """The most frequent values of a field."""

    values: list[ValueRow]
