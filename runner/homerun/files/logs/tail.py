"""Reading a log on while it is written, cut, emptied or rotated: each byte of it once."""

from __future__ import annotations

import os

from homerun.files.logs.rotation import Rotation
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homerun.files.logs.rotation import Opener

WINDOW = 1 << 20
_KNOWN = 64
"""So many bytes before the place are kept, to see whether they are still the same."""

_FORMER = 4
"""So many rotated files are read on: a writer may take a while to notice that it was rotated."""


class LogPart:
    """An open file, and how far it was read."""

    __slots__ = ("_known", "descriptor", "offset")

    def __init__(self, descriptor: int, offset: int = 0) -> None:
        self.descriptor = descriptor
        self.offset = offset
        start = max(0, offset - _KNOWN)
        self._known = os.pread(descriptor, offset - start, start)
        if len(self._known) < offset - start:
            self._known = b""  # it is shorter: what comes is read from there on

    @property
    def known(self) -> bytes:
        """What stood before the place."""
        return self._known

    def grown(self) -> Iterator[bytes]:
        """What is new, until there is no more, or it was cut."""
        while True:
            data = os.pread(self.descriptor, WINDOW, self.offset)
            # Asked after the reading: then what was read did stand behind what is known.
            if not data or self.is_cut():
                return
            self.offset += len(data)
            self._known = (self._known + data)[-_KNOWN:] if len(data) < _KNOWN else data[-_KNOWN:]
            yield data

    def is_cut(self) -> bool:
        """Whether what was read last is not there any more, even if it has grown again since."""
        known = self._known
        return os.pread(self.descriptor, len(known), self.offset - len(known)) != known

    def restart(self) -> None:
        """Go to the first byte that was written; a hole before it is skipped."""
        self._known = b""
        try:
            at = os.lseek(self.descriptor, 0, os.SEEK_DATA)
        except OSError:  # it is empty, or cannot tell
            at = 0
        first = os.pread(self.descriptor, 4096, at)
        self.offset = at + len(first) - len(first.lstrip(b"\0"))

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)


class Tail:
    """A log that is read on.

    Args:
        path: where it lies.
        name: its name, for `opened` and for people.
        opened: gives a descriptor for a name; raises OSError or FileMissing.
        offset: the byte to begin with.
        tell: called with a line for the user where something may be missing.
    """

    def __init__(
        self,
        path: str,
        name: str,
        opened: Opener,
        offset: int = 0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._name = name
        self._opened = _plainly(opened)
        self._path = path
        self._rotation: Rotation | None = None
        self._offset = offset
        self._tell = tell
        self._parts: list[LogPart] = []
        self._said: set[str] = set()

    def read(self) -> Iterator[bytes]:
        """What is new, in parts of at most 1 MiB."""
        rotation = self._rotation
        if rotation is None or not self._parts:
            rotation = self._begin()
        while rotation is not None:
            for part in list(self._parts):
                yield from part.grown()
            if self._parts[-1].is_cut():
                yield from self._after_cut(self._parts[-1], rotation)
                continue
            after = rotation.after(self._parts[-1].descriptor)
            if after is None:
                return
            # What was written before it was moved away is read after that was seen.
            yield from self._parts[-1].grown()
            if rotation.is_gone(self._parts[-1].descriptor):
                self._say("was removed; it goes on with what is there, and some may be missing")
            self._parts.append(LogPart(after))
            for former in self._parts[:-_FORMER]:
                former.close()
            del self._parts[:-_FORMER]

    def close(self) -> None:
        """Close its files; it can still be read on."""
        if self._parts:
            self._offset, self._rotation = self._parts[-1].offset, None
        for part in self._parts:
            part.close()
        self._parts.clear()

    def _begin(self) -> Rotation | None:
        """Open it. What was there before it is older; what comes from now on is read, in order."""
        is_first = self._rotation is None
        if self._rotation is None:
            self._rotation = Rotation(self._path, self._name, self._opened)
        try:
            opened = self._opened(self._name) if is_first else self._rotation.first()
        except FileNotFoundError:
            return None
        self._parts.append(LogPart(opened, self._offset))
        return self._rotation

    def _after_cut(self, part: LogPart, rotation: Rotation) -> Iterator[bytes]:
        """What a copy of the log still holds; then the log itself from its beginning."""
        copies = rotation.copy_of(part.known, part.offset)
        offset = part.offset
        for copy in copies:
            rest = LogPart(copy, offset)
            offset = 0
            try:
                yield from rest.grown()
            finally:
                rest.close()
        what = "its copy was read, and " if copies else "what was not read by then is lost, "
        self._say(f"was emptied while it was read; {what}it goes on from its beginning")
        part.restart()

    def _say(self, what: str) -> None:
        """Tell it once: a log that is emptied all the time would flood the user."""
        if self._tell is not None and what not in self._said:
            self._said.add(what)
            self._tell(f"{self._name} {what}")


def _plainly(opened: Opener) -> Opener:
    """The same with a missing file as FileNotFoundError, also where something else lies there."""

    def plain(name: str) -> int:
        try:
            return opened(name)
        except StoreError as error:
            raise FileNotFoundError(error.message) from None

    return plain


def last_lines(path: str, count: int, at_most: int = 1 << 16) -> str:
    """The last lines of a file as text, from at most so many bytes at its end."""
    return "\n".join(end_of(path, at_most).splitlines()[-count:])


def end_of(path: str, at_most: int = 1 << 16) -> str:
    """At most so many bytes at the end of a file as text; of one that is not there: none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, at_most, max(0, size - at_most))
    finally:
        os.close(descriptor)
    return data.decode("utf-8", "replace")
