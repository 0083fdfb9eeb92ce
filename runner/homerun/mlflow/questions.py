"""What a search of runs asks, in MLflow's language, and what the index can say to that.

What the index says is never more than a help. It leaves runs out that MLflow's filter does not
take, and no other: its last value of a metric is not always MLflow's, which lies between the least
and the greatest; a parameter is a number there and a text for MLflow.
"""

from __future__ import annotations

from math import isfinite

from mlflow.utils.search_utils import SearchUtils

from homerun.mlflow import entities, history
from runstore import status
from runstore.errors import StoreError
from runstore.index.fields import METRICS, FieldName
from runstore.index.query import THERE, Condition, Group
from runstore.index.row import PARAMS, TAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from mlflow.entities import Run

    from runstore.index.conditions import Part
    from runstore.run.record import Record

_METRIC, _PARAM, _TAG, _ATTRIBUTE = "metric", "parameter", "tag", "attribute"
_START = "start_time"
_LIMITS = {
    ">": (("max", ">"),),
    ">=": (("max", ">="),),
    "<": (("min", "<"),),
    "<=": (("min", "<="),),
    "=": (("min", "<="), ("max", ">=")),
}
"""What holds for the least and the greatest number of a metric whose value stands so to another."""

_OTHERWISE_WRITTEN = ("", "nan", "none", "true", "false")
"""Texts of parameters and tags that the index may hold in another form; and lists."""


class Question:
    """A filter and an order of runs.

    Attributes:
        asks_metrics: what runs have logged decides.
        conditions: what the index can leave out; each run that meets the filter meets them.
        ways: one after the other they give all runs.

    Raises:
        MlflowException: it is none of MLflow's language.
    """

    def __init__(self, wanted: str | None, order_by: Sequence[str] | None) -> None:
        self._wanted = wanted
        self._order_by = order_by
        clauses = SearchUtils.parse_search_filter(wanted)
        orders = [SearchUtils.parse_order_by_for_search_runs(one) for one in order_by or []]
        asked = {*(one["type"] for one in clauses), *(one[0] for one in orders)}
        self.asks_metrics = _METRIC in asked
        self.conditions = [part for one in clauses for part in _conditions(one)]
        self.ways = _ways(*orders[0]) if orders else _ways(_ATTRIBUTE, _START, False)

    def matching(self, runs: Sequence[Run]) -> list[Run]:
        """Those that meet the filter."""
        return list(SearchUtils.filter(runs, self._wanted))

    def sorted(self, runs: Iterable[Run]) -> list[Run]:
        """Runs in the order."""
        return list(SearchUtils.sort(list(runs), self._order_by))


class Way:
    """A way through runs.

    Attributes:
        conditions: which runs it leads to.
        sort: the order of the index; None: any.
    """

    def __init__(self, conditions: Sequence[Part] = (), sort: str | None = None) -> None:
        self.conditions = conditions
        self.sort = sort

    def ends(self, behind: Run, last: Record) -> bool:
        """Whether no run further on can stand before one; False where the last does not tell.

        Args:
            behind: a run that stands behind what is wanted.
            last: the run that was come to last. It may be removed by now.
        """
        try:
            return self._ends(behind, last)
        except (OSError, StoreError):
            return False

    def _ends(self, behind: Run, last: Record) -> bool:
        return False


class ByStart(Way):
    """By the time of the start."""

    def __init__(self, is_rising: bool) -> None:
        super().__init__(
            [Condition("started", "", "!=", None)], "started" if is_rising else "-started"
        )
        self._is_rising = is_rising

    def _ends(self, behind: Run, last: Record) -> bool:
        limit = entities.run_entity(last, with_metrics=False).info.start_time
        own = behind.info.start_time
        return bool(own < limit if self._is_rising else own > limit)


class ByMetric(Way):
    """By the least, or the greatest, number of a metric; those without one come last."""

    def __init__(self, key: str, is_rising: bool) -> None:
        name = f'{METRICS}."{key}"'
        super().__init__([], f"{name}.min" if is_rising else f"-{name}.max")
        self._key = key
        self._is_rising = is_rising

    def _ends(self, behind: Run, last: Record) -> bool:
        own = behind.data.metrics.get(self._key)
        if own is None or own != own:
            return False
        reach = history.reach(last.path, self._key)
        if reach is None:  # so has none behind it, unless it was removed while it was read
            return last.exists()
        return bool(own < reach[0] if self._is_rising else own > reach[1])


def _ways(kind: str, key: str, is_rising: bool) -> list[Way]:
    key = SearchUtils.translate_key_alias(key)
    if kind == _ATTRIBUTE and key == _START:
        return [Way([Condition("started", "", "=", None)]), ByStart(is_rising)]
    if kind == _METRIC and '"' not in key:
        return [ByMetric(key, is_rising)]
    return [Way()]


def _conditions(clause: dict[str, Any]) -> list[Part]:
    kind, value, sign = clause["type"], clause["value"], clause["comparator"].upper()
    key = SearchUtils.translate_key_alias(clause["key"])
    if sign == "IS NULL":
        return []
    if kind == _METRIC:
        return _of_metric(key, sign, value)
    if kind == _PARAM or (kind == _TAG and not key.startswith(entities.SYSTEM)):
        return [_of_text(PARAMS if kind == _PARAM else TAGS, key, sign, value)]
    if kind == _ATTRIBUTE and key == "status" and sign == "=":
        named = [one for one in status.ALL if entities.mlflow_status(one) == value]
        parts = [Condition("status", "", "=", one) for one in named]
        return [Group(parts, is_any=True)] if parts else []
    return []


def _of_metric(key: str, sign: str, value: object) -> list[Part]:
    if value is None:  # IS NOT NULL
        return [Condition(FieldName(key, METRICS, key), "", THERE)]
    number = float(value)  # type: ignore[arg-type]  # as MLflow's filter does
    if not isfinite(number):
        return [Condition(FieldName(key, METRICS, key), "", THERE)]
    return [
        Condition(FieldName(key, METRICS, key, of), "", one, repr(number))
        for of, one in _LIMITS.get(sign, ())
    ] or [Condition(FieldName(key, METRICS, key), "", THERE)]


def _of_text(area: str, key: str, sign: str, value: object) -> Condition:
    field = FieldName(key, area, key)
    if sign != "=" or not isinstance(value, str):
        return Condition(field, "", THERE)
    if value.casefold() in _OTHERWISE_WRITTEN or value[:1] == "[":
        return Condition(field, "", THERE)
    return Condition(field, "", "=", value)
