"""The source folder of a run, looked at without reading its files.

`scan` says for each path whether it is part of the snapshot, an original that is not, or left out.
It follows no link on its way and changes nothing. Of a tree whose signature is the same again no
file of the snapshot has changed, unless `settled` is False: then a file was so young that a later
edit could bear the same time stamp. What becomes of links is decided in `links`, what is ignored in
`ignore_files`.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from stat import S_IXUSR

from homerun.base.errors import SubmitError
from homerun.snapshots import ignore_files
from homerun.snapshots.links import FILE, FOLDER, LINKED, LINKED_FOLDER, Links, join
from homerun.system.sha256 import digest
from runstore import layout
from runstore.fs.safe_path import FOLDER_FLAGS, open_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.snapshots.links import Entry

    Folders = dict[str, dict[str, Entry]]

RULES_VERSION = 1
"""Part of every signature: raise it when the same folder would be taken differently."""

BIG = 10 * 1024 * 1024
"""A file of more bytes is in no snapshot."""

MANY = 10_000
"""An ignored folder with more entries is linked as a whole."""

YOUNG_NS = 1_000_000_000
"""A time stamp this near to the scan proves nothing: old kernels tick coarsely."""

NEVER = frozenset((".git", "__pycache__"))
NEVER_ON_TOP = NEVER | {layout.OUTPUTS, layout.LOGS}


class Tree:
    """A source folder as `scan` saw it.

    `folders` holds each folder's path and its entries, sorted: (name, kind, size, mtime_ns,
    ctime_ns, inode, executable, target). Kinds are those of `links`; what a kind has no use for is
    0 or "". `notices` are lines for the user.
    """

    __slots__ = ("folders", "notices", "settled", "signature", "source")

    def __init__(self, walk: _Walk) -> None:
        found = walk.found
        self.source = walk.source
        self.folders = [(folder, sorted(found[folder].values())) for folder in sorted(found)]
        self.notices = walk.notices
        self.settled = walk.settled
        # Version 2 of marshal writes equal values as equal bytes; later ones look at references.
        parts = (RULES_VERSION, walk.rules.content, self.folders)
        self.signature = digest(marshal.dumps(parts, 2))


def scan(source: str, *, store: str | None, at_most: int = sys.maxsize) -> Tree:
    """Look at a source folder.

    Args:
        store: the `.runs` folder to leave out wherever it lies in the source.
        at_most: the number of entries beyond which to give up.

    Raises:
        TooLarge: there are more entries than that.
        SubmitError: the folder, a folder in it, or its ignore file cannot be read.
    """
    root = os.path.realpath(source)
    try:
        descriptor = os.open(root, FOLDER_FLAGS)
    except OSError as error:
        raise SubmitError(
            f"the source folder {source} cannot be read ({error.strerror}); "
            "name a folder that holds the script"
        ) from error
    try:
        walk = _Walk(root, descriptor, store)
        walk.everything(at_most)
        return Tree(walk)
    finally:
        os.close(descriptor)


def scan_file(path: str) -> Tree:
    """Look at one file: a source folder that holds nothing else.

    Raises:
        SubmitError: it cannot be read.
    """
    folder, name = os.path.split(os.path.realpath(path))
    try:
        descriptor = os.open(folder, FOLDER_FLAGS)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        walk = _Walk(folder, descriptor, None)
        walk.only(name)
        return Tree(walk)
    finally:
        os.close(descriptor)


class TooLarge(SubmitError):
    """A source folder that holds more than it may."""


class _Walk:
    """One look at a source folder: goes through it once and keeps what it finds."""

    def __init__(self, source: str, descriptor: int, store: str | None) -> None:
        self.source = source
        self.descriptor = descriptor
        self.rules = ignore_files.read(source)
        self.links = Links(source, store)
        self.found: Folders = {}
        self.notices: list[str] = []
        self.settled = True
        self.now = time.time_ns()

    def everything(self, at_most: int) -> None:
        """Find everything, then settle where the links go."""
        self._check_top()
        pending = [("", False)]
        room = at_most
        while pending:
            folder, ignored = pending.pop()
            if not ignored or self.links.holds_store(folder):
                # An ignored one linked as a whole would hold the store: it is looked at in parts.
                pending += self._list(folder, ignored, self.found)
            elif self._holds_many(folder):
                self._link_whole(folder)
            else:
                self._list_ignored(folder)
            room -= len(self.found.get(folder, ()))
            if room < 0:
                raise TooLarge(f"{self.source} holds more than {at_most:,} files and folders")
        self.links.settle(self.found, self.notices)
        self.notices.sort()

    def only(self, name: str) -> None:
        """Find one file of the folder."""
        entries = self.found[""] = {}
        with os.scandir(self.descriptor) as listing:
            for item in listing:
                if item.name == name and item.is_file(follow_symlinks=False):
                    self._file(name, item, False, entries)

    def _check_top(self) -> None:
        if self.links.store == "":
            raise SubmitError(
                f"the source folder {self.source} is the store itself; name the script's folder"
            )

    def _list_ignored(self, top: str) -> None:
        """Find everything in an ignored folder, or link it where not all of it can be read."""
        part: Folders = {}
        pending = [(top, True)]
        while pending:
            folder, _ = pending.pop()
            try:
                pending += self._list(folder, True, part)
            except SubmitError as error:
                self._link_whole(top)
                self.notices.append(f"{top}/ is a link to the original: {error.message}")
                return
        self.found.update(part)

    def _holds_many(self, top: str) -> bool:
        """Whether a folder has more entries than a submit goes through; it only counts them."""
        room = MANY
        pending = [f"{self.source}/{top}"]
        while pending:
            try:
                with os.scandir(pending.pop()) as listing:
                    for item in listing:
                        room -= 1
                        if room < 0:
                            return True
                        if item.is_dir(follow_symlinks=False):
                            pending.append(item.path)
            except OSError:
                continue
        return False

    def _link_whole(self, folder: str) -> None:
        parent, _, name = folder.rpartition("/")
        original = f"{self.source}/{folder}"
        self.found[parent][name] = (name, LINKED_FOLDER, 0, 0, 0, 0, False, original)

    def _list(self, folder: str, ignored: bool, found: Folders) -> list[tuple[str, bool]]:
        """Put the entries of one folder into `found`; the folders in it are still to be listed."""
        descriptor = -1
        try:
            descriptor = open_below(self.descriptor, folder)
            if folder and os.access("pyvenv.cfg", os.F_OK, dir_fd=descriptor):
                self._leave_out(folder, found)
                return []
            return self._entries(folder, descriptor, ignored, found)
        except (FileNotFoundError, NotADirectoryError):
            return []  # removed since its name was read
        except OSError as error:
            raise _unreadable(f"{self.source}/{folder}", error) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _entries(
        self, folder: str, descriptor: int, ignored: bool, found: Folders
    ) -> list[tuple[str, bool]]:
        entries: dict[str, Entry] = {}
        found[folder] = entries
        below: list[tuple[str, bool]] = []
        never = NEVER if folder else NEVER_ON_TOP
        with os.scandir(descriptor) as listing:
            for item in listing:
                name = item.name
                path = join(folder, name)
                if name in never:
                    self.links.leave_out(path)
                elif item.is_dir(follow_symlinks=False):
                    if self.links.is_store(path, name):
                        self.links.leave_out(path)
                        continue
                    entries[name] = (name, FOLDER, 0, 0, 0, 0, False, "")
                    below.append((path, ignored or self._is_ignored(path + "/")))
                elif item.is_symlink():
                    self.links.add(folder, name, descriptor, entries)
                elif item.is_file(follow_symlinks=False):
                    self._file(path, item, ignored or self._is_ignored(path), entries)
        return below

    def _is_ignored(self, path: str) -> bool:
        rule = self.rules.is_ignored
        return rule is not None and bool(rule(path))

    def _file(
        self, path: str, item: os.DirEntry[str], is_data: bool, entries: dict[str, Entry]
    ) -> None:
        try:
            seen = item.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        name, size, mtime = item.name, seen.st_size, seen.st_mtime_ns
        if is_data or size > BIG:
            original = f"{self.source}/{path}"
            entries[name] = (name, LINKED, size, mtime, 0, 0, False, original)
            return
        ctime = seen.st_ctime_ns
        executable = bool(seen.st_mode & S_IXUSR)
        entries[name] = (name, FILE, size, mtime, ctime, seen.st_ino, executable, "")
        if abs(self.now - ctime) < YOUNG_NS or abs(self.now - mtime) < YOUNG_NS:
            self.settled = False

    def _leave_out(self, folder: str, found: Folders) -> None:
        """Forget a folder that turned out to be a virtual environment."""
        parent, _, name = folder.rpartition("/")
        (found if parent in found else self.found)[parent].pop(name, None)
        self.links.leave_out(folder)


def _unreadable(path: str, error: OSError) -> SubmitError:
    return SubmitError(
        f"{path} cannot be read ({error.strerror}); make it readable, move it out of the source "
        "folder, or name it in .amlignore"
    )
