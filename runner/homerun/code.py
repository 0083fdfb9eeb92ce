"""The code of a run: the snapshot that it has, taking one, and packing one as an archive."""

from __future__ import annotations

import os
from stat import S_IFDIR, S_IFLNK, S_IFREG

from homerun import interactive, notices, snapshot
from homerun.clearing import open_below
from homerun.errors import SubmitError, UserError
from homerun.links import FILE, FOLDER, LINK, LINKED, LINKED_FOLDER, join
from runstore import inside, layout, names
from runstore.errors import PropertyExists
from runstore.snapshots import KEPT_LATER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any
    from zipfile import ZipFile

    from homerun.run_files import Path
    from homerun.snapshot import Snapshot
    from runstore.record import Record

PROPERTY = KEPT_LATER
"""The property of a run whose code was kept after its beginning."""

_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: equal snapshots make equal archives."""


def snapshot_id(record: Record) -> str | None:
    """The id of a run's snapshot."""
    taken = record.run.get("snapshot") or record.properties().get(PROPERTY)
    return None if taken is None else str(taken)


def take(record: Record, path: Path) -> str:
    """Keep code with a run; see `Run.take_snapshot`."""
    had = snapshot_id(record)
    if had is not None:
        raise UserError(f"run {record.id} has a snapshot already ({had}); it keeps that one")
    try:
        taken = interactive.take_snapshot(record.store, os.fspath(path))
    except SubmitError as error:
        raise UserError(f"no snapshot was taken: {error.message}") from error
    try:
        record.add_property(PROPERTY, taken.id)
    except PropertyExists as error:
        raise UserError(f"run {record.id} got the snapshot {error.value} meanwhile") from error
    finally:
        taken.let_go()
    notices.tell(taken.notices)
    return taken.id


def load(record: Record, taken: str) -> Snapshot | None:
    """A snapshot of the run's store, if there is one of that id."""
    if not names.is_run_id(taken):  # the characters of a file's name, and no others
        return None
    return snapshot.load(f"{record.store.root}/{layout.SNAPSHOTS}/{taken}")


def of_run(record: Record, taken: str | None = None) -> Snapshot:
    """A run's snapshot, or the one of an id.

    Raises:
        UserError: there is none.
    """
    wanted = snapshot_id(record) if taken is None else taken
    if wanted is None:
        raise UserError(f"run {record.id} has no snapshot")
    found = load(record, wanted)
    if found is None:
        raise UserError(f"there is no snapshot {wanted!r} in this store")
    return found


def restore(record: Record, taken: str | None, path: Path | None) -> str:
    """Pack a snapshot; see `Run.restore_snapshot`."""
    found = of_run(record, taken)
    if path is None:
        import tempfile

        path = tempfile.gettempdir()
    folder = os.path.abspath(path)
    final = os.path.join(folder, f"{found.id}.zip")
    try:
        os.makedirs(folder, exist_ok=True)
        _write(found, folder, f"{found.id}.zip")
    except OSError as error:
        where = f": {error.filename!r}" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        raise UserError(f"the archive {final} cannot be written ({reason})") from error
    return final


def _write(found: Snapshot, folder: str, name: str) -> None:
    from zipfile import ZipFile

    here = inside.open_root(folder)
    begun = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        # A zip file goes back in its file to fill in sizes.
        with (
            open(inside.write_beside(here, begun, b""), "r+b") as file,
            ZipFile(file, "w") as archive,
        ):
            missing = list(pack(found, archive))
        os.rename(begun, name, src_dir_fd=here, dst_dir_fd=here)
    finally:
        inside.remove(here, begun)
        os.close(here)
    notices.tell(missing)


def pack(found: Snapshot, pack: ZipFile) -> Iterator[str]:
    """Write everything; what to say of linked originals that are no longer what they were."""
    tree = os.open(f"{found.path}/{snapshot.TREE}", inside.FOLDER_FLAGS)
    try:
        for folder, entries in found.folders:
            for name, kind, size, mtime_ns, _, _, executable, target in entries:
                path = join(folder, name)
                if kind == FOLDER:
                    pack.writestr(_info(f"{path}/", S_IFDIR | 0o755), b"")
                elif kind == LINK:
                    pack.writestr(_info(path, S_IFLNK | 0o777), os.fsencode(target))
                elif kind == FILE:
                    mode = 0o755 if executable else 0o644
                    _add(pack, path, _open_copy(tree, folder, name), mode)
                elif kind == LINKED:
                    yield from _add_original(pack, path, target, (size, mtime_ns))
                elif kind == LINKED_FOLDER:
                    yield from _add_folder(pack, path, target)
    finally:
        os.close(tree)


def _open_copy(tree: int, folder: str, name: str) -> int:
    here = open_below(tree, folder)
    try:
        return inside.open_file(here, name)
    except inside.NoFileError as error:
        raise UserError(f"the snapshot is damaged: {join(folder, name)}: {error}") from None
    finally:
        os.close(here)


def _add_original(
    pack: ZipFile, path: str, original: str, was: tuple[int, int] | None
) -> Iterator[str]:
    above, name = os.path.split(original)
    try:
        folder = inside.open_root(above)
        try:
            source = inside.open_file(folder, name)
        finally:
            os.close(folder)
    except (OSError, inside.NoFileError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield f"{path} is left out: the original {original} cannot be read ({reason})"
        return
    seen = os.fstat(source)
    if was is not None and (seen.st_size, seen.st_mtime_ns) != was:
        yield f"{path} is not as it was: the original {original} has changed since"
    _add(pack, path, source, 0o644)


def _add_folder(pack: ZipFile, path: str, original: str) -> Iterator[str]:
    pack.writestr(_info(f"{path}/", S_IFDIR | 0o755), b"")
    try:
        root = inside.open_root(original)
    except OSError as error:
        yield f"{path} is left out: the original {original} cannot be read ({error.strerror})"
        return
    try:
        for relative in sorted(inside.walk(root)):
            yield from _add_original(pack, f"{path}/{relative}", f"{original}/{relative}", None)
    finally:
        os.close(root)


def _add(pack: ZipFile, path: str, source: int, mode: int) -> None:
    info = _info(path, S_IFREG | mode)
    with open(source, "rb") as file:
        info.file_size = os.fstat(source).st_size
        with pack.open(info, "w", force_zip64=info.file_size > 1 << 30) as target:
            while data := file.read(_CHUNK):
                target.write(data)


def _info(path: str, mode: int) -> Any:
    from zipfile import ZIP_DEFLATED, ZipInfo

    shown = os.fsencode(path).decode("utf-8", "replace")  # an archive's names are text
    info = ZipInfo(shown, _EPOCH)
    info.create_system = 3  # whose modes these are
    info.external_attr = mode << 16
    info.compress_type = ZIP_DEFLATED
    return info
