"""What a run has logged, as MLflow's metrics: numbers with a time and a step."""

from __future__ import annotations

from mlflow.entities import Metric

from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.metrics.log import Series

    Point = tuple[int, int, float]
    """A step, a time in milliseconds, a value."""

_NUMBERS = (metric_log.SCALAR, metric_log.LIST)


def last_points(run_folder: str) -> list[Metric]:
    """Of each metric the last point: the highest step, of these the latest, of these the largest.

    NaN is larger than no number.
    """
    found = []
    for name, series in metric_log.read(run_folder)[0].items():
        last = max(_points(series), key=_place, default=None)
        if last is not None:
            found.append(_metric(name, last))
    return found


def all_points(run_folder: str, name: str) -> list[Metric]:
    """All points of a metric, in the order of logging."""
    series = metric_log.read(run_folder)[0].get(name)
    return [] if series is None else [_metric(name, point) for point in _points(series)]


def reach(run_folder: str, name: str) -> tuple[float, float] | None:
    """The least and the greatest number of a metric; None: it has none but NaN."""
    series = metric_log.read(run_folder)[0].get(name)
    values = [] if series is None else [one for _, _, one in _points(series) if one == one]
    return (min(values), max(values)) if values else None


def _metric(name: str, point: Point) -> Metric:
    step, time, value = point
    return Metric(name, value, time, step)


def _place(point: Point) -> tuple[int, int, bool, float]:
    step, time, value = point
    return step, time, value == value, value


def _points(series: Series) -> Iterator[Point]:
    """The numbers of a series. A point without a step is of step 0, as MLflow logs it."""
    steps = series.steps or []
    for at, (kind, value) in enumerate(zip(series.kinds_of_all(), series.values)):
        if kind not in _NUMBERS:
            continue
        step = (steps[at] if at < len(steps) else None) or 0
        for one in value if type(value) is list else [value]:
            if type(one) is float or type(one) is int:
                yield step, round(series.times[at] * 1000), float(one)
