"""Where the files of a snapshot are written to: an archive, or a folder."""

from __future__ import annotations

import os
from stat import S_IFDIR, S_IFLNK, S_IFREG
from zipfile import ZIP_DEFLATED, ZipInfo

from homerun.base.errors import UserError
from runstore.fs import safe_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
    from zipfile import ZipFile

    class Sink(Protocol):
        """What takes folders, links and files, each folder before what lies in it."""

        def folder(self, path: str) -> None: ...

        def link(self, path: str, target: str) -> None: ...

        def file(self, path: str, source: int, mode: int) -> None: ...


_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: equal snapshots make equal archives."""


class ZipSink:
    """An archive that is open for writing."""

    def __init__(self, pack: ZipFile) -> None:
        self._pack = pack

    def folder(self, path: str) -> None:
        """Add a folder."""
        self._pack.writestr(_info(f"{path}/", S_IFDIR | 0o755), b"")

    def link(self, path: str, target: str) -> None:
        """Add a link."""
        self._pack.writestr(_info(path, S_IFLNK | 0o777), os.fsencode(target))

    def file(self, path: str, source: int, mode: int) -> None:
        """Add a file from an open descriptor, which is closed."""
        info = _info(path, S_IFREG | mode)
        with open(source, "rb") as file:
            info.file_size = os.fstat(source).st_size
            with self._pack.open(info, "w", force_zip64=info.file_size > 1 << 30) as target:
                while data := file.read(_CHUNK):
                    target.write(data)


class FolderSink:
    """An open, empty folder. No path and no link leads a writer out of it.

    Raises:
        UserError: a damaged manifest names a path that is none.
    """

    def __init__(self, root: int) -> None:
        self._root = root

    def folder(self, path: str) -> None:
        """Make a folder."""
        os.close(safe_path.descend(os.dup(self._root), _parts(path), make=True, mode=0o755))

    def link(self, path: str, target: str) -> None:
        """Make a link."""
        *above, name = _parts(path)
        here = safe_path.descend(os.dup(self._root), above, make=True, mode=0o755)
        try:
            os.symlink(target, name, dir_fd=here)
        finally:
            os.close(here)

    def file(self, path: str, source: int, mode: int) -> None:
        """Write a file from an open descriptor, which is closed."""
        try:
            *above, name = _parts(path)
            here = safe_path.descend(os.dup(self._root), above, make=True, mode=0o755)
            try:
                os.close(safe_path.write_beside(here, name, source, mode=mode))
            finally:
                os.close(here)
        finally:
            os.close(source)


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise UserError(f"the snapshot is damaged: it names {path!r}, which is not a path in it")
    return parts


def archive_name(path: str) -> str:
    """A path as the name of an archive's file: text, of which no part leads out of a folder where
    a backslash divides names.
    """
    return os.fsencode(path).decode("utf-8", "replace").replace("\\", "_")


def _info(path: str, mode: int) -> Any:
    shown = archive_name(path)
    info = ZipInfo(shown, _EPOCH)
    info.create_system = 3  # whose modes these are
    info.external_attr = mode << 16
    info.compress_type = ZIP_DEFLATED
    return info
