"""The code of a run: the snapshot that it has, taking one, and packing one as an archive."""

from __future__ import annotations

import os
import tempfile
from zipfile import ZipFile

from homerun.base import messages
from homerun.base.errors import SubmitError, UserError
from homerun.snapshots import capture, snapshot
from homerun.snapshots.export_writers import FolderSink, ZipSink
from homerun.snapshots.links import (
    FILE,
    FOLDER,
    LINK,
    LINKED,
    LINKED_FOLDER,
    join,
    leads_to_credentials,
)
from runstore import layout, names
from runstore.errors import PropertyExists
from runstore.fs import safe_path
from runstore.root import Root
from runstore.run.snapshot_claims import KEPT_LATER
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipFile

    from homerun.snapshots.export_writers import Sink
    from homerun.snapshots.snapshot import Snapshot
    from runstore.run.record import Record

_TRUST = "`homerun store trust` lets this store name files elsewhere"

PROPERTY = KEPT_LATER
"""The property of a run whose code was kept after its beginning."""


def snapshot_id(record: Record) -> str | None:
    """The id of a run's snapshot."""
    taken = record.run.get("snapshot") or record.properties().get(PROPERTY)
    return None if taken is None else str(taken)


def take(record: Record, path: str | os.PathLike[str]) -> str:
    """Keep code with a run; see `Run.take_snapshot`."""
    had = snapshot_id(record)
    if had is not None:
        raise UserError(f"run {record.id} has a snapshot already ({had}); it keeps that one")
    try:
        taken = capture.capture(store_of(record), os.fspath(path))
    except SubmitError as error:
        raise UserError(f"no snapshot was taken: {error.message}") from error
    try:
        record.add_property(PROPERTY, taken.id)
    except PropertyExists as error:
        raise UserError(f"run {record.id} got the snapshot {error.value} meanwhile") from error
    finally:
        taken.let_go()
    messages.tell(taken.notices)
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


def unpack(record: Record, path: str | os.PathLike[str]) -> str:
    """Copy a run's snapshot into a new folder; see `Run.unpack_snapshot`."""
    found = of_run(record)
    folder = os.path.abspath(path)
    try:
        os.makedirs(folder, exist_ok=True)
        root = safe_path.open_root(folder)
        try:
            if os.listdir(root):
                raise UserError(f"the folder {folder} is not empty: name one that is not there yet")
            missing = list(_pour(found, FolderSink(root)))
        finally:
            os.close(root)
    except OSError as error:
        where = f": {error.filename!r}" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        raise UserError(f"the code cannot be written to {folder} ({reason})") from error
    messages.tell(missing)
    return folder


def restore(record: Record, taken: str | None, path: str | os.PathLike[str] | None) -> str:
    """Pack a snapshot; see `Run.restore_snapshot`."""
    found = of_run(record, taken)
    if path is None:
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
    here = safe_path.open_root(folder)
    begun = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        # A zip file goes back in its file to fill in sizes.
        with (
            open(safe_path.write_beside(here, begun, b""), "r+b") as file,
            ZipFile(file, "w") as archive,
        ):
            missing = list(pack(found, archive))
        os.rename(begun, name, src_dir_fd=here, dst_dir_fd=here)
    finally:
        safe_path.remove(here, begun)
        os.close(here)
    messages.tell(missing)


def pack(found: Snapshot, archive: ZipFile) -> Iterator[str]:
    """Write everything into an archive; what to say of originals that are not what they were."""
    return _pour(found, ZipSink(archive))


def _pour(found: Snapshot, sink: Sink) -> Iterator[str]:
    """Write everything; what to say of linked originals that are no longer what they were.

    An original is a path that the manifest names: of a store that this user does not trust it may
    be anything that this user can read, and none is written.
    """
    is_trusted = Root(os.path.dirname(os.path.dirname(found.path))).objection() is None
    tree = os.open(f"{found.path}/{snapshot.TREE}", safe_path.FOLDER_FLAGS)
    try:
        for folder, entries in found.folders:
            for name, kind, size, mtime_ns, _, _, executable, target in entries:
                path = join(folder, name)
                if kind == FOLDER:
                    sink.folder(path)
                elif kind == LINK:
                    sink.link(path, target)
                elif kind == FILE:
                    mode = 0o755 if executable else 0o644
                    sink.file(path, _open_copy(tree, folder, name), mode)
                elif not is_trusted:
                    yield f"{path} is left out: {target} lies outside; {_TRUST}"
                elif kind == LINKED:
                    yield from _add_original(sink, path, target, (size, mtime_ns))
                elif kind == LINKED_FOLDER:
                    yield from _add_folder(sink, path, target)
    finally:
        os.close(tree)


def _open_copy(tree: int, folder: str, name: str) -> int:
    here = safe_path.open_below(tree, folder)
    try:
        return safe_path.open_file(here, name)
    except safe_path.NoFileError as error:
        raise UserError(f"the snapshot is damaged: {join(folder, name)}: {error}") from None
    finally:
        os.close(here)


def _add_original(
    sink: Sink, path: str, original: str, was: tuple[int, int] | None
) -> Iterator[str]:
    if leads_to_credentials(original):
        yield f"{path} is left out: {original} is a file of credentials"
        return
    above, name = os.path.split(original)
    try:
        folder = safe_path.open_root(above)
        try:
            source = safe_path.open_file(folder, name)
        finally:
            os.close(folder)
    except (OSError, safe_path.NoFileError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield f"{path} is left out: the original {original} cannot be read ({reason})"
        return
    seen = os.fstat(source)
    if was is not None and (seen.st_size, seen.st_mtime_ns) != was:
        yield f"{path} is not as it was: the original {original} has changed since"
    sink.file(path, source, 0o644)


def _add_folder(sink: Sink, path: str, original: str) -> Iterator[str]:
    sink.folder(path)
    try:
        root = safe_path.open_root(original)
    except OSError as error:
        yield f"{path} is left out: the original {original} cannot be read ({error.strerror})"
        return
    try:
        for relative in sorted(safe_path.walk(root)):
            yield from _add_original(sink, f"{path}/{relative}", f"{original}/{relative}", None)
    finally:
        os.close(root)
