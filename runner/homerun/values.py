"""What may be logged: checks of a metric's name and value, and what a value is stored as."""

from __future__ import annotations

from homerun.errors import UserError
from runstore import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MANY = (list, range, set, frozenset)
_PLAIN = (float, int, str, bool)


def name(given: object) -> str:
    """The metric's name itself.

    Raises:
        UserError: it is no text.
    """
    if isinstance(given, str):
        return given
    raise UserError(f"a metric is named by text, not by {type(given).__name__} {given!r}")


def scalar(metric: str, value: object) -> object:
    """The value as it is stored: a plain number, text, bool or None.

    Scalars of numpy, torch and pandas become numbers; any other single object becomes its text,
    as the original does it.

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
        return repr(value)


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
    if not hasattr(given, "__iter__"):
        raise UserError(f"log_list({metric!r}, …) takes a list, not {type(given).__name__}")
    try:
        return [_plain(value) for value in given]
    except TypeError:
        raise UserError(
            f"log_list({metric!r}, …) takes single values; one of these is none"
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
    columns = {str(key): _column(metric, value) for key, value in given.items()}
    lengths = {len(column): key for key, column in columns.items()}
    if len(lengths) > 1:
        one, other = list(lengths.values())[:2]
        raise UserError(
            f"the columns {one!r} and {other!r} of {metric!r} differ in length; "
            "give each the same number of values"
        )
    return columns


def _column(metric: str, value: object) -> list[object]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [single(metric, value)]
    return many(metric, value)


def _plain(value: object) -> object:
    """A plain number, text, bool or None.

    Raises:
        TypeError: the value is none, and not the scalar of another library.
    """
    if value is None or type(value) in _PLAIN:
        return value
    for kind in (float, int, str):  # their heirs, such as numpy's float64
        if isinstance(value, kind):
            return getattr(kind, f"__{kind.__name__}__")(value)
    return encode.scalar(value)


def _is_generator_function(value: object) -> bool:
    code = getattr(value, "__code__", None)
    generator_flag = 0x20  # inspect.CO_GENERATOR, without its import
    return bool(code is not None and code.co_flags & generator_flag)
