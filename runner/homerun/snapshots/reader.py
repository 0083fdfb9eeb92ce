"""Reading a source tree once: its contents, copied on the way where a copy is wanted.

A file that changes while it is read is read again, at most three times, and then noted. A file
that vanished since the scan is left out. What was read is described by a manifest, strict JSON
with one line per path, and named by the hash of these lines.
"""

from __future__ import annotations

import os
import sys
from stat import S_ISREG

from homerun.base.errors import SubmitError
from homerun.snapshots.links import FILE, FOLDER, LINKED, join
from homerun.system import sha256
from runstore.fs.atomic import group_readable, is_shared, make_new_folder, write_all
from runstore.fs.json_write import text
from runstore.fs.safe_path import FOLDER_FLAGS, Below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.snapshots.links import Entry
    from homerun.snapshots.scan import Tree

FORMAT = 1
"""The format of manifests, and part of every tree hash."""

HASH_DIGITS = 40
TRIES = 3
CHUNK = 1 << 20
FEW_BYTES = 1 << 20

READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without blocking: a file may have become a pipe since the scan."""

CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Reading:
    """What one reading of a tree found."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.folders: list[tuple[str, list[Entry]]] = []
        self.changing: list[str] = []
        """Paths that changed during each of the tries."""
        self.exact = True
        """Whether all was as the scan had seen it."""
        self.id = ""
        self._lines: list[str] = []
        self._hash = _sha256_for(tree)
        self._is_for_group = False

    def run(self, copies: int | None) -> None:
        """Read everything; copy it into an open folder if there is one.

        Raises:
            SubmitError: a file cannot be read.
            OSError: a copy cannot be written.
        """
        self._is_for_group = copies is not None and is_shared(copies)
        source = os.open(self.tree.source, FOLDER_FLAGS)
        try:
            with Below(source) as sources, Below(-1 if copies is None else copies) as targets:
                for folder, entries in self.tree.folders:
                    self._folder(folder, entries, sources, None if copies is None else targets)
        finally:
            os.close(source)
        content = "\n".join([f"{FORMAT}", *self._lines]).encode()
        self.id = self._hash(content).hexdigest()[:HASH_DIGITS]

    def write_manifest(self, folder: int, name: str) -> None:
        """Write down what was read."""
        entries = ",\n".join(self._lines)
        changing = ", ".join(map(text, self.changing))
        data = (
            f'{{"format": {FORMAT},\n"tree": "{self.id}",\n"entries": [\n{entries}\n],\n'
            f'"changed_while_copied": [{changing}]}}\n'
        )
        descriptor = _open_copy(name, folder, copy_mode(False, self._is_for_group))
        try:
            write_all(descriptor, data.encode())
        finally:
            os.close(descriptor)

    def _folder(
        self, folder: str, entries: list[Entry], sources: Below, targets: Below | None
    ) -> None:
        kept: list[Entry] = []
        self.folders.append((folder, kept))
        try:
            here = sources.open(folder)
        except (FileNotFoundError, NotADirectoryError):
            self.exact = False
            return
        there = None if targets is None else targets.open(folder)
        try:
            for entry in entries:
                read = self._entry(folder, entry, here, there)
                if read:
                    kept.append(read)
        finally:
            os.close(here)
            if there is not None:
                os.close(there)

    def _entry(self, folder: str, entry: Entry, here: int, there: int | None) -> Entry | None:
        name, kind, size, mtime, _, _, _, target = entry
        path = join(folder, name)
        if kind == FILE:
            return self._file(path, entry, here, there)
        line = f'{{"path": {text(path)}, "kind": "{kind}"'
        if kind == FOLDER:
            if there is not None:
                make_new_folder(name, there)
        else:
            line += f', "target": {text(target)}'
            if there is not None:
                os.symlink(target, name, dir_fd=there)
        if kind == LINKED:
            line += f', "size": {size}, "mtime_ns": {mtime}'
        self._lines.append(line + "}")
        return entry

    def _file(self, path: str, entry: Entry, here: int, there: int | None) -> Entry | None:
        try:
            for _ in range(TRIES):
                before, after, size, digest = self._read(path, entry, here, there)
                if is_untouched(before, after) and size == after.st_size:
                    break
            else:
                self.changing.append(path)
        except FileNotFoundError:
            self.exact = False
            return None
        times = (after.st_mtime_ns, after.st_ctime_ns)
        read = (entry[0], FILE, size, *times, after.st_ino, entry[6], "")
        if read != entry:
            self.exact = False
        self._lines.append(
            f'{{"path": {text(path)}, "kind": "file", "size": {size}, "sha256": "{digest}", '
            f'"exec": {"true" if entry[6] else "false"}}}'
        )
        return read

    def _read(
        self, path: str, entry: Entry, here: int, there: int | None
    ) -> tuple[os.stat_result, os.stat_result, int, str]:
        """Read one file: as it was before and after, how much was read, and its hash."""
        name = entry[0]
        try:
            source = os.open(name, READ_FLAGS, dir_fd=here)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unreadable(f"{self.tree.source}/{path}", error) from error
        target = -1
        try:
            before = os.fstat(source)
            if not S_ISREG(before.st_mode):
                raise FileNotFoundError
            if there is not None:
                target = _open_copy(name, there, copy_mode(entry[6], self._is_for_group))
            size, digest = self._pour(path, source, target, before.st_size)
            after = os.fstat(source)
            if target >= 0:
                os.utime(target, ns=(after.st_mtime_ns, after.st_mtime_ns))
            return before, after, size, digest
        finally:
            os.close(source)
            if target >= 0:
                os.close(target)

    def _pour(self, path: str, source: int, target: int, expected: int) -> tuple[int, str]:
        digest = self._hash()
        size = 0
        wanted = min(expected + 1, CHUNK)
        while True:
            try:
                data = os.read(source, wanted)
            except OSError as error:
                raise _unreadable(f"{self.tree.source}/{path}", error) from error
            digest.update(data)
            size += len(data)
            if target >= 0:
                write_all(target, data)
            if len(data) < wanted:
                return size, digest.hexdigest()


def copy_mode(executable: bool, is_for_group: bool) -> int:
    """The permissions of a copy: its owner's alone, or also a group's, which reads the store."""
    mode = 0o700 if executable else 0o600
    return group_readable(mode) if is_for_group else mode


def _open_copy(name: str, folder: int, mode: int) -> int:
    """A new empty file to copy to, of this mode whatever the umask; an earlier try is emptied."""
    descriptor = os.open(name, WRITE_FLAGS | os.O_TRUNC, mode, dir_fd=folder)
    if os.fstat(descriptor).st_mode & 0o777 != mode:
        os.fchmod(descriptor, mode)
    return descriptor


def finish_copy(target: int, mtime_ns: int, mode: int) -> os.stat_result:
    """Give a copy the time of its original, and its mode whatever the umask."""
    os.utime(target, ns=(mtime_ns, mtime_ns))
    made = os.fstat(target)
    if made.st_mode & 0o777 != mode:
        os.fchmod(target, mode)
        made = os.fstat(target)
    return made


def is_untouched(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether a file was not written between two looks."""
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and before.st_ctime_ns == after.st_ctime_ns
    )


def _sha256_for(tree: Tree) -> Any:
    """The maker of SHA-256: for a small tree the plain one, since loading OpenSSL takes longer."""
    size = sum(entry[2] for _, entries in tree.folders for entry in entries if entry[1] == FILE)
    if size < FEW_BYTES and "_hashlib" not in sys.modules:
        return sha256.plain_sha256()
    import hashlib

    return hashlib.sha256


def _unreadable(path: str, error: OSError) -> SubmitError:
    return SubmitError(
        f"{path} cannot be read ({error.strerror}); make it readable, move it out of the source "
        "folder, or name it in .amlignore"
    )
