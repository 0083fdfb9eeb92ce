"""Values as strict JSON, without the json module.

The supervisor and the run context write a handful of small records; importing `json` would cost
them more than all their other modules together. What this module writes any JSON parser reads:
NaN and the infinities, which JSON lacks, become {"$f": "nan"}, {"$f": "inf"} and {"$f": "-inf"},
and a character that UTF-8 cannot carry (half of a surrogate pair, or a byte that was no text)
is written as its escape.
"""

from __future__ import annotations

from _collections_abc import Mapping  # as os has it: collections.abc would load collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DATES = ("m", "M")
"""How numpy calls its dates and spans of time."""

_MISSING = ("NAType", "NaTType", "MaskedConstant")
"""The types whose one value says that there is none: of pandas, and of numpy's masked arrays."""

_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)}
_ESCAPES.update({0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"})


def text(value: str) -> str:
    """A string as JSON, quotes included."""
    escaped = value.translate(_ESCAPES)
    if not escaped.isascii():
        escaped = _without_surrogates(escaped)
    return f'"{escaped}"'


def number(value: float) -> str:
    """A float as JSON; NaN and the infinities are tagged."""
    value = float(value)  # numpy's own float64 is one, and warns of what follows
    if value - value == 0.0:
        return float.__repr__(value)
    if value != value:
        return '{"$f":"nan"}'
    return '{"$f":"inf"}' if value > 0 else '{"$f":"-inf"}'


def dumps(value: object) -> str:
    """A value as one line of strict JSON.

    Scalars of numpy, torch and pandas become numbers through their `item()`; see `scalar`.

    Raises:
        TypeError: the value, or something in it, has no JSON form.
    """
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return "{" + ",".join(text(_key(k)) + ":" + dumps(v) for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    return dumps(scalar(value))


def _integer(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # Python's own limit, which a reader would meet as well
        raise TypeError("an integer of thousands of digits cannot be stored") from None


def scalar(value: object) -> object:
    """The plain number, bool or text behind a scalar of another library.

    A date of numpy is its text; what stands for a missing value is None.

    Raises:
        TypeError: it is no scalar.
    """
    if type(value).__name__ in _MISSING:
        return None
    item = getattr(value, "item", None)
    if callable(item) and _count(value) == 1:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        is_date = kind in _DATES and hasattr(value, "reshape")
        plain: Any = _date(value) if is_date else item()
        if kind == "f" and not isinstance(plain, float):
            plain = float(plain)  # a float of more bits than Python's
        if plain is None or isinstance(plain, (bool, int, float, str)):
            return plain
    raise TypeError(f"{type(value).__name__} cannot be stored; convert it to a number or text")


def is_table(value: object) -> bool:
    """Whether it has keys or several columns: a list of its items would lack the values."""
    return isinstance(value, Mapping) or getattr(value, "ndim", 1) > 1


def pretty(record: dict[str, object]) -> str:
    """A record as JSON with one field per line, for people who `cat` it."""
    lines = [f"  {text(key)}: {dumps(value)}" for key, value in record.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise TypeError(f"the key {key!r} is {type(key).__name__}; keys are text")


def _count(value: object) -> object:
    """How many elements a scalar or array of numpy, torch or pandas has."""
    numel = getattr(value, "numel", None)
    return numel() if callable(numel) else getattr(value, "size", 1)


def _date(value: Any) -> str | None:
    """A date or a span of time of numpy as its text, also inside an array of one."""
    text = str(value.reshape(-1)[0])
    return None if text == "NaT" else text


def _without_surrogates(value: str) -> str:
    """The text with what UTF-8 cannot carry as escapes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in value)
    return value
