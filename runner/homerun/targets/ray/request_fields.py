"""What is asked of Ray for a job, from the settings of its target: numbers, resources, JSON."""

from __future__ import annotations

import json
import math

from homerun.base import sizes
from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CPUS, GPUS, MEMORY = "num_cpus", "num_gpus", "memory"
RESOURCES, RUNTIME_ENV = "resource", "runtime_env"

_LOCAL_PLACES = ("working_dir", "py_modules")
"""Parts of a runtime environment that Ray's own client would upload from this machine."""


def of(said: Mapping[str, Any], gpus: int = 0) -> dict[str, Any]:
    """The fields of a request.

    A job that asks for nothing is put on the head, however many there are: so each asks for one
    processor unless the settings say otherwise.

    Args:
        gpus: what the run itself asks for.

    Raises:
        ValueError: a setting cannot be used.
    """
    cpus = said.get(CPUS)
    wanted_gpus = gpus or number(said.get(GPUS) or 0)
    found: dict[str, Any] = {"entrypoint_num_cpus": 1 if cpus in (None, "") else number(cpus)}
    if wanted_gpus:
        found["entrypoint_num_gpus"] = wanted_gpus
    if said.get(MEMORY):
        found["entrypoint_memory"] = memory_bytes(said[MEMORY])
    if said.get(RESOURCES):
        found["entrypoint_resources"] = resources(said[RESOURCES])
    if said.get(RUNTIME_ENV):
        found["runtime_env"] = runtime_env(said[RUNTIME_ENV])
    return found


def number(given: object) -> float:
    """A number of processors or GPUs; Ray takes parts of one.

    Raises:
        ValueError: it is none.
    """
    try:
        found = float(str(given))
    except ValueError:
        found = math.nan
    if not 0 <= found < 1e6 or isinstance(given, bool):
        raise ValueError("it is a number")
    return int(found) if found.is_integer() else found


def memory_bytes(given: object) -> int:
    """Bytes.

    Raises:
        ValueError: it is no size.
    """
    try:
        return sizes.read("memory", str(given))
    except UserError:
        raise ValueError("it is a size") from None


def resource(given: object) -> tuple[str, float]:
    """One of a cluster's own resources: its name, and how much.

    Raises:
        ValueError: it is none.
    """
    name, mark, amount = str(given).partition("=")
    name = name.strip()
    if not name or not mark:
        raise ValueError("it is a name and a number")
    if name in ("CPU", "GPU", "memory"):
        option = {"CPU": "num-cpus", "GPU": "num-gpus"}.get(name, name)
        raise ValueError(f"{name} has an option of its own: --{option}")
    return name, number(amount)


def resources(given: object) -> dict[str, float]:
    """Resources by name, from `name=number` or a list of such texts.

    Raises:
        ValueError: one is none.
    """
    return dict(resource(one) for one in (given if isinstance(given, (list, tuple)) else [given]))


def runtime_env(given: object) -> dict[str, Any]:
    """A runtime environment as JSON.

    Raises:
        ValueError: it is none, or names what is on this machine only.
    """
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("it is a JSON object")
    for name in _LOCAL_PLACES:
        places = found.get(name) or ()
        for place in [places] if isinstance(places, str) else places:
            if "://" not in str(place):
                raise ValueError(
                    f"its {name} is a place on this machine, {str(place)!r}: name a package that "
                    "the cluster can load, such as https://host/package.zip"
                )
    return found


def asked_for(fields: Mapping[str, Any]) -> str:
    """The fields of a request in words: `2 CPUs and 1 GPU`; "": nothing."""
    parts = []
    for field, word in (("entrypoint_num_cpus", "CPU"), ("entrypoint_num_gpus", "GPU")):
        amount = fields.get(field)
        if isinstance(amount, (int, float)) and amount > 0:
            parts.append(f"{amount:g} {word}{'' if amount == 1 else 's'}")
    size = fields.get("entrypoint_memory")
    if isinstance(size, (int, float)) and size > 0:
        parts.append(f"{sizes.shown(size)} of memory")
    others = fields.get("entrypoint_resources")
    if isinstance(others, dict):
        parts += [f"{amount} {name}" for name, amount in others.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
