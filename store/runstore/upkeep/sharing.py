"""Sharing a store with a group, which reads it, now and later, and never acts for it.

Each folder gets the group, and the bits that let it be entered and that hand it down; each file of
the record may be read. What is made later takes both from the folder that it is made in
(`fs/atomic.py`), so a process that was there before needs to know nothing. What stays its owner's
alone: what runs that wait are started with, environments and their logs, since these hold values of
variables and tokens; the index, which is a cache. What a script makes has the permissions that its
umask gives: of that only the folders are opened, and what the script's own bits give to a group is
given to this one. While there are copies in a working folder that are to go at the end, which are
known by their ctime, its files stay as they are.
"""

from __future__ import annotations

import os
from stat import S_IMODE, S_IRGRP, S_ISDIR, S_ISGID, S_ISREG, S_IXGRP, S_IXOTH

from runstore import layout
from runstore.errors import StoreError
from runstore.fs import atomic, maintenance_lock, safe_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.root import Root

_MOST_PASSES = 16
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PLAIN = (layout.QUEUE_PAUSED, layout.QUEUE_TICKETS)
_PLAIN_BEGINS = (layout.QUEUE_KEEPER, layout.QUEUE_LACKING, layout.QUEUE_MOVED)
_NAMED_TWICE = (layout.RUN, layout.INTERPRETER)
"""Files of a run that have another name in the store: `.ids/…` and `.interpreters/…`."""


class Shared:
    """Whom a store is shared with.

    Attributes:
        group: the group's number; None: no group reads it.
        closed: the folders above the store that the group may not pass, the highest first.
        hidden: files of the record that it can't read: they were made while it was not shared.
        kept: files of scripts that it can't read, since the script's umask or the script said so.
    """

    def __init__(self, root: str) -> None:
        found = os.stat(root)
        self.group = found.st_gid if atomic.is_shared(root) else None
        self.closed = [] if self.group is None else _closed_above(root, self.group)
        self.hidden = self.kept = 0


def look(store: Root) -> Shared:
    """Whom a store is shared with, and what is in the way. It changes nothing."""
    found = Shared(store.root)
    if found.group is not None:
        seen = _Pass(store.root, found.group, is_shared=True, changes=False)
        found.hidden, found.kept = seen.differing, seen.kept
    return found


def share(store: Root, group: int) -> Shared:
    """Let a group read a store, now and later.

    Runs may be made meanwhile: it is gone through again until there is nothing left to change.

    Raises:
        ReadOnlyStore: it belongs to another user.
        StoreError: its file system does not hand down a folder's group.
        LockTimeout, OSError: something of it may be shared.
    """
    root = store.for_writing().root
    with maintenance_lock.lock(root):
        _check_hands_down(root, group)
        _settle(root, group, is_shared=True)
    return look(store)


def unshare(store: Root) -> Shared:
    """Let no group read a store any more. Its folder is closed first, so that holds at once.

    Raises:
        ReadOnlyStore: it belongs to another user.
        LockTimeout, OSError: its folder is closed, or nothing was changed.
    """
    root = store.for_writing().root
    with maintenance_lock.lock(root):
        _settle(root, os.getegid(), is_shared=False)
    return look(store)


def _settle(root: str, group: int, *, is_shared: bool) -> None:
    for _ in range(_MOST_PASSES):
        if not _Pass(root, group, is_shared=is_shared, changes=True).differing:
            return


def _check_hands_down(root: str, group: int) -> None:
    """Share the store's own folder, and see that one that is made in it is shared too."""
    before = os.stat(root)
    os.chown(root, -1, group)
    os.chmod(root, atomic.SHARED_FOLDER)
    tried = f"{root}/{layout.NEW}{os.urandom(4).hex()}"
    atomic.make_new_folder(tried)
    try:
        if atomic.is_shared(tried) and os.stat(tried).st_gid == group:
            return
    finally:
        os.rmdir(tried)
    os.chmod(root, S_IMODE(before.st_mode))
    os.chown(root, -1, before.st_gid)
    raise StoreError(f"{root} cannot be shared: its file system hands down no group of a folder")


class _Pass:
    """One way through a store.

    Attributes:
        differing: how many files and folders of the record are not as they are to be, or were not.
        kept: how many files of scripts the group can't read.
    """

    def __init__(self, root: str, group: int, *, is_shared: bool, changes: bool) -> None:
        self.differing = self.kept = 0
        self._group = group
        self._is_shared = is_shared
        self._changes = changes
        self._with_copies: set[str] = set()
        top = safe_path.open_root(root)
        try:
            with safe_path.Below(top) as below:
                pending = [""]
                while pending:
                    self._folder(below, pending.pop(), pending)
        finally:
            os.close(top)

    def _folder(self, below: safe_path.Below, path: str, pending: list[str]) -> None:
        """See to a folder first, then to what it holds: what is made in it from then on fits."""
        try:
            here = below.open(path)
        except OSError:
            return  # removed meanwhile, or another user's
        try:
            seen = os.fstat(here)
            self._see_to(here, seen, self._mode_of(seen.st_mode))
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.name == layout.COPIES:
                        self._with_copies.add(path)
                    inner = f"{path}/{entry.name}" if path else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if inner not in layout.PRIVATE:
                            pending.append(inner)
                    elif entry.is_file(follow_symlinks=False):
                        self._file(here, entry.name, inner.split("/"))
        except OSError:
            self.differing += not self._changes
        finally:
            os.close(here)

    def _file(self, folder: int, name: str, parts: list[str]) -> None:
        run = _run_of_script(parts)
        if _is_secret(parts) or run in self._with_copies or (run and not self._is_shared):
            return
        try:
            descriptor = os.open(name, _OPEN, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError:
            self.differing += not self._changes
            return
        try:
            seen = os.fstat(descriptor)
            if not S_ISREG(seen.st_mode) or _is_strange(seen, parts):
                return
            if not run:
                self._see_to(descriptor, seen, self._mode_of(seen.st_mode))
            elif seen.st_mode & S_IRGRP:
                self._see_to(descriptor, seen, S_IMODE(seen.st_mode))
            else:
                self.kept += 1
        finally:
            os.close(descriptor)

    def _mode_of(self, mode: int) -> int:
        """What the permissions of a file or folder are to be."""
        bits = S_IMODE(mode)
        if self._is_shared:
            return bits | (bits & 0o500) >> 3 | (S_ISGID if S_ISDIR(mode) else 0)
        bits &= ~S_ISGID if S_ISDIR(mode) else ~0
        return bits if bits & 0o007 else bits & ~0o070

    def _see_to(self, descriptor: int, seen: os.stat_result, wanted: int) -> None:
        if seen.st_uid != os.geteuid() and self._changes:
            return
        if (seen.st_gid, S_IMODE(seen.st_mode)) == (self._group, wanted):
            return
        self.differing += 1
        if self._changes:
            if not self._is_shared:
                os.fchmod(descriptor, wanted)  # first closed, then another group's
            if seen.st_gid != self._group:
                os.fchown(descriptor, -1, self._group)
            os.fchmod(descriptor, wanted)  # a change of the group takes bits away


def _is_secret(parts: list[str]) -> bool:
    """Whether a file of the store, by the parts of its path, is never a group's to read."""
    if parts[0] == layout.QUEUE:
        return parts[-1] not in _PLAIN and not parts[-1].startswith(_PLAIN_BEGINS)
    return parts == [layout.MAINTENANCE] or "/".join(parts).endswith(f"/{layout.ENVIRONMENT_LOG}")


def _run_of_script(parts: list[str]) -> str:
    """The path of the run whose script may have made a file, in its working folder; "": none."""
    at = 3 if parts[0] == layout.TRASH else 2
    return "/".join(parts[:at]) if len(parts) > at + 1 and parts[at] == layout.WORK else ""


def _is_strange(seen: os.stat_result, parts: list[str]) -> bool:
    """Whether a file may have a name outside of the store, which a script has linked into it."""
    known = parts[0] in (layout.IDS, layout.INTERPRETERS) or parts[-1] in _NAMED_TWICE
    return seen.st_nlink > 1 and not known


def _closed_above(root: str, group: int) -> list[str]:
    """The folders above a store that a group may not pass, as far as their permissions tell."""
    found: list[str] = []
    path = os.path.realpath(root)
    while path != "/":
        path = os.path.dirname(path)
        seen = os.stat(path)
        if not seen.st_mode & (S_IXGRP if seen.st_gid == group else S_IXOTH):
            found.insert(0, path)
    return found
