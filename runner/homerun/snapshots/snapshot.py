"""Snapshots: the source as it was at submit, as plain folders `.snapshots/<tree hash>/`.

A snapshot holds `tree/` (the copied files, and the links) and `manifest.json`. It is built under a
hidden name and renamed, so under a final name there is all of it or nothing; of two builders one
wins, and both have the same. The tree hash is over paths, contents, exec bits, links, and size and
time of linked originals: an equal tree has an equal hash, wherever and whenever it is taken.

`.snapshots/.seen/` remembers for each source folder the signature of its last tree and the hash
that this tree had, so that an unchanged tree is recognised without reading a file. It is a cache.
"""

from __future__ import annotations

import errno
import os

from homerun.base import messages, sizes
from homerun.base.errors import SubmitError
from homerun.snapshots.links import FILE, FOLDER, LINKED, is_entry, join
from homerun.snapshots.reader import FORMAT, READ_FLAGS, Reading
from homerun.system.sha256 import digest
from runstore import layout
from runstore.fs import facts
from runstore.fs.atomic import make_new_folder
from runstore.fs.safe_path import FOLDER_FLAGS, is_link, open_below
from runstore.run import snapshot_claims as claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.snapshots.links import Entry
    from homerun.snapshots.scan import Tree

    Folders = list[tuple[str, list[Entry]]]

TREE = "tree"
MANIFEST = layout.SNAPSHOT_MANIFEST
SEEN = layout.SNAPSHOTS_SEEN

MANY_FILES = 2000
MANY_BYTES = 100 << 20
"""Of a source with more than that is said what is read."""

_TRIES = 8
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


class Snapshot:
    """A snapshot that is there: its id (the tree hash), its folder, and what lies in it.

    `folders` is a plan as in `scan.Tree`. `notices` are lines for the user.
    """

    __slots__ = ("_claim", "_claimed_by", "folders", "id", "notices", "path")

    def __init__(self, path: str, folders: Folders, notices: list[str]) -> None:
        self.id = os.path.basename(path)
        self.path = path
        self.folders = folders
        self.notices = notices
        self._claim = claims.NONE
        self._claimed_by = os.getpid()

    def claim(self) -> Snapshot:
        """Keep it from being collected, until `let_go` or the end of this process.

        Raises:
            FileNotFoundError: it is gone.
            OSError: it cannot be claimed.
        """
        if self._claim == claims.NONE:
            self._claim = claims.claim(self.path)
        return self

    def let_go(self) -> None:
        """End the claim: a run that names it can be seen, or none will."""
        claimed, self._claim = self._claim, claims.NONE
        if self._claimed_by == os.getpid():  # a forked child's copy was closed at the fork
            claims.let_go(claimed)

    def __del__(self) -> None:
        self.let_go()

    @property
    def linked(self) -> list[tuple[str, str, int, int]]:
        """Each link to an original file: (relative path, original, size, mtime_ns)."""
        return [
            (join(folder, entry[0]), entry[7], entry[2], entry[3])
            for folder, entries in self.folders
            for entry in entries
            if entry[1] == LINKED
        ]


def take(tree: Tree, folder: str) -> Snapshot:
    """The snapshot of a tree: the one that is there, or a new one. It is claimed.

    Raises:
        SubmitError: a file cannot be read, or the snapshot cannot be written.
    """
    try:
        for _ in range(_TRIES):
            found = _take(tree, folder)
            try:
                return found.claim()
            except FileNotFoundError:
                continue  # collected in the instant before the claim: it is made again
        raise SubmitError(f"{folder} is cleared again and again; try again when that is done")
    except OSError as error:
        where = f": {error.filename!r}" if error.filename else ""
        raise SubmitError(
            f"the source folder {tree.source} cannot be copied to {folder} "
            f"({error.strerror}{where}); nothing was submitted: make room there, or use another "
            "store (HOMERUN_STORE)"
        ) from error


def load(path: str) -> Snapshot | None:
    """A snapshot as its manifest says; None where there is none, or none that can be read.

    It may be of another's making: one that names a path outside of it is none.
    """
    record = facts.read(path, MANIFEST, layout.MOST_MANIFEST_BYTES)
    if record is None or record.get("format") != FORMAT:
        return None
    found: dict[str, list[Entry]] = {"": []}
    try:
        for item in record["entries"]:
            if not is_entry(item):
                return None
            folder, _, name = item["path"].rpartition("/")
            found[folder].append(_entry(name, item))
            if item["kind"] == FOLDER:
                found[item["path"]] = []
    except (AttributeError, KeyError, TypeError):
        return None
    return Snapshot(path, sorted(found.items()), record.get("changed_while_copied", []))


def _entry(name: str, item: dict[str, Any]) -> Entry:
    """An entry from its line in the manifest; a copy's time of change (-1) is asked of the file."""
    size = item.get("size", 0)
    mtime = item.get("mtime_ns", -1)
    return (name, item["kind"], size, mtime, 0, 0, item.get("exec", False), item.get("target", ""))


def _take(tree: Tree, folder: str) -> Snapshot:
    here = _open_made(folder)
    try:
        seen = f"{SEEN}/{digest(os.fsencode(tree.source))}"
        known, settled = _recall(here, seen, tree.signature)
        if known and settled:
            return Snapshot(f"{folder}/{known}", tree.folders, tree.notices)
        if not known:
            _tell_if_much(tree)
        reading = Reading(tree)
        if known:
            # Nearly always the same: a look before anything is written.
            reading.run(None)
        if not known or not _is_there(here, reading.id):
            reading = _build(tree, here)
        if reading.exact:
            _remember(here, seen, f"{tree.signature} {reading.id} {int(tree.settled)}\n")
        notices = tree.notices + [
            f"{path} changed while it was copied: the run has one of its versions"
            for path in reading.changing
        ]
        return Snapshot(f"{folder}/{reading.id}", reading.folders, notices)
    finally:
        os.close(here)


def _tell_if_much(tree: Tree) -> None:
    """Say what is about to be read, where that takes a while: mostly it is no code."""
    bytes_of = [entry[2] for _, entries in tree.folders for entry in entries if entry[1] == FILE]
    if len(bytes_of) > MANY_FILES or sum(bytes_of) > MANY_BYTES:
        much = f"{len(bytes_of):,} files, {sizes.shown(sum(bytes_of))}"
        advice = "what .gitignore or .amlignore names is in no snapshot"
        messages.tell([f"reading the source folder {tree.source} ({much}); {advice}"])


def _open_made(folder: str) -> int:
    try:
        return os.open(folder, FOLDER_FLAGS)
    except FileNotFoundError:
        try:
            make_new_folder(folder)
        except FileExistsError:
            pass
        return os.open(folder, FOLDER_FLAGS)


def _is_there(snapshots: int, name: str) -> bool:
    try:
        folder = os.open(name, FOLDER_FLAGS, dir_fd=snapshots)
    except OSError:
        return False
    try:
        return os.access(MANIFEST, os.F_OK, dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def _recall(snapshots: int, seen: str, signature: str) -> tuple[str, bool]:
    """The tree hash that this signature had last time, and whether it can be trusted."""
    try:
        if is_link(snapshots, SEEN):
            return "", False
        descriptor = os.open(seen, READ_FLAGS, dir_fd=snapshots)
    except OSError:
        return "", False
    try:
        parts = os.read(descriptor, 256).decode("ascii", "replace").split()
    finally:
        os.close(descriptor)
    if len(parts) != 3 or parts[0] != signature or not _is_there(snapshots, parts[1]):
        return "", False
    return parts[1], parts[2] == "1"


def _remember(snapshots: int, seen: str, line: str) -> None:
    """Keep a line in the cache; a cache that cannot be written is none."""
    temporary = f"{seen}.{os.getpid()}.{os.urandom(4).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        if is_link(snapshots, SEEN):
            return
        try:
            descriptor = os.open(temporary, flags, 0o600, dir_fd=snapshots)
        except FileNotFoundError:
            make_new_folder(SEEN, snapshots)
            descriptor = os.open(temporary, flags, 0o600, dir_fd=snapshots)
        try:
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
        os.rename(temporary, seen, src_dir_fd=snapshots, dst_dir_fd=snapshots)
    except OSError:
        return


def _build(tree: Tree, snapshots: int) -> Reading:
    """Copy the tree under a hidden name and give it its final one."""
    reading = Reading(tree)
    hidden = f"{layout.NEW}{os.getpid()}-{os.urandom(4).hex()}"
    make_new_folder(hidden, snapshots)
    won = False
    folder = os.open(hidden, FOLDER_FLAGS, dir_fd=snapshots)
    try:
        make_new_folder(TREE, folder)
        copies = os.open(TREE, FOLDER_FLAGS, dir_fd=folder)
        try:
            reading.run(copies)
        finally:
            os.close(copies)
        reading.write_manifest(folder, MANIFEST)
        won = _rename(snapshots, hidden, reading.id)
    finally:
        if not won:
            _drop(snapshots, hidden, folder, tree)
        os.close(folder)
    return reading


def _rename(snapshots: int, hidden: str, final: str) -> bool:
    """Make a snapshot appear; False: another made the same one first."""
    for tried in range(_TRIES):
        try:
            os.rename(hidden, final, src_dir_fd=snapshots, dst_dir_fd=snapshots)
        except OSError as error:
            if _is_there(snapshots, final):
                return False
            # One that was in the way may have been collected by now.
            if error.errno not in _TAKEN or tried == _TRIES - 1:
                raise
        else:
            return True
    return False


def _drop(snapshots: int, hidden: str, folder: int, tree: Tree) -> None:
    """Remove a snapshot that is not needed; what cannot be removed stays hidden."""
    try:
        copies = os.open(TREE, FOLDER_FLAGS, dir_fd=folder)
        try:
            for path, entries in reversed(tree.folders):
                _empty(copies, path, entries)
        finally:
            os.close(copies)
        os.rmdir(TREE, dir_fd=folder)
        if os.access(MANIFEST, os.F_OK, dir_fd=folder):
            os.unlink(MANIFEST, dir_fd=folder)
        os.rmdir(hidden, dir_fd=snapshots)
    except OSError:
        return


def _empty(copies: int, path: str, entries: list[Entry]) -> None:
    """Remove the entries of one folder, of which the last ones may not have been made."""
    try:
        descriptor = open_below(copies, path)
    except OSError:
        return
    try:
        for entry in entries:
            remove = os.rmdir if entry[1] == FOLDER else os.unlink
            try:
                remove(entry[0], dir_fd=descriptor)
            except FileNotFoundError:
                continue
    finally:
        os.close(descriptor)
