"""The types of engines: each an `Engine`, loaded when a target of its type is used."""

from __future__ import annotations

from importlib import import_module

from homerun.targets.engines.engine import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.targets.engines.engine import Engine

TYPES: dict[str, tuple[str, str]] = {
    "slurm": ("homerun.targets.slurm.slurm", "Slurm"),
    "ray": ("homerun.targets.ray.ray", "Ray"),
}
"""The module and the class of each type that settings can name, beside `local`."""

COMMON = (
    Option("python", "the Python on the hosts that supervises runs", "/shared/env/bin/python"),
)
"""What can be set of a target of any of them."""


def offered() -> dict[str, list[tuple[str, Option]]]:
    """The options of all types by name, each with the types that have it."""
    found: dict[str, list[tuple[str, Option]]] = {}
    for name in TYPES:
        engine = find(name)
        for option in (*COMMON, *(engine.OPTIONS if engine else ())):
            found.setdefault(option.name, []).append((name, option))
    return found


def find(name: str) -> type[Engine] | None:
    """The class of a type; None: there is none."""
    if name not in TYPES:
        return None
    module, kind = TYPES[name]
    found: type[Engine] = getattr(import_module(module), kind)
    return found
