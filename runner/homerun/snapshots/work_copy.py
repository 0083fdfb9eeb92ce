"""The working copy of a run: `work/`, made from a snapshot before the start.

Each run has its own copies of the code, links to the originals of what is linked, and empty
`outputs/` and `logs/`. What was placed is written down, so that after the end `clear` (which lives
in `cleanup`, for the supervisor's sake) removes what the script left as it was, and nothing else.

A record is four fields, each ended by a NUL: kind, inode, ctime in ns, relative path.
"""

from __future__ import annotations

import os

from homerun.base.errors import SubmitError
from homerun.snapshots.cleanup import clear
from homerun.snapshots.links import FILE, FOLDER, join
from homerun.snapshots.reader import READ_FLAGS, make_folder
from homerun.snapshots.snapshot import TREE
from runstore import layout
from runstore.fs.atomic import write_all
from runstore.fs.safe_path import FOLDER_FLAGS, open_below, pour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.snapshots.links import Entry
    from homerun.snapshots.snapshot import Snapshot

__all__ = ["build", "changed_originals", "clear"]

CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _DamagedError(Exception):
    """A file of the snapshot is missing or has another size."""


def build(snapshot: Snapshot, work: str, copies: str) -> None:
    """Fill the empty folder `work` and write the record `copies` of what was placed.

    Raises:
        SubmitError: the snapshot is damaged (after a power cut, say), or the disk is full.
    """
    try:
        records = _place_all(snapshot, work)
        _write_record(copies, os.fsencode("".join(records)))
    except _DamagedError as error:
        raise SubmitError(_move_aside(snapshot.path, str(error))) from error
    except OSError as error:
        raise SubmitError(
            f"the working copy {work} cannot be made ({error.strerror}: {error.filename!r})"
        ) from error


def changed_originals(snapshot: Snapshot, until_ns: int | None = None) -> list[str]:
    """The links whose originals are not as they were at the snapshot, by relative path.

    Args:
        until_ns: the end of the run: what was changed after it was not changed by it.
    """
    changed = []
    for path, original, size, mtime_ns in snapshot.linked:
        try:
            seen = os.stat(original)
        except OSError:
            changed.append(path)
            continue
        is_later = until_ns is not None and seen.st_mtime_ns > until_ns
        if not is_later and (seen.st_size != size or seen.st_mtime_ns != mtime_ns):
            changed.append(path)
    return changed


def _place_all(snapshot: Snapshot, work: str) -> list[str]:
    records: list[str] = []
    source = target = -1
    try:
        target = os.open(work, FOLDER_FLAGS)
        source = _open_tree(snapshot)
        for folder, entries in snapshot.folders:
            _place_folder(folder, entries, source, target, records)
        for name in (layout.OUTPUTS, layout.LOGS):
            make_folder(name, target)
    finally:
        _close(source)
        _close(target)
    return records


def _open_tree(snapshot: Snapshot) -> int:
    try:
        return os.open(f"{snapshot.path}/{TREE}", FOLDER_FLAGS)
    except FileNotFoundError:
        raise _DamagedError(TREE) from None


def _place_folder(
    folder: str, entries: list[Entry], source: int, target: int, records: list[str]
) -> None:
    here = there = -1
    try:
        there = open_below(target, folder)
        here = _open_source(source, folder)
        for entry in entries:
            name, kind = entry[0], entry[1]
            if kind == FILE:
                made = _copy(folder, entry, here, there)
            elif kind == FOLDER:
                make_folder(name, there)
                made = os.lstat(name, dir_fd=there)
            else:
                kind = "link"
                os.symlink(entry[7], name, dir_fd=there)
                made = os.lstat(name, dir_fd=there)
            path = f"{folder}/{name}" if folder else name
            records.append(f"{kind}\0{made.st_ino}\0{made.st_ctime_ns}\0{path}\0")
    finally:
        _close(here)
        _close(there)


def _open_source(source: int, folder: str) -> int:
    try:
        return open_below(source, folder)
    except FileNotFoundError:
        raise _DamagedError(folder) from None


def _copy(folder: str, entry: Entry, here: int, there: int) -> os.stat_result:
    """Copy one file of the snapshot; the copy as it is at last."""
    name, _, size, mtime_ns, _, _, executable, _ = entry
    mode = 0o700 if executable else 0o600
    try:
        source = os.open(name, READ_FLAGS, dir_fd=here)
    except FileNotFoundError:
        raise _DamagedError(join(folder, name)) from None
    try:
        target = os.open(name, CREATE_FLAGS, mode, dir_fd=there)
        try:
            if pour(source, target, size) != size:
                raise _DamagedError(join(folder, name))
            if mtime_ns < 0:
                mtime_ns = os.fstat(source).st_mtime_ns
            os.utime(target, ns=(mtime_ns, mtime_ns))
            made = os.fstat(target)
            if made.st_mode & 0o777 != mode:
                os.fchmod(target, mode)
                made = os.fstat(target)
            return made
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write_record(copies: str, data: bytes) -> None:
    descriptor = os.open(copies, CREATE_FLAGS, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def _move_aside(path: str, part: str) -> str:
    """Put a damaged snapshot out of the way; the sentence that says so."""
    folder, name = os.path.split(path)
    try:
        os.rename(path, f"{folder}/{layout.DAMAGED}{name}.{os.urandom(4).hex()}")
    except OSError as error:
        return f"the snapshot {path} is damaged ({part}): remove it ({error.strerror})"
    return f"the snapshot {path} was damaged ({part}) and is moved aside: submit again"


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
