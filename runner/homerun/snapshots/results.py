"""What of the source's own `outputs/` and `logs/` comes along into a run.

There a project keeps both code (`logs/__init__.py`) and what its runs made. What no ignore file
names comes along, and so does what git tracks all the same; the rest are results of earlier runs
and stay where they are. In the copy of another run everything there is its result, but for what
came along into that run.
"""

from __future__ import annotations

import os

from homerun.snapshots import cleanup, git
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = frozenset((layout.OUTPUTS, layout.LOGS))

_MOST_OF_INDEX = 256 << 20
_HEAD = 12


class Results:
    """The two folders of one source.

    Attributes:
        kept: the paths that come along although they are ignored, with the folders above them.
        are_of_run: what is not kept stays behind, ignored or not.
    """

    def __init__(self, source: str) -> None:
        above, name = os.path.split(source)
        run_folder, work = os.path.split(above)
        self.are_of_run = work == layout.WORK and os.path.exists(f"{run_folder}/{layout.RUN}")
        found = _brought(run_folder, name) if self.are_of_run else _tracked(source)
        self.kept: set[str] = set()
        for path in found:
            while path and path not in self.kept:
                self.kept.add(path)
                path = path.rpartition("/")[0]

    def stays_behind(self, path: str, ignored: bool) -> bool:
        """Whether something in the two folders is a result of earlier runs."""
        return (ignored or self.are_of_run) and path not in self.kept


def _brought(run_folder: str, name: str) -> Iterator[str]:
    """What came along into a run that goes on."""
    for record in cleanup.read_record(f"{run_folder}/{layout.BROUGHT}"):
        if record[3].startswith(f"{name}/"):
            yield record[3][len(name) + 1 :]


def _tracked(source: str) -> Iterator[str]:
    """What git's index names in the two folders, by path in the source; read, not asked for."""
    top = source
    while (code := git.repository(top)) is None:
        above = os.path.dirname(top)
        if above == top:
            return
        top = above
    data = git.read(f"{code.folder}/index", _MOST_OF_INDEX) or b""
    inside = os.fsencode(source[len(top.rstrip("/")) + 1 :])
    prefix = inside + b"/" if inside else b""
    wanted = tuple(prefix + os.fsencode(name) + b"/" for name in FOLDERS)
    if (
        data[:4] != b"DIRC"
        or len(data) < _HEAD
        or (data[7] < 4 and not any(one in data for one in wanted))
    ):
        return
    settings = dict(git.settings(f"{code.common}/config"))
    hash_size = 32 if settings.get("extensions.objectformat") == "sha256" else 20
    for path in _paths(data, hash_size):
        if path.startswith(wanted):
            yield os.fsdecode(path[len(prefix) :])


def _paths(data: bytes, hash_size: int) -> Iterator[bytes]:
    """The paths in an index of version 2, 3 or 4; a torn one has those up to there."""
    version, count = data[7], int.from_bytes(data[8:12], "big")
    data += bytes(_HEAD)  # no look goes past the end
    at, path = _HEAD, b""
    for _ in range(count):
        flags = at + 40 + hash_size
        if flags + 2 * _HEAD > len(data):
            return
        start = flags + (4 if data[flags] & 0x40 and version > 2 else 2)
        cut = 0
        if version == 4:
            cut, start = _offset(data, start)
        end = data.index(b"\0", start)
        path = (path[: len(path) - cut] if version == 4 else b"") + data[start:end]
        yield path
        # Before version 4 one to eight NULs fill an entry up to a multiple of eight bytes.
        at = end + 1 if version == 4 else at + ((end - at + 8) & ~7)


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes of the path before an entry's own path does without, and where that begins."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1
