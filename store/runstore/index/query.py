"""What a query asks for: conditions that all have to hold, and an order.

The same conditions are judged in two places: in SQL, which finds candidates fast, and here, on a
run that was just read. What SQL cannot do by its indexes it asks `kinds.holds` for, so both agree.
"""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.index import kinds
from runstore.index.fields import METRICS, TEXT, FieldName, split
from runstore.index.row import PAIRS, PARAMS, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Union

    from runstore.index.row import Summary

    Metrics = Mapping[str, Mapping[str, Any]]
    Part = Union["Condition", "Group"]

THERE = "?"
"""The key is there, with any value."""


TEXT_COLUMNS = (
    *("id", "experiment", "name", "description", "script", "user", "status", "arguments"),
    "error",
)


class Condition:
    """One condition on a run; `on` and `conditions.parse` make one from text.

    Args:
        field: a column, or one of `fields.AREAS`.
        key: of a tag, property, parameter or metric; "" for a column.
        operator: one of `kinds.OPERATORS`, or THERE.
        value: None only with `=` and `!=`: a tag without a value, a column that is empty.

    Attributes:
        wanted: the value, as its kind reads it.

    Raises:
        InvalidQuery: there is no such operator, or the value is none of the field's kind.
    """

    __slots__ = ("field", "operator", "wanted")

    def __init__(
        self, field: str | FieldName, key: str, operator: str, value: str | None = None
    ) -> None:
        if operator not in (*kinds.OPERATORS, THERE):
            raise InvalidQuery(
                f"there is no operator {operator!r}; use {' '.join(kinds.OPERATORS)}"
            )
        self.field = field if isinstance(field, FieldName) else FieldName(field, field, key)
        self.operator = operator
        self.wanted: kinds.Wanted = None
        if value is not None:
            self.wanted = plain(self._read(value))
        elif self.field.area == TEXT:
            raise InvalidQuery("text is not a field of its own: write text ~ word")
        elif self.field.area == METRICS and operator != THERE:
            raise InvalidQuery(f"{self.field.written} is compared with a number, not with nothing")

    def _read(self, value: str) -> kinds.Wanted:
        field = self.field
        if field.area == TEXT and self.operator != "~":
            raise InvalidQuery(f"text is looked through: write text ~ {value or 'word'}")
        is_flag = field.area == PARAMS and value.casefold() in ("true", "false")
        if is_flag and self.operator not in kinds.ORDER:
            return value.casefold()
        found = kinds.read(field.kind, field.written, self.operator, value, field.is_bare)
        if self.is_nan(found) and (field.area != METRICS or self.operator not in ("=", "!=")):
            raise InvalidQuery(f"{field.written} is compared with nan by = and != of metrics only")
        return found

    @staticmethod
    def is_nan(wanted: kinds.Wanted) -> bool:
        """Whether what is wanted is no number."""
        return isinstance(wanted, float) and wanted != wanted

    def leaves(self) -> Iterator[Condition]:
        """Itself."""
        yield self

    def matches(self, run: Summary, metrics: Metrics) -> bool:
        """Whether it holds for a run that was just read."""
        area = self.field.area
        if area == TEXT:
            return kinds.holds(words(run), "~", self.wanted)
        is_there, found = found_in(self.field, run, metrics)
        if self.operator == THERE:
            return is_there and (area in (*PAIRS, METRICS) or found is not None)
        if not is_there:
            return False
        if self.is_nan(self.wanted):
            return (found is None) == (self.operator == "=")
        if self.field.kind == kinds.TIME and isinstance(self.wanted, str):
            return found is not None and kinds.ordered(found, self.operator, self.wanted)
        return kinds.holds(found, self.operator, self.wanted)


class Group:
    """Conditions of which any has to hold, or all."""

    __slots__ = ("is_any", "parts")

    def __init__(self, parts: Sequence[Part], is_any: bool) -> None:
        self.parts = tuple(parts)
        self.is_any = is_any

    def leaves(self) -> Iterator[Condition]:
        """The conditions in it."""
        for part in self.parts:
            yield from part.leaves()

    def matches(self, run: Summary, metrics: Metrics) -> bool:
        """Whether it holds for a run that was just read."""
        return (any if self.is_any else all)(part.matches(run, metrics) for part in self.parts)


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
        conditions: Sequence[Part] = (),
        *,
        experiment: str | None = None,
        children: bool = False,
        sort: str | None = None,
    ) -> None:
        self.conditions = tuple(_flat(conditions))
        self.experiment = experiment
        self.children = children or any(one.field.area == "parent" for one in self.leaves())
        self.is_descending = sort is None or sort.startswith("-")
        self.sort = split((sort or "created").removeprefix("-"))
        if self.sort.area == TEXT:
            raise InvalidQuery("runs cannot be sorted by text; name a column")

    def leaves(self) -> Iterator[Condition]:
        """Every condition, those in groups too."""
        for part in self.conditions:
            yield from part.leaves()

    @property
    def wants_metrics(self) -> bool:
        """Whether metrics have to be known to answer it."""
        return METRICS in {self.sort.area, *(one.field.area for one in self.leaves())}

    def matches(self, run: Summary, metrics: Metrics) -> bool:
        """Whether a run that was just read is meant."""
        if self.experiment is not None and run.folder != self.experiment:
            return False
        if not self.children and run.values["parent"]:
            return False
        return all(part.matches(run, metrics) for part in self.conditions)

    def key(self, run: Summary, metrics: Metrics) -> tuple[Any, ...]:
        """What a run is sorted by, as SQL sorts it; see `cache.order_of`."""
        value = found_in(self.sort, run, metrics)[1]
        if self.sort.area in PAIRS:
            value = kinds.rank(value)
        return value, run.values["created"], run.values["id"]


def _flat(conditions: Sequence[Part]) -> Iterator[Part]:
    """The conditions, with those of a group that all have to hold by themselves."""
    for part in conditions:
        if isinstance(part, Group) and not part.is_any:
            yield from _flat(part.parts)
        else:
            yield part


def on(field: str, operator: str, value: str | None = None) -> Condition:
    """A condition on a field as people name it; see `fields.split`.

    Raises:
        InvalidQuery: there is no such field or operator, or the value is none of its kind.
    """
    return Condition(split(field), "", operator, value)


def found_in(field: FieldName, run: Summary, metrics: Metrics) -> tuple[bool, Any]:
    """Whether a run has a field, and its value as the index holds it."""
    if field.area == METRICS:
        name, aggregate = plain(field.key), field.aggregate
        if field.exact and plain(field.exact) in metrics:
            name, aggregate = plain(field.exact), "last"
        found = metrics.get(name)
        if found is None:
            return False, None
        value = found[aggregate]
        return True, None if value != value else value
    if field.area in PAIRS:
        pairs = run.pairs[field.area]
        return field.key in pairs, plain(pairs.get(field.key))
    return True, plain(run.values[field.area])


def words(run: Summary) -> str:
    """The text of a run that a search for words looks through."""
    parts = [run.values[column] for column in TEXT_COLUMNS]
    for pairs in run.pairs.values():
        parts += [key if value is None else f"{key}={value}" for key, value in pairs.items()]
    return "\n".join(part for part in parts if part)
