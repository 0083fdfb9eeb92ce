"""What has changed in a store since a cursor, by the revisions that the index counts.

A cursor is the epoch of an index and a revision of it. It holds over restarts, in any process, as
long as the index is not made again.
"""

from __future__ import annotations

from runstore.index.cache import EPOCH, MOST_GONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.index.cache import Cache


class Changes:
    """What changed behind a cursor.

    Attributes:
        cursor: where the changes stand now.
        ids: the runs that are new or changed, in the order of their last change.
        removed: runs that are gone.
        parents: the parents of those that changed.
        is_reset: the cursor is of another index, or too much has changed: nothing else counts.
    """

    __slots__ = ("cursor", "ids", "is_reset", "parents", "removed")

    def __init__(self, cursor: str, is_reset: bool = False) -> None:
        self.cursor = cursor
        self.ids: list[str] = []
        self.removed: list[str] = []
        self.parents: set[str] = set()
        self.is_reset = is_reset


def since(cache: Cache, cursor: str, at_most: int) -> Changes:
    """What changed behind a cursor."""
    epoch, _, text = cursor.rpartition(".")
    known, last = str(cache.fact(EPOCH)), cache.revision()
    now = f"{known}.{last}"
    if epoch != known or not text.isdecimal() or int(text[:18]) > last:
        return Changes(now, is_reset=True)
    found = Changes(now)
    revision = int(text)
    if revision < last - MOST_GONE:
        return Changes(now, is_reset=True)
    sql = "SELECT id, parent FROM runs WHERE revision > ? ORDER BY revision LIMIT ?"
    rows = cache.db.execute(sql, (revision, at_most + 1)).fetchall()
    gone = "SELECT id FROM gone WHERE revision > ? ORDER BY revision LIMIT ?"
    removed = [run_id for (run_id,) in cache.db.execute(gone, (revision, at_most + 1))]
    if max(len(rows), len(removed)) > at_most:
        return Changes(now, is_reset=True)
    found.ids = [run_id for run_id, _ in rows]
    found.parents = {parent for _, parent in rows if parent}
    there = set(found.ids)
    found.removed = [run_id for run_id in removed if run_id not in there]
    return found
