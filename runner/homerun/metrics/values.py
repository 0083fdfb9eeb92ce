"""Checks of a metric's name and value, and what a value is stored as."""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import UserError
from runstore.fs import json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_MANY = (list, range, set, frozenset)
_PLAIN = (float, int, str, bool)

_told: set[type] = set()
"""The types whose text was logged in place of a number, with a notice."""


def name(given: object) -> str:
    """The metric's name itself.

    Raises:
        UserError: it is no text.
    """
    if isinstance(given, str):
        return str.__str__(given)
    raise UserError(f"a metric is named by text, not by {type(given).__name__} {given!r}")


def scalar(metric: str, value: object) -> object:
    """The value as it is stored: a plain number, text, bool or None.

    Scalars of numpy, torch and pandas become numbers, dates their ISO text; any other single object
    becomes its text, as the original does it, and that is said once.

    Raises:
        UserError: the value is many values.
    """
    if isinstance(value, _MANY) or hasattr(value, "__next__") or _is_generator_function(value):
        raise UserError(
            f"log({metric!r}, …) takes one value, not {type(value).__name__}; "
            "use log_list for a list of values"
        )
    try:
        return _plain(value)
    except TypeError:
        _tell_text(metric, type(value))
        return repr(value)


def step(metric: str, given: object) -> int | None:
    """The step of a point, a whole number, or None.

    Raises:
        UserError: it is none.
    """
    if given is None or type(given) is int:
        return given
    try:
        number = _plain(given)
    except TypeError:
        number = None
    if isinstance(number, (int, float)) and number == number // 1:
        return int(number)
    raise UserError(f"the step of {metric!r} is a whole number, not {given!r}")


def single(metric: str, value: object) -> object:
    """The value of one cell of a row.

    Raises:
        UserError: it is no single value.
    """
    try:
        return _plain(value)
    except TypeError:
        raise UserError(
            f"a cell of {metric!r} is one value, not {type(value).__name__}; "
            "use log_table for columns of values"
        ) from None


def many(metric: str, given: Iterable[object]) -> list[object]:
    """The values of a list, one by one; a generator is consumed, a generator function called.

    Raises:
        UserError: it holds no values, or something that is no single value.
    """
    if _is_generator_function(given):
        given = given()  # type: ignore[operator]
    if not hasattr(given, "__iter__") or json_write.is_table(given):
        raise UserError(
            f"log_list({metric!r}, …) takes a list, not {type(given).__name__}; "
            "use log_row or log_table for values with names"
        )
    try:
        return [_plain(value) for value in given]
    except TypeError:
        raise UserError(
            f"every value of {metric!r} has to be a single one; one of these is not"
        ) from None


def table(metric: str, given: Mapping[str, object]) -> dict[str, list[object]]:
    """A table's columns as lists of one length; a single value is a column of one.

    Raises:
        UserError: it is no dict, or its columns differ in length.
    """
    if not hasattr(given, "items"):
        raise UserError(
            f"log_table({metric!r}, …) takes a dict of columns, not {type(given).__name__}"
        )
    found = [(str(key), _column(metric, key, value)) for key, value in given.items()]
    columns = dict(found)
    if len(columns) < len(found):
        raise UserError(f"two columns of {metric!r} have the same name as text; rename one")
    lengths = {len(column): key for key, column in columns.items()}
    if len(lengths) > 1:
        one, other = list(lengths.values())[:2]
        raise UserError(
            f"the columns {one!r} and {other!r} of {metric!r} differ in length; "
            "give each the same number of values"
        )
    return columns


def document(metric: str, given: object) -> str:
    """A JSON metric as strict JSON; arrays of numpy, torch and pandas in it become lists.

    Args:
        given: a dict, or JSON text.

    Raises:
        UserError: it is neither, or holds what has no JSON form.
    """
    if isinstance(given, str):
        given = _parsed(metric, given)
    elif not hasattr(given, "items"):
        raise UserError(
            f"the value of {metric!r} is a dict or JSON text, not {type(given).__name__}"
        )
    try:
        return json_write.dumps(_nested(given))
    except TypeError as error:
        raise UserError(f"{metric!r} is not logged: {error}") from None
    except RecursionError:
        raise UserError(f"{metric!r} is not logged: it is nested too deep, or in itself") from None


def _parsed(metric: str, text: str) -> object:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the text for {metric!r} is not JSON: {error}") from None


def _nested(value: Any) -> object:
    """A value as dicts, lists and plain values, all the way down.

    Raises:
        TypeError: something in it has no JSON form.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (list, tuple, range)):
        return [_nested(inner) for inner in value]
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0:
        is_date = getattr(value.dtype, "kind", "") in ("m", "M")
        return [_nested(inner) for inner in (value if is_date else value.tolist())]
    if callable(getattr(value, "items", None)):
        return {_key(key): _nested(inner) for key, inner in value.items()}
    return _plain(value)


def _key(given: object) -> str:
    """A key as JSON has it: the text of a number, a bool or None, as `json.dumps` makes them."""
    plain = _plain(given)
    if isinstance(plain, str):
        return plain
    return repr(plain) if isinstance(plain, float) else json_write.dumps(plain)


def _column(metric: str, key: object, value: Any) -> list[object]:
    """A column's values; a scalar of another library says by its `ndim` that it is one."""
    is_one = not hasattr(value, "__iter__") or getattr(value, "ndim", 1) == 0
    if is_one or isinstance(value, (str, bytes)):
        return [single(metric, value)]
    if json_write.is_table(value):
        kind = type(value).__name__
        raise UserError(f"the column {key!r} of {metric!r} is a list of values, not {kind}")
    return many(metric, value)


def _plain(value: Any) -> object:
    """A plain number, text, bool or None.

    Raises:
        TypeError: the value is none, and neither a date nor the scalar of another library.
    """
    if value is None or type(value) in _PLAIN:
        return value
    for kind in (float, int, str):  # their heirs, such as numpy's float64
        if isinstance(value, kind):
            return getattr(kind, f"__{kind.__name__}__")(value)
    try:
        return json_write.scalar(value)
    except TypeError:
        if callable(getattr(value, "isoformat", None)):
            return str(value.isoformat())
        raise


def _tell_text(metric: str, kind: type) -> None:
    if kind not in _told:
        _told.add(kind)
        what = f"{metric!r}: a value of type {kind.__name__} is logged as its text"
        messages.tell([f"{what}; give log a number, text or bool"])


def _is_generator_function(value: object) -> bool:
    code = getattr(value, "__code__", None)
    generator_flag = 0x20  # inspect.CO_GENERATOR, without its import
    return bool(code is not None and code.co_flags & generator_flag)
