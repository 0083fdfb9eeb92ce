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
from homerun.snapshots import ignore_files, results
from homerun.snapshots.links import (
    CREDENTIALS,
    FILE,
    FOLDER,
    KEY_ENDS,
    LINKED,
    LINKED_FOLDER,
    Links,
    is_environment,
    is_private_key,
    join,
)
from homerun.system.sha256 import digest
from runstore.fs.safe_path import FOLDER_FLAGS, Below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.snapshots.links import Entry

    Folders = dict[str, dict[str, Entry]]

RULES_VERSION = 2
"""Part of every signature: raise it when the same folder would be taken differently."""

BIG = 10 * 1024 * 1024
"""A file of more bytes is in no snapshot."""

MANY = 10_000
"""An ignored folder with more entries is linked as a whole."""

YOUNG_NS = 1_000_000_000
"""A time stamp this near to the scan proves nothing: old kernels tick coarsely."""

NEVER = frozenset((".git", "__pycache__"))

_MOST_NAMED = 8


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
        self.left: list[str] = []
        self.results: results.Results | None = None
        self.settled = True
        self.now = time.time_ns()

    def everything(self, at_most: int) -> None:
        """Find everything, then settle where the links go."""
        self._check_top()
        with Below(self.descriptor) as self.below:
            self._find(at_most)
        self.links.settle(self.found, self.notices)
        self._tell_left()
        self.notices.sort()

    def _find(self, at_most: int) -> None:
        pending = [("", False)]
        room = at_most
        while pending:
            folder, ignored = pending.pop()
            if not ignored or self.links.holds_store(folder) or _is_of_results(folder):
                # An ignored one linked as a whole would hold the store: it is looked at in parts.
                pending += self._list(folder, ignored, self.found)
            elif self._is_too_much(folder):
                self._link_whole(folder, self.found)
            else:
                self._list_ignored(folder)
            room -= len(self.found.get(folder, ()))
            if room < 0:
                raise TooLarge(f"{self.source} holds more than {at_most:,} files and folders")

    def _tell_left(self) -> None:
        if self.left:
            named, more = sorted(self.left)[:_MOST_NAMED], len(self.left) - _MOST_NAMED
            rest = f", and {more} more" if more > 0 else ""
            self.notices.append(f"left out: {', '.join(named)}{rest}")

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
                self._link_whole(top, self.found)
                self.notices.append(f"{top}/ is a link to the original: {error.message}")
                return
        self.found.update(part)

    def _is_too_much(self, folder: str) -> bool:
        path = f"{self.source}/{folder}"
        return not is_environment(path) and ignore_files.holds_more(path, MANY)

    def _link_whole(self, folder: str, found: Folders) -> None:
        parent, _, name = folder.rpartition("/")
        original = f"{self.source}/{folder}"
        (found if parent in found else self.found)[parent][name] = (
            name,
            LINKED_FOLDER,
            0,
            0,
            0,
            0,
            False,
            original,
        )

    def _list(self, folder: str, ignored: bool, found: Folders) -> list[tuple[str, bool]]:
        """Put the entries of one folder into `found`; the folders in it are still to be listed."""
        descriptor = -1
        try:
            descriptor = self.below.open(folder)
            if folder and is_environment("", descriptor):
                self._link_whole(folder, found)
                self.links.leave_out(folder)
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
        of_results = bool(folder) and _is_of_results(folder)
        may_be_results = of_results or not folder
        with os.scandir(descriptor) as listing:
            for item in listing:
                name = item.name
                path = join(folder, name)
                if name in NEVER:
                    self.links.leave_out(path)
                elif name in CREDENTIALS:
                    self._leave(path, "credentials")
                elif may_be_results and (of_results or name in results.FOLDERS):
                    self._result(path, item, ignored, entries, below)
                elif item.is_dir(follow_symlinks=False):
                    if self.links.is_store(path, name):
                        self.links.leave_out(path)
                        continue
                    entries[name] = (name, FOLDER, 0, 0, 0, 0, False, "")
                    below.append((path, ignored or self._is_ignored(path + "/")))
                elif item.is_symlink():
                    self.links.add(folder, name, descriptor, entries)
                elif not item.is_file(follow_symlinks=False):
                    self._leave(path, "no file")
                elif name[-4:] in KEY_ENDS and is_private_key(name, descriptor):
                    self._leave(path, "a private key")
                else:
                    self._file(path, item, ignored or self._is_ignored(path), entries)
        return below

    def _result(
        self,
        path: str,
        item: os.DirEntry[str],
        ignored: bool,
        entries: dict[str, Entry],
        below: list[tuple[str, bool]],
    ) -> None:
        """Take the folder `outputs/` or `logs/`, or something in it, if it comes along."""
        is_folder = item.is_dir(follow_symlinks=False)
        if not is_folder and not item.is_file(follow_symlinks=False):
            self.links.leave_out(path)
            return
        ignored = ignored or self._is_ignored(f"{path}/" if is_folder else path)
        if self.results is None:
            self.results = results.Results(self.source)
        if self.results.stays_behind(path, ignored):
            self.links.leave_out(path)
            if (
                is_folder
                and "/" not in path
                and ignore_files.holds_more(f"{self.source}/{path}", 0)
            ):
                self.left.append(f"{path}/ (results)")
        elif is_folder:
            entries[item.name] = (item.name, FOLDER, 0, 0, 0, 0, False, "")
            below.append((path, ignored))
        else:
            self._file(path, item, False, entries)

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

    def _leave(self, path: str, why: str) -> None:
        self.links.leave_out(path)
        self.left.append(f"{path} ({why})")


def _is_of_results(path: str) -> bool:
    return path.partition("/")[0] in results.FOLDERS


def _unreadable(path: str, error: OSError) -> SubmitError:
    return SubmitError(
        f"{path} cannot be read ({error.strerror}); make it readable, move it out of the source "
        "folder, or name it in .amlignore"
    )
