"""Downloading: copy files of a run to a path that the caller names.

Below a named folder no link is followed. A copy appears whole or not at all.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISLNK, S_ISREG

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.files.logs import names as log_names
from homerun.files.upload import plain
from runstore import layout
from runstore.errors import FileMissing
from runstore.fs import safe_path
from runstore.run import files as run_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.files.upload import Path
    from runstore.run.record import Record

ASSETS = "assets"
"""Where logs go by default, as in the original: `assets/<run id>`."""

_SHOWN = 24
_BEGUN = ".download"
"""The name of a copy while it is written begins so: `.download.<pid>.<hex>`."""


def file(record: Record, name: str, output: Path | None) -> None:
    """Copy one file; see `Run.download_file`."""
    source = _open(record, plain(name))
    try:
        copy_to(source, target(plain(name), output))
    finally:
        os.close(source)


def files(
    record: Record,
    prefix: str | None,
    directory: Path | None,
    paths: Sequence[Path] | None,
    append_prefix: bool,
) -> None:
    """Copy the files of a folder; see `Run.download_files`."""
    start = plain(prefix or "")
    start = f"{start.rstrip('/')}/" if start else ""
    names = run_files.names(record.path, start)
    if not names and start:
        known = some(run_files.names(record.path))
        raise UserError(f"run {record.id} has no files in {start[:-1]!r}; it has {known}")
    places = list(names)
    if paths is not None and _are_usable(paths, len(names)):
        places = [os.fspath(path) for path in paths]
    elif directory is not None and paths is None and not append_prefix:
        places = [name[len(start) :] for name in names]
    is_named = directory is None and places != names
    for name, place in zip(names, places):
        source = _open(record, name)
        try:
            if is_named:
                copy_to(source, target(name, place))
            else:
                _copy_below(source, os.fspath(directory or os.curdir), place)
        finally:
            os.close(source)


def logs(record: Record, destination: Path | None) -> list[str]:
    """Copy the log files; see `Run.get_all_logs`."""
    folder = os.path.join(ASSETS, record.id) if destination is None else os.fspath(destination)
    made = []
    for name in log_names.log_files(record):
        source = _open_log(record, name)
        if source is None:
            continue
        try:
            _copy_below(source, folder, name)
        finally:
            os.close(source)
        made.append(os.path.join(folder, name))
    return made


def log_texts(record: Record) -> dict[str, str]:
    """The log files by name, each as text."""
    found = {}
    for name in log_names.log_files(record):
        source = _open_log(record, name)
        if source is not None:
            with open(source, "rb") as file:
                found[name] = file.read().decode("utf-8", "replace")
    return found


def _open(record: Record, name: str) -> int:
    try:
        return run_files.open_for_reading(record.path, name)
    except FileMissing as error:
        known = some(run_files.names(record.path))
        raise UserError(f"run {record.id} has no file {name!r}; it has {known}") from error
    except OSError as error:
        raise UserError(
            f"file {name!r} of run {record.id} cannot be read ({error.strerror})"
        ) from error


def _open_log(record: Record, name: str) -> int | None:
    """Open a log; None if it is gone by now. The supervisor's log is not among the run's files."""
    try:
        if name != layout.SUPERVISOR_LOG:
            return run_files.open_for_reading(record.path, name)
        run = safe_path.open_root(record.path)
        try:
            return safe_path.open_file(run, name)
        finally:
            os.close(run)
    except (FileMissing, safe_path.NoFileError, OSError):
        return None


def some(names: list[str]) -> str:
    """The first of these names, in a line."""
    if not names:
        return "none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _are_usable(paths: Sequence[Path], count: int) -> bool:
    """Whether there is one path for each file; if not, a notice says so."""
    different = len({os.fspath(path) for path in paths})
    if len(paths) == different == count:
        return True
    messages.tell(
        [f"{len(paths)} output paths, {different} of them different, for {count} files: left out"]
    )
    return False


def target(name: str, output: Path | None) -> str:
    """The path for a copy: the one that the caller named, or one in it where that is a folder."""
    last = name.rpartition("/")[2]
    if output is None:
        return last
    path = os.fspath(output)
    return os.path.join(path, last) if path.endswith("/") or os.path.isdir(path) else path


def copy_to(source: int, path: str) -> None:
    """Copy to a path that the caller named; the folders above it may be links."""
    above, last = os.path.split(path)
    _copy_below(source, above or os.curdir, last)


def _copy_below(source: int, folder: str, relative: str) -> None:
    """Copy to a place below a folder, following no link on the way."""
    path = os.path.join(folder, relative)
    *parts, last = relative.split("/")
    if any(part in ("", ".", "..") for part in (*parts, last)):
        raise UserError(f"{path!r} does not stay in {folder!r}: give a plain path below it")
    try:
        os.makedirs(folder, exist_ok=True)
        here = safe_path.descend(safe_path.open_root(folder), parts, make=True, mode=0o777)
        try:
            _copy(source, here, last, path)
        finally:
            os.close(here)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in safe_path.NO_FOLDER or isinstance(error, FileExistsError):
            reason = "a part of it is a link or a file, which is not written through"
        raise UserError(f"{path!r} cannot be written: {reason}") from error
    except ValueError as error:  # NUL, or half a character
        raise UserError(f"{path!r} cannot be written: {error}") from error


def _copy(source: int, folder: int, name: str, path: str) -> None:
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    else:
        if S_ISLNK(found.st_mode) or not S_ISREG(found.st_mode):
            kind = "a link" if S_ISLNK(found.st_mode) else "no file"
            kind = "a folder" if S_ISDIR(found.st_mode) else kind
            raise UserError(f"{path!r} is {kind}: it is not replaced, name another path")
        if os.path.samestat(found, os.fstat(source)):
            return
    begun = f"{_BEGUN}.{os.getpid()}.{os.urandom(4).hex()}"
    os.close(safe_path.write_beside(folder, begun, source, mode=0o666))
    try:
        os.rename(begun, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        safe_path.remove(folder, begun)
        raise
