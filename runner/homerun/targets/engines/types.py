"""The types of engines: each an `Engine`, loaded when a target of its type is used."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.targets.engines.engine import Engine

TYPES: dict[str, tuple[str, str]] = {}
"""The module and the class of each type that settings can name, beside `local`."""


def find(name: str) -> type[Engine] | None:
    """The class of a type; None: there is none."""
    if name not in TYPES:
        return None
    module, kind = TYPES[name]
    found: type[Engine] = getattr(import_module(module), kind)
    return found
