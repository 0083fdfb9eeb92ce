"""Properties: set once, one write-once file per key, so that of any racing writers one wins."""

from __future__ import annotations

from runstore import layout, names
from runstore.errors import CorruptRecord, PropertyExists
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def add(run_folder: str, key: str, value: str, run: Mapping[str, Any] | None = None) -> None:
    """Set a property. Setting the value that it has already is fine.

    Args:
        run: the run's run.json, which holds the properties that it was made with.

    Raises:
        PropertyExists: it has another value.
        CorruptRecord: its file is damaged; damaged facts are never overwritten.
        ReadOnlyStore: the run cannot be written.
    """
    given = _given(run)
    if key in given:
        if given[key] != value:
            raise PropertyExists(key, given[key], value)
        return
    folder = f"{run_folder}/{layout.PROPERTIES}"
    try:
        if atomic.make_folder(folder):
            atomic.sync_folder(run_folder)  # or a power cut takes the new folder
    except OSError as error:
        raise atomic.unwritable(run_folder, error) from error
    name = names.to_file_name(key)
    if facts.publish(folder, name, facts.signed({"key": key, "value": value}), sync=True):
        return
    existing = facts.read(folder, name)
    if existing is None:
        raise CorruptRecord(f"{folder}/{name}", "it holds no value")
    if existing.get("value") != value:
        raise PropertyExists(key, str(existing.get("value")), value)


def read(
    run_folder: str, run: Mapping[str, Any] | None = None, *, is_strict: bool = False
) -> dict[str, str]:
    """All properties of a run, by key; `run` as for `add`.

    Args:
        is_strict: raise where one may not be read, instead of leaving it out.
    """
    read_fact = facts.read_own if is_strict else facts.read
    folder = f"{run_folder}/{layout.PROPERTIES}"
    try:
        files = sorted(atomic.names_in(folder))
    except (FileNotFoundError, NotADirectoryError):
        return _given(run)
    found = _given(run)
    for name in files:
        fact = None if name.startswith(".") else read_fact(folder, name)
        key, value = (fact or {}).get("key"), (fact or {}).get("value")
        if isinstance(key, str) and isinstance(value, str):
            found[key] = value
    return found


def _given(run: Mapping[str, Any] | None) -> dict[str, str]:
    found = (run or {}).get("properties")
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}
