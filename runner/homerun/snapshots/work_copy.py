"""The working copy of a run: `work/<name>/`, made from a snapshot before the start.

Each run has its own copies of the code and, as far as `originals` allows, of what the snapshot
does not hold; of the rest it has links. `outputs/` and `logs/` are there from the start. What was
placed is written down, so that after the end `clear` (which lives in `cleanup`, for the
supervisor's sake) removes what the script left as it was, and nothing else; so is how the originals
behind the links were (`link_watch`).

A record is four fields, each ended by a NUL: kind, inode, ctime in ns, path relative to `work/`.
"""

from __future__ import annotations

import os

from homerun.base.errors import SubmitError
from homerun.snapshots import link_watch, originals, results
from homerun.snapshots.cleanup import clear
from homerun.snapshots.links import FILE, FOLDER, LINK, LINKED, is_environment, join
from homerun.snapshots.originals import Linked
from homerun.snapshots.reader import (
    CREATE_FLAGS,
    READ_FLAGS,
    copy_mode,
    finish_copy,
)
from homerun.snapshots.snapshot import TREE
from runstore import layout
from runstore.fs.atomic import is_shared, let_group_read, make_new_folder, write_all
from runstore.fs.safe_path import FOLDER_FLAGS, Below, pour
from runstore.run import work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.snapshots.links import Entry
    from homerun.snapshots.originals import Originals
    from homerun.snapshots.snapshot import Snapshot

__all__ = ["build", "clear"]


_MOST_NEIGHBOURS = 64
"""So many names beside the source are linked; of more, none."""


class _DamagedError(Exception):
    """A file of the snapshot is missing or has another size."""


def build(snapshot: Snapshot, folder: str, source: str, limit: int) -> Originals:
    """Fill the empty `work/` of a run's folder and write down what was placed.

    Args:
        source: the source folder; what lies beside it is linked, so that `..` is as by hand.
        limit: bytes that copies of what the snapshot does not hold may take.

    Returns:
        What became of the originals.

    Raises:
        SubmitError: the snapshot is damaged (after a power cut, say), or the disk is full.
    """
    path = f"{folder}/{work.folder_for(source)}"
    placing = _Placing(snapshot, path, source, limit)
    try:
        placing.everything()
        placing.neighbours(os.path.dirname(os.path.dirname(folder)))
        _write_record(f"{folder}/{layout.COPIES}", os.fsencode("".join(placing.records)))
        if placing.brought:
            _write_record(f"{folder}/{layout.BROUGHT}", os.fsencode("".join(placing.brought)))
        if placing.links:
            link_watch.write_down(f"{folder}/{layout.LINKS}", placing.links)
    except _DamagedError as error:
        raise SubmitError(_move_aside(snapshot.path, str(error))) from error
    except OSError as error:
        raise SubmitError(
            f"the working copy {path} cannot be made ({error.strerror}: {error.filename!r})"
        ) from error
    return placing.originals or originals.Originals()


class _Placing:
    """One working copy as it is filled."""

    def __init__(self, snapshot: Snapshot, path: str, source: str, limit: int) -> None:
        self.snapshot = snapshot
        self.above, self.name = os.path.split(path)
        self.path = path
        self.source = source
        self.limit = limit
        self.records: list[str] = []
        self.brought: list[str] = []
        self.links: list[tuple[str, str, str]] = []
        self.originals: Originals | None = None
        self._is_for_group = False

    def everything(self) -> None:
        source = target = -1
        try:
            target = self._begin()
            self._is_for_group = is_shared(target)
            source = _open_tree(self.snapshot)
            with Below(source) as sources, Below(target) as targets:
                for folder, entries in self.snapshot.folders:
                    self._folder(folder, entries, sources, targets)
            for name in results.FOLDERS:
                if not os.access(name, os.F_OK, dir_fd=target):
                    make_new_folder(name, target)
                    if name == layout.LOGS:  # it goes if it stays empty; outputs/ stays
                        made = os.lstat(name, dir_fd=target)
                        self.records.append(_record("folder", made, f"{self.name}/{name}"))
        finally:
            _close(source)
            _close(target)

    def neighbours(self, store: str) -> None:
        """Link what lies beside the source, if that is not too much; but no store."""
        above, store = os.path.dirname(self.source), os.path.realpath(store)
        try:
            names = [name for name in os.listdir(above) if name[0] != "."]
        except OSError:
            return
        if len(names) > _MOST_NEIGHBOURS:
            return
        here = os.open(self.above, FOLDER_FLAGS)
        try:
            for name in names:
                path = os.path.realpath(f"{above}/{name}")
                if path not in (self.source, store) and name != self.name:
                    os.symlink(path, name, dir_fd=here)
                    self.records.append(_record("link", os.lstat(name, dir_fd=here), name))
        finally:
            os.close(here)

    def _begin(self) -> int:
        """Make the script's folder, private as all of the run, and open it."""
        above = os.open(self.above, FOLDER_FLAGS)
        try:
            make_new_folder(self.name, above)
            made = os.lstat(self.name, dir_fd=above)
            self.records.append(_record("folder", made, self.name))
            return os.open(self.name, FOLDER_FLAGS, dir_fd=above)
        finally:
            os.close(above)

    def _folder(self, folder: str, entries: list[Entry], sources: Below, targets: Below) -> None:
        here = there = -1
        prefix = join(self.name, folder) if folder else self.name
        records = self.brought if folder.split("/")[0] in results.FOLDERS else self.records
        try:
            there = targets.open(folder)
            here = _open_source(sources, folder)
            for entry in entries:
                name, kind = entry[0], entry[1]
                if kind == FILE:
                    made = _copy(folder, entry, here, there, self._is_for_group)
                elif kind == FOLDER:
                    make_new_folder(name, there)
                    made = os.lstat(name, dir_fd=there)
                elif kind == LINK:
                    made = _link(entry, there)
                else:
                    kind, made = self._original(folder, entry, there)
                if folder or name not in results.FOLDERS:  # these two stay
                    records.append(_record(kind, made, f"{prefix}/{name}"))
        finally:
            _close(here)
            _close(there)

    def _original(self, folder: str, entry: Entry, there: int) -> tuple[str, os.stat_result]:
        """Copy an original, or place a link to it."""
        if self.originals is None:
            self.originals = originals.settle(
                self.snapshot.folders, self.source, self.above, self.limit
            )
        path = join(folder, entry[0])
        if path in self.originals.own:
            try:
                notices = self.originals.notices
                return "file", originals.copy(entry, there, path, notices, self._is_for_group)
            except originals.UnreadableError as error:
                self.originals.linked.append(Linked(path, entry[7], None, str(error)))
        self.links.append((_watched_as(entry), path, entry[7]))
        return "link", _link(entry, there)


def _watched_as(entry: Entry) -> str:
    if entry[1] == LINKED:
        return link_watch.FILE
    return link_watch.ENVIRONMENT if is_environment(entry[7]) else link_watch.FOLDER


def _record(kind: str, made: os.stat_result, path: str) -> str:
    return f"{kind}\0{made.st_ino}\0{made.st_ctime_ns}\0{path}\0"


def _link(entry: Entry, there: int) -> os.stat_result:
    os.symlink(entry[7], entry[0], dir_fd=there)
    return os.lstat(entry[0], dir_fd=there)


def _open_tree(snapshot: Snapshot) -> int:
    try:
        return os.open(f"{snapshot.path}/{TREE}", FOLDER_FLAGS)
    except FileNotFoundError:
        raise _DamagedError(TREE) from None


def _open_source(sources: Below, folder: str) -> int:
    try:
        return sources.open(folder)
    except FileNotFoundError:
        raise _DamagedError(folder) from None


def _copy(folder: str, entry: Entry, here: int, there: int, is_for_group: bool) -> os.stat_result:
    """Copy one file of the snapshot; the copy as it is at last."""
    name, _, size, mtime_ns, _, _, executable, _ = entry
    try:
        source = os.open(name, READ_FLAGS, dir_fd=here)
    except FileNotFoundError:
        raise _DamagedError(join(folder, name)) from None
    try:
        mode = copy_mode(executable, is_for_group)
        target = os.open(name, CREATE_FLAGS, mode, dir_fd=there)
        try:
            if pour(source, target, size) != size:
                raise _DamagedError(join(folder, name))
            if mtime_ns < 0:
                mtime_ns = os.fstat(source).st_mtime_ns
            return finish_copy(target, mtime_ns, mode)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write_record(copies: str, data: bytes) -> None:
    descriptor = os.open(copies, CREATE_FLAGS, 0o600)
    try:
        let_group_read(descriptor, os.path.dirname(copies))
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def _move_aside(path: str, part: str) -> str:
    """Put a damaged snapshot out of the way; the sentence that says so."""
    folder, name = os.path.split(path)
    try:
        os.rename(path, f"{folder}/{layout.DAMAGED}{name}.{os.urandom(4).hex()}")
    except OSError as error:
        return f"the snapshot {path} is damaged ({part}): remove it ({error.strerror})"
    return f"the snapshot {path} was damaged ({part}) and is moved aside: submit again"


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
