"""A run's record as it is stored: its facts, labels and properties."""

from __future__ import annotations

from runstore import layout
from runstore.fs import facts
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.record import Record


def read(record: Record) -> dict[str, Any]:
    """All facts, labels and properties of a run.

    Raises:
        OSError: the disk does not tell.
    """
    labels = record.labels()
    found: dict[str, Any] = {
        "id": record.id,
        "directory": record.path,
        "facts": _facts(record.path),
        "labels": {
            "display_name": labels.display_name,
            "description": labels.description,
            "tags": labels.tags,
        },
        "properties": record.properties(),
    }
    further = attempts.further(record.path)
    if further:
        found["attempts"] = {n: _facts(attempts.folder(record.path, n)) for n in further}
    return found


def _facts(folder: str) -> dict[str, Any]:
    read = {name.partition(".")[0]: facts.read(folder, name) for name in _NAMES}
    return {name: fact for name, fact in read.items() if fact is not None}


_NAMES = (layout.RUN, layout.QUEUED, layout.PLACED, layout.TAKEN, *layout.FACTS[1:])
