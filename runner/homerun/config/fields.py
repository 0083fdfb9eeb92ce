"""Configurations as objects with fixed fields: each checks its values and prints as JSON.

A class says in `_fields` what it has: `name: (check, default)`, or `name: (Class, None)` for a part
that is such an object itself. In files the names are spelled in camelCase; any spelling is read.
"""

from __future__ import annotations

import copy
import os

from homerun.base import checks
from homerun.base.errors import RunConfigurationError, UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Callable, Union

    Check = Callable[[str, Any], Any]
    Kind = Union[Check, "type[Fields]"]


class Fields:
    """An object that has these fields and no others.

    Args:
        values: values of its first fields, in their order.
        given: values of some of its fields.

    Raises:
        AttributeError: a field that there is not.
        UserError: a value that the field cannot have.
    """

    _fields: Mapping[str, tuple[Any, object]] = {}
    _spelled: Mapping[str, str] = {}
    """Where a file spells a field otherwise."""

    def __init__(self, *values: Any, **given: Any) -> None:
        for name, (kind, default) in self._fields.items():
            value = kind() if is_part(kind) else copy.deepcopy(default)
            object.__setattr__(self, name, value)
        for name, value in (*zip(self._fields, values), *given.items()):
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        field = self._fields.get(name)
        if field is None:
            if name[:1] == "_" or isinstance(getattr(type(self), name, None), property):
                object.__setattr__(self, name, value)
                return
            raise AttributeError(self._stranger(name))
        kind = field[0]
        what = f"{type(self).__name__}.{name}"
        if is_part(kind):
            if not isinstance(value, kind):
                raise UserError(f"{what} is a {kind.__name__}, not {type(value).__name__}")
        else:
            value = kind(what, value)
        object.__setattr__(self, name, value)

    def _stranger(self, name: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(name, self._fields, 1)
        told = f"{type(self).__name__!r} object has no attribute {name!r}"
        return f"{told}; is {near[0]!r} meant?" if near else told

    def to_dict(self) -> dict[str, Any]:
        """The fields as a file has them: camelCase, and plain values."""
        return {self.spelled(name): _plain(getattr(self, name)) for name in self._fields}

    def fill(self, said: Mapping[Any, Any]) -> list[str]:
        """Take the fields from what a file says; the keys that mean nothing here are returned.

        An empty value leaves the default.

        Raises:
            UserError: a value that the field cannot have.
        """
        known = {_letters(name): name for name in self._fields}
        known.update({_letters(self.spelled(name)): name for name in self._fields})
        unknown = []
        for key, value in said.items():
            name = known.get(_letters(str(key)))
            if name is None:
                unknown.append(str(key))
            elif value is not None:
                unknown += [f"{name}.{below}" for below in self._fill_one(name, value)]
        return unknown

    def _fill_one(self, name: str, value: Any) -> list[str]:
        part = getattr(self, name)
        if not isinstance(part, Fields):
            setattr(self, name, value)
            return []
        if not hasattr(value, "items"):
            raise UserError(f"{type(self).__name__}.{name} has fields of its own, not {value!r}")
        return part.fill(value)

    @classmethod
    def spelled(cls, name: str) -> str:
        """A field's name in a file."""
        first, *rest = name.split("_")
        return cls._spelled.get(name) or first + "".join(word.capitalize() for word in rest)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        import json

        return json.dumps(self.to_dict(), indent=4, default=str)


def is_part(kind: Kind) -> bool:
    """Whether a field's kind is a class of fields."""
    return isinstance(kind, type) and issubclass(kind, Fields)


def text(what: str, given: Any) -> str | None:
    """A text, or nothing."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, os.PathLike):
        return str(os.fspath(given))
    raise UserError(f"{what} is a text, not {type(given).__name__} {given!r}")


def label(what: str, given: Any) -> str | None:
    """A text, or a number that a file has without quotes."""
    if isinstance(checks.plain(given), (int, float)) and not isinstance(given, bool):
        return checks.word(what, given)
    return text(what, given)


def number(what: str, given: Any) -> int | None:
    """A whole number from 0 on, or nothing."""
    return None if given is None else checks.count(what, given)


def timespan(what: str, given: Any) -> float | None:
    """A number of seconds, or nothing."""
    return None if given is None else checks.seconds(what, given)


def words(what: str, given: Any) -> list[Any]:
    """A list of texts and numbers, which stay what they are."""
    found = [] if given is None else checks.items(what, given)
    for item in found:
        checks.word(what, item)
    return found


def command(what: str, given: Any) -> Any:
    """A line for the shell, or a list of words."""
    return given if isinstance(given, str) else words(what, given)


def target(what: str, given: Any) -> str:
    """A target's name, or an object that has one."""
    name = given if isinstance(given, str) else getattr(given, "name", None)
    if not isinstance(name, str) or not name:
        raise UserError(f"{what} is a target's name, not {type(given).__name__} {given!r}")
    return name


def anything(what: str, given: Any) -> Any:
    """Kept as it is: it has no meaning on one machine."""
    return given


def one_of(what: str, given: Any, allowed: tuple[str, ...]) -> str:
    """One of these words, however it is written.

    Raises:
        RunConfigurationError: it is none of them.
    """
    for word in allowed:
        if isinstance(given, str) and given.lower() == word.lower():
            return word
    raise RunConfigurationError(f"{what} is one of {', '.join(allowed)}, not {given!r}")


def _letters(key: str) -> str:
    return "".join(c for c in key.lower() if c.isalnum())


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
