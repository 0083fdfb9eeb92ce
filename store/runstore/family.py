"""Parents and children: the runs below a run, by the links in its folder."""

from __future__ import annotations

import os

from runstore import layout
from runstore.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def below(parent: Record, *, recursive: bool = False) -> Iterator[Record]:
    """A run's children, or all its descendants, the newest first.

    The cost is that of the children alone, however many runs there are beside them. A link that
    leads nowhere (its run was removed, or its maker was killed) is skipped.
    """
    found = _linked(parent.path)
    if recursive:
        for child in list(found.values()):
            _gather(child, found)
    records = []
    for path in found.values():
        folder, run_id = os.path.split(path)
        records.append(Record(parent.store, os.path.basename(folder), run_id))
    yield from sorted(records, key=_made, reverse=True)


def _made(record: Record) -> tuple[str, int]:
    number = record.run.get("number")
    return record.created, number if isinstance(number, int) else 0


def _linked(run_folder: str) -> dict[str, str]:
    """The folders of a run's children, by id."""
    folder = f"{run_folder}/{layout.CHILDREN}"
    try:
        names = os.listdir(folder)
    except OSError:
        return {}
    found = {}
    for name in names:
        try:
            path = os.path.normpath(os.path.join(folder, os.readlink(f"{folder}/{name}")))
        except OSError:
            continue
        if os.path.isdir(path):
            found[name] = path
    return found


def _gather(run_folder: str, found: dict[str, str]) -> None:
    for run_id, path in _linked(run_folder).items():
        if run_id not in found:
            found[run_id] = path
            _gather(path, found)
