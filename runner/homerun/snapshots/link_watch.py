"""Whether the originals behind the links of a working copy are as they were at the submit.

Where a run has such links, `write_down` keeps size, times and inode of each original file; of
a folder only when that was. `look` compares after the end. The supervisor loads this for a run
that has links, so it imports little.

A record is seven fields, each ended by a NUL: kind, size, mtime in ns, ctime in ns, inode,
relative path, original. Of a folder the numbers are 0; of an environment the first one counts
what is installed, as long as Python has compiled nothing beside it.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from runstore.fs.atomic import let_group_read, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = "file"
FOLDER = "folder"
ENVIRONMENT = "environment"
"""A virtual environment, which is too large to look through: it is asked what was installed."""

MOST_LOOKED_AT = 100_000
"""Entries of linked folders that one look goes through."""

MOST_NAMED = 100

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ChangedOriginals:
    """What a look has found.

    Attributes:
        paths: what was changed, by its path in the working copy; a folder's ends in "/": names in
            it came or went.
        unseen: the linked folders that hold too much to be looked through.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.unseen: list[str] = []

    def describe(self) -> dict[str, object]:
        """The fields of the fact."""
        return {
            "originals": self.paths[:MOST_NAMED],
            "count": len(self.paths),
            "unseen": self.unseen,
        }

    def lines(self) -> Iterator[str]:
        """What to say of it."""
        for path in self.paths[:MOST_NAMED]:
            yield f"the original of {_shown(path)} was changed since the submit"
        if len(self.paths) > MOST_NAMED:
            yield f"{len(self.paths) - MOST_NAMED} more originals were changed since the submit"
        for path in self.unseen:
            yield f"{_shown(path)} holds too much: not all of it was looked at for changes"


def _shown(path: str) -> str:
    return path if path.isprintable() else ascii(path)


def write_down(file: str, links: Iterable[tuple[str, str, str]]) -> None:
    """Write down how the originals are now.

    Args:
        links: kind, relative path and original of each.
    """
    fields = []
    for kind, path, original in links:
        numbers = _numbers(original) if kind == FILE else _NONE
        if kind == ENVIRONMENT:
            numbers = [str(_count_if_not_compiled(original)), *_NONE[1:]]
        fields += [kind, *numbers, path, original]
    descriptor = os.open(file, _FLAGS, 0o600)
    try:
        let_group_read(descriptor, os.path.dirname(file))
        write_all(descriptor, os.fsencode("".join(f"{field}\0" for field in fields)))
    finally:
        os.close(descriptor)


def look(file: str, until_ns: int | None = None) -> ChangedOriginals:
    """Compare; nothing where there is no record.

    Args:
        until_ns: the end of the run, for a later look: what was changed after it is not counted.
    """
    found = ChangedOriginals()
    try:
        with open(file, "rb", buffering=0) as kept:
            since_ns = os.fstat(kept.fileno()).st_ctime_ns
            fields = os.fsdecode(kept.read()).split("\0")
    except OSError:
        return found
    room = MOST_LOOKED_AT
    for at in range(0, len(fields) - 7, 7):
        kind, *numbers, path, original = fields[at : at + 7]
        if kind == FILE:
            now = _numbers(original)
            if now != numbers and not (until_ns is not None and int(now[2]) > until_ns):
                found.paths.append(path)
        elif not os.path.isdir(original):
            found.paths.append(f"{path}/")
        elif kind == ENVIRONMENT:
            if _has_other_packages(original, int(numbers[0]), (since_ns, until_ns)):
                found.paths.append(f"{path}/")
        elif room > 0:
            room = _walk(path, original, (since_ns, until_ns), room, found)
        if kind == FOLDER and room <= 0:
            found.unseen.append(f"{path}/")
    return found


_NONE = ["0", "0", "0", "0"]


def _numbers(original: str) -> list[str]:
    """How a file is; of one that is gone there are no numbers."""
    try:
        seen = os.stat(original)
    except OSError:
        return _NONE
    return [str(seen.st_size), str(seen.st_mtime_ns), str(seen.st_ctime_ns), str(seen.st_ino)]


def _installed(environment: str) -> Iterator[str]:
    """The folders of a virtual environment that change when packages come or go."""
    yield f"{environment}/bin"
    try:
        for name in os.listdir(f"{environment}/lib"):
            yield f"{environment}/lib/{name}/site-packages"
    except OSError:
        return


def _has_other_packages(environment: str, count: int, span: tuple[int, int | None]) -> bool:
    """Whether packages came or went.

    Args:
        count: of `_count_if_not_compiled` at the submit. Unless 0, the first import of a module may
            have made the folder `__pycache__`, which is no installation.
    """
    changed = [place for place in _installed(environment) if _is_later(place, *span)]
    if not changed or not count or f"{environment}/bin" in changed:
        return bool(changed)
    names = [f"{place}/{name}" for place in _packages(environment) for name in _names(place)]
    told = [name for name in names if name.endswith(_TOLD_BY)]
    return len(names) != count or any(_is_later(name, *span) for name in told)


_TOLD_BY = (".dist-info", ".egg-info", ".egg-link", ".pth")
_COMPILED = "__pycache__"


def _count_if_not_compiled(environment: str) -> int:
    """How much lies beside the packages of an environment; 0: Python has compiled there before."""
    places = _packages(environment)
    if any(os.path.isdir(f"{place}/{_COMPILED}") for place in places):
        return 0
    return sum(len(_names(place)) for place in places)


def _packages(environment: str) -> list[str]:
    return [place for place in _installed(environment) if place.endswith("/site-packages")]


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name != _COMPILED]
    except OSError:
        return []


def _is_later(path: str, since_ns: int, until_ns: int | None) -> bool:
    try:
        return _is_within(os.stat(path).st_ctime_ns, since_ns, until_ns)
    except OSError:
        return False


def _is_within(ctime_ns: int, since_ns: int, until_ns: int | None) -> bool:
    return ctime_ns > since_ns and (until_ns is None or ctime_ns <= until_ns)


def _walk(
    top: str, original: str, span: tuple[int, int | None], room: int, found: ChangedOriginals
) -> int:
    """Find what was changed in a folder, following no link; what is left of `room`."""
    pending = [(top, original)]
    while pending and room > 0:
        path, folder = pending.pop()
        try:
            if _is_later(folder, *span):
                found.paths.append(f"{path}/")
            with os.scandir(folder) as listing:
                for entry in listing:
                    room -= 1
                    if room <= 0:
                        break
                    seen = entry.stat(follow_symlinks=False)
                    below = f"{path}/{entry.name}"
                    if S_ISDIR(seen.st_mode):
                        pending.append((below, entry.path))
                    elif _is_within(seen.st_ctime_ns, *span):
                        found.paths.append(below)
        except OSError:
            continue  # gone, or not to be read: then the run cannot have written there either
    return room
