"""Targets: where runs are placed, and how many at once. There is one without any settings: `local`.

`.runs/settings.json` can say more:

    {"max_concurrent_runs": 2, "targets": {"small": {"type": "local", "slots": 1}},
     "default_target": "small"}
"""

from __future__ import annotations

import os

from homerun import environ
from runstore import facts, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOCAL = "local"
SIZE = "max_concurrent_runs"


class Target:
    """A target of a store.

    Attributes:
        name: its name, also that of its queue's folder.
        size: how many slots it has.
        is_limited: whether somebody has set that; else only batches and children wait for slots.
    """

    __slots__ = ("is_limited", "name", "size")

    def __init__(self, name: str, size: int, is_limited: bool) -> None:
        self.name = name
        self.size = size
        self.is_limited = is_limited


def find(root: str, name: str | None = None) -> Target | None:
    """The target of a name, or the store's default one; None: there is none of that name."""
    settings = facts.read(root, layout.SETTINGS) or {}
    wanted = name or str(settings.get("default_target") or LOCAL)
    if wanted == LOCAL:
        size = _number(os.environ.get(environ.SIZE)) or _number(settings.get(SIZE))
        return Target(LOCAL, size or cores(), size is not None)
    known = settings.get("targets")
    found = known.get(wanted) if isinstance(known, dict) else None
    if not isinstance(found, dict) or not names_a_target(wanted):
        return None
    return Target(wanted, _number(found.get("slots")) or cores(), True)


def names_a_target(name: str) -> bool:
    """Whether a target may have the name: it is that of a folder."""
    return bool(name) and all(c in "_-" or (c.isascii() and c.isalnum()) for c in name)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _number(given: Any) -> int | None:
    """A number of slots: 1 or more."""
    try:
        number = int(given)
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None
