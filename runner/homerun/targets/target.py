"""Targets: where runs are placed, and how many at once. There is one without any settings: `local`.

`.runs/settings.json` can say more; `homerun target` writes it:

    {"max_concurrent_runs": 2, "targets": {"small": {"type": "local", "slots": 1}},
     "default_target": "small"}
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.base.errors import UserError
from runstore.errors import InvalidSettings
from runstore.queue import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.store import Store

LOCAL = "local"
SIZE = "max_concurrent_runs"
MOST_SLOTS = 999

_ALL = "targets"
_DEFAULT = "default_target"
_TYPES = (LOCAL,)


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

    def size_for(self, limit: int | None) -> int:
        """How many slots it has for a run that was submitted under a limit of its own."""
        if limit is None:
            return self.size
        return limit if self.name == LOCAL else min(limit, self.size)


def find(root: str, name: str | None = None) -> Target | None:
    """The target of a name, or the store's default one; None: there is none, or none is known.

    Settings that cannot be read let nobody start anything: they may hold a limit.
    """
    try:
        return get(root, name)
    except (InvalidSettings, UserError):
        return None


def get(root: str, name: str | None = None) -> Target:
    """The target of a name, or the store's default one.

    Raises:
        UserError: there is none of that name.
        InvalidSettings: the settings cannot be read.
    """
    found = settings.read(root)
    wanted = name or _default(found)
    if wanted == LOCAL:
        size = limit() or _number(found.get(SIZE))
        return Target(LOCAL, size or cores(), size is not None)
    said = _known(found).get(wanted)
    if not isinstance(said, dict) or not names_a_target(wanted):
        raise UserError(f"there is no target {wanted!r}: `homerun target list` shows them")
    return Target(wanted, _number(said.get("slots")) or cores(), True)


def limit(given: int | None = None) -> int | None:
    """How many runs may go on at once when one that is submitted now starts; None: nobody said."""
    return given or _number(os.environ.get(environ.SIZE))


def names_a_target(name: str) -> bool:
    """Whether a target may have the name: it is that of a folder."""
    return bool(name) and all(c in "_-" or (c.isascii() and c.isalnum()) for c in name)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Targets:
    """The targets of a store, as its settings name them; iterating gives each `Target`.

    Raises:
        InvalidSettings: wherever the settings are needed and cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def default(self) -> str:
        """The name of the target that is meant where none is named."""
        return _default(settings.read(self._store.root))

    def __iter__(self) -> Iterator[Target]:
        known = _known(settings.read(self._store.root))
        for name in [LOCAL, *sorted(name for name in known if name != LOCAL)]:
            found = find(self._store.root, name)
            if found is not None:
                yield found

    def add(
        self, name: str, slots: int | None = None, type: str = LOCAL, default: bool = False
    ) -> None:
        """Add a target, or change the one of that name.

        Args:
            slots: how many slots it has; None: as many as it has, a new one one for each processor.
            default: it is the one that is meant where none is named.

        Raises:
            UserError: a name, a type or a number that a target cannot have.
        """
        if not names_a_target(name):
            raise UserError(f"{name!r} cannot name a target: use letters, digits, '_' and '-'")
        if type not in _TYPES:
            raise UserError(f"the type of a target is {' or '.join(_TYPES)}, not {type!r}")
        if slots is not None and not (_is_whole(slots) and 1 <= slots <= MOST_SLOTS):
            raise UserError(f"slots is a whole number from 1 to {MOST_SLOTS}, not {slots!r}")

        def edit(found: dict[str, Any]) -> None:
            if name != LOCAL:
                _put(found, name, type, slots)
            elif slots is not None:
                found[SIZE] = slots
            if default:
                found[_DEFAULT] = name

        settings.change(self._store.for_writing().root, edit)

    def remove(self, name: str) -> None:
        """Remove a target. `local` is always there: only its number of slots is forgotten.

        Raises:
            UserError: there is none of that name, or runs wait for its slots.
        """
        from runstore.queue.queue import Queue

        def edit(found: dict[str, Any]) -> None:
            if name == LOCAL:
                found.pop(SIZE, None)
                return
            if name not in _known(found):
                raise UserError(f"there is no target {name!r}: `homerun target list` shows them")
            if Queue(self._store.root, name).entries():
                raise UserError(
                    f"runs wait for the target {name!r}: cancel them, or let them run, and try "
                    f"again; `homerun queue list --target {name}` shows them"
                )
            del found[_ALL][name]
            if found.get(_DEFAULT) == name:
                del found[_DEFAULT]

        if not self._store.exists():
            edit({})  # nothing to change, and nothing to be made for that
            return
        settings.change(self._store.for_writing().root, edit)


def _default(found: dict[str, Any]) -> str:
    return str(found.get(_DEFAULT) or LOCAL)


def _known(found: dict[str, Any]) -> dict[str, Any]:
    """What the settings say of targets; anything but an object says nothing."""
    known = found.get(_ALL)
    return known if isinstance(known, dict) else {}


def _put(found: dict[str, Any], name: str, type: str, slots: int | None) -> None:
    """Add a target to the settings, or change it; keys of others stay."""
    known = found.setdefault(_ALL, {})
    if not isinstance(known, dict):
        raise UserError(f"{_ALL!r} in the settings is no object: correct that first")
    said = known.get(name)
    said = said if isinstance(said, dict) else {}
    wanted = slots or _number(said.get("slots")) or cores()
    known[name] = {**said, "type": type, "slots": wanted}


def _is_whole(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


def _number(given: Any) -> int | None:
    """A number of slots: 1 or more."""
    try:
        number = int(given)
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None
