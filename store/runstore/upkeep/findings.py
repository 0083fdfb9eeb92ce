"""What a check says of a file, and how to tell what is left over from what is being made."""

from __future__ import annotations

import os
import time

from runstore import layout
from runstore.fs import atomic, lock, safe_path, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runstore.root import Root

YOUNG_S = 60.0
"""What is younger may belong to a process that this one cannot see (another PID namespace)."""


class Finding:
    """One damaged or left file: where it is (relative to the store), and what is wrong with it.

    `cure` repairs it, where there is a repair; `repaired` tells whether it was done.
    """

    __slots__ = ("cure", "path", "problem", "repaired")

    def __init__(self, path: str, problem: str, cure: Callable[[], None] | None = None) -> None:
        self.path = path
        self.problem = problem
        self.cure = cure
        self.repaired = False

    def __repr__(self) -> str:
        return f"Finding({self.path!r}, {self.problem!r}, repaired={self.repaired})"


def names_or_none(folder: str) -> list[str]:
    """The names in a folder, sorted; none where there is no folder, or none that may be listed."""
    try:
        return sorted(atomic.names_in(folder))
    except OSError:
        return []


def leftovers(root: str, folder: str) -> Iterator[Finding]:
    """Temporary files (`.<name>.<pid>.<hex>`) in a folder, of writers that were killed."""
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        if is_left(path):
            yield Finding(
                os.path.relpath(path, root), "a killed writer left it", remover(root, path)
            )


def half_made(store: Root, folder: str) -> Iterator[Finding]:
    """Folders under a hidden name whose makers were killed.

    A maker of a run, or of a version of a model or dataset, holds its `alive`; before that, and
    for an experiment, the age has to tell.
    """
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        alive = f"{path}/{layout.ALIVE}"
        if not name.startswith(layout.NEW):
            continue
        if os.path.exists(alive):
            is_left = not lock.is_held(alive, store.lock_kind)
        else:
            is_left = age_s(path) > YOUNG_S
        if is_left:
            problem = "a killed maker left it half-made"
            yield Finding(os.path.relpath(path, store.root), problem, remover(store.root, path))


def is_left(path: str) -> bool:
    """Whether a temporary file's writer is gone, or has not written for long."""
    pid = atomic.writer_of(os.path.basename(path))
    return pid > 0 and (is_dead(pid) or age_s(path) > YOUNG_S)


def is_dead(pid: int) -> bool:
    """Whether no process of this PID namespace has that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def age_s(path: str) -> float:
    """How long ago a file, or the list of names in a folder, changed; 0 where it is gone."""
    try:
        return time.time() - os.lstat(path).st_mtime
    except OSError:
        return 0.0


def remover(root: str, path: str) -> Callable[[], None]:
    """The cure of something that is not needed: to remove it."""

    def remove() -> None:
        tree.remove(root, path)

    return remove


def mover(root: str, path: str) -> Callable[[], None]:
    """The cure of something damaged: to move it aside, in its folder, under a name of its own."""

    def move() -> None:
        folder, name = os.path.split(path)
        aside = f"{folder}/{layout.DAMAGED}{name}-{os.urandom(4).hex()}"
        safe_path.rename(root, path, aside)

    return move
