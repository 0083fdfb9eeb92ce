"""Files that appear whole or not at all: published by a link, written, read and synced.

Temporary files are named `.<name>.<pid>.<hex>`, so that a check can tell whose they are.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

NO_FILE = (errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)

OUR_OWN = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What this process lacks; such an error says nothing of a file."""

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
        os.fchmod(descriptor, 0o600)  # whatever the umask
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
    """Whether there is such a folder, and it may be seen.

    Raises:
        OSError: the disk does not tell.
    """
    try:
        return S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False


def make_new_folder(path: str) -> None:
    """Make a folder that is not there, and that only its owner can enter, whatever the umask.

    Raises:
        FileExistsError: it is there.
    """
    os.mkdir(path, 0o700)
    os.chmod(path, 0o700)


def make_folder(path: str) -> bool:
    """Make a folder that may be there; the one that holds it has to be. False: it was there.

    Unlike `makedirs` it cannot bring back half of a run that was removed in the meantime.

    Raises:
        FileNotFoundError: the folder that is to hold it is gone.
    """
    try:
        make_new_folder(path)
    except FileExistsError:
        return False
    return True


def write(path: str, data: bytes, *, sync: bool = False) -> None:
    """Write a new file whole; for what is not visible yet.

    Raises:
        OSError: it is there already, or the disk is full.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            # A script may have put anything there: a pipe is not waited for.
            descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
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


def read_bytes(path: str) -> bytes | None:
    """A small file whole, or None where there is none."""
    try:
        # O_NONBLOCK: a pipe of that name would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = os.read(descriptor, 1 << 16)
        if len(data) == 1 << 16:
            parts = [data]
            while parts[-1]:
                parts.append(os.read(descriptor, 1 << 20))
            data = b"".join(parts)
        return data
    except IsADirectoryError:
        return b""
    finally:
        os.close(descriptor)


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
