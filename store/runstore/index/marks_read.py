"""The marks that writers leave before they change a run that is over, as the index reads them."""

from __future__ import annotations

import os
import time

from runstore import layout
from runstore.fs import atomic
from runstore.run import change_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runstore.index.cache import Cache

PATIENCE_S = 3600.0
"""A writer that has not said for so long that it is done was killed."""

_FULL = 1 << 20
_HEAD = 64
"""Bytes of a file of marks that tell it from another: a writer's name is random."""


def taken(root: str, cache: Cache, note: Callable[[set[str]], object] = lambda _: None) -> set[str]:
    """The runs that writers have marked since the last time, or are writing to now.

    What the index knows of them is not settled any more.

    Args:
        root: the store's folder.
        note: called with them within the transaction in which the marks count as read.
    """
    folder = f"{root}/{layout.INDEX}"
    paths = [f"{folder}/{name}" for name in _listed(folder) if name.startswith(layout.INDEX_MARKS)]
    if _is_quiet(cache, paths):
        return set()
    found: set[str] = set()
    seen: set[str] = set()
    with cache.writing():
        for path in paths:
            seen.add(_read(cache, path, found))
        _forget_removed(cache, seen)
        cache.db.execute("DELETE FROM writing WHERE ? - since > ?", (time.monotonic(), PATIENCE_S))
        found.update(row[0] for row in cache.db.execute("SELECT run FROM writing"))
        unsettle = "UPDATE runs SET settled = 0, metered = 0 WHERE id = ?"
        cache.db.executemany(unsettle, [(run_id,) for run_id in found])
        note(found)
    return found


def _is_quiet(cache: Cache, paths: list[str]) -> bool:
    """Whether nothing has come since the last time. Only else does a query need its turn at
    writing, for which it may have to wait while another process looks at all runs.
    """
    if cache.db.execute("SELECT 1 FROM writing").fetchone() is not None:
        return False
    read: dict[str, int] = {}
    for path in paths:
        try:
            descriptor = atomic.open_plain(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in atomic.NO_FILE:
                continue  # a link leads to no marks
            raise
        try:
            seen = os.fstat(descriptor)
            if _is_to_be_turned_over(path, seen):
                return False
            if seen.st_size:
                read[_name_of(descriptor, seen)] = seen.st_size
        finally:
            os.close(descriptor)
    return read == dict(cache.db.execute("SELECT file, offset FROM marks"))


def _name_of(descriptor: int, seen: os.stat_result) -> str:
    """What a file of marks is known by: an inode alone may be another's by now."""
    return f"{seen.st_ino} {os.pread(descriptor, _HEAD, 0)!r}"


def _read(cache: Cache, path: str, found: set[str]) -> str:
    """Read a file of marks on; the name that it is known by."""
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    except OSError as error:
        if error.errno in atomic.NO_FILE:
            return ""
        raise
    try:
        seen = os.fstat(descriptor)
        file = _name_of(descriptor, seen)
        rows = cache.db.execute("SELECT offset FROM marks WHERE file = ?", (file,))
        offset = next((int(at) for (at,) in rows), 0)
        data = os.pread(descriptor, max(0, seen.st_size - offset), offset)
    finally:
        os.close(descriptor)
    data = data[: data.rfind(b"\n") + 1]
    for run_id, writer, what in change_marks.parse(data):
        found.add(run_id)
        if what == change_marks.BEGIN:
            row = (run_id, writer, time.monotonic())
            cache.db.execute("INSERT OR REPLACE INTO writing VALUES (?, ?, ?)", row)
        else:
            cache.db.execute("DELETE FROM writing WHERE writer = ?", (writer,))
    if data:
        read = (file, offset + len(data))
        cache.db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", read)
    if _turn_over(path, seen):
        cache.db.execute("DELETE FROM marks WHERE file = ?", (file,))
    return file


def _forget_removed(cache: Cache, seen: set[str]) -> None:
    """Marks that were removed may have been of changes: all runs are looked at again."""
    known = [str(row[0]) for row in cache.db.execute("SELECT file FROM marks")]
    gone = [(file,) for file in known if file not in seen]
    if gone:
        cache.db.executemany("DELETE FROM marks WHERE file = ?", gone)
        cache.db.execute("DELETE FROM facts WHERE key = 'verified'")


def _listed(folder: str) -> list[str]:
    """The files of the index; [] where there is none, as in a store that cannot be written.

    Its folder is its owner's alone: who looks at a shared store looks at all runs for changes.
    """
    try:
        return sorted(atomic.names_in(folder))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _is_to_be_turned_over(path: str, seen: os.stat_result) -> bool:
    """Whether the file of marks that is written to is long, or another one is old."""
    if os.path.basename(path) == layout.INDEX_MARKS:
        return seen.st_size > _FULL
    return time.time() - seen.st_mtime > PATIENCE_S


def _turn_over(path: str, seen: os.stat_result) -> bool:
    """Begin a new file of marks where this one is long; remove an old one. True: it is removed.

    A writer opens the file for one line, so an hour after its turn no writer has it open.
    """
    if not _is_to_be_turned_over(path, seen):
        return False
    try:
        if os.path.basename(path) == layout.INDEX_MARKS:
            os.rename(path, f"{path}.{os.urandom(4).hex()}")
            return False
        os.unlink(path)
    except OSError:
        return False  # another query was faster, or this process may only read
    return True
