"""The files of a run, in one namespace of relative names with `/` between their parts.

`outputs/…`, `logs/…` and `user_logs/…` lie in the folders of these names; of a submitted run the
first two are those of its `work/`. Whatever else was added lies in `files/`.

Names lead to a file through folders only: each part is opened by itself, relative to the one
before, and no link is followed, so nobody who rearranges the folders meanwhile can lead a reader
or a writer out of the run. A file appears whole or not at all, and is never replaced.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISLNK, S_ISREG

from runstore import facts, layout
from runstore.errors import FileBlocked, FileMissing, FileTaken, InvalidName, ReadOnlyStore
from runstore.findings import writer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Stream(Protocol):
        """What can be read in parts, like an open binary file."""

        def read(self, size: int, /) -> bytes: ...


FOLDERS = (layout.OUTPUTS, layout.LOGS, layout.USER_LOGS)
"""The folders whose names are those of their files; every other name lies in `files/`."""

MAX_PART = 255
MAX_NAME = 4096

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe would wait for a writer for ever.
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLDER = (errno.ENOTDIR, errno.ELOOP)
_NOT_IN_KERNEL = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_CHUNK = 1 << 20
_copy_range = getattr(os, "copy_file_range", None)


def check_name(name: str) -> str:
    """The name itself if a run's file may have it.

    Raises:
        InvalidName: it is absolute, or one of its parts is empty, `.`, `..`, over 255 bytes, the
            name of a file that is being added, or holds NUL or a backslash.
    """
    problem = _problem(name)
    if not problem and "\\" in name:
        problem = "it holds a backslash, and parts are divided by '/'"
    if not problem and len(os.fsencode(name)) > MAX_NAME:
        problem = f"it is longer than {MAX_NAME} bytes"
    for part in () if problem else name.split("/"):
        if len(os.fsencode(part)) > MAX_PART:
            problem = f"a part of it is longer than {MAX_PART} bytes"
        elif _is_unfinished(part):
            problem = "files that are being added are called so"
    if problem:
        raise InvalidName(f"{_shown(name)} is no name of a run's file: {problem}")
    return name


def names(run_folder: str) -> list[str]:
    """The names of all files of a run, sorted. Links and files that are being added are none."""
    return sorted(name for name, unfinished in _walk(run_folder) if not unfinished)


def unfinished(run_folder: str) -> list[str]:
    """The names of files that are being added, or whose adding was killed."""
    return sorted(name for name, unfinished in _walk(run_folder) if unfinished)


def open_for_reading(run_folder: str, name: str) -> int:
    """A descriptor of a file of a run, at its beginning.

    Raises:
        FileMissing: there is no such file, or a link or a folder lies at its place.
        InvalidName: no file can have that name.
        OSError: it cannot be read.
    """
    run_id = os.path.basename(run_folder)
    problem = _problem(name)
    if problem:
        raise InvalidName(f"{_shown(name)} is no name of a run's file: {problem}")
    try:
        folder, last = _open_above(run_folder, name, make=False)
    except FileNotFoundError:
        raise FileMissing(name, run_id) from None
    except OSError as error:
        if error.errno in _NO_FOLDER:
            raise FileMissing(name, run_id, "a part of it is no folder") from error
        raise
    try:
        return _open_file(folder, last)
    except FileNotFoundError:
        raise FileMissing(name, run_id) from None
    except _NoFileError as error:
        raise FileMissing(name, run_id, str(error)) from None
    finally:
        os.close(folder)


def add(run_folder: str, name: str, source: bytes | int | Stream) -> bool:
    """Add a file to a run, whole or not at all. A file that is there is never replaced.

    Args:
        source: the content, or an open binary file or a descriptor, read from where it is.

    Returns:
        True: it is new; False: the run has a file of that name with the same content.

    Raises:
        FileTaken: the run has another file of that name.
        FileBlocked: a folder or a link lies at its place, or a part of the name is no folder.
        InvalidName: no file can have that name.
        ReadOnlyStore: the run cannot be written, or its file system has no hard links.
        OSError: anything else, such as a full disk.
    """
    run_id = os.path.basename(run_folder)
    try:
        folder, last = _open_above(run_folder, check_name(name), make=True)
    except OSError as error:
        if error.errno in _NO_FOLDER:
            raise FileBlocked(name, run_id, "a part of it is no folder") from error
        raise facts.unwritable(run_folder, error) from error
    try:
        if isinstance(source, int):
            same = _compare(folder, last, source)
            if same is not None:
                return _kept(same, name, run_id)
        same = _write(folder, last, source)
        return True if same is None else _kept(same, name, run_id)
    except _NoFileError as error:
        raise FileBlocked(name, run_id, str(error)) from None
    except OSError as error:
        if error.errno in facts.NO_LINKS:
            raise ReadOnlyStore(run_folder, "its file system has no hard links") from error
        raise facts.unwritable(run_folder, error) from error
    finally:
        os.close(folder)


def remove_unfinished(run_folder: str, name: str) -> None:
    """Remove what an adding that was killed has left."""
    folder, last = _open_above(run_folder, name, make=False)
    try:
        if _is_unfinished(last):
            os.unlink(last, dir_fd=folder)
    finally:
        os.close(folder)


def pour(source: int, target: int) -> None:
    """Copy from where one descriptor is to its end, in the kernel where that can do it."""
    while _copy_range is not None:
        try:
            if not _copy_range(source, target, 1 << 30):
                break  # the end; or a file without a size, such as one of /proc
        except OSError as error:
            if error.errno in _NOT_IN_KERNEL:
                break  # both offsets are where the copy ended
            raise
    while data := os.read(source, _CHUNK):
        write_all(target, data)


def write_all(target: int, data: bytes) -> None:
    """Write all of it, in as many writes as it takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


def _kept(same: bool, name: str, run_id: str) -> bool:
    if not same:
        raise FileTaken(name, run_id)
    return False


def _write(folder: int, name: str, source: bytes | int | Stream) -> bool | None:
    """Make a file appear. None: done; else one was there: whether its content is the same."""
    temporary = f"{layout.UPLOAD}.{os.getpid()}.{os.urandom(4).hex()}"
    target = os.open(temporary, _CREATE_FLAGS, 0o600, dir_fd=folder)
    try:
        os.fchmod(target, 0o600)  # whatever the umask
        if isinstance(source, int):
            pour(source, target)
        elif isinstance(source, bytes):
            write_all(target, source)
        else:
            while data := source.read(_CHUNK):
                write_all(target, data)
        os.fsync(target)  # a power cut leaves no name without its content
        while True:
            try:
                os.link(
                    temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False
                )
                return None
            except FileExistsError:
                # A network file system can lose the reply to a link that it made.
                if os.fstat(target).st_nlink == 2:
                    return None
            os.lseek(target, 0, os.SEEK_SET)
            same = _compare(folder, name, target)
            if same is not None:  # None: it was removed in the meantime
                return same
    finally:
        os.close(target)
        try:
            os.unlink(temporary, dir_fd=folder)
        except OSError:
            pass  # `check` finds it


def _compare(folder: int, name: str, source: int) -> bool | None:
    """Whether a file holds what a descriptor does from where it is; None where there is none.

    Of a source that can be read only once nothing is said before it has been copied.
    """
    wanted = os.fstat(source)
    if not S_ISREG(wanted.st_mode):
        return None
    try:
        there = _open_file(folder, name)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(there)
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
    finally:
        os.close(there)


def _open_file(folder: int, name: str) -> int:
    try:
        descriptor = os.open(name, _READ_FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            kind = "a link" if error.errno == errno.ELOOP else "no regular file"
            raise _NoFileError(f"{kind} lies at its place") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    kind = "a folder" if S_ISDIR(mode) else "no regular file"
    raise _NoFileError(f"{kind} lies at its place")


def _open_above(run_folder: str, name: str, *, make: bool) -> tuple[int, str]:
    """The folder that holds a file, and the last part of its name."""
    parts = name.split("/")
    top = parts.pop(0) if parts[0] in FOLDERS else layout.FILES
    if not parts:
        raise NotADirectoryError(errno.ENOTDIR, f"{top} is a folder", name)
    run = os.open(run_folder, _FOLDER_FLAGS & ~os.O_NOFOLLOW)
    try:
        here = _open_top(run, run_folder, top, make=make)
    finally:
        os.close(run)
    for part in parts[:-1]:
        here = _step(here, part, make=make)
    return here, parts[-1]


def _open_top(run: int, run_folder: str, top: str, *, make: bool) -> int:
    """One of the folders that names begin in; a submitted run has two of them in its `work/`."""
    if not _is_link(run, top):
        return _step(os.dup(run), top, make=make)
    if os.readlink(top, dir_fd=run) != f"{layout.WORK}/{top}":
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), top)
    if not _is_link(run, layout.WORK):
        return _step(_step(os.dup(run), layout.WORK, make=make), top, make=make)
    source = os.readlink(layout.WORK, dir_fd=run)  # the script runs in the source folder itself
    asked = facts.read(run_folder, layout.RUN) or {}
    if not asked.get("in_place") or asked.get("source_directory") != source:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), layout.WORK)
    return _step(os.open(source, _FOLDER_FLAGS & ~os.O_NOFOLLOW), top, make=make)


def _step(above: int, name: str, *, make: bool) -> int:
    """The folder of that name in another, which is closed."""
    try:
        try:
            return os.open(name, _FOLDER_FLAGS, dir_fd=above)
        except FileNotFoundError:
            if not make:
                raise
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except FileExistsError:
            pass
        return os.open(name, _FOLDER_FLAGS, dir_fd=above)
    finally:
        os.close(above)


def _is_link(folder: int, name: str) -> bool:
    try:
        return S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)
    except FileNotFoundError:
        return False


def _walk(run_folder: str) -> Iterator[tuple[str, bool]]:
    """Each file's name, and whether it is being added. What cannot be listed holds nothing."""
    run = os.open(run_folder, _FOLDER_FLAGS & ~os.O_NOFOLLOW)
    try:
        for top in (*FOLDERS, layout.FILES):
            try:
                root = _open_top(run, run_folder, top, make=False)
            except OSError:
                continue
            try:
                yield from _walk_below(root, "" if top == layout.FILES else f"{top}/")
            finally:
                os.close(root)
    finally:
        os.close(run)


def _walk_below(root: int, prefix: str) -> Iterator[tuple[str, bool]]:
    todo = [""]
    while todo:
        path = todo.pop()
        try:
            here = os.dup(root)
            for part in path.split("/")[:-1]:
                here = _step(here, part, make=False)
        except OSError:
            continue  # gone, or somebody else's
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if not prefix and not path and entry.name in FOLDERS:
                        continue  # no name leads there
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(f"{path}{entry.name}/")
                    elif entry.is_file(follow_symlinks=False):
                        yield f"{prefix}{path}{entry.name}", _is_unfinished(entry.name)
        finally:
            os.close(here)


def _is_unfinished(part: str) -> bool:
    return part.startswith(f"{layout.UPLOAD}.") and writer_of(part) > 0


def _problem(name: object) -> str:
    """Why a name can lead to no file of a run; "" if it can."""
    if not isinstance(name, str):
        return "it is no text"
    if not name:
        return "it is empty"
    if "\0" in name:
        return "it holds NUL"
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return "it holds half a character"
    if name[0] == "/":
        return "it is absolute"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "a part of it is empty, '.' or '..'"
    return ""


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 200 else f"{text[:200]}…"


class _NoFileError(Exception):
    """What lies at a file's place is something else."""
