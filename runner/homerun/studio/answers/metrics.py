"""Metrics: at a glance, point by point, and as series for charts."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from homerun.studio.answers.values import Numeric, Seconds


class _Metric(TypedDict):
    name: str
    kind: Literal["number", "text", "row", "table", "list", "image", "json"]
    last: Any
    min: Numeric
    max: Numeric
    count: int
    last_step: int | None
    last_time: Seconds | None


class MetricRow(_Metric, total=False):
    """A metric at a glance; `files` are those of an image or of JSON, in order."""

    files: list[str]


class MetricsAnswer(TypedDict):
    """The metrics of a run."""

    metrics: list[MetricRow]


class PointRow(TypedDict):
    """One point of a metric."""

    value: Any
    step: int | None
    time: Seconds


class PointsAnswer(TypedDict):
    """What was logged as a metric, point by point."""

    total: int
    values: list[PointRow]


class SeriesRow(TypedDict):
    """A metric of a run in buckets, as columns; `from` is the place of its first bucket."""

    run: str
    name: str
    points: int
    size: int
    anew: bool
    from_: int
    broken: int
    x_first: list[Numeric]
    x_last: list[Numeric]
    min: list[Numeric]
    max: list[Numeric]
    last: list[Numeric]
    count: list[int]
    gaps: list[int]


class SeriesAnswer(TypedDict):
    """Series in buckets, as columns, and the cursor that asks for what is new."""

    series: list[SeriesRow]
    cursor: str
