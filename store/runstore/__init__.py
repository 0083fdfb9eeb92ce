"""The store of homerun: files, and nothing about processes.

A store is a folder that people can read. This package reads any `.runs/` on its own; importing it
loads nothing until a name is used.
"""

from __future__ import annotations

_HOMES = {
    "Store": "store",
    "Record": "run.record",
    "Draft": "draft",
    "StoreError": "errors",
    "RunNotFound": "errors",
    "RunExists": "errors",
    "AmbiguousPrefix": "errors",
    "ExperimentNotFound": "errors",
    "InvalidName": "errors",
    "InvalidTransition": "errors",
    "CorruptRecord": "errors",
    "FormatTooNew": "errors",
    "ReadOnlyStore": "errors",
    "PropertyExists": "errors",
    "LockTimeout": "errors",
}

__all__ = list(_HOMES)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.draft import Draft as Draft
    from runstore.errors import *  # noqa: F403
    from runstore.run.record import Record as Record
    from runstore.store import Store as Store


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runstore' has no attribute {name!r}")
    return getattr(__import__(f"runstore.{home}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
