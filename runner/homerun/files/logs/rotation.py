"""Rotated logs in their order: which file came after one that was moved away.

`train.log` becomes `train.log.1`, that one `train.log.2`, and so on; or it gets a date. They may be
moved once more at any moment, so what was opened counts only if the names still said so afterwards.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Opener = Callable[[str], int]

_GAP = 3
"""While files are moved one number is free; behind so many free ones there is none."""

_TRIES = 1000


class Rotation:
    """A log and what it was rotated to.

    Args:
        path: where the log itself lies.
        name: its name, for `opened`.
        opened: gives a descriptor for a name; raises OSError or FileMissing.
    """

    def __init__(self, path: str, name: str, opened: Opener) -> None:
        self._path = path
        self._name = name
        self._opened = opened
        self._older = {_identity(one) for _, one in self._all()}

    def first(self) -> int:
        """A descriptor of the oldest file that was not there when this was made.

        Raises:
            FileNotFoundError: there is none yet.
        """
        for _ in range(_TRIES):
            found = self._first([*(ending for ending, _ in self._new()), ""])
            if found is None:
                break
            oldest = next(iter(self._new()), None)
            if oldest is None or _is_same(oldest[1], os.fstat(found[1])):
                return found[1]
            os.close(found[1])
        raise FileNotFoundError(self._path)

    def after(self, descriptor: int) -> int | None:
        """A descriptor of the file that came right after an open one; None: none did so far."""
        for _ in range(_TRIES):
            own = os.fstat(descriptor)
            if _is_same(self._seen(""), own):
                return None
            endings = self._endings_from(own)
            found = self._first(endings[1:] if endings else self._newer(own))
            if found is None:
                return None
            ending, next_one = found
            between = endings[1 : endings.index(ending)] if endings else []
            if not endings or (
                _is_same(self._seen(endings[0]), own)
                and not any(map(self._seen, between))
                and not os.path.samestat(os.fstat(next_one), own)
            ):
                return next_one
            os.close(next_one)
        return None

    def is_gone(self, descriptor: int) -> bool:
        """Whether an open file has no name any more: files after it may be gone as well."""
        return os.fstat(descriptor).st_nlink == 0

    def copy_of(self, known: bytes, offset: int) -> list[int]:
        """Descriptors of what a log was copied to before it was emptied, the oldest first.

        Args:
            known: what stood before this byte of the log.
        """
        found: list[int] = []
        for ending, _ in reversed(self._new()):
            try:
                found.insert(0, self._opened(self._name + ending))
            except OSError:
                continue
            if os.pread(found[0], len(known), offset - len(known)) == known:
                return found
        for one in found:
            os.close(one)
        return []

    def _endings_from(self, own: os.stat_result) -> list[str]:
        """What the names of a file that was moved, and of those that came after it, end with."""
        for number, seen in self._numbered():
            if _is_same(seen, own):
                return [*(f".{later}" for later in range(number, 0, -1)), ""]
        dated = self._dated()
        for at, (_, seen) in enumerate(dated):
            if _is_same(seen, own):
                return [*(ending for ending, _ in dated[at:]), ""]
        return []

    def _newer(self, own: os.stat_result) -> list[str]:
        """What came after a file that is gone, as far as it is still there, the oldest first."""
        newer = [ending for ending, one in self._all() if one.st_mtime_ns > own.st_mtime_ns]
        return [*newer, ""]

    def _all(self) -> list[tuple[str, os.stat_result]]:
        """All rotated files by what their names end with, the oldest first."""
        numbered = [(f".{number}", seen) for number, seen in self._numbered()]
        return numbered[::-1] or self._dated()

    def _new(self) -> list[tuple[str, os.stat_result]]:
        """Those of them that were not there when this was made."""
        return [(ending, one) for ending, one in self._all() if _identity(one) not in self._older]

    def _first(self, endings: list[str]) -> tuple[str, int] | None:
        """The first of these files that is there, opened."""
        for ending in endings:
            try:
                return ending, self._opened(self._name + ending)
            except OSError:
                continue
        return None

    def _numbered(self) -> Iterator[tuple[int, os.stat_result]]:
        """The files with numbers, from 1 on. Meanwhile a file's number only grows."""
        number = misses = 0
        while misses < _GAP:
            number += 1
            seen = self._seen(f".{number}")
            misses = misses + 1 if seen is None else 0
            if seen is not None:
                yield number, seen

    def _dated(self) -> list[tuple[str, os.stat_result]]:
        """The rotated files whose names end with no number, the oldest first."""
        folder, name = os.path.split(self._path)
        try:
            endings = [one[len(name) :] for one in os.listdir(folder) if one.startswith(name)]
        except OSError:
            return []
        seen = [(self._seen(one), one) for one in endings if one and not one[1:].isdecimal()]
        dated = [(one.st_mtime_ns, ending, one) for one, ending in seen if one is not None]
        return [(ending, one) for _, ending, one in sorted(dated, key=lambda row: row[:2])]

    def _seen(self, ending: str) -> os.stat_result | None:
        try:
            return os.lstat(self._path + ending)
        except OSError:
            return None


def _is_same(one: os.stat_result | None, other: os.stat_result) -> bool:
    return one is not None and os.path.samestat(one, other)


def _identity(one: os.stat_result) -> tuple[int, int, int]:
    return one.st_ino, one.st_mtime_ns, one.st_size
