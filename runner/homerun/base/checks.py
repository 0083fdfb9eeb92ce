"""Check what the caller passes: texts by name, and lists of keys."""

from __future__ import annotations

from homerun.base.errors import UserError
from runstore.fs import json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


def keys(call: str, given: Sequence[str]) -> list[str]:
    """Keys in a list, or one alone, as a list of texts.

    Raises:
        UserError: it is neither.
    """
    if not hasattr(given, "__iter__"):
        raise UserError(f"{call} takes keys in a list, not {type(given).__name__}")
    return [given] if isinstance(given, str) else [str(key) for key in given]


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
