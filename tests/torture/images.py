"""The images that a crash can leave of an operation, made of its trace.

After any prefix of the trace, what was synced is there. Of the rest each change of a folder may be
there or not, in whatever order, and each file's content may be there, missing, zeros, or torn at
512 bytes. That is what POSIX allows; no file system in use leaves as much to chance.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from stat import S_ISDIR, S_ISLNK
from typing import NamedTuple

from torture.trace import Op

SECTOR = 512
FOLDER_CHANGES = ("create", "mkdir", "symlink", "link", "remove", "rename")
CONTENTS = ("whole", "missing", "zeros", "torn", "torn to zeros")


class Image:
    """A tree of files, in memory: folders and files by inode, each name leading to one."""

    def __init__(self) -> None:
        self.root = 0
        self.folders: dict[int, dict[str, int]] = {}
        self.files: dict[int, bytes] = {}
        self.links: dict[int, str] = {}

    @classmethod
    def of(cls, folder: str) -> Image:
        """The image of a folder."""
        image = cls()
        image.root = os.stat(folder).st_ino
        todo = [folder]
        while todo:
            path = todo.pop()
            inside = image.folders[os.stat(path).st_ino] = {}
            for name in os.listdir(path):
                found = os.lstat(f"{path}/{name}")
                inside[name] = found.st_ino
                if S_ISDIR(found.st_mode):
                    todo.append(f"{path}/{name}")
                elif S_ISLNK(found.st_mode):
                    image.links[found.st_ino] = os.readlink(f"{path}/{name}")
                else:
                    with open(f"{path}/{name}", "rb") as file:
                        image.files[found.st_ino] = file.read()
        return image

    def copy(self) -> Image:
        """Another one, to be changed."""
        other = Image()
        other.root = self.root
        other.folders = {inode: dict(inside) for inode, inside in self.folders.items()}
        other.files, other.links = dict(self.files), dict(self.links)
        return other

    def apply(self, op: Op) -> None:
        """Let a change of a folder happen. What it needs may itself have been lost."""
        kind, above, name = op[:3]
        inside = self.folders.setdefault(above, {})
        if kind == "remove":
            inside.pop(name, None)
        elif kind == "rename":
            inside.pop(name, None)
            self.folders.setdefault(op[3], {})[op[4]] = op[5]
        else:
            inside[name] = op[3]

    def make(self, op: Op) -> None:
        """The thing itself that a change of a folder names; without a name nobody sees it."""
        if op[0] == "create":
            self.files.setdefault(op[3], b"")
        elif op[0] == "mkdir":
            self.folders.setdefault(op[3], {})
        elif op[0] == "symlink":
            self.links[op[3]] = op[4]

    def write(self, inode: int, at: int, data: bytes) -> None:
        """Let a part of a file change."""
        old = self.files.get(inode, b"").ljust(at, b"\0")
        self.files[inode] = old[:at] + data + old[at + len(data) :]

    def write_to(self, folder: str) -> None:
        """Make the image a real folder."""
        paths: dict[int, str] = {}
        todo = [(self.root, folder)]
        while todo:
            inode, path = todo.pop()
            os.mkdir(path, 0o700)
            for name, inner in self.folders[inode].items():
                place = f"{path}/{name}"
                if inner in self.folders:
                    todo.append((inner, place))
                elif inner in self.links:
                    os.symlink(self.links[inner], place)
                elif inner in paths:
                    os.link(paths[inner], place)
                else:
                    paths[inner] = place
                    with open(place, "wb") as file:
                        file.write(self.files.get(inner, b""))

    def digest(self) -> str:
        """Equal for images that look the same."""
        lines: list[str] = []
        todo = [(self.root, "")]
        while todo:
            inode, path = todo.pop()
            for name, inner in self.folders[inode].items():
                place = f"{path}/{name}"
                if inner in self.folders:
                    todo.append((inner, place))
                    lines.append(place)
                else:
                    lines.append(f"{place} {self.links.get(inner)} {self.files.get(inner)!r}")
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


class Case(NamedTuple):
    """One way of a crash: after so many operations, with these names lost, and loose content so."""

    end: int
    words: str
    lost: frozenset[int]
    content: str

    def __str__(self) -> str:
        return f"after {self.end} calls: {self.words}, loose content {self.content}"


def cases(trace: list[Op]) -> Iterator[Case]:
    """Every way of a crash in an operation; many of them leave the same image."""
    for end in range(len(trace) + 1):
        done = trace[:end]
        loose = [
            at for at, op in enumerate(done) if op[0] in FOLDER_CHANGES and not _is_synced(done, at)
        ]
        for words, lost in _losses(loose):
            for content in CONTENTS:
                yield Case(end, words, lost, content)


def build(before: Image, trace: list[Op], case: Case) -> Image:
    """The image of one way of a crash."""
    return _build(before, trace[: case.end], case.lost, case.content)


def _losses(loose: list[int]) -> Iterator[tuple[str, frozenset[int]]]:
    """Which changes of folders are lost: none, all, one, all but one, all from one on."""
    yield "no name lost", frozenset()
    if not loose:
        return
    yield "all loose names lost", frozenset(loose)
    for number, at in enumerate(loose):
        yield f"name {at} lost", frozenset((at,))
        yield f"all but name {at} lost", frozenset(loose) - {at}
        yield f"names from {at} on lost", frozenset(loose[number:])


def _is_synced(done: list[Op], at: int) -> bool:
    """Whether an entry, or a content, was synced after it was made."""
    op = done[at]
    wanted = {op[1], op[3]} if op[0] == "rename" else {op[1]}
    for later in done[at + 1 :]:
        if later[0] == "sync":
            return True
        if later[0] == "fsync":
            wanted.discard(later[1])
    return not wanted


def _build(before: Image, done: list[Op], lost: Iterable[int], content: str) -> Image:
    image = before.copy()
    loose: dict[int, int] = {}
    for at, op in enumerate(done):
        if op[0] in FOLDER_CHANGES:
            image.make(op)
            if at not in lost:
                image.apply(op)
        elif op[0] == "truncate":
            image.files[op[1]] = b""
        elif op[0] == "write":
            _, inode, offset, text = op
            if not _is_synced(done, at):
                loose.setdefault(inode, offset)
            image.write(inode, offset, text.encode("latin-1"))
    for inode, start in loose.items():
        _spoil(image, inode, start, content, before.files.get(inode, b""))
    return image


def _spoil(image: Image, inode: int, start: int, content: str, former: bytes) -> None:
    """Let the part of a file's content that was not synced become what a power cut makes of it."""
    whole = image.files[inode]
    torn = (start // SECTOR + 1) * SECTOR
    if content == "missing":
        image.files[inode] = whole[:start] + former[start : len(whole)]
    elif content == "zeros":
        image.files[inode] = whole[:start] + bytes(len(whole) - start)
    elif content == "torn":
        image.files[inode] = whole[:torn]
    elif content == "torn to zeros":
        image.files[inode] = whole[:torn] + bytes(max(0, len(whole) - torn))
