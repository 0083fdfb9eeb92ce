"""The names of fields: columns (the table in `row.py`), tags, properties, parameters, metrics."""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.index import kinds
from runstore.index.row import COLUMNS, FIELDS, PAIRS, PARAMS, PROPERTIES, TAGS

METRICS = "metrics"
AREAS = (TAGS, PROPERTIES, PARAMS, METRICS)

AGGREGATES = ("last", "min", "max", "mean", "count")
TEXT = "text"
"""The name of no column: all words of a run."""

SHORT = {one.short: one for one in FIELDS if one.short}
_BY_NAME = {one.name: one for one in FIELDS}
NAMES = (*COLUMNS, *SHORT, TEXT)
_QUOTES = "'\""
_PLAIN = "_-./@:"
_SHOWN = 5


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class FieldName:
    """A field as a query names it.

    Attributes:
        written: as it was written.
        area: a column, TEXT, or one of AREAS.
        key: of a tag, property, parameter or metric; "" for a column.
        aggregate: which number of a metric: one of AGGREGATES.
        exact: a metric of just this name wins, so that `metrics.loss.min` may be one; "": none.
        kind: of its values.
        is_bare: its name has the unit, so that a number needs none.
    """

    __slots__ = ("aggregate", "area", "exact", "is_bare", "key", "kind", "written")

    def __init__(
        self, written: str, area: str, key: str = "", aggregate: str = "last", exact: str = ""
    ) -> None:
        self.written = written
        self.area = area
        self.key = key
        self.aggregate = aggregate
        self.exact = exact
        known = _BY_NAME.get(area)
        keyed = kinds.NUMBER if area == METRICS else kinds.ANY if area in PAIRS else kinds.TEXT
        self.kind = known.kind if known else keyed
        self.is_bare = known is None or written != known.short


def split(field: str) -> FieldName:
    """A field from its name: `status`, `params.lr`, `metrics.loss.min`, `tags."a b"`.

    Raises:
        InvalidQuery: there is no such field; the error names those that are near.
    """
    area, dot, key = field.partition(".")
    if not dot and area in NAMES:
        return FieldName(field, SHORT[area].name if area in SHORT else area)
    if dot and key and area in AREAS:
        key, rest = _unquoted(key)
        if key and area == METRICS:
            return _metric(field, key, rest)
        if key and not rest:
            return FieldName(field, area, key)
    raise InvalidQuery(_unknown(field))


def _metric(field: str, key: str, rest: str | None) -> FieldName:
    """A metric: in quotes its name is just that, else its last part may be an aggregate."""
    if rest is not None:
        if not rest or (rest[0] == "." and rest[1:] in AGGREGATES):
            return FieldName(field, METRICS, key, rest[1:] or "last")
        raise InvalidQuery(f"{field!r} ends in no {', '.join(AGGREGATES[:-1])} or count")
    name, _, last = key.rpartition(".")
    if name and last in AGGREGATES:
        return FieldName(field, METRICS, name, last, exact=key)
    return FieldName(field, METRICS, key)


def as_written(area: str, key: str) -> str:
    """A field with a key as it is written: an odd key in quotes."""
    if all(c.isalnum() or c in _PLAIN for c in key):
        return f"{area}.{key}"
    quote = "'" if '"' in key else '"'
    return f"{area}.{quote}{key}{quote}"


def no_such_key(field: FieldName, known: Mapping[str, Collection[str]]) -> str:
    """What to say of a field that no run has.

    Args:
        known: the keys that there are, by area.
    """
    from difflib import get_close_matches

    own, key = sorted(known[field.area]), field.key
    folded = {one.casefold(): one for one in own}
    near = [
        as_written(field.area, folded[one]) for one in get_close_matches(key.casefold(), folded, 2)
    ]
    near += [
        as_written(area, key)
        for area in reversed(AREAS)
        if area != field.area and key in known[area]
    ]
    if near:
        return f"no run has {field.written}; did you mean {' or '.join(near)}?"
    if not own:
        return f"no run has {field.written}: there are no {field.area} at all"
    shown = ", ".join(as_written(field.area, one) for one in own[:_SHOWN])
    more = f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else ""
    return f"no run has {field.written}; there are {shown}{more}"


def _unquoted(key: str) -> tuple[str, str | None]:
    """A key, and what follows its quotes; None: it has none."""
    end = key.find(key[0], 1) if key[0] in _QUOTES else -1
    return (key[1:end], key[end + 1 :]) if end > 0 else (key, None)


def _unknown(field: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(field, NAMES, n=2)
    if "." not in field and field and not near:
        near = [f"{area}.{field}" for area in (PARAMS, METRICS, TAGS)]
    if near:
        return f"there is no field {field!r}; did you mean {' or '.join(near)}?"
    areas = "params.NAME, metrics.NAME, tags.KEY, properties.KEY"
    return f"there is no field {field!r}; use {areas} or one of {', '.join(NAMES)}"
