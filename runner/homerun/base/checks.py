"""Check what the caller passes: texts, numbers, lists and dicts of them.

A scalar of numpy, torch or pandas is a number like any other.
"""

from __future__ import annotations

import os

from homerun.base.errors import UserError
from runstore.fs import json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runstore.run.params import Value

_PLAIN = (str, int, float, bool)


def text_pairs(what: str, given: Mapping[str, object]) -> dict[str, str | None]:
    """Tags or properties with their values as text, as the original makes them; None stays None.

    A scalar of numpy, torch or pandas becomes the text of its number.

    Raises:
        UserError: it is no dict, or a key is no text.
    """
    if not hasattr(given, "items"):
        raise UserError(f"{what} are a dict of texts, not {type(given).__name__}")
    for key in given:
        if not isinstance(key, str):
            raise UserError(f"{what} are named by text, not by {type(key).__name__} {key!r}")
    return {key: _text(value) for key, value in given.items()}


def params(given: Mapping[str, object]) -> dict[str, Value]:
    """Parameters with their values as a record holds them; secrets are masked.

    A dict within is taken apart: `{"optimizer": {"lr": 1}}` is `optimizer.lr`. A list is one
    of such values; what is deeper within it is text. NaN and the infinities are
    texts, and so is anything else that is no number, boolean or None.

    Raises:
        UserError: it is no dict, or a key is no text.
    """
    from homerun.base import masking

    if not hasattr(given, "items"):
        raise UserError(f"parameters are a dict, not {type(given).__name__}")
    found: dict[str, Any] = {}
    key: Any
    value: Any
    for key, value in given.items():
        if not isinstance(key, str) or not key:
            raise UserError(f"parameters are named by text, not by {type(key).__name__} {key!r}")
        if hasattr(value, "items"):
            found.update((f"{key}.{inner}", one) for inner, one in params(value).items())
        else:
            found[key] = _param(value)
    kept: dict[str, Value] = masking.document(found)
    return kept


def _param(value: object) -> object:
    if isinstance(value, (list, tuple)):
        within = map(_param, value)
        return [str(one) if isinstance(one, list) else one for one in within]
    if value is not None and not isinstance(value, (bool, int, float, str)):
        try:
            value = json_write.scalar(value)
        except TypeError:
            return str(value)
    is_odd = isinstance(value, float) and value - value != 0
    return str(value) if is_odd else value


def keys(call: str, given: Sequence[str]) -> list[str]:
    """Keys in a list, or one alone, as a list of texts.

    Raises:
        UserError: it is neither.
    """
    if not hasattr(given, "__iter__"):
        raise UserError(f"{call} takes keys in a list, not {type(given).__name__}")
    return [given] if isinstance(given, str) else [str(key) for key in given]


def items(what: str, given: object) -> list[Any]:
    """The items of a list, a tuple, an array or the like; a path among them as text.

    Raises:
        UserError: it is one text, or has no order: a dict or a set.
    """
    return [plain(item) for item in _listed(what, given)]


def _listed(what: str, given: Any) -> list[Any]:
    is_list = hasattr(given, "__iter__") and not json_write.is_table(given)
    if not is_list or isinstance(given, (str, bytes, set, frozenset)):
        raise UserError(f"{what} is a list of texts and numbers, not {type(given).__name__}")
    return list(given)


def words(what: str, given: object) -> list[str]:
    """The items of a list as texts that a program can get.

    Raises:
        UserError: as `items` and `word`.
    """
    return [word(what, item) for item in _listed(what, given)]


def word(what: str, given: object) -> str:
    """A text, number or path as a text that a program can get.

    Raises:
        UserError: it is something else, or holds what no program can get.
    """
    found = plain(given)
    if not isinstance(found, (str, int, float)):
        raise UserError(f"{what} holds {type(found).__name__} {found!r}; use texts and numbers")
    found = _shortest(given, found) if isinstance(found, float) else str(found)
    if "\0" in found:
        raise UserError(f"{what} holds a NUL character, which no program can get")
    try:
        os.fsencode(found)
    except UnicodeEncodeError:
        wrong = f"{what} holds half of a surrogate pair, which no program can get"
        raise UserError(wrong) from None
    return found


def path(what: str, given: object) -> str:
    """A path as text.

    Raises:
        UserError: it is none, or no program can get it.
    """
    given = plain(given)
    if not isinstance(given, str):
        raise UserError(f"{what} is a path, not {type(given).__name__} {given!r}")
    return word(what, given)


def flag(what: str, given: object) -> bool:
    """True or False.

    Raises:
        UserError: it is neither.
    """
    given = plain(given)
    if not isinstance(given, bool):
        raise UserError(f"{what} is True or False, not {given!r}")
    return given


def count(what: str, given: object, least: int = 0, most: int | None = None) -> int:
    """A whole number within limits.

    Raises:
        UserError: it is something else.
    """
    given = plain(given)
    if type(given) is not int or given < least or (most is not None and given > most):
        limits = "" if most is None else f" from {least} to {most}"
        raise UserError(f"{what} is a whole number{limits}, not {given!r}")
    return given


def seconds(what: str, given: object) -> float:
    """A number of seconds from 0 on; it has an end.

    Raises:
        UserError: it is something else.
    """
    given = plain(given)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1e15:
        raise UserError(f"{what} is a number of seconds, not {given!r}")
    return given


def variables(what: str, given: Mapping[str, object]) -> dict[str, str]:
    """Environment variables.

    Raises:
        UserError: it is no dict of texts and numbers, or a name is none of a variable.
    """
    if not hasattr(given, "items"):
        raise UserError(f"{what} is a dict, not {type(given).__name__}")
    names: list[object] = list(given)
    for name in names:
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise UserError(f"{name!r} is not a valid name for an environment variable")
    return {name: word(what, value) for name, value in given.items()}


def plain(given: Any) -> Any:
    """The number or text behind a scalar of another library, and the text of a path.

    Anything else is returned as it is.
    """
    if type(given) in _PLAIN:
        return given
    if isinstance(given, os.PathLike):
        return os.fspath(given)
    if getattr(given, "shape", ()) != ():
        return given  # an array of one element is no scalar
    try:
        return json_write.scalar(given)
    except TypeError:
        return given


def _shortest(given: object, number: float) -> str:
    """A float as text; one of 32 bits has fewer digits than Python's own, which equals it."""
    found = str(given)
    try:
        float(found)
    except ValueError:
        return str(number)
    return found


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str.__str__(value)
    try:
        plain = json_write.scalar(value)
    except TypeError:
        return str(value)
    return None if plain is None else str(plain)
