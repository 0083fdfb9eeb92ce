"""What a person types to see fewer runs, and in which order: conditions, plain words, a field.

`metrics.loss < 0.1 or params.lr > 1` is a condition as for `homerun run list --where`. Everything
else is words: a run is shown if its names, tags, parameters and the like contain all of them.
Several of both are joined by `and`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from homerun.base import times
from runstore.errors import InvalidQuery
from runstore.index import conditions, fields
from runstore.index.fields import METRICS, TEXT
from runstore.index.kinds import OPERATORS
from runstore.index.query import Condition, Query

if TYPE_CHECKING:
    from runstore.index.query import Part

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COMPARED = re.compile(r"\s(<=|>=|!=|[<>~=])\s")

LIVE = ("cpu_percent", "memory")
"""What can be sorted by though no index knows it: only runs that go on have it."""


class Narrowing:
    """A filter and an order.

    Attributes:
        conditions: all have to hold.
        sort: a field, a `-` before it for the largest first; None: the newest first.
    """

    def __init__(self, conditions: Sequence[Part] = (), sort: str | None = None) -> None:
        self.conditions = tuple(conditions)
        self.sort = sort
        self._query = Query(self.conditions, sort=self.of_index)

    @property
    def of_index(self) -> str | None:
        """The field by which the index sorts."""
        is_live = self.sort is not None and self.sort.removeprefix("-") in LIVE
        return None if is_live else self.sort

    @property
    def wants_metrics(self) -> bool:
        """Whether the metrics of all runs have to be known."""
        return self._query.wants_metrics

    def ordered(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows in this order; those that lack the field come last."""
        newest = sorted(rows, key=lambda row: (row["created"] or "", row["id"]), reverse=True)
        if self.sort is None:
            return newest
        field = self.sort.removeprefix("-")
        having = [row for row in newest if sort_value(row, field) is not None]
        having.sort(key=lambda row: sort_value(row, field), reverse=self.sort[0] == "-")
        return having + [row for row in newest if sort_value(row, field) is None]


def parse(text: str, sort: str | None = None) -> Narrowing:
    """What a person has typed.

    Raises:
        InvalidQuery: a part is neither a condition nor words: it compares a field that is none, or
            with what is none of its kind.
    """
    text = text.strip()
    if _is_condition(text):
        try:
            return Narrowing([conditions.parse(text)], sort)
        except InvalidQuery:
            if not _AND.search(text):
                raise
    found: list[Part] = []
    for part in _AND.split(text):
        if _is_condition(part):
            found.append(conditions.parse(part))
        else:
            found += [Condition(TEXT, "", "~", word) for word in part.split()]
    return Narrowing(found, sort)


def sort_value(row: dict[str, Any], field: str) -> Any:
    """A row's value of a field; None: it has none."""
    area, _, key = field.partition(".")
    if area == METRICS:
        goal = row.get("goal") or {}
        known = (row.get("metrics") or {}).get(key) or {}
        return known.get("last", goal.get("last") if goal.get("name") == key else None)
    if field == "duration_s" and row["duration_s"] is None and row["started"]:
        return _age(row["started"])
    return row.get(field)


def _age(started: str) -> float | None:
    """What grows with the time since then: those that began first take the longest."""
    begun = times.unix(started)
    return None if begun is None else _LATE - begun


_LATE = 1e12


def _is_condition(text: str) -> bool:
    """Whether a text is a condition, and not a word such as `lr=1`.

    Raises:
        InvalidQuery: it compares, with blanks, a field that there is not.
    """
    places = [text.find(sign) for sign in (*OPERATORS, " in (") if sign in text]
    field = text[: min(places)].lstrip("( ").strip() if places else text
    try:
        known = fields.split(field)
    except InvalidQuery:
        if _COMPARED.search(text) and " " not in field:
            raise
        return False
    return bool(places) or "." in known.written
