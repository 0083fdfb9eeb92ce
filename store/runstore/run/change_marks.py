"""Marks: which runs were written to, for the index, which else would have to look at all of them.

A writer marks a run before it changes it, and once more after. The index reads a run again while
one of its writers may still be at work, and once more when that is done; so a change is found by
the next query, whichever process is killed when. Where the index was never asked, there is none
and nothing is marked.

    <id> <writer> begin\\n        a line is one append
    <id> <writer> done\\n
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.fs import atomic

BEGIN = "begin"
DONE = "done"


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
        try:
            # Fails where there is no index. Opened each time: the file is changed for another.
            if not atomic.is_folder(os.path.dirname(self._path)):
                return
            descriptor = atomic.open_plain(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        except OSError:
            return
        try:
            os.write(descriptor, f"\n{self._run_id} {self._writer} {what}\n".encode())
        except OSError:
            return  # a full disk: the next look at all runs finds the change
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
