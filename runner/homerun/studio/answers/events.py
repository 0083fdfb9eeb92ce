"""The events of the one stream, by name."""

from __future__ import annotations

from typing import Literal, TypedDict

from homerun.studio.answers.metrics import MetricRow
from homerun.studio.answers.runs import RunRow
from homerun.studio.answers.store import ExperimentRow, TargetRow
from homerun.studio.answers.views import ViewRow


class HelloEvent(TypedDict):
    """The stream has begun."""

    cursor: str
    topics: list[str]


class ResetEvent(TypedDict):
    """Too much has changed: everything is to be asked for again."""

    cursor: str


class RunsEvent(TypedDict):
    """Rows that changed, and the ids of runs that are gone."""

    changed: list[RunRow]
    removed: list[str]


class ExperimentsEvent(TypedDict):
    """Experiments that changed, and the names of those that are gone."""

    changed: list[ExperimentRow]
    removed: list[str]


class QueueEvent(TypedDict):
    """Targets that changed, and the names of those that are gone."""

    targets: list[TargetRow]
    removed: list[str]


class ViewsEvent(TypedDict):
    """The saved views, all of them."""

    views: list[ViewRow]


class RunEvent(TypedDict):
    """A run that changed, and which parts of it are to be asked for again."""

    id: str
    run: RunRow
    parts: list[Literal["status", "labels", "attempts", "children", "files"]]


class MetricsEvent(TypedDict):
    """The metrics of a run that changed."""

    id: str
    metrics: list[MetricRow]


class LogEvent(TypedDict):
    """A log that has grown."""

    id: str
    name: str
    size: int
    is_live: bool


EVENT_TYPES = {
    "hello": HelloEvent,
    "reset": ResetEvent,
    "runs": RunsEvent,
    "experiments": ExperimentsEvent,
    "queue": QueueEvent,
    "views": ViewsEvent,
    "run": RunEvent,
    "metrics": MetricsEvent,
    "log": LogEvent,
}
