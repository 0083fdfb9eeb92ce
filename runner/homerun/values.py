"""What may be logged: checks of a metric's name and value, and what a value is stored as."""

from __future__ import annotations

from homerun.errors import UserError
from runstore import encode

_MANY = (list, range, set, frozenset)


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
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        return encode.scalar(value)
    except TypeError:
        return repr(value)


def _is_generator_function(value: object) -> bool:
    code = getattr(value, "__code__", None)
    generator_flag = 0x20  # inspect.CO_GENERATOR, without its import
    return bool(code is not None and code.co_flags & generator_flag)
