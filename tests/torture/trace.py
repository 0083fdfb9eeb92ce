"""The trace of what an operation does to the file system, by inode.

The functions of `os` that change files are wrapped in a test's child; each call is made and then
written down with inodes in place of paths and descriptors. `images` makes of a trace what a power
cut can leave of it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from typing import Any

from helpers import children

Op = list[Any]
"""[kind, *arguments]; an inode is a number, that of a file made on the way a negative one."""

WRAPPED = (
    "open",
    "write",
    "pwrite",
    "sendfile",
    "mkdir",
    "symlink",
    "link",
    "unlink",
    "rmdir",
    "rename",
    "fsync",
    "sync",
)


def record(task: Callable[[], object]) -> list[Op]:
    """What `task` does, in a child, to files; it is done when this returns."""

    def traced() -> list[Op]:
        trace = _Trace()
        for name in WRAPPED:
            setattr(os, name, getattr(trace, name))
        from runstore.fs import atomic

        atomic.sync_file_system = lambda folder: trace.ops.append(["sync"])
        task()
        return trace.ops

    found: list[Op] = children.in_child(traced)
    return found


class _Trace:
    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._real = {name: getattr(os, name) for name in WRAPPED}
        self._made: dict[int, int] = {}

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        is_new = flags & os.O_CREAT and not _exists(path, dir_fd)
        descriptor: int = self._real["open"](path, flags, mode, dir_fd=dir_fd)
        if is_new:
            self._new("create", path, dir_fd, os.fstat(descriptor).st_ino)
        elif flags & os.O_TRUNC:
            self.ops.append(["truncate", self._number(os.fstat(descriptor).st_ino)])
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        is_append = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
        found = os.fstat(descriptor)
        at = found.st_size if is_append else 0
        if not is_append and os.path.isfile(f"/proc/self/fd/{descriptor}"):
            at = os.lseek(descriptor, 0, os.SEEK_CUR)
        written: int = self._real["write"](descriptor, data)
        self._wrote(found.st_ino, at, bytes(data[:written]))
        return written

    def pwrite(self, descriptor: int, data: bytes, at: int) -> int:
        written: int = self._real["pwrite"](descriptor, data, at)
        self._wrote(os.fstat(descriptor).st_ino, at, data[:written])
        return written

    def sendfile(self, target: int, source: int, offset: int | None, count: int) -> int:
        at = os.lseek(target, 0, os.SEEK_CUR)
        came_from = os.lseek(source, 0, os.SEEK_CUR)
        sent: int = self._real["sendfile"](target, source, offset, count)
        self._wrote(os.fstat(target).st_ino, at, os.pread(source, sent, came_from))
        return sent

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        self._real["mkdir"](path, mode, dir_fd=dir_fd)
        self._new("mkdir", path, dir_fd, os.stat(path, dir_fd=dir_fd).st_ino)

    def symlink(self, target: Any, path: Any, *, dir_fd: int | None = None) -> None:
        self._real["symlink"](target, path, dir_fd=dir_fd)
        self._new("symlink", path, dir_fd, os.lstat(path, dir_fd=dir_fd).st_ino)
        self.ops[-1].append(os.fspath(target))

    def link(self, source: Any, path: Any) -> None:
        self._real["link"](source, path)
        self.ops.append(["link", *self._place(path, None), self._number(os.stat(path).st_ino)])

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._real["unlink"](path, dir_fd=dir_fd)
        self.ops.append(["remove", *self._place(path, dir_fd)])

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._real["rmdir"](path, dir_fd=dir_fd)
        self.ops.append(["remove", *self._place(path, dir_fd)])

    def rename(
        self, old: Any, new: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        self._real["rename"](old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        moved = self._number(os.lstat(new, dir_fd=dst_dir_fd).st_ino)
        places = (*self._place(old, src_dir_fd), *self._place(new, dst_dir_fd))
        self.ops.append(["rename", *places, moved])

    def fsync(self, descriptor: int) -> None:
        self._real["fsync"](descriptor)
        self.ops.append(["fsync", self._number(os.fstat(descriptor).st_ino)])

    def sync(self) -> None:
        self.ops.append(["sync"])

    def _wrote(self, inode: int, at: int, data: bytes) -> None:
        self.ops.append(["write", self._number(inode), at, data.decode("latin-1")])

    def _new(self, kind: str, path: Any, dir_fd: int | None, inode: int) -> None:
        place = self._place(path, dir_fd)
        self._made[inode] = -1 - len(self.ops)  # inodes are used again: each making is a new one
        self.ops.append([kind, *place, self._made[inode]])

    def _number(self, inode: int) -> int:
        return self._made.get(inode, inode)

    def _place(self, path: Any, dir_fd: int | None) -> tuple[int, str]:
        folder, name = os.path.split(os.fspath(path))
        above = os.stat(folder or ".", dir_fd=dir_fd if not folder.startswith("/") else None)
        return self._number(above.st_ino), name


def _exists(path: Any, dir_fd: int | None) -> bool:
    try:
        os.lstat(path, dir_fd=dir_fd)
    except FileNotFoundError:
        return False
    return True
