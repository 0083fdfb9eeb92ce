"""Trust: a user's word, kept outside a store, that the store may act for that user on this machine.

To look at a store is to read. To act for it is to start what waits in it, to adopt or signal a
process that it names, to publish an outcome, to run its hooks: its files say which commands run, as
the user who acts. So a store acts only for the user whom it belongs to, and only where that user
made it or said `homerun store trust`. root is no exception. (git asks the same of a repository.)

    <state>/homerun/trusted/<store id>.<inode>    where it lies, its owner, the digest of its hooks

The state folder is `$XDG_STATE_HOME`, else `~/.local/state` of the account: not of `$HOME`, which a
script's environment may set. Where it cannot be written, as for a user whom a container knows by
number only, it is a private folder in `/tmp`. A copy of a store has another inode, and one that was
moved within a file system keeps it.
"""

from __future__ import annotations

import errno
import os
import stat

from runstore import layout
from runstore.errors import ReadOnlyStore, UntrustedStore
from runstore.fs import atomic, facts, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHARED = "/tmp"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

UNHOOKED = ""
"""The digest where a store names no hooks."""

NEW_HOOKS = (
    "its commands are new or were changed: read settings.json, then `homerun store trust` lets "
    "them run"
)
"""Why hooks that are not trusted as they are do not run, and what to do."""


def check_owner(root: str, store_id: str) -> None:
    """Check that a store belongs to this user.

    Raises:
        ReadOnlyStore: it belongs to another.
        OSError: it cannot be looked at.
    """
    _check_is_own(root, os.stat(root), store_id)


def check_trust(root: str, store_id: str) -> None:
    """Check that a store may act for this user.

    Raises:
        ReadOnlyStore: it belongs to another.
        UntrustedStore: others may write in it, or this user neither made it here nor trusts it.
        OSError: it cannot be looked at.
    """
    found = os.stat(root)
    _check_is_own(root, found, store_id)
    said = _said(root, found, store_id)
    if not (said or {}).get("shared") and (flaw := _flaw(root, found)):
        raise UntrustedStore(root, flaw)
    if said is None:
        raise UntrustedStore(root, "it was not made here by you")


def _check_is_own(root: str, found: os.stat_result, store_id: str) -> None:
    owner = found.st_uid
    if owner == os.geteuid():
        return
    # A network file system may give all files one owner: the one that was seen with the trust.
    if (_said(root, found, store_id) or {}).get("owner") != owner:
        raise ReadOnlyStore(root, f"it belongs to {_name_of(owner)}")


def trust(
    root: str,
    store_id: str,
    hooks: str = UNHOOKED,
    *,
    shared: bool = False,
    only_here: bool = False,
) -> None:
    """Let a store act for this user on this machine.

    Args:
        hooks: the digest of the hooks that are trusted with it.
        shared: even if other accounts may write in it; they can then run commands as this user.
        only_here: what is kept is of this machine alone: others may share the user's state folder,
            and know the file system by another number.

    Raises:
        ReadOnlyStore: it belongs to another.
        UntrustedStore: others may write in it, and `shared` is False.
        OSError: the state folder cannot be written.
    """
    found = os.stat(root)
    if found.st_uid not in (os.geteuid(), _owner_of_new_files(root)):
        raise ReadOnlyStore(root, f"it belongs to {_name_of(found.st_uid)}")
    if not shared and (flaw := _flaw(root, found)):
        raise UntrustedStore(root, flaw)
    record = {
        "root": root,
        "owner": found.st_uid,
        "device": found.st_dev,
        "file_system": os.statvfs(root).f_fsid,
        "hooks": hooks,
        "shared": shared,
    }
    data = json_write.pretty(facts.signed(record)).encode()
    for is_last, folder in enumerate(_folders()):
        if only_here and not is_last:
            continue
        try:
            atomic.make_private_folders(folder)
            if is_last:
                _check_private(folder)
            atomic.replace_bytes(f"{folder}/{_name(found, store_id)}", data)
            return
        except OSError:
            if is_last:
                raise


def forget(root: str, store_id: str) -> bool:
    """Trust a store no longer; False: it was not trusted."""
    name, was_there = _name(os.stat(root), store_id), False
    for folder in _folders():
        try:
            os.unlink(f"{folder}/{name}")
            was_there = True
        except (FileNotFoundError, NotADirectoryError):
            continue
    return was_there


def trusted_hooks(root: str, store_id: str) -> str | None:
    """The digest of the hooks that this user trusts; None: the store is not trusted at all."""
    said = _said(root, os.stat(root), store_id)
    return None if said is None else str(said.get("hooks") or UNHOOKED)


def digest_of(hooks: object) -> str:
    """A digest of the commands that a store's settings name under `on_end`; "": there are none."""
    if not hooks:
        return UNHOOKED
    import hashlib
    import json

    return hashlib.sha256(json.dumps(hooks, sort_keys=True).encode()).hexdigest()


def state_home() -> str:
    """The folder of what programs keep for this user."""
    given = os.environ.get(layout.STATE_HOME, "")
    if os.path.isabs(given):
        return given
    import pwd

    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:  # a container's user without an entry
        home = os.path.expanduser("~")
    return f"{home}/.local/state"


def _said(root: str, found: os.stat_result, store_id: str) -> dict[str, Any] | None:
    """What this user has said of the store that lies there, was found so, and has this id."""
    home, shared = _folders()
    for folder in (home, shared):
        if folder == shared and not _is_private(shared):
            break
        said = facts.read(folder, _name(found, store_id))
        if said is not None and _is_of(said, root, found):
            return said
    return None


def _is_of(said: dict[str, Any], root: str, found: os.stat_result) -> bool:
    """Whether what was said is of the file system that the store lies on."""
    if said.get("device") == found.st_dev:
        return True
    # The number of a device may change at a restart; the id of its file system does not.
    known = said.get("file_system")
    return bool(known) and known == os.statvfs(root).f_fsid


def _flaw(root: str, found: os.stat_result) -> str:
    """What lets others say what a store does; "": nothing."""
    owner = found.st_uid
    for name in ("", layout.STORE, layout.SETTINGS, layout.QUEUE):
        path = f"{root}/{name}" if name else root
        try:
            seen = os.stat(path) if name else found
        except FileNotFoundError:
            continue
        if seen.st_uid != owner:
            return f"{path} belongs to {_name_of(seen.st_uid)}"
        # In a sticky folder others add files of their own, and do not replace one of these.
        if seen.st_mode & _OTHERS_WRITE and not seen.st_mode & stat.S_ISVTX:
            return f"others may write in it: chmod go-w {path}"
    return ""


def _name(found: os.stat_result, store_id: str) -> str:
    known = store_id if store_id.isalnum() else "unknown"  # it becomes a name, and others write it
    return f"{known}.{found.st_ino}"


def _folders() -> tuple[str, str]:
    """Where trust is kept: below the user's state folder, or else in a folder of a shared one."""
    return f"{state_home()}/{layout.TRUSTED}", f"{_SHARED}/homerun-{os.geteuid()}"


def _is_private(folder: str) -> bool:
    """Whether a folder is this user's, and no other account may enter it."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (found.st_uid, found.st_mode & 0o077) == (
        os.geteuid(),
        0,
    )


def _check_private(folder: str) -> None:
    if not _is_private(folder):
        raise PermissionError(errno.EACCES, "another account has made it", folder)


def _owner_of_new_files(folder: str) -> int:
    """The owner that a file gets which this user makes in a folder; -1: none can be made."""
    path = f"{folder}/{layout.NEW}{os.urandom(4).hex()}"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1
    try:
        return os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
        os.unlink(path)


def _name_of(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
