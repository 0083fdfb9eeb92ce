"""Take a snapshot for a run that nothing was submitted for, if the folder is small enough."""

from __future__ import annotations

import os

from homerun.base import places
from homerun.base.errors import SubmitError
from homerun.snapshots import scan, snapshot
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.snapshots.snapshot import Snapshot
    from runstore.store import Store

_MOST_ENTRIES = 10_000
_MOST_BYTES = 300 << 20


def capture(store: Store, path: str) -> Snapshot:
    """A snapshot of a folder, or of one file.

    Raises:
        SubmitError: it is too large to be code, or cannot be read or written.
    """
    if os.path.isfile(path):
        tree = scan.scan_file(path)
    else:
        tree = scan.scan(path, store=store.root, at_most=_MOST_ENTRIES)
    size = sum(entry[2] for _, entries in tree.folders for entry in entries)
    if size > _MOST_BYTES:
        raise scan.TooLarge(f"{tree.source} holds {size >> 20:,} MB")
    return snapshot.take(tree, f"{store.for_writing().root}/{layout.SNAPSHOTS}")


def capture_if_small(store: Store, folder: str | None) -> tuple[Snapshot | None, list[str]]:
    """The same, where a folder that is too large, or unreadable, is no error.

    Args:
        folder: None: none is wanted.

    Returns:
        The snapshot, claimed, or None, and notices to say once.
    """
    if folder is None:
        return None, []
    why = "" if os.path.isabs(folder) else places.unfit(os.path.realpath(folder))
    if why:
        return None, [f"no snapshot is taken of {os.path.realpath(folder)}, {why}"]
    try:
        taken = capture(store, folder)
    except SubmitError as error:
        advice = "name what is not code in .amlignore, or give another snapshot_directory, or None"
        return None, [f"no snapshot: {error.message}; {advice}"]
    return taken, list(taken.notices)
