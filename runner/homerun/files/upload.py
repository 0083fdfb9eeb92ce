"""Uploading: copy files of this machine into a run."""

from __future__ import annotations

import io
import os
from stat import S_ISDIR, S_ISREG

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.snapshots import export
from runstore.errors import FileBlocked, FileTaken, InvalidName, RunNotFound
from runstore.fs import atomic, safe_path
from runstore.run import files as run_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Union

    from runstore.fs.safe_path import Source, Stream
    from runstore.run.record import Record

    Path = Union[str, os.PathLike[str]]

ORIGIN = "ExperimentRun"
_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class Artifact:
    """A file of a run, as the original tells of it: `path` is its name, `container` its run."""

    __slots__ = ("artifact_id", "container", "origin", "path")

    def __init__(self, run_id: str, name: str) -> None:
        self.origin = ORIGIN
        self.container = f"dcid.{run_id}"
        self.path = name
        self.artifact_id = f"{self.origin}/{self.container}/{name}"

    def serialize(self) -> dict[str, str]:
        """It as a dict, with the original's keys."""
        return {
            "artifactId": self.artifact_id,
            "origin": self.origin,
            "container": self.container,
            "path": self.path,
        }

    def __repr__(self) -> str:
        return f"Artifact({self.artifact_id})"


def file(record: Record, name: str, source: Path | Stream) -> Artifact:
    """Upload one file; see `Run.upload_file`."""
    return _upload(record, plain(name), source, sync=True)


def files(
    record: Record, names: Iterable[str], paths: Iterable[Path], *, replace: bool = False
) -> list[Artifact]:
    """Upload several files; see `Run.upload_files`.

    Args:
        replace: take the place of other files of these names.
    """
    if isinstance(names, str) or isinstance(paths, (str, os.PathLike)):
        raise UserError("upload_files takes a list of names and a list of paths")
    wanted, sources = [plain(name) for name in names], list(paths)
    if len(wanted) != len(sources):
        raise TypeError(f"{len(wanted)} names and {len(sources)} paths: give as many of each")
    pairs: dict[str, Path] = {}
    for name, path in zip(wanted, sources):
        if name in pairs:
            messages.tell([f"{name!r} is given twice: the first path counts"])
        pairs.setdefault(name, path)
    made, refused = [], None
    for name, path in pairs.items():
        try:
            made.append(_upload(record, name, path, replace=replace))
        except (FileTaken, FileBlocked, InvalidName, FileNotFoundError) as error:
            refused = refused or error
    if made:
        atomic.sync_file_system(record.path)
    if refused is not None:
        raise refused
    return made


def folder(record: Record, name: str, path: Path) -> list[Artifact]:
    """Upload what lies below a folder; see `Run.upload_folder`."""
    prefix = plain(name).rstrip("/")
    root_path = os.path.realpath(path)
    if not os.path.isdir(root_path):
        raise UserError(f"{os.fspath(path)!r} is not a folder; upload_file takes a file")
    try:
        root = safe_path.open_root(root_path)
    except OSError as error:
        raise _unreadable(root_path, error) from error
    made, refused = [], None
    try:
        found = sorted(_entries(root, root_path, record.store.root))
        for relative, is_link in found:
            source = _open_entry(record, root, root_path, relative, is_link=is_link)
            try:
                wanted = f"{prefix}/{relative}" if prefix else relative
                made.append(_add(record, wanted, source, sync=False))
            except (FileTaken, FileBlocked, InvalidName) as error:
                refused = refused or error
            finally:
                os.close(source)
    finally:
        os.close(root)
    if made:
        atomic.sync_file_system(record.path)
    if refused is not None:
        raise refused
    return made


def plain(name: object) -> str:
    """A name without the `./` that it may begin with.

    Raises:
        UserError: it is no text.
    """
    if not isinstance(name, str):
        raise UserError(f"a run's file is named by text, not by {type(name).__name__}")
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return "" if name == "." else name


def _upload(
    record: Record, name: str, source: Path | Stream, *, sync: bool = False, replace: bool = False
) -> Artifact:
    if isinstance(source, (str, os.PathLike)):
        descriptor = open_local(os.fspath(source))
        try:
            return _add(record, name, descriptor, sync=sync, replace=replace)
        finally:
            os.close(descriptor)
    return _add(record, name, _stream(name, source), sync=sync, replace=replace)


def _stream(name: str, source: Any) -> Stream:
    if isinstance(source, io.TextIOBase):
        raise UserError(f"{name!r} is not uploaded: open the file in binary mode")
    if not callable(getattr(source, "read", None)):
        kind = type(source).__name__
        raise UserError(f"{name!r} is not uploaded: give a path or a binary stream, not {kind}")
    stream: Stream = source
    return stream


def _add(
    record: Record, name: str, source: Source, *, sync: bool, replace: bool = False
) -> Artifact:
    try:
        record.store.for_writing()
        run_files.add(record.path, name, source, sync=sync, replace=replace)
    except OSError as error:
        if not record.exists():
            raise RunNotFound(record.id) from error
        raise UserError(
            f"{name!r} cannot be uploaded to run {record.id} ({error.strerror or error}); "
            "nothing of it was kept"
        ) from error
    return Artifact(record.id, name)


def open_local(path: str) -> int:
    """Open a file that the caller named.

    Raises:
        FileNotFoundError: it is not there.
        UserError: it is no file, or cannot be read.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    mode = os.fstat(descriptor).st_mode
    if S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    advice = "upload_folder takes folders" if S_ISDIR(mode) else "only files can be uploaded"
    raise UserError(f"{path!r} is not a file: {advice}")


def _unreadable(path: str, error: Exception) -> UserError:
    return UserError(f"{path!r} cannot be read ({getattr(error, 'strerror', None) or error})")


def _entries(root: int, root_path: str, store: str) -> Iterator[tuple[str, bool]]:
    """Each file and link below an open folder, and whether it is a link; not those of the store."""
    pending: list[tuple[str, ...]] = [()]
    while pending:
        parts = pending.pop()
        where = "/".join((root_path, *parts))
        try:
            here = safe_path.descend(os.dup(root), parts, make=False)
        except OSError as error:
            raise _unreadable(where, error) from error
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    relative = "/".join((*parts, entry.name))
                    if entry.is_dir(follow_symlinks=False):
                        if not _is_same_folder(f"{where}/{entry.name}", store):
                            pending.append((*parts, entry.name))
                    elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                        yield relative, entry.is_symlink()
                    else:
                        raise UserError(
                            f"{where}/{entry.name} is not a file: it is a pipe or device"
                        )
        finally:
            os.close(here)


def _is_same_folder(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _open_entry(record: Record, root: int, root_path: str, relative: str, *, is_link: bool) -> int:
    """A descriptor of what `_entries` found, be it what it was then or something else by now."""
    path = f"{root_path}/{relative}"
    if is_link:
        final = _final(path)
        if final in _originals(record):
            return open_local(final)
        relative = os.path.relpath(final, root_path)
        if not final.startswith(f"{root_path.rstrip('/')}/"):
            raise UserError(
                f"{path} is a link that leads out of the folder, to {final}: upload that by itself"
            )
    *parts, last = relative.split("/")
    try:
        above = safe_path.descend(os.dup(root), parts, make=False)
        try:
            return safe_path.open_file(above, last)
        finally:
            os.close(above)
    except safe_path.NoFileError as error:
        raise UserError(f"{path} is not uploaded: {error}") from None
    except OSError as error:
        raise _unreadable(path, error) from error


def _final(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError as error:  # the link became something else on the way
        raise _unreadable(path, error) from error


def _originals(record: Record) -> set[str]:
    """The files that the run's working copy holds links to: homerun itself placed those."""
    taken = record.run.get("snapshot")
    if not taken:
        return set()
    found = export.load(record, str(taken))
    return {original for _, original, _, _ in found.linked} if found else set()
