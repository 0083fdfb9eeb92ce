"""Ways below an open folder that lead through no link, and files that appear in it whole.

Each part of a path is opened by itself, relative to the folder before it, so that a process
that rearranges the folders meanwhile leads no reader and no writer out of them.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISLNK, S_ISREG

from runstore.fs.atomic import make_new_folder, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol, Union

    class Stream(Protocol):
        """What can be read in parts, like an open binary file."""

        def read(self, size: int, /) -> bytes: ...

    Source = Union[bytes, int, Stream]


FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_PATH = 4096
NO_FOLDER = (errno.ENOTDIR, errno.ELOOP)
"""What opening a folder fails with where a link or a file lies in its place."""

# O_NONBLOCK: a pipe would wait for a writer for ever.
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_BY_KERNEL = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_CHUNK = 1 << 20
_MOST_OPEN = 32
_AT_ONCE = 1 << 30
_copy_range = getattr(os, "copy_file_range", None)


class NoFileError(Exception):
    """At a file's place lies something else; the text says what."""


def open_root(path: str) -> int:
    """A descriptor of the folder that the user named; it may be a link."""
    return os.open(path, FOLDER_FLAGS & ~os.O_NOFOLLOW)


def step(above: int, name: str, *, make: bool, mode: int | None = None) -> int:
    """The folder of that name in an open one, which is closed.

    Args:
        mode: the permissions of one that is made; None: those that a store gives.

    Raises:
        OSError: it is not there (and not to be made), or is a link or a file.
    """
    try:
        try:
            return os.open(name, FOLDER_FLAGS, dir_fd=above)
        except FileNotFoundError:
            if not make:
                raise
        try:
            if mode is None:
                make_new_folder(name, above)
            else:
                os.mkdir(name, mode, dir_fd=above)
        except FileExistsError:
            pass
        return os.open(name, FOLDER_FLAGS, dir_fd=above)
    finally:
        os.close(above)


def descend(root: int, parts: Sequence[str], *, make: bool, mode: int | None = None) -> int:
    """The folder that these parts lead to from an open one, which is closed."""
    here = root
    for part in parts:
        here = step(here, part, make=make, mode=mode)
    return here


def open_below(root: int, folder: str) -> int:
    """The folder at a relative path below an open one, which stays open; "": that one again.

    Raises:
        OSError: a part of the path is missing, or is a link or a file.
    """
    here = os.open(".", FOLDER_FLAGS, dir_fd=root)
    return descend(here, folder.split("/") if folder else (), make=False)


class Below:
    """Opens folders below an open one, each from the nearest above it that is open still.

    To open every folder of a tree, each after the one above it, so takes as long as the tree has
    folders, however deep they lie. A context manager; the first folder stays open.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._way: list[tuple[str, int]] = []

    def __enter__(self) -> Below:
        return self

    def __exit__(self, *_: object) -> None:
        while self._way:
            os.close(self._way.pop()[1])

    def open(self, folder: str) -> int:
        """The folder at a relative path; the caller closes it. "": the first one again.

        Raises:
            OSError: a part of the path is missing, or is a link or a file.
        """
        while self._way and not f"{folder}/".startswith(f"{self._way[-1][0]}/"):
            os.close(self._way.pop()[1])
        path, here = self._way[-1] if self._way else ("", self._root)
        rest = folder[len(path) :].lstrip("/")
        for name in rest.split("/") if rest else ():
            here = os.open(name, FOLDER_FLAGS, dir_fd=here)
            path = f"{path}/{name}" if path else name
            self._way.append((path, here))
            if len(self._way) > _MOST_OPEN:
                os.close(self._way.pop(0)[1])
        return os.open(".", FOLDER_FLAGS, dir_fd=here)


def open_above(root: str, path: str) -> tuple[int, str]:
    """The folder that holds a path below a root, reached through no link, and the last name.

    Args:
        path: as the root's own path and what follows it.

    Raises:
        OSError: a part of the path is missing, or is a link or a file.
    """
    inner = path[len(root) + 1 :]
    if not path.startswith(f"{root}/") or ".." in inner.split("/"):
        raise ValueError(f"{path} does not lie in {root}")
    folder, _, name = inner.rpartition("/")
    top = open_root(root)
    try:
        return open_below(top, folder), name
    finally:
        os.close(top)


def unlink(root: str, path: str) -> None:
    """Remove a file or a link below a root; one that is not there is fine.

    Raises:
        OSError: a link leads there, or it cannot be removed.
    """
    try:
        folder, name = open_above(root, path)
    except FileNotFoundError:
        return
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    finally:
        os.close(folder)


def rename(root: str, path: str, other: str) -> None:
    """Rename what lies below a root to another place below it.

    Raises:
        OSError: a link leads to one of both, or it cannot be renamed.
    """
    above, name = open_above(root, path)
    try:
        beside, new = open_above(root, other)
        try:
            os.rename(name, new, src_dir_fd=above, dst_dir_fd=beside)
        finally:
            os.close(beside)
    finally:
        os.close(above)


def is_link(folder: int, name: str) -> bool:
    """Whether a link of that name lies in an open folder."""
    try:
        return S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)
    except FileNotFoundError:
        return False


def open_file(folder: int, name: str) -> int:
    """A descriptor for reading a file of an open folder.

    Raises:
        NoFileError: it is a link, a folder, a pipe or the like.
        OSError: it is not there, or cannot be read.
    """
    try:
        descriptor = os.open(name, _READ_FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NoFileError("it is a link, which is not followed") from error
        if error.errno == errno.ENXIO:
            raise NoFileError("it is a socket or a device") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise NoFileError("it is a folder" if S_ISDIR(mode) else "it is a pipe or a device")


def walk(root: int) -> Iterator[str]:
    """The relative path of each file below an open folder; what cannot be listed holds none.

    Folders too deep for a path of `MAX_PATH` characters are not entered.
    """
    pending = [""]
    with Below(root) as below:
        while pending:
            folder = pending.pop()
            lead = f"{folder}/" if folder else ""
            try:
                here = below.open(folder)
            except OSError:
                continue  # gone meanwhile, or another user's
            try:
                with os.scandir(here) as entries:
                    for entry in entries:
                        path = lead + entry.name
                        if entry.is_file(follow_symlinks=False):
                            yield path
                        elif entry.is_dir(follow_symlinks=False) and len(path) < MAX_PATH:
                            pending.append(path)
            finally:
                os.close(here)


def write_beside(folder: int, name: str, source: Source, *, mode: int = 0o600) -> int:
    """Write a new file of an open folder; its descriptor, at its end.

    Args:
        source: the content, or an open binary file or a descriptor, read from where it is.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    target = os.open(name, _CREATE_FLAGS, mode, dir_fd=folder)
    try:
        if isinstance(source, int):
            pour(source, target)
        elif isinstance(source, bytes):
            write_all(target, source)
        else:
            while data := source.read(_CHUNK):
                write_all(target, data)
    except BaseException:
        os.close(target)
        remove(folder, name)
        raise
    return target


def remove(folder: int, name: str) -> None:
    """Remove a file that was written beside another, if it is still there."""
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


def pour(source: int, target: int, size: int | None = None) -> int:
    """Copy from where one descriptor is to where the other is, by the kernel where that can.

    Args:
        size: copy at most so many bytes; None: all up to the end.

    Returns:
        How many bytes were copied.
    """
    done = 0
    while _copy_range is not None and done != size:
        try:
            copied = _copy_range(source, target, _AT_ONCE if size is None else size - done)
        except OSError as error:
            if error.errno in _NOT_BY_KERNEL:
                break  # both offsets are where the copy ended
            raise
        if not copied:
            break  # the end; or a file without a size, such as one of /proc
        done += copied
    while done != size:
        data = os.read(source, _CHUNK if size is None else min(_CHUNK, size - done))
        if not data:
            break
        write_all(target, data)
        done += len(data)
    return done


def is_same(there: int, source: int) -> bool:
    """Whether a file holds what another one does from where its descriptor is."""
    found, wanted = os.fstat(there), os.fstat(source)
    if os.path.samestat(found, wanted):
        return True
    at, offset = 0, os.lseek(source, 0, os.SEEK_CUR)
    if found.st_size != wanted.st_size - offset:
        return False
    while True:
        one, two = os.pread(there, _CHUNK, at), os.pread(source, _CHUNK, offset + at)
        if one != two:
            return False
        if not one:
            return True
        at += len(one)
