"""How much room files take, and removing whole folders, whatever a script has made of them.

Nothing here follows a link: what is removed or counted lies in the folder that was named.
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.fs.safe_path import FOLDER_FLAGS, Below, open_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEP = 64
"""Folders below that are lifted to the top, so that no tree is too deep to be removed."""

_BLOCK = 512


def usage(path: str) -> int:
    """The bytes that a file or a folder with all below it takes on the disk, as `du` says.

    What vanishes meanwhile, or may not be looked at, counts for nothing.
    """
    return sum(size for _, size in walk(path))


def walk(path: str) -> Iterator[tuple[str, int]]:
    """Each file and folder from this one down, with the bytes that it takes itself."""
    try:
        seen = os.lstat(path)
        yield path, taken(seen)
        root = os.open(path, FOLDER_FLAGS) if _is_folder(seen) else -1
    except OSError:
        return
    if root < 0:
        return
    pending = [""]
    try:
        with Below(root) as below:
            while pending:
                yield from _listed(below, path, pending)
    finally:
        os.close(root)


def _listed(below: Below, path: str, pending: list[str]) -> Iterator[tuple[str, int]]:
    """What lies in the last of the pending folders; those in it are pending then."""
    folder = pending.pop()
    try:
        here = below.open(folder)
    except OSError:
        return
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                inner = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    yield f"{path}/{inner}", taken(entry.stat(follow_symlinks=False))
                except OSError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append(inner)
    except OSError:
        return
    finally:
        os.close(here)


def taken(seen: os.stat_result) -> int:
    """The bytes that one file takes on the disk; one with several names has its share."""
    share = 1 if not seen.st_nlink or _is_folder(seen) else seen.st_nlink
    return seen.st_blocks * _BLOCK // share


def is_going(name: str) -> bool:
    """Whether that is what something is called while it is being removed for good."""
    end = name[len(layout.GONE) :]
    return name.startswith(layout.GONE) and bool(end) and not end.strip("0123456789abcdef")


def remove(root: str, path: str) -> int:
    """Remove a file or a folder below a root, with all below it; the bytes that this freed.

    A second call finishes what a killed one has left, and two at once help each other.

    Raises:
        OSError: a link leads there, or something of it cannot be removed; the rest may be gone.
    """
    try:
        folder, name = open_above(root, path)
    except FileNotFoundError:
        return 0
    try:
        seen = os.lstat(name, dir_fd=folder)
        if _is_folder(seen):
            return _remove_folder(folder, name) + seen.st_blocks * _BLOCK
        _unlink(name, folder)
        return _freed(seen)
    except FileNotFoundError:
        return 0
    finally:
        os.close(folder)


def _remove_folder(folder: int, name: str) -> int:
    """Remove a folder of an open one; the bytes that what it held took."""
    freed = 0
    try:
        top = _open(name, folder)
        try:
            while os.listdir(top):
                freed += _empty(top, top, 0)
        finally:
            os.close(top)
        _rmdir(name, folder)
    except FileNotFoundError:
        pass  # another has removed it
    return freed


def _empty(here: int, top: int, depth: int) -> int:
    """Remove what an open folder holds; what lies too deep is lifted to the top."""
    freed = 0
    if os.fstat(here).st_mode & 0o700 != 0o700:
        os.fchmod(here, 0o700)
    with os.scandir(here) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        try:
            seen = os.lstat(name, dir_fd=here)
            if not is_folder:
                _unlink(name, here)
                freed += _freed(seen)
            elif depth == _DEEP:
                os.close(_open(name, here))  # which may have to let us
                lifted = f"{layout.GONE}{os.urandom(8).hex()}"
                os.rename(name, lifted, src_dir_fd=here, dst_dir_fd=top)
            else:
                below = _open(name, here)
                try:
                    freed += _empty(below, top, depth + 1)
                finally:
                    os.close(below)
                _rmdir(name, here)
                freed += seen.st_blocks * _BLOCK
        except FileNotFoundError:
            continue
    return freed


def _open(name: str, above: int) -> int:
    """A folder of an open one, made writable for its owner where a script has forbidden that."""
    try:
        here = os.open(name, FOLDER_FLAGS, dir_fd=above)
    except PermissionError:
        if not hasattr(os, "O_PATH"):
            raise
        flags = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
        closed = os.open(name, flags, dir_fd=above)
        try:
            os.chmod(f"/proc/self/fd/{closed}", 0o700)  # of this very folder, and of no link
        finally:
            os.close(closed)
        here = os.open(name, FOLDER_FLAGS, dir_fd=above)
    if os.fstat(here).st_mode & 0o700 != 0o700:
        os.fchmod(here, 0o700)
    return here


def _unlink(name: str, above: int) -> None:
    try:
        os.unlink(name, dir_fd=above)
    except FileNotFoundError:
        return


def _rmdir(name: str, above: int) -> None:
    try:
        os.rmdir(name, dir_fd=above)
    except FileNotFoundError:
        return


def _freed(seen: os.stat_result) -> int:
    """What goes with a name: nothing, where the file has another one."""
    return seen.st_blocks * _BLOCK if seen.st_nlink == 1 else 0


def _is_folder(seen: os.stat_result) -> bool:
    from stat import S_ISDIR

    return S_ISDIR(seen.st_mode)
