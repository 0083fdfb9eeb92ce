"""The kinds of values that fields have: how a text reads as one, and how two are compared.

A text that cannot be of the kind is refused, with an example: nothing is compared as text that is
none.
"""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.fs import clock
from runstore.run.params import number_in
from runstore.status import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Wanted = Union[str, float, tuple[str, str], None]

TEXT, NUMBER, TIME, STATUS = "text", "number", "time", "status"
DURATION, SIZE, PERCENT = "duration", "size", "percent"
"""Numbers with a unit: seconds, KiB, and %."""
ANY = "any"
"""Of a tag, a property or a parameter: each value is a text or a number of its own."""

NUMBERS = (NUMBER, DURATION, SIZE, PERCENT)

ORDER = ("<=", ">=", "<", ">")
OPERATORS = ("=", "!=", *ORDER, "~")
"""`~`: contains, without regard to case."""

_ALLOWED = {
    TEXT: ("=", "!=", "~"),
    STATUS: ("=", "!=", "~"),
    ANY: OPERATORS,
    NUMBER: ("=", "!=", *ORDER),
    TIME: ("=", "!=", *ORDER),
    DURATION: ("=", "!=", *ORDER),
    SIZE: ("=", "!=", *ORDER),
    PERCENT: ("=", "!=", *ORDER),
}
_EXAMPLES = {
    TEXT: "{0} ~ word",
    STATUS: "{0} = Failed",
    NUMBER: "{0} > 10",
    TIME: "{0} > 2h (newer than two hours ago) or {0} < 2026-11-21T14:30",
    DURATION: "{0} > 90s or {0} > 1h30m",
    SIZE: "{0} > 10GB",
    PERCENT: "{0} > 50 or {0} > 50%",
    ANY: "{0} > 10, {0} > 2026-11-21 or {0} = text",
}
_NAMES = {
    NUMBER: "number",
    TIME: "time",
    DURATION: "duration",
    SIZE: "size",
    PERCENT: "percentage",
    STATUS: "status",
    ANY: "number, duration or time",
}
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PRECISIONS = ((10, 86400), (13, 3600), (16, 60), (19, 1))
"""By the length of a text: so many seconds of time are meant."""

_KIB = 1024
_MOST, _LONGEST = 1 << 63, 300
_INFINITE = ("inf", "+inf", "-inf", "infinity", "-infinity")


def read(kind: str, name: str, operator: str, text: str, is_bare: bool = True) -> Wanted:
    """What a value of this kind is compared with, from its text.

    Args:
        name: how the field was written, for the error.
        is_bare: a number without a unit counts, in the field's own.

    Raises:
        InvalidQuery: the kind has no such operator, or the text is no value of the kind.
    """
    if operator not in _ALLOWED[kind]:
        what = f"is a {_NAMES[kind]}" if kind in _NAMES else "is text"
        raise InvalidQuery(f"{name} {what}, which {operator} is not for: {_example(kind, name)}")
    if operator == "~" or kind == TEXT:
        return text
    found: Wanted = None
    if kind == STATUS:
        found = next((one for one in ALL if one.casefold() == text.casefold()), None)
    elif kind == TIME:
        found = _time(operator, text)
    elif kind == ANY:
        found = _any(text) if operator in ORDER else text
    elif kind in (NUMBER, PERCENT):
        found = number(text.removesuffix("%").rstrip() if kind == PERCENT else text)
    else:
        found = seconds_in(text) if kind == DURATION else kib_in(text)
        if found is None and is_bare:
            found = number(text)
    if found is None:
        those = f"one of {', '.join(ALL)}" if kind == STATUS else _example(kind, name)
        raise InvalidQuery(f"{text!r} is not a valid {_NAMES[kind]} for {name}: {those}")
    return found


def _example(kind: str, name: str) -> str:
    return f"write {_EXAMPLES[kind].format(name)}"


def _time(operator: str, text: str) -> Wanted:
    """The moment that a text means; for `=` the span of time: a day, a minute, a second."""
    span = moments(text)
    if operator in ORDER:
        return span and span[0]
    return span if span and span[0] != span[1] else None


def _any(text: str) -> Wanted:
    """A number, a duration as it is written, or a moment."""
    found = number(text)
    if found is None and seconds_in(text) is not None:
        return text
    if found is None:
        span = moments(text)
        return span and span[0]
    return found


def number(text: str) -> float | None:
    """A number, also one of the infinities and NaN; None: it is none."""
    if text.casefold() in _INFINITE or text.casefold() == "nan":
        return float(text)
    found = number_in(text)
    return _long_number(text) if found is None else found


def rank(value: Any) -> Any:
    """What the value of a tag, a property or a parameter is sorted by, and compared with numbers:
    a text that reads as a number is one.
    """
    found = number(value) if isinstance(value, str) else None
    return value if found is None or found != found else found


def _long_number(text: str) -> float | None:
    """A whole number of more digits than a parameter's: beyond 64 bits the nearest float."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdecimal()) or digits[0] == "0" or len(digits) > _LONGEST:
        return None
    found = int(text)
    return found if -_MOST <= found < _MOST else float(found)


def seconds_in(text: str) -> float | None:
    """The seconds in `90s`, `1.5h` or `1h30m`; None: it is no duration."""
    seconds, digits = 0.0, ""
    for c in text.replace(" ", ""):
        if c in _SPANS:
            count = number_in(digits)
            if count is None or count < 0:
                return None
            seconds, digits = seconds + count * _SPANS[c], ""
        else:
            digits += c
    return None if digits or not text.strip() else seconds


def kib_in(text: str) -> float | None:
    """The KiB in `10GB`, `500 MiB` or `4096 B`, in powers of 1024; None: it is no size."""
    upper = text.strip().upper()
    digits = upper.rstrip("BIKMGT ")
    unit = upper[len(digits) :].replace(" ", "")
    if unit not in ("B", *(c + end for c in "KMGT" for end in ("", "B", "IB"))):
        return None
    count = number_in(digits.strip())
    if count is None or count < 0:
        return None
    power: int = "BKMGT".index(unit[0]) - 1
    return count * float(_KIB) ** power


def moments(text: str) -> tuple[str, str] | None:
    """The first moment of what a text means, and the one behind it, in UTC as records have them.

    `2h` and `2h ago` are one moment, a date is a day. A time without an offset is local.
    """
    import time

    seconds = seconds_in(text[: -len("ago")] if text.endswith(" ago") else text)
    if seconds is not None:
        at = time.time() - seconds
        if at < 0:
            return None
        return clock.stamp(at), clock.stamp(at)
    return _date(text)


def _date(text: str) -> tuple[str, str] | None:
    if text[4:5] != "-" or text[7:8] != "-":
        return None
    from datetime import datetime, timedelta, timezone

    text = f"{text[:-1]}+00:00" if text[-1] in "zZ" else text
    try:
        begin = datetime.fromisoformat(text)
        length = len(text) - (6 if begin.tzinfo else 0)
        seconds = next((s for digits, s in _PRECISIONS if length <= digits), 1e-6)
        end = begin + timedelta(seconds=seconds)
        utc = [one.astimezone(timezone.utc) for one in (begin, end)]
    except (ValueError, OverflowError, OSError):
        return None
    first, last = (one.isoformat(timespec="microseconds") for one in utc)
    return first, last


def holds(found: object, operator: str, wanted: Any) -> bool:
    """Compare a value with the one that is wanted, as `read` has read it.

    What is not there equals only None, and differs from everything else. A text equals a number
    where it is that number's own, and is ordered beside a number, a duration or a time only where
    it reads as one.
    """
    if found is None or wanted is None:
        same = found is wanted
        return same if operator == "=" else not same if operator == "!=" else False
    if operator == "~":
        return str(wanted).casefold() in str(found).casefold()
    if operator in ("=", "!="):
        return _is_same(found, wanted) == (operator == "=")
    if isinstance(wanted, str):
        return isinstance(found, str) and _is_ordered(found, operator, wanted)
    one = number(found) if isinstance(found, str) else found
    return one is not None and ordered(one, operator, wanted)


def _is_ordered(found: str, operator: str, wanted: str) -> bool:
    """Whether a text is a duration, or a time, that stands so to one."""
    limit = seconds_in(wanted)
    if limit is not None:
        seconds = seconds_in(found)
        return seconds is not None and ordered(seconds, operator, limit)
    span = _date(found)
    return span is not None and ordered(span[0], operator, wanted)


def _is_same(found: object, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return bool(wanted[0] <= found < wanted[1])
    if isinstance(wanted, str) and not isinstance(found, str):
        return bool(found == number(wanted))
    return bool(found == wanted)


def ordered(one: Any, operator: str, other: Any) -> bool:
    """Whether `<`, `<=`, `>` or `>=` holds."""
    if operator == "<":
        return bool(one < other)
    if operator == "<=":
        return bool(one <= other)
    return bool(one > other) if operator == ">" else bool(one >= other)
