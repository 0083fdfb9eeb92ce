"""Properties: set once, one write-once file per key, so that of any racing writers one wins."""

from __future__ import annotations

import os

from runstore import facts, layout, names
from runstore.errors import CorruptRecord, PropertyExists


def add(run_folder: str, key: str, value: str) -> None:
    """Set a property. Setting the value that it has already is fine.

    Raises:
        PropertyExists: it has another value.
        CorruptRecord: its file is damaged; damaged facts are never overwritten.
        ReadOnlyStore: the run cannot be written.
    """
    folder = f"{run_folder}/{layout.PROPERTIES}"
    try:
        facts.make_folder(folder)
    except OSError as error:
        raise facts.unwritable(run_folder, error) from error
    name = names.to_file_name(key)
    if facts.publish(folder, name, facts.signed({"key": key, "value": value}), sync=True):
        return
    existing = facts.read(folder, name)
    if existing is None:
        raise CorruptRecord(f"{folder}/{name}", "it holds no value")
    if existing.get("value") != value:
        raise PropertyExists(key, str(existing.get("value")), value)


def read(run_folder: str) -> dict[str, str]:
    """All properties of a run, by key."""
    folder = f"{run_folder}/{layout.PROPERTIES}"
    try:
        files = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found: dict[str, str] = {}
    for name in files:
        fact = None if name.startswith(".") else facts.read(folder, name)
        if fact is not None and "key" in fact:
            found[str(fact["key"])] = str(fact.get("value", ""))
    return found
