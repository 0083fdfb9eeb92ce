"""Marks: which runs were written to, for the index, which else would have to look at all of them.

A writer marks a run before it changes it, and once more after. The index reads a run again while
one of its writers may still be at work, and once more when that is done; so a change is found by
the next query, whichever process is killed when. Where the index was never asked, there is none
and no change is marked.

The end of a run is marked everywhere, by `DONE` alone: no index takes a run for over before it has
read its outcome. These marks say how far an index is behind that is never asked, so it can be fed
while runs end (`index/verify.py`). One that is lost costs the next query a look at that run.

    <id> <writer> begin\\n        a line is one append
    <id> <writer> done\\n
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.fs import atomic

BEGIN = "begin"
DONE = "done"

STEP = 1 << 16
"""Bytes of marks, of some 1,200 ends, after which an index is fed."""


class Mark:
    """A context manager around a change of a run. What goes wrong with a mark stops no change.

    Args:
        root: the store's folder.
    """

    __slots__ = ("_path", "_run_id", "_writer")

    def __init__(self, root: str, run_id: str) -> None:
        self._path = f"{root}/{layout.INDEX}/{layout.INDEX_MARKS}"
        self._run_id = run_id
        self._writer = f"{os.getpid()}-{os.urandom(4).hex()}"

    def __enter__(self) -> Mark:
        self._append(BEGIN)
        return self

    def __exit__(self, *_: object) -> None:
        # Also where nothing was begun: the index may have come to be in the meantime.
        self._append(DONE)

    def _append(self, what: str) -> None:
        # Nothing is marked where there is no index.
        if atomic.is_folder(os.path.dirname(self._path)):
            _append(self._path, f"\n{self._run_id} {self._writer} {what}\n".encode())


def mark_end(root: str, run_id: str) -> bool:
    """Mark that a run has ended, after its outcome is there.

    Returns:
        Whether so many marks have come together that the index is to be fed.
    """
    try:
        folder = atomic.make_folders(root, layout.INDEX)
    except OSError:
        return False
    line = f"\n{run_id} {os.getpid()}-{os.urandom(4).hex()} {DONE}\n".encode()
    until = _append(f"{folder}/{layout.INDEX_MARKS}", line)
    return until // STEP != max(0, until - len(line)) // STEP


def _append(path: str, line: bytes) -> int:
    """Append a mark; where the file ends then, or 0: it could not be written."""
    try:
        # Opened each time: the file is changed for another.
        descriptor = atomic.open_plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError:
        return 0
    try:
        os.write(descriptor, line)
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return 0  # a full disk: the next look at all runs finds the change
    finally:
        os.close(descriptor)


def parse(data: bytes) -> list[tuple[str, str, str]]:
    """The marks in whole lines: run, writer, BEGIN or DONE; what is none is skipped."""
    found = []
    for line in data.decode("ascii", "replace").split("\n"):
        parts = line.split(" ")
        if len(parts) == 3 and parts[2] in (BEGIN, DONE):
            found.append((parts[0], parts[1], parts[2]))
    return found
