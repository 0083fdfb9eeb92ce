"""The store, its experiments, its trash, and the targets."""

from __future__ import annotations

from typing import TypedDict

from homerun.studio.answers.run import ProjectGoal, QueuePlace
from homerun.studio.answers.runs import RunRow, Unread
from homerun.studio.answers.values import Status, Tags, Time


class InfoAnswer(TypedDict):
    """The store and the server; `runs` has no children, and none that is `unread`."""

    workspace: str
    store: str
    home: str
    version: str
    read_only: bool
    runs: int
    experiments: int
    unread: Unread | None
    user: str
    host: str
    processors: int
    memory_kib: int
    default_target: str
    targets: list[str]
    has_token: bool
    time: Time
    goal: ProjectGoal | None
    cursor: str


class TrendPoint(TypedDict):
    """One of the last runs of an experiment."""

    id: str
    number: int | None
    status: Status
    created: Time | None
    started: Time | None
    duration_s: float | None


class ExperimentRow(TypedDict):
    """An experiment; `trend` has its last runs, the oldest first."""

    name: str
    runs: int
    active: int
    archived: bool
    tags: Tags
    last: RunRow | None
    trend: list[TrendPoint]


class ExperimentsAnswer(TypedDict):
    """The experiments by name."""

    experiments: list[ExperimentRow]
    unread: Unread | None


class WaitingRow(QueuePlace):
    """A run that waits; None where it was deleted a moment ago."""

    run: RunRow | None


class TargetRow(TypedDict):
    """A target: the runs that go on there, and those that wait."""

    target: str
    slots: int | None
    busy: int
    paused: bool
    is_default: bool
    active: list[RunRow]
    waiting: list[WaitingRow]


class TargetsAnswer(TypedDict):
    """All targets."""

    targets: list[TargetRow]


class DeletedRun(TypedDict):
    """A run in the trash."""

    run_id: str
    run_number: int | None
    display_name: str | None
    experiment_name: str
    status: Status
    created_utc: Time | None
    deleted_utc: Time
    deleted_by: str | None
    deleted_with: str | None
    parent_run_id: str | None
    size_bytes: int
    directory: str


class TrashAnswer(TypedDict):
    """The runs in the trash."""

    runs: list[DeletedRun]
