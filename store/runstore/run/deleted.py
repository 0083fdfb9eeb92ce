"""The runs in the trash: which there are, and since when."""

from __future__ import annotations

import os
from time import time

from runstore import layout, names
from runstore.errors import AmbiguousPrefix, NotInTrash
from runstore.fs import atomic
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.root import Root

WITH = "with"
"""The field of `deleted.json` that names the run that was asked to be deleted."""


def entries(store: Root, *, run_id: str | None = None) -> Iterator[Record]:
    """The runs in the trash, in no order. Their folders are read as those of any other run.

    Args:
        run_id: only that one.
    """
    for folder in folders(f"{store.root}/{layout.TRASH}"):
        home = f"{layout.TRASH}/{folder}"
        ids = [run_id] if run_id is not None else folders(f"{store.root}/{home}")
        for one in ids:
            record = Record(store, home, one)
            if names.is_run_id(one) and record.exists():
                yield record


def holds(store: Root, run_id: str) -> bool:
    """Whether a run of this id lies in the trash."""
    return any(True for _ in entries(store, run_id=run_id))


def find(store: Root, run_id: str) -> Record:
    """A run in the trash, by its id or by a beginning that only one there has.

    Raises:
        NotInTrash, AmbiguousPrefix: there is none, or more than one.
    """

    found = list(entries(store, run_id=run_id)) if names.is_run_id(run_id) else []
    if not found and run_id:
        found = [one for one in entries(store) if one.id.startswith(run_id)]
    if len(found) > 1:
        raise AmbiguousPrefix(run_id, [one.id for one in found])
    if not found:
        raise NotInTrash(run_id)
    return found[0]


def deleted_at(record: Record) -> float:
    """When a run in the trash was deleted, in Unix time.

    The time of its folder tells it where the fact is missing: the rename has set that.
    """
    try:
        return os.lstat(f"{record.path}/{layout.DELETED}").st_mtime
    except OSError:
        pass
    try:
        return os.lstat(record.path).st_ctime
    except OSError:
        return time()


def folders(path: str) -> list[str]:
    """The names of the folders in a folder, sorted; none where there is no such folder."""
    try:
        return sorted(name for name in atomic.names_in(path) if atomic.is_folder(f"{path}/{name}"))
    except (FileNotFoundError, NotADirectoryError):
        return []
