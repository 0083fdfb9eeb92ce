"""Clearing working copies that another process may rearrange at any moment.

Nothing here follows a link below the folder that it was given: every folder on the way is opened
by its own name, relative to the one before. So whatever a script did to its working copy, what is
removed lies in that copy, and a path may be longer than the system's limit for one name.
The supervisor loads this module after the outcome is published, so it imports little.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISLNK, S_ISREG

from runstore.fs.safe_path import FOLDER_FLAGS, Below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTECODE = "__pycache__"

KINDS = {"file": S_ISREG, "link": S_ISLNK, "folder": S_ISDIR}
"""What a record of a copy can name, and how the thing itself is recognised."""


def clear(work: str, copies: str, started_ns: int) -> None:
    """Remove from a working copy what is still as `build` placed it, then the record itself.

    A file or link goes if kind, inode and ctime are those of the record and the ctime lies before
    the start: both, since the clock may have been set back while the script ran. A folder goes if
    it is empty. What the script made, changed, replaced or moved stays. Nothing is raised for what
    is missing or cannot be removed. A second call after a crash finishes the first.

    Args:
        started_ns: the ctime of started.json; any large number where nothing was started.
    """
    records = read_record(copies)
    try:
        root = os.open(work, FOLDER_FLAGS)
    except OSError:
        records = []
    else:
        try:
            with Below(root) as below:
                _remove(below, (r for r in records if r[0] != "folder"), started_ns)
                _remove_bytecode(below, dict.fromkeys(r[3].rpartition("/")[0] for r in records))
                # A folder's ctime changes with its content: its inode has to do.
                _remove(below, (r for r in reversed(records) if r[0] == "folder"), None)
        finally:
            os.close(root)
    try:
        os.unlink(copies)
    except OSError:
        pass


def _remove(below: Below, records: Iterable[tuple[str, str, str, str]], before: int | None) -> None:
    """Remove the things of these records, opening each folder once as long as they are grouped."""
    current: str | None = None
    descriptor = -1
    for kind, inode, ctime, path in records:
        folder, _, name = path.rpartition("/")
        if folder != current:
            _close(descriptor)
            descriptor, current = _open_or_none(below, folder), folder
        if descriptor < 0:
            continue
        try:
            found = os.lstat(name, dir_fd=descriptor)
            if not KINDS[kind](found.st_mode) or str(found.st_ino) != inode:
                continue
            if before is None:
                os.rmdir(name, dir_fd=descriptor)
            elif str(found.st_ctime_ns) == ctime and found.st_ctime_ns < before:
                os.unlink(name, dir_fd=descriptor)
        except OSError:
            continue
    _close(descriptor)


def _remove_bytecode(below: Below, folders: Iterable[str]) -> None:
    """Remove what the interpreter cached beside our copies: that is no output."""
    for folder in folders:
        above = _open_or_none(below, folder)
        cache = _open_or_none(below, f"{folder}/{_BYTECODE}" if folder else _BYTECODE)
        try:
            for name in os.listdir(cache) if cache >= 0 else ():
                if name.endswith(".pyc"):
                    os.unlink(name, dir_fd=cache)
            if cache >= 0:
                os.rmdir(_BYTECODE, dir_fd=above)
        except OSError:
            continue
        finally:
            _close(cache)
            _close(above)


def _open_or_none(below: Below, folder: str) -> int:
    try:
        return below.open(folder)
    except OSError:
        return -1


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def read_record(copies: str) -> list[tuple[str, str, str, str]]:
    """The records as (kind, inode, ctime, path); what is no whole record is skipped."""
    try:
        descriptor = os.open(copies, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        parts = [b""]
        while not parts[1:] or parts[-1]:
            parts.append(os.read(descriptor, 1 << 20))
    except OSError:
        return []
    finally:
        os.close(descriptor)
    fields = os.fsdecode(b"".join(parts)).split("\0")
    whole = zip(fields[0::4], fields[1::4], fields[2::4], fields[3::4])
    return [record for record in whole if record[0] in KINDS and _is_below(record[3])]


def _is_below(path: str) -> bool:
    """Whether a path stays below the folder that it is relative to: a damaged record may not."""
    return bool(path) and all(part not in ("", ".", "..") for part in path.split("/"))
