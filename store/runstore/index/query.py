"""What a query asks for: conditions that all have to hold, and an order.

The same conditions are judged in two places: in SQL, which finds candidates fast, and here, on a
run that was just read. What SQL cannot do by its indexes it asks `holds` for, so both agree.
"""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.index.row import COLUMNS, plain
from runstore.status import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runstore.index.row import Summary

    Metrics = Mapping[str, Mapping[str, float]]

OPERATORS = ("=", "!=", "<=", ">=", "<", ">", "~")
"""`~`: contains, without regard to case."""

THERE = "?"
"""The key is there, with any value."""

TAGS, PROPERTIES, METRICS = "tags", "properties", "metrics"
AGGREGATES = ("last", "min", "max", "count")
TEXT = "text"
TEXT_COLUMNS = (
    "id",
    "experiment",
    "name",
    "description",
    "script",
    "user",
    "status",
    "arguments",
)
FIELD_NAMES = (*COLUMNS, TEXT)


class Condition:
    """One condition on a run; `on` and `parse` make one from text.

    Args:
        area: one of FIELD_NAMES, or TAGS, PROPERTIES, METRICS.
        key: of a tag, property or metric; "" for a column.
        operator: one of OPERATORS, or THERE.
        value: None only with `=` and `!=`: a tag without a value, a column that is empty.
        aggregate: which number of a metric: one of AGGREGATES.

    Raises:
        InvalidQuery: there is no such operator, or a metric is compared with a text.
    """

    __slots__ = ("aggregate", "area", "key", "operator", "value")

    def __init__(
        self, area: str, key: str, operator: str, value: str | None = None, aggregate: str = "last"
    ) -> None:
        if operator not in (*OPERATORS, THERE):
            raise InvalidQuery(f"there is no operator {operator!r}; use {' '.join(OPERATORS)}")
        if area == METRICS and operator != THERE and _number(value) is None:
            raise InvalidQuery(f"the metric {key} is compared with a number, not with {value!r}")
        if area == METRICS and operator == "~":
            raise InvalidQuery(f"the metric {key} is a number, which contains nothing; use = < >")
        self.area = area
        self.key = key
        self.operator = operator
        self.value = value
        self.aggregate = aggregate

    def matches(self, run: Summary, metrics: Metrics) -> bool:
        """Whether it holds for a run that was just read."""
        if self.area == METRICS:
            known = metrics.get(plain(self.key))
            if known is None:
                return False
            return self.operator == THERE or holds(known[self.aggregate], self.operator, self.value)
        if self.area in (TAGS, PROPERTIES):
            pairs: Mapping[str, str | None] = run.tags if self.area == TAGS else run.properties
            if self.key not in pairs:
                return False
            return self.operator == THERE or holds(pairs[self.key], self.operator, self.value)
        if self.area == TEXT:
            return holds(words(run), "~", self.value)
        found = run.values[self.area]
        if self.operator == THERE:
            return found is not None
        return holds(found, self.operator, self.value)


class Query:
    """Conditions, an order, and which runs are meant at all.

    Args:
        experiment: the folder of the only experiment that is meant; None: all.
        children: also runs that have a parent; a condition on `parent` means that anyway.
        sort: a field to sort by; a `-` before it: the largest first. None: the newest first.

    Raises:
        InvalidQuery: there is no such field.
    """

    __slots__ = ("children", "conditions", "experiment", "is_descending", "sort")

    def __init__(
        self,
        conditions: Sequence[Condition] = (),
        *,
        experiment: str | None = None,
        children: bool = False,
        sort: str | None = None,
    ) -> None:
        self.conditions = tuple(conditions)
        self.experiment = experiment
        self.children = children or any(one.area == "parent" for one in self.conditions)
        self.is_descending = sort is None or sort.startswith("-")
        self.sort = split((sort or "created").lstrip("-"))
        if self.sort[0] == TEXT:
            raise InvalidQuery("runs cannot be sorted by text; name a column")

    @property
    def wants_metrics(self) -> bool:
        """Whether metrics have to be known to answer it."""
        areas = {condition.area for condition in self.conditions} | {self.sort[0]}
        return METRICS in areas

    def matches(self, run: Summary, metrics: Metrics) -> bool:
        """Whether a run that was just read is meant."""
        if self.experiment is not None and run.folder != self.experiment:
            return False
        if not self.children and run.values["parent"]:
            return False
        return all(condition.matches(run, metrics) for condition in self.conditions)

    def key(self, run: Summary, metrics: Metrics) -> tuple[Any, ...]:
        """What a run is sorted by, as SQL sorts it; see `order`."""
        area, key, aggregate = self.sort
        value: Any
        if area == METRICS:
            value = metrics.get(plain(key), {}).get(aggregate)
        elif area == TAGS:
            value = run.tags.get(key)
        elif area == PROPERTIES:
            value = run.properties.get(key)
        else:
            value = run.values[area]
        return value, run.values["created"], run.values["id"]


def on(field: str, operator: str, value: str | None = None) -> Condition:
    """A condition on a field as people name it; see `split`.

    Raises:
        InvalidQuery: there is no such field or operator.
    """
    area, key, aggregate = split(field)
    if area == "status" and value is not None:
        value = next((one for one in ALL if one.casefold() == value.casefold()), value)
    return Condition(area, key, operator, value, aggregate)


def split(field: str) -> tuple[str, str, str]:
    """A field's area, its key ("" for a column), and which aggregate of a metric is meant.

    Raises:
        InvalidQuery: there is no such field.
    """
    area, dot, key = field.partition(".")
    if not dot and area in FIELD_NAMES:
        return area, "", "last"
    if dot and key and area in (TAGS, PROPERTIES):
        return area, key, "last"
    if dot and key and area == METRICS:
        name, _, last = key.rpartition(".")
        return (METRICS, name, last) if name and last in AGGREGATES else (METRICS, key, "last")
    raise InvalidQuery(
        f"there is no field {field!r}; use tags.KEY, properties.KEY, metrics.NAME or one of "
        f"{', '.join(FIELD_NAMES)}"
    )


def parse(text: str) -> Condition:
    """A condition as people write it: `metrics.loss < 0.1`, `tags.fruit = apple`, `tags.fruit`.

    Raises:
        InvalidQuery: it is none.
    """
    places = [(text.find(sign), -len(sign), sign) for sign in OPERATORS if sign in text]
    if not places:
        return on(text.strip(), THERE)
    at, _, sign = min(places)
    value = text[at + len(sign) :].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return on(text[:at].strip(), sign, value)


def holds(found: object, operator: str, wanted: str | None) -> bool:
    """Compare a value with the one that is wanted.

    Texts are equal as texts; which is larger is told by number where both are numbers. What is not
    there equals only None, and differs from everything else.
    """
    if found is None or wanted is None:
        same = found is wanted
        return same if operator == "=" else not same if operator == "!=" else False
    if operator == "~":
        return wanted.casefold() in str(found).casefold()
    one, other = _number(found), _number(wanted)
    if operator in ("=", "!="):
        same = found == wanted if isinstance(found, str) else one == other
        return same if operator == "=" else not same
    if one is not None and other is not None:
        return _ordered(one, operator, other)
    return _ordered(str(found), operator, wanted)


def words(run: Summary) -> str:
    """The text of a run that a search for words looks through."""
    pairs = [*run.tags.items(), *run.properties.items()]
    parts = [run.values[column] for column in TEXT_COLUMNS]
    parts += [part for pair in pairs for part in pair]
    return "\n".join(part for part in parts if part)


def _ordered(one: Any, operator: str, other: Any) -> bool:
    if operator == "<":
        return bool(one < other)
    if operator == "<=":
        return bool(one <= other)
    return bool(one > other) if operator == ">" else bool(one >= other)


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
