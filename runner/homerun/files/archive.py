"""Zip archives as streams: each part is handed on while the next one is packed."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from homerun.assets import catalog, contents
from homerun.assets.versions import Version
from homerun.base.errors import UserError
from homerun.snapshots import export
from homerun.snapshots.export_writers import archive_name
from runstore.errors import BaseError
from runstore.run import files
from runstore.run.record import Record

_CHUNK = 1 << 18
_AHEAD = 4
_EPOCH = (1980, 1, 1, 0, 0, 0)


def zip_of_folder(record: Record, folder: str = "") -> Iterator[bytes]:
    """The files below a folder of a run's files, "": all, as an archive in parts.

    Raises:
        UserError: there are none.
    """
    start = f"{folder}/" if folder else ""
    names = files.names(record.path, start)
    if not names:
        where = f" in {folder!r}" if folder else ""
        raise UserError(f"run {record.id} has no files{where}")

    def write(pack: ZipFile) -> None:
        for name in names:
            _add(pack, record.path, name)

    return _streamed(write)


def zip_of_code(record: Record) -> Iterator[bytes]:
    """The code of a run as an archive in parts, as `restore_snapshot` packs it.

    Raises:
        UserError: the run has no snapshot, or it is not there any more.
    """
    found = export.of_run(record)

    def write(pack: ZipFile) -> None:
        for _ in export.pack(found, pack):
            continue  # what is left out has changed since: the list of files tells

    return _streamed(write)


def zip_of_model(version: Version) -> Iterator[bytes]:
    """The files of a model as an archive in parts, each checked against its digest.

    Raises:
        UserError: it has none; or one is gone, or is not what was registered.
    """
    kept = catalog.files_of(version)
    if not kept:
        raise UserError(f"the model {version.id} has no files that its record names")
    for one in kept:
        wrong = catalog.trouble(version, one)
        if wrong is not None:
            raise UserError(f"{one['path']} of the model {version.id}: {wrong}")

    def write(pack: ZipFile) -> None:
        for one in kept:
            with pack.open(_entry(one["path"], one["size"]), "w", force_zip64=True) as target:
                for part in contents.checked_parts(version.files, one):
                    target.write(part)

    return _streamed(write)


def _add(pack: ZipFile, run_folder: str, name: str) -> None:
    try:
        source = files.open_for_reading(run_folder, name)
    except (BaseError, OSError):
        return  # removed in the meantime
    with open(source, "rb") as file:
        entry = _entry(name, os.fstat(source).st_size)
        with pack.open(entry, "w", force_zip64=True) as target:
            while data := file.read(_CHUNK):
                target.write(data)


def _entry(name: str, size: int) -> ZipInfo:
    info = ZipInfo(archive_name(name), _EPOCH)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    info.file_size = size
    return info


class _StoppedError(Exception):
    """The reader has stopped."""


class _Sink:
    """What a ZipFile writes to: a file that cannot seek. Its parts wait in a queue of a few."""

    def __init__(self) -> None:
        self.parts: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
        self.is_stopped = False
        self._part = bytearray()

    def write(self, data: bytes) -> int:
        """Add some bytes; a part that is large enough is handed on."""
        self._part += data
        if len(self._part) >= _CHUNK:
            self.flush_part()
        return len(data)

    def flush(self) -> None:
        """Nothing: parts are handed on when they are large enough."""

    def flush_part(self) -> None:
        """Hand on what was written so far."""
        self.put(bytes(self._part))
        self._part.clear()

    def put(self, part: bytes | BaseException | None) -> None:
        """Put a part into the queue when there is room for it.

        Raises:
            _StoppedError: the reader has stopped.
        """
        while not self.is_stopped:
            try:
                self.parts.put(part, timeout=0.2)
                return
            except queue.Full:
                continue
        raise _StoppedError


def _streamed(write: Callable[[ZipFile], None]) -> Iterator[bytes]:
    """An archive in parts; the packing stops when the caller takes no more of them."""
    sink = _Sink()
    packing = threading.Thread(target=_pack, args=(write, sink), daemon=True)
    packing.start()
    try:
        while (part := sink.parts.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            yield part
    finally:
        sink.is_stopped = True
        packing.join()


def _pack(write: Callable[[ZipFile], None], sink: _Sink) -> None:
    try:
        try:
            with ZipFile(sink, "w") as pack:  # type: ignore[call-overload]
                write(pack)
            sink.flush_part()
            sink.put(None)
        except (BaseError, OSError, ValueError) as error:
            sink.put(error)
    except _StoppedError:
        return
