"""List one folder of a run's files, and tell images by their first bytes.

The names are those of `runstore.run.files`. A link is no file of a run, and none is followed.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG

from runstore import layout
from runstore.errors import FileMissing, InvalidName
from runstore.fs import safe_path
from runstore.run import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class ListedFile:
    """One file or folder.

    Attributes:
        name: the last part of its path.
        size, modified: of a file; `modified` in seconds since 1970.
    """

    __slots__ = ("is_folder", "modified", "name", "size")

    def __init__(self, name: str, seen: os.stat_result) -> None:
        self.name = name
        self.is_folder = S_ISDIR(seen.st_mode)
        self.size = seen.st_size
        self.modified = seen.st_mtime


def entries(run_folder: str, folder: str = "") -> list[ListedFile]:
    """The files and folders in a folder of a run's files, folders first; "": those at the top.

    Raises:
        FileMissing: there is no such folder.
        InvalidName: no folder can have that name.
    """
    if folder:
        descriptor = _opened(run_folder, folder)
        try:
            found = list(_of(descriptor))
        finally:
            os.close(descriptor)
    else:
        found = list(_at_top(run_folder))
    return sorted(found, key=lambda one: (not one.is_folder, one.name))


def files_below(
    run_folder: str, folder: str = "", without: frozenset[str] = frozenset()
) -> Iterator[tuple[str, ListedFile]]:
    """All files below a folder of a run's files with their paths, folder by folder.

    Args:
        without: folders that are not looked into.

    Raises:
        FileMissing, InvalidName: there is no such folder.
    """
    waiting = [folder]
    is_first = True
    while waiting:
        here = waiting.pop()
        try:
            found = entries(run_folder, here)
        except (FileMissing, InvalidName):  # it went meanwhile, or its name is none for a path
            if is_first:
                raise
            continue
        is_first = False
        start = f"{here}/" if here else ""
        yield from ((start + one.name, one) for one in found if not one.is_folder)
        folders = (start + one.name for one in reversed(found) if one.is_folder)
        waiting += [name for name in folders if name not in without]


def stamp(run_folder: str) -> tuple[int, ...]:
    """The time stamps of the folders at the top: they change with each name in them."""
    found = []
    for name in (*files.FOLDERS, layout.FILES):
        try:
            found.append(os.stat(f"{run_folder}/{name}").st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def _opened(run_folder: str, folder: str) -> int:
    files.check_path(folder)
    run_id = os.path.basename(run_folder)
    parts = folder.split("/")
    top = parts.pop(0) if parts[0] in files.FOLDERS else layout.FILES
    try:
        return safe_path.descend(files.open_top(run_folder, top, make=False), parts, make=False)
    except OSError:
        raise FileMissing(folder, run_id, "there is no such folder") from None


def _at_top(run_folder: str) -> Iterator[ListedFile]:
    for name in (*files.FOLDERS, layout.FILES):
        try:
            descriptor = files.open_top(run_folder, name, make=False)
        except OSError:
            continue
        try:
            if name != layout.FILES:
                yield ListedFile(name, os.fstat(descriptor))
            else:
                yield from (one for one in _of(descriptor) if one.name not in files.FOLDERS)
        finally:
            os.close(descriptor)


def _of(folder: int) -> Iterator[ListedFile]:
    with os.scandir(folder) as found:
        for entry in found:
            try:
                seen = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            is_shown = S_ISDIR(seen.st_mode) or S_ISREG(seen.st_mode)
            if is_shown and not files.is_unfinished(entry.name):
                yield ListedFile(entry.name, seen)


def media_type(head: bytes) -> str | None:
    """The media type of an image that browsers show; None: these bytes begin none."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "image/bmp"
    return None
