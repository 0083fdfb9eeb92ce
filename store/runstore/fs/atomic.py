"""Files that appear whole or not at all: published by a link, written, read and synced.

Temporary files are named `.<name>.<pid>.<hex>`, so that a check can tell whose they are.
"""

from __future__ import annotations

import errno
import os
from stat import S_IRGRP, S_ISDIR, S_ISGID, S_ISREG

from runstore.layout import PRIVATE

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

NO_FILE = (errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)

MOST_BYTES = 1 << 24
"""A file that is read whole has no more; a larger one is none of ours."""

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened that has to be a plain one; `accept_plain` tells whether it is."""

OUR_OWN = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What this process lacks; such an error says nothing of a file."""

SHARED_FOLDER = 0o2750
"""The permissions of a folder that a group reads; what is made in it gets its group."""

_OF_GROUP = S_ISGID | S_IRGRP

UNWRITABLE = {errno.EROFS: "it is read-only", errno.EACCES: "permission denied"}


def publish_bytes(folder: str, name: str, data: bytes, *, sync: bool = False) -> bool:
    """`publish` for content that is made already."""
    final = f"{folder}/{name}"
    temporary = f"{folder}/.{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        let_group_read(descriptor, folder)
        write_all(descriptor, data)
        if sync:
            os.fsync(descriptor)
        won = _link(temporary, final, descriptor, folder)
        if sync and won:
            sync_folder(folder)
        return won
    finally:
        os.close(descriptor)
        try:
            os.unlink(temporary)
        except OSError:
            pass  # the folder was moved meanwhile; what was published stays published


def _link(temporary: str, final: str, descriptor: int, folder: str) -> bool:
    try:
        os.link(temporary, final)
    except FileExistsError:
        # A network file system can lose the reply to a link that it made.
        return os.fstat(descriptor).st_nlink == 2
    except OSError as error:
        if error.errno in NO_LINKS:
            from runstore.errors import ReadOnlyStore

            raise ReadOnlyStore(folder, "its file system has no hard links") from error
        raise
    return True


def unwritable(folder: str, error: OSError) -> Exception:
    """The error to raise for a failed write: a sentence where the folder cannot be written."""
    reason = UNWRITABLE.get(error.errno or 0)
    if reason is None:
        return error
    from runstore.errors import ReadOnlyStore  # a supervisor's start does without it

    return ReadOnlyStore(folder, reason)


def is_folder(path: str) -> bool:
    """Whether there is such a folder, and it may be seen. A link to one is none.

    Raises:
        OSError: the disk does not tell.
    """
    try:
        return S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False


def is_at(path: str) -> bool:
    """Whether anything is at this place; a link counts for itself.

    Raises:
        OSError: the disk does not tell.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_plain(path: str) -> bool:
    """Whether there is a plain file of that name; a link to one is none."""
    try:
        return S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def make_new_folder(path: str, above: int | None = None, *, is_secret: bool = False) -> None:
    """Make a folder that is not there, and that only its owner can enter, whatever the umask.

    In a folder that a group reads it is that group's to read too.

    Args:
        above: the open folder that the path begins in; None: the current one.
        is_secret: it is its owner's alone, wherever it lies.

    Raises:
        FileExistsError: it is there.
    """
    os.mkdir(path, 0o700, dir_fd=above)
    mode = os.lstat(path, dir_fd=above).st_mode
    wanted = 0o700
    # The kernel hands down this bit, and its lack saves the look at the folder above.
    if mode & S_ISGID:
        folder = os.path.dirname(path) or ("." if above is None else above)
        if not is_secret and is_shared(folder):
            wanted = SHARED_FOLDER
    if mode & 0o7777 != wanted:
        os.chmod(path, wanted, dir_fd=above)


def is_shared(folder: str | int) -> bool:
    """Whether a folder, or an open one, is a group's to read, with what is made in it later."""
    return is_of_group(os.stat(folder).st_mode)


def is_of_group(mode: int) -> bool:
    """Whether a folder with these permissions is shared."""
    return mode & _OF_GROUP == _OF_GROUP


def let_group_read(descriptor: int, folder: str | int) -> None:
    """Let a file that was just made be read by the group that its folder is shared with, if any.

    First the file, then this look at its folder: a sharing that began meanwhile has changed the
    folder before it lists it, so that one of both sees to the file.
    """
    try:
        if is_shared(folder):
            os.fchmod(descriptor, group_readable(os.fstat(descriptor).st_mode))
    except OSError:
        return  # the folder was moved meanwhile: the file is its owner's alone


def group_readable(mode: int) -> int:
    """The permissions of a file whose group may do what its owner may, but for writing."""
    return mode & 0o777 | (mode & 0o500) >> 3


def make_folder(path: str, *, is_secret: bool = False) -> bool:
    """Make a folder that may be there; the one that holds it has to be. False: it was there.

    Unlike `makedirs` it cannot bring back half of a run that was removed in the meantime.

    Raises:
        FileNotFoundError: the folder that is to hold it is gone.
        OSError: a link or a file stands in its place.
    """
    try:
        make_new_folder(path, is_secret=is_secret)
    except FileExistsError:
        if S_ISDIR(os.lstat(path).st_mode):
            return False
        raise not_followed(path) from None
    return True


def make_private_folders(path: str) -> None:
    """Make a folder, and those above it that are missing, for this user alone.

    Raises:
        OSError: one cannot be made.
    """
    missing = []
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        missing.append(path)
        path = os.path.dirname(path)
    for one in reversed(missing):
        make_folder(one, is_secret=True)


def make_folders(root: str, *names: str) -> str:
    """Make a folder below that of a store, each part as `make_folder` does; its path."""
    path = root
    for name in names:
        path = f"{path}/{name}"
        make_folder(path, is_secret=name in PRIVATE)
    return path


def not_followed(path: str) -> OSError:
    """The error to raise where a link, or something else, stands in the place of a folder or a
    file of a store.
    """
    return OSError(errno.ELOOP, "it is a link or no plain file, and is not followed", path)


def names_in(folder: str) -> list[str]:
    """The names in a folder that is no link.

    Raises:
        NotADirectoryError: a link or a file stands in its place.
        OSError: it is not there, or cannot be listed.
    """
    descriptor = _open_folder(folder)
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)


def has_visible(folder: str) -> bool:
    """Whether a folder holds a name that begins with no dot; of a large one little is read.

    Raises:
        NotADirectoryError, OSError: as `names_in`.
    """
    descriptor = _open_folder(folder)
    try:
        with os.scandir(descriptor) as listing:
            return any(entry.name[0] != "." for entry in listing)
    finally:
        os.close(descriptor)


def _open_folder(folder: str) -> int:
    """Open a folder that is no link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(folder, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from error
        raise


def open_plain(path: str, flags: int) -> int:
    """Open a plain file, and nothing else; one that is made is for its owner alone, who may read
    and write it whatever the umask: it is opened again.

    A link is not followed, and a pipe is not waited for.

    Raises:
        OSError: ELOOP for a link, a pipe, or a device; or it cannot be opened.
    """
    descriptor = os.open(path, flags | PLAIN, 0o600)
    try:
        accept_plain(descriptor, path, flags)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def accept_plain(descriptor: int, path: str, flags: int) -> None:
    """What `open_plain` does with what was opened with PLAIN: a plain file is accepted.

    Raises:
        OSError: as `open_plain`.
    """
    seen = os.fstat(descriptor)
    if not S_ISREG(seen.st_mode):
        raise not_followed(path)
    if flags & os.O_CREAT and not seen.st_size:  # it may be new
        if seen.st_mode & 0o600 != 0o600 and seen.st_uid == os.geteuid():
            os.fchmod(descriptor, seen.st_mode & 0o7777 | 0o600)
        let_group_read(descriptor, os.path.dirname(path) or ".")


def write(path: str, data: bytes, *, sync: bool = False, is_secret: bool = False) -> None:
    """Write a new file whole; for what is not visible yet.

    Args:
        is_secret: it is its owner's alone, also in a store that a group reads.

    Raises:
        OSError: it is there already, or the disk is full.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if not is_secret:
            let_group_read(descriptor, os.path.dirname(path) or ".")
        write_all(descriptor, data)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_bytes(path: str, data: bytes) -> None:
    """Write a file, or another in its place: readers see the old one or the new one, whole.

    Raises:
        OSError: nothing was changed.
    """
    folder, name = os.path.split(path)
    hidden = f"{folder}/.{name}.{os.getpid()}.{os.urandom(4).hex()}"
    write(hidden, data, sync=True)
    try:
        os.rename(hidden, path)
    except OSError:
        os.unlink(hidden)
        raise
    sync_folder(folder)


def unlink_if_there(path: str) -> None:
    """Remove a file that another process may have removed meanwhile.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of these bytes: one `os.write` may take only a part of them.

    Raises:
        OSError: the disk is full, or the like; a part may be written.
    """
    written = os.write(descriptor, data)
    while written < len(data):
        data = memoryview(data)[written:]
        written = os.write(descriptor, data)


def sync_files(folder: str) -> None:
    """Make the content of a folder's files survive a power cut, as far as they let us."""
    try:
        names = names_in(folder)
    except OSError:
        return
    for name in names:
        try:
            # A script may have put anything there: a pipe is not waited for.
            descriptor = os.open(f"{folder}/{name}", _READ_FLAGS)
        except OSError:
            continue
        try:
            os.fsync(descriptor)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def sync_file_system(folder: str) -> None:
    """Make everything on a folder's file system survive a power cut; dear, but once for many."""
    try:
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            library.syncfs(descriptor)
        finally:
            os.close(descriptor)
    except (ImportError, AttributeError):  # no such call here
        os.sync()


def sync_folder(folder: str) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(path: str, most: int = MOST_BYTES, *, follow: bool = False) -> bytes | None:
    """A small file whole, or None where there is none.

    b"" where something else stands in its place (a link, a pipe, a folder), or a file of more than
    `most` bytes: a run of another's making can hold anything.

    Args:
        follow: follow a link, for files of the user or the system that lie in no store.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS & ~os.O_NOFOLLOW if follow else _READ_FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in NO_FILE:
            return b""
        raise
    try:
        data = os.read(descriptor, 1 << 16)
        return data if len(data) < 1 << 16 else _read_on(descriptor, data, most)
    except (IsADirectoryError, BlockingIOError):
        return b""
    finally:
        os.close(descriptor)


def _read_on(descriptor: int, data: bytes, most: int) -> bytes:
    """All of a file whose first bytes were read; b"" where it has more than `most`."""
    seen = os.fstat(descriptor)
    if not S_ISREG(seen.st_mode) or seen.st_size > most:
        return b""
    parts, size = [data], len(data)
    while parts[-1] and size <= most:
        parts.append(os.read(descriptor, 1 << 20))
        size += len(parts[-1])
    return b"".join(parts) if size <= most else b""


def read_or_empty(path: str) -> bytes:
    """A small file whole; b"" where there is none, or where it cannot be read."""
    try:
        return read_bytes(path) or b""
    except OSError:
        return b""


def writer_of(name: str) -> int:
    """The process that made a temporary file, by its name; 0 where it is none."""
    parts = name.rsplit(".", 2)
    if name[:1] != "." or len(parts) != 3 or not parts[1].isdecimal() or len(parts[2]) != 8:
        return 0
    return int(parts[1])
