"""The files of a run, in one namespace of relative names with `/` between their parts.

`outputs/…`, `logs/…` and `user_logs/…` lie in the folders of these names; of a submitted run the
first two are those of its `work/`. Whatever else was added lies in `files/`. A link is no file of
a run, and none is followed on the way to one. A file appears whole or not at all, and is replaced
for those alone who ask for it.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISREG

from runstore import layout
from runstore.errors import FileBlocked, FileMissing, FileTaken, InvalidName, ReadOnlyStore
from runstore.fs import atomic, facts, safe_path
from runstore.fs.atomic import writer_of
from runstore.run import work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.fs.safe_path import Source

FOLDERS = (layout.OUTPUTS, layout.LOGS, layout.USER_LOGS)
"""The folders whose names are those of their files; every other name lies in `files/`."""

MAX_PART = 255


def check_name(name: str) -> str:
    """The name itself if a file may be added under it.

    Raises:
        InvalidName: it is absolute or too long, holds NUL or a backslash, or one of its parts is
            empty, `.`, `..`, too long, or what a file is called while it is being added.
    """
    check_path(name)
    problem = ""
    if "\\" in name:
        problem = "it holds a backslash, and parts are divided by '/'"
    elif len(os.fsencode(name)) > safe_path.MAX_PATH:
        problem = f"it is longer than {safe_path.MAX_PATH} bytes"
    elif any(len(os.fsencode(part)) > MAX_PART for part in name.split("/")):
        problem = f"a part of it is longer than {MAX_PART} bytes"
    elif any(is_unfinished(part) for part in name.split("/")):
        problem = "files that are being added are called so"
    if problem:
        raise _invalid(name, problem)
    return name


def names(run_folder: str, prefix: str = "") -> list[str]:
    """The names of all files of a run that begin so, sorted; not of those being added.

    Raises:
        OSError: the run's folder is gone or cannot be read.
    """
    return sorted(name for name in _walk(run_folder, prefix) if not is_unfinished(_last(name)))


def unfinished(run_folder: str) -> list[tuple[str, str]]:
    """Files that are being added, or whose adding was killed: the name and the path of each."""
    found = sorted(name for name in _walk(run_folder) if is_unfinished(_last(name)))
    return [(name, path_of(run_folder, name)) for name in found]


def path_of(run_folder: str, name: str) -> str:
    """Where a file lies, to be shown: the way there is not checked as it is for reading."""
    is_own = name.split("/")[0] in FOLDERS
    return f"{run_folder}/{name}" if is_own else f"{run_folder}/{layout.FILES}/{name}"


def open_for_reading(run_folder: str, name: str) -> int:
    """A descriptor of a file of a run, at its beginning.

    Raises:
        FileMissing: there is no such file, or something else lies at its place.
        InvalidName: no file can have that name.
        OSError: it cannot be read.
    """
    run_id = os.path.basename(run_folder)
    check_path(name)
    try:
        folder, last = _open_above(run_folder, name, make=False)
        try:
            return safe_path.open_file(folder, last)
        finally:
            os.close(folder)
    except safe_path.NoFileError as error:
        raise FileMissing(name, run_id, str(error)) from None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
            raise FileMissing(name, run_id) from None
        if error.errno in safe_path.NO_FOLDER:
            raise FileMissing(name, run_id, "a part of it is not a folder") from None
        raise


def add(
    run_folder: str, name: str, source: Source, *, sync: bool = True, replace: bool = False
) -> bool:
    """Add a file to a run, whole or not at all.

    Args:
        source: the content, or an open binary file or a descriptor, read from where it is.
        sync: whether its content survives a power cut once its name does.
        replace: take the place of another file of that name; who has that open reads on in it.

    Returns:
        True: it is new; False: the run has a file of that name with the same content.

    Raises:
        FileTaken: the run has another file of that name, which is not to be replaced.
        FileBlocked: something else lies at its place, or a part of the name is no folder.
        InvalidName: no file can have that name.
        ReadOnlyStore: the run cannot be written, or its file system has no hard links.
        OSError: anything else, such as a full disk.
    """
    run_id = os.path.basename(run_folder)
    check_name(name)
    try:
        folder, last = _open_above(run_folder, name, make=True)
        try:
            is_new, is_same = _add(folder, last, source, sync=sync, replace=replace)
        finally:
            os.close(folder)
    except safe_path.NoFileError as error:
        raise FileBlocked(name, run_id, str(error)) from None
    except OSError as error:
        if error.errno in safe_path.NO_FOLDER:
            raise FileBlocked(name, run_id, "a part of it is not a folder") from None
        if error.errno in atomic.NO_LINKS:
            raise ReadOnlyStore(run_folder, "its file system has no hard links") from error
        raise atomic.unwritable(run_folder, error) from error
    if not is_same:
        raise FileTaken(name, run_id)
    return is_new


def remove_unfinished(run_folder: str, name: str) -> None:
    """Remove what an adding that was killed has left."""
    folder, last = _open_above(run_folder, name, make=False)
    try:
        if is_unfinished(last):
            safe_path.remove(folder, last)
    finally:
        os.close(folder)


def _add(folder: int, name: str, source: Source, *, sync: bool, replace: bool) -> tuple[bool, bool]:
    """Whether the file is new, and whether what is there now has the source's content."""
    if isinstance(source, int) and S_ISREG(os.fstat(source).st_mode):
        is_same = _compare(folder, name, source)  # before anything is copied
        if is_same or (is_same is False and not replace):
            return False, is_same
    temporary = f"{layout.UPLOAD}.{os.getpid()}.{os.urandom(4).hex()}"
    target = safe_path.write_beside(folder, temporary, source)
    try:
        atomic.let_group_read(target, folder)
        if sync:
            os.fsync(target)
        while not _link(folder, temporary, name, target):
            os.lseek(target, 0, os.SEEK_SET)
            is_same = _compare(folder, name, target)
            if is_same is False and replace:
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                return True, True
            if is_same is not None:  # None: it was removed in the meantime
                return False, is_same
        return True, True
    finally:
        os.close(target)
        safe_path.remove(folder, temporary)


def _link(folder: int, temporary: str, name: str, descriptor: int) -> bool:
    """Let the file appear under its name. False: there is something of that name."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        # A network file system can lose the reply to a link that it made.
        return os.fstat(descriptor).st_nlink == 2
    return True


def _compare(folder: int, name: str, source: int) -> bool | None:
    """Whether a file holds what a descriptor does from where it is; None where there is none."""
    try:
        there = safe_path.open_file(folder, name)
    except FileNotFoundError:
        return None
    try:
        return safe_path.is_same(there, source)
    finally:
        os.close(there)


def _open_above(run_folder: str, name: str, *, make: bool) -> tuple[int, str]:
    """The folder that holds a file, and the last part of its name."""
    *parts, last = name.split("/")
    if not parts and last in FOLDERS:
        raise safe_path.NoFileError("it is a folder")
    top = parts.pop(0) if parts and parts[0] in FOLDERS else layout.FILES
    root = open_top(run_folder, top, make=make)
    return safe_path.descend(root, parts, make=make), last


def open_top(run_folder: str, top: str, *, make: bool) -> int:
    """One of the folders that names begin in; a submitted run has two of them in its `work/`."""
    run = safe_path.open_root(run_folder)
    try:
        if not safe_path.is_link(run, top):
            return safe_path.step(os.dup(run), top, make=make)
        parts = work.top_of(os.readlink(top, dir_fd=run), top)
        if parts is None:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), top)
        *above, name = parts
        holder = safe_path.descend(os.dup(run), above, make=False)
        try:
            if not safe_path.is_link(holder, name):
                return safe_path.descend(os.dup(holder), (name, top), make=make)
            source = os.readlink(name, dir_fd=holder)
        finally:
            os.close(holder)
    finally:
        os.close(run)
    asked = facts.read(run_folder, layout.RUN) or {}
    if not asked.get("in_place") or asked.get("source_directory") != source:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    return safe_path.step(
        safe_path.open_root(source), top, make=make
    )  # the script ran in its source


def _walk(run_folder: str, prefix: str = "") -> Iterator[str]:
    """Each file's name, where the folder that it begins in can be entered."""
    os.close(safe_path.open_root(run_folder))  # a run that is gone is no run without files
    wanted = prefix.split("/")[0] if "/" in prefix else ""
    for top in (*FOLDERS, layout.FILES):
        if wanted in FOLDERS and top != wanted:
            continue
        try:
            root = open_top(run_folder, top, make=False)
        except OSError:
            continue
        try:
            for path in safe_path.walk(root):
                if top != layout.FILES:
                    path = f"{top}/{path}"
                elif path.split("/")[0] in FOLDERS:
                    continue  # no name leads there
                if path.startswith(prefix):
                    yield path
        finally:
            os.close(root)


def is_unfinished(part: str) -> bool:
    """Whether that is what a file is called while it is being added."""
    return part.startswith(f"{layout.UPLOAD}.") and writer_of(part) > 0


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def check_path(name: object) -> None:
    """Raise InvalidName for what leads to no file below a folder."""
    problem = ""
    if not isinstance(name, str):
        problem = "it is not text"
    elif not name:
        problem = "it is empty"
    elif "\0" in name:
        problem = "it holds NUL"
    elif name[0] == "/":
        problem = "it is absolute"
    elif any(part in ("", ".", "..") for part in name.split("/")):
        problem = "a part of it is empty, '.' or '..'"
    elif not _is_encodable(name):
        problem = "it holds half a character"
    if problem:
        raise _invalid(name, problem)


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _invalid(name: object, problem: str) -> InvalidName:
    text = repr(name)
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    return InvalidName(f"{shown} is not a valid name for a run's file: {problem}")
