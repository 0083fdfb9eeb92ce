"""The language of rules: that of conditions on runs, about what can be watched while one goes on.

metrics.loss is nan          no output for 30m         disk free < 5GB
metrics.acc.max > 0.95       silent for 1h             system.memory > 10GB and duration > 1h
"""

from __future__ import annotations

from homerun.base import sizes
from runstore.errors import InvalidQuery
from runstore.index import conditions, fields, kinds
from runstore.index.query import THERE, Group
from runstore.metrics.samples import BYTES, PERCENT, QUANTITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol, Union

    Part = Union["Term", Group]

    class Watched(Protocol):
        """What was seen of a run."""

        def values(self, term: Term) -> Sequence[float]:
            """The values that a term is about, the newest last; none: it is not known."""


METRIC, SYSTEM, DURATION, DISK, QUIET = "metric", "system", "duration", "disk", "quiet"
"""What a term is about."""

NO_OUTPUT, NO_METRICS, SILENT = "no output", "no metrics", "silent"
QUIETS = (NO_OUTPUT, NO_METRICS, SILENT)
DISK_FREE = "disk free"

_FOR, _IS, _IS_NOT = " for ", " is ", " is not "
_SYSTEM = "system."
_SHORT = {"memory": "memory", "cpu": "cpu_percent"}
EXAMPLES = (
    "metrics.loss is nan, metrics.acc > 0.95, no output for 30m, silent for 30m, "
    "disk free < 5GB, system.memory > 10GB, duration > 2h"
)
_SECONDS = "seconds"


class Term:
    """One comparison in a rule.

    Attributes:
        about: METRIC, SYSTEM, DURATION, DISK or QUIET.
        name: as it is shown: `metrics.loss`, `disk free`, `no output`.
        key: of a metric, or of a quantity.
        aggregate: which number of a metric.
        exact: a metric of just this name wins; "": none.
        operator, wanted: what the value is compared with: bytes, seconds, or a plain number.
        unit: of the value: BYTES, `seconds`, PERCENT, or "".
    """

    __slots__ = ("about", "aggregate", "exact", "key", "name", "operator", "unit", "wanted")

    def __init__(
        self,
        about: str,
        name: str,
        operator: str,
        wanted: float | None,
        *,
        unit: str = "",
        field: fields.FieldName | None = None,
        key: str = "",
    ) -> None:
        self.about = about
        self.name = name
        self.key = field.key if field else key
        self.aggregate = field.aggregate if field else "last"
        self.exact = field.exact if field else ""
        self.operator = operator
        self.wanted = wanted
        self.unit = unit

    def first(self, values: Sequence[float]) -> float | None:
        """The first of some values for which it holds; None: it holds for none."""
        for value in values:
            if self._holds(value):
                return value
        return None

    def _holds(self, value: float) -> bool:
        if self.operator == THERE:
            return True
        if self.wanted != self.wanted:
            return (value != value) == (self.operator == "=")
        return kinds.holds(value, self.operator, self.wanted)


def parse(text: str) -> Part:
    """A condition of a rule as people write it.

    Raises:
        InvalidQuery: it is none; the error has an example.
    """
    return conditions.parse(text, _term)  # type: ignore[return-value]


def terms_of(part: Part) -> Iterator[Term]:
    """The comparisons in a condition."""
    for one in part.parts if isinstance(part, Group) else ():
        yield from terms_of(one)  # type: ignore[arg-type]
    if isinstance(part, Term):
        yield part


def seen_in(part: Part, watched: Watched) -> dict[str, float] | None:
    """What makes a condition hold: the value of each name in it; None: it does not hold."""
    if isinstance(part, Term):
        found = part.first(watched.values(part))
        return None if found is None else {part.name: found}
    seen: dict[str, float] = {}
    for one in part.parts:
        more = seen_in(one, watched)  # type: ignore[arg-type]
        if more is None and not part.is_any:
            return None
        if more is not None:
            seen.update(more)
            if part.is_any:
                return seen
    return seen if seen and not part.is_any else None


def in_words(part: Part, seen: Mapping[str, float]) -> str:
    """What was seen, for people: `metrics.loss was nan`."""
    units = {term.name: term.unit for term in terms_of(part)}
    return ", ".join(_told(name, value, units.get(name, "")) for name, value in seen.items())


def _told(name: str, value: float, unit: str) -> str:
    if name in QUIETS:
        return f"{name} for {span(value)}"
    if unit == BYTES:
        shown = sizes.shown(value)
    elif unit == _SECONDS:
        shown = span(value)
    else:
        shown = f"{value:.6g}" + (f" {unit}" if unit else "")
    return f"{name} was {shown}"


def span(seconds: float) -> str:
    """Seconds for people, as a rule has them: `30m`, `1h5m`, `12s`."""
    left, parts = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"


def _term(written: str, operator: str, value: str | None = None) -> Term:
    """A term from what stands before an operator, the operator, and what stands behind it."""
    if operator == THERE:
        quiet = _quiet(written)
        if quiet is not None:
            return quiet
        for word, sign in ((_IS_NOT, "!="), (_IS, "=")):
            before, found, behind = written.rpartition(word)
            if found and before.strip():
                return _term(before.strip(), sign, behind.strip())
    name = " ".join(written.split())
    if name.startswith(f"{fields.METRICS}."):
        return _of_metric(name, operator, value)
    if value is None or operator == "~":
        raise InvalidQuery(f"{written!r} cannot be watched: a rule is like {EXAMPLES}")
    if name == DISK_FREE:
        return _of_disk(operator, value)
    if name in ("duration", "duration_s"):
        seconds = _number(kinds.DURATION, name, operator, value, is_bare=name != "duration")
        return Term(DURATION, name, operator, seconds, unit=_SECONDS)
    key = _SHORT.get(name, name[len(_SYSTEM) :] if name.startswith(_SYSTEM) else "")
    if key in QUANTITIES:
        return _of_quantity(f"{_SYSTEM}{key}", key, operator, value)
    if name.startswith(_SYSTEM):
        known = ", ".join(_SYSTEM + one for one in QUANTITIES)
        raise InvalidQuery(f"there is no {name}; there are {known}")
    raise InvalidQuery(f"{written!r} cannot be watched: a rule is like {EXAMPLES}")


def _quiet(written: str) -> Term | None:
    """`no output for 30m`; None: it is something else."""
    before, found, behind = written.partition(_FOR)
    name = " ".join(before.split())
    if not found and name not in QUIETS:
        return None
    if name not in QUIETS:
        raise InvalidQuery(f"{written!r} cannot be watched: a rule is like {EXAMPLES}")
    seconds = kinds.seconds_in(behind)
    if not seconds:
        raise InvalidQuery(f"{written!r} says no time: write {name} for 30m")
    return Term(QUIET, name, ">=", seconds, unit=_SECONDS)


def _of_metric(name: str, operator: str, value: str | None) -> Term:
    field = fields.split(name)
    if value is None:
        return Term(METRIC, name, THERE, None, field=field)
    wanted = _number(kinds.NUMBER, name, operator, value)
    if wanted != wanted and operator not in ("=", "!="):
        raise InvalidQuery(f"no number stands so to nan: write {name} is nan")
    return Term(METRIC, name, operator, wanted, field=field)


def _of_disk(operator: str, value: str) -> Term:
    if value.endswith("%"):
        share = _number(kinds.NUMBER, DISK_FREE, operator, value[:-1].strip())
        return Term(DISK, DISK_FREE, operator, share, unit=PERCENT)
    size = _number(kinds.SIZE, DISK_FREE, operator, value)
    return Term(DISK, DISK_FREE, operator, size, unit=BYTES)


def _of_quantity(name: str, key: str, operator: str, value: str) -> Term:
    unit = QUANTITIES[key].unit
    if unit == BYTES:
        wanted = _number(kinds.SIZE, name, operator, value)
    else:
        bare = value[: -len(unit)].strip() if unit and value.endswith(unit) else value
        wanted = _number(kinds.NUMBER, name, operator, bare)
    return Term(SYSTEM, name, operator, wanted, unit=unit, key=key)


def _number(kind: str, name: str, operator: str, value: str, *, is_bare: bool = False) -> float:
    """The number in a value: bytes of a size, seconds of a duration."""
    found: Any = kinds.read(kind, name, operator, value, is_bare)
    if kind != kinds.NUMBER and found != found:
        raise InvalidQuery(f"{name} is compared with no nan")
    return float(found) * (1024 if kind == kinds.SIZE else 1)
