"""The files of a model: read from a run or from this machine, copied with their digests."""

from __future__ import annotations

import hashlib
import os
from stat import S_ISDIR, S_ISREG

from homerun.base.errors import UserError
from runstore.fs import atomic, safe_path
from runstore.run import files as run_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from runstore.run.record import Record

    Files = Iterable[tuple[str, int]]

_CHUNK = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def files_of_run(record: Record, names: Sequence[str], inside: str) -> Iterator[tuple[str, int]]:
    """Files of a run, open for reading, each under its path from a folder of the run on."""
    for name in names:
        descriptor = run_files.open_for_reading(record.path, name)
        try:
            yield name[len(inside) :], descriptor
        finally:
            os.close(descriptor)


def files_of_path(path: str, store: str) -> Iterator[tuple[str, int]]:
    """A file of this machine, or all below a folder, each under its path from that name on.

    A link is followed to a file below the folder. The store itself is left out.

    Raises:
        UserError: something is no file or cannot be read, or a link leads out of the folder.
    """
    real = os.path.realpath(path)
    base = os.path.basename(os.path.abspath(path))
    if not os.path.isdir(real):
        yield from _opened(base, real)
        return
    for inner in _below(real, store):
        full = os.path.join(real, inner)
        final = os.path.realpath(full)
        if not final.startswith(f"{real.rstrip('/')}/"):
            raise UserError(f"{full} is a link that leads out of {path}, to {final}: copy the file")
        yield from _opened(f"{base}/{inner}", final)


def _below(real: str, store: str) -> Iterator[str]:
    for folder, folders, found in os.walk(real, onerror=_unreadable):
        where = os.path.relpath(folder, real)
        for name in [one for one in folders if os.path.islink(os.path.join(folder, one))]:
            raise UserError(f"{os.path.join(folder, name)} is a link to a folder: copy the folder")
        folders[:] = sorted(one for one in folders if os.path.join(folder, one) != store)
        for name in sorted(found):
            yield name if where == os.curdir else os.path.join(where, name)


def _unreadable(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read ({error.strerror})")


def _opened(inner: str, path: str) -> Iterator[tuple[str, int]]:
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not S_ISREG(mode):
            kind = "a folder" if S_ISDIR(mode) else "a pipe or a device"
            raise UserError(f"{path} is not a file: it is {kind}")
        yield inner, descriptor
    finally:
        os.close(descriptor)


def keep_files(folder: str, files: Files) -> list[dict[str, Any]]:
    """Copy files into a folder that nothing else writes to, safe from a power cut.

    Returns:
        The path, the size in bytes and the SHA-256 of each, in the order of the paths.

    Raises:
        UserError: a path is no text.
        OSError: the disk is full, or the like.
    """
    kept = []
    for inner, source in files:
        _check_text(inner)
        *parts, last = inner.split("/")
        here = safe_path.descend(safe_path.open_root(folder), parts, make=True)
        try:
            copy = safe_path.write_beside(here, last, source)
            try:
                atomic.let_group_read(copy, here)
                os.fsync(copy)
                size, digest = _digest(copy)
            finally:
                os.close(copy)
            os.fsync(here)
        finally:
            os.close(here)
        kept.append({"path": inner, "size": size, "sha256": digest})
    return sorted(kept, key=lambda one: str(one["path"]))


def open_kept(folder: str, kept: dict[str, Any]) -> int:
    """One of them, open for reading; no link is followed.

    Raises:
        UserError: it is gone, or something else stands in its place.
    """
    inner = str(kept.get("path"))
    _check_text(inner)
    *parts, last = inner.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in (*parts, last)):
        raise UserError(f"{inner!r} of {folder} leads elsewhere: it is not read")
    try:
        here = safe_path.descend(safe_path.open_root(folder), parts, make=False)
        try:
            return safe_path.open_file(here, last)
        finally:
            os.close(here)
    except (safe_path.NoFileError, OSError) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(f"{folder}/{inner} cannot be read ({said})") from error


def copy_out(folder: str, kept: dict[str, Any], target: str) -> None:
    """Copy one of them below another folder, made if need be; it appears whole, or not at all.

    Below that folder no link is followed.

    Raises:
        UserError: it is not what was kept, or it cannot be written there.
    """
    inner = str(kept.get("path"))
    *parts, last = inner.split("/")
    source = open_kept(folder, kept)
    try:
        os.makedirs(target, exist_ok=True)
        here = safe_path.descend(safe_path.open_root(target), parts, make=True, mode=0o777)
        try:
            _copy(source, here, last, kept, f"{folder}/{inner}")
        finally:
            os.close(here)
    except OSError as error:
        raise UserError(f"{target}/{inner} cannot be written ({error.strerror})") from error
    finally:
        os.close(source)


def checked_parts(folder: str, kept: dict[str, Any]) -> Iterator[bytes]:
    """What one of them holds, in parts; the last is given once the digest is known to be right.

    Raises:
        UserError: it is not what was kept, or is gone.
    """
    where = f"{folder}/{kept.get('path')}"
    found, last = hashlib.sha256(), b""
    with open(open_kept(folder, kept), "rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            if last:
                yield last
            found.update(data)
            last = data
    _check_digest(where, kept, found.hexdigest())
    yield last


def _check_digest(where: str, kept: dict[str, Any], digest: str) -> None:
    if digest != kept.get("sha256"):
        raise UserError(f"{where} is not what was registered: its SHA-256 is {digest}")


def _copy(source: int, here: int, last: str, kept: dict[str, Any], where: str) -> None:
    begun = f".{last[:200]}.{os.getpid()}.{os.urandom(4).hex()}"
    copy = safe_path.write_beside(here, begun, source, mode=0o666)
    try:
        _, digest = _digest(copy)
        _check_digest(where, kept, digest)
        os.replace(begun, last, src_dir_fd=here, dst_dir_fd=here)
    finally:
        os.close(copy)
        safe_path.remove(here, begun)


def _digest(descriptor: int) -> tuple[int, str]:
    """The size and the SHA-256 of an open file."""
    found, at = hashlib.sha256(), 0
    while data := os.pread(descriptor, _CHUNK, at):
        found.update(data)
        at += len(data)
    return at, found.hexdigest()


def _check_text(inner: str) -> None:
    try:
        inner.encode()
    except UnicodeEncodeError:
        raise UserError(f"{inner!r} is kept under no name that is text: rename it") from None
