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
    """A metric at a glance; `files` are the last thousand of an image or of JSON, in order."""

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
    """A metric of a run in buckets, as columns; `from` is the place of its first bucket.

    `span` is how wide each place along the axis is, 0 where each bucket is a point; `cuts` are the
    places of the buckets with which another stroke begins. `left_out` points have no number of the
    metric that is the axis.
    """

    run: str
    name: str
    x: str
    points: int
    left_out: int
    span: float
    sorted: bool
    anew: bool
    from_: int
    cuts: list[int]
    broken: int
    x_first: list[float]
    x_last: list[float]
    min: list[Numeric]
    max: list[Numeric]
    mean: list[Numeric]
    last: list[Numeric]
    count: list[int]
    nans: list[int]
    highs: list[int]
    lows: list[int]
    smooth: list[Numeric]


class _GroupSeries(TypedDict):
    values: list[Any]
    runs: list[str]
    name: str
    x: str
    span: float
    places: list[float]
    count: list[int]
    points: int


class GroupSeries(_GroupSeries, total=False):
    """A metric of several runs: at each place statistics over those that have points there.

    `values` are those of the fields that they were grouped by; `std` is null where one run counts.
    `raw` is their mean without the average that was asked for; `points` is of all runs together.
    """

    mean: list[Numeric]
    std: list[Numeric]
    min: list[Numeric]
    max: list[Numeric]
    raw: list[Numeric]


class SeriesAnswer(TypedDict):
    """Series in buckets, or groups, as columns, and the cursor that asks for what is new."""

    series: list[SeriesRow]
    groups: list[GroupSeries]
    cursor: str
