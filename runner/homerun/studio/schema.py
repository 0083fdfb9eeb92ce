"""JSON schemas from the types in `answers`."""

from __future__ import annotations

from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from homerun.studio.answers.values import NAMED

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


class Schemas:
    """The schemas of some types.

    Attributes:
        named: those that others refer to, by name.
    """

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type; of one that has a name, a reference to it."""
        name = next((name for name, known in NAMED.items() if known == kind), None)
        if name is None and not is_typeddict(kind):
            return self._plain(kind)
        name = name or kind.__name__
        if name not in self.named:
            self.named[name] = {}  # it may refer to itself
            self.named[name] = self._object(kind) if is_typeddict(kind) else self._plain(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _plain(self, kind: Any) -> dict[str, Any]:
        if kind in _PLAIN:
            return _PLAIN[kind]
        origin, given = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            return {"anyOf": [self.of(one) for one in given]}
        if origin is Literal:
            return {"enum": list(given)}
        if origin is Annotated:
            told = given[1]
            if isinstance(told, str):
                return {"type": "string", "format": told}
            return {"type": "string", "enum": list(told)}
        if origin is list:
            return {"type": "array", "items": self.of(given[0])}
        if origin is dict:
            keys = {} if given[0] is str else {"propertyNames": self.of(given[0])}
            return {"type": "object", **keys, "additionalProperties": self.of(given[1])}
        raise TypeError(f"{kind!r} has no schema")

    def _object(self, kind: Any) -> dict[str, Any]:
        fields = get_type_hints(kind, include_extras=True)
        return {
            "type": "object",
            "description": kind.__doc__,
            "properties": {name.rstrip("_"): self.of(one) for name, one in fields.items()},
            "required": [name.rstrip("_") for name in fields if name in kind.__required_keys__],
            "additionalProperties": False,
        }
