"""Which of the files that a snapshot does not hold a run gets as its own, and which stay links.

A snapshot holds no data: of an ignored file, a large one, and one that a link outside leads to, it
knows the original. A run gets a copy of it, so that what its script writes is its own, as long as
all these copies together stay within a limit and within half of what the disk has free. A folder
that holds nothing but such files is one group: all of it is copied or all of it is links, so that
the size of one file in it does not change what writing another means. Small groups come first.
"""

from __future__ import annotations

import os
from stat import S_ISREG, S_IXUSR

from homerun.base import sizes
from homerun.snapshots.links import FILE, LINKED, LINKED_FOLDER, is_environment, join
from homerun.snapshots.reader import (
    CREATE_FLAGS,
    READ_FLAGS,
    TRIES,
    copy_mode,
    finish_copy,
    is_untouched,
)
from runstore.fs.safe_path import pour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from homerun.snapshots.links import Entry

    Folders = list[tuple[str, list[Entry]]]

AN_ENVIRONMENT = "a virtual environment"
"""Why a folder is a link: it is what people expect, so no line is said of it."""

_SHOWN = 5


class UnreadableError(Exception):
    """An original cannot be copied: why."""


class Linked:
    """A link that stays: its path (that of a folder ends in "/"), what it leads to, and why.

    `size` is in bytes; None where it was not counted.
    """

    __slots__ = ("original", "path", "size", "why")

    def __init__(self, path: str, original: str, size: int | None, why: str) -> None:
        self.path = path
        self.original = original
        self.size = size
        self.why = why

    def describe(self) -> dict[str, object]:
        """The row of run.json."""
        return {"path": self.path, "original": self.original, "bytes": self.size, "why": self.why}


class Originals:
    """What becomes of the originals of one run.

    Attributes:
        own: the paths that are copied.
        linked: the links that stay, a group in one row.
        notices: lines for the user.
    """

    def __init__(self) -> None:
        self.own: set[str] = set()
        self.linked: list[Linked] = []
        self.notices: list[str] = []

    def tell(self) -> list[str]:
        """What to say once to the submitter: the links in one line, and the notices."""
        named = [one for one in self.linked if one.why != AN_ENVIRONMENT]
        if not named:
            return self.notices
        rows = sorted(named, key=lambda one: -(one.size or 0))
        names = [f"{one.path} ({_detail(one)})" for one in rows[:_SHOWN]]
        more = len(rows) - len(names)
        if more:
            names.append(f"and {more} more")
        return [f"linked, not copied: {', '.join(names)}", *self.notices]


def settle(folders: Folders, source: str, work: str, limit: int) -> Originals:
    """Decide for each original of a snapshot, before anything is copied.

    Args:
        source: the source folder, whose own files are named without it.
        work: the folder that the copies will lie in.
        limit: bytes that they may take together.
    """
    found = Originals()
    groups = _groups(folders)
    found.linked += [
        Linked(join(folder, entry[0]) + "/", entry[7], None, _whole(entry[7], source))
        for folder, entries in folders
        for entry in entries
        if entry[1] == LINKED_FOLDER
    ]
    free = os.statvfs(work)
    room = free.f_bavail * free.f_frsize // 2
    for size, path, originals in sorted((_size(g), path, g) for path, g in groups.items()):
        if size <= min(limit, room):
            found.own.update(one for one, _ in originals)
            limit, room = limit - size, room - size
        else:
            why = "the limit" if size > limit else "the disk has no room for a copy"
            found.linked.append(Linked(path, _top(path, originals), size, why))
    return found


def _detail(one: Linked) -> str:
    words = [] if one.size is None else [sizes.shown(one.size)]
    if one.why != "the limit":
        words.append(one.why)
    return ", ".join(words)


def _whole(original: str, source: str) -> str:
    if is_environment(original):
        return AN_ENVIRONMENT
    is_inside = original.startswith(source.rstrip("/") + "/")
    return "has many files" if is_inside else f"leads to {original}"


def _groups(folders: Folders) -> dict[str, list[tuple[str, str]]]:
    """The originals as (path, original), by the topmost folder that holds nothing else ("data/"),
    or one by one beside code.
    """
    mixed = {""}
    for folder, entries in folders:
        if any(entry[1] == FILE and not _is_beside_data(entry[0]) for entry in entries):
            while folder not in mixed:
                mixed.add(folder)
                folder = folder.rpartition("/")[0]
    top: dict[str, str] = {}
    groups: dict[str, list[tuple[str, str]]] = {}
    for folder, entries in folders:
        above = top.get(folder.rpartition("/")[0], "")
        top[folder] = above or ("" if folder in mixed else f"{folder}/")
        for entry in entries:
            if entry[1] == LINKED:
                path = join(folder, entry[0])
                groups.setdefault(top[folder] or path, []).append((path, entry[7]))
    return groups


def _is_beside_data(name: str) -> bool:
    """Whether a file is one that people keep in a data folder: `.gitkeep`, `README.md`, `x.dvc`."""
    return name[0] == "." or name.startswith("README") or name.endswith(".dvc")


def _size(originals: Iterable[tuple[str, str]]) -> int:
    """Bytes of the files as they are now; what is missing has none."""
    total = 0
    for _, original in originals:
        try:
            total += os.stat(original).st_size
        except OSError:
            continue
    return total


def _top(path: str, originals: list[tuple[str, str]]) -> str:
    """The original of a group: that of its folder, where its files lie there."""
    first, original = originals[0]
    return original.removesuffix(first[len(path) :]).rstrip("/") if path[-1] == "/" else original


def copy(
    entry: Entry, there: int, path: str, notices: list[str], is_for_group: bool
) -> os.stat_result:
    """Copy one original into an open folder; the copy as it is at last.

    Raises:
        UnreadableError: it is gone, or no file that can be read.
    """
    name, original = entry[0], entry[7]
    try:
        source = os.open(original, READ_FLAGS)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    try:
        before = os.fstat(source)
        if not S_ISREG(before.st_mode):
            raise UnreadableError("is not a file any more")
        mode = copy_mode(bool(before.st_mode & S_IXUSR), is_for_group)
        target = os.open(name, CREATE_FLAGS, mode, dir_fd=there)
        try:
            after = _copy_whole(source, target, before)
            if after is None:
                notices.append(f"{path} changed while it was copied: the run has one mixed version")
            return finish_copy(target, (after or before).st_mtime_ns, mode)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _copy_whole(source: int, target: int, before: os.stat_result) -> os.stat_result | None:
    """Copy a file that others may write to, again if need be; None: it changed each time."""
    for _ in range(TRIES):
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
        os.ftruncate(target, 0)
        size = pour(source, target, before.st_size)
        after = os.fstat(source)
        if size == after.st_size and is_untouched(before, after):
            return after
        before = after
    return None
