"""Who has which GPU: a lock of the kernel for each, in a folder that all users of a machine share.

    homerun-gpu-<name>                   its byte n stands for MiB n of the device; what is locked
                                         of it is had. A run that has all of it has locked all
    homerun-gpu-<name>.<byte>.<user>     a note of who has what begins with this byte

No process watches over them: the kernel frees what a dead process had, and never grants a byte
twice. The folder belongs to root and is sticky, so that no user removes or replaces what is
another's; what is there is opened only if it is a plain file. Everyone may lock every file, and
nothing is read from one that may be locked. A note is believed to be of the user who owns it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections import namedtuple

from homerun.base import accounts, environ
from runstore.fs import atomic, facts, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

SHARED = ("/run/lock", "/tmp")
"""Folders that all users share, the first that is fit; no program clears up in the first."""

_PREFIX = "homerun-gpu-"
_STICKY = stat.S_ISVTX | stat.S_IWOTH
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FLOCK = struct.Struct("hhqqi4x")
_ALL = 0
"""As a length: up to the end, wherever that is."""
_MOST_BYTES = 4096
_TRIES = 20


class SharesFlaw(Exception):
    """It cannot be told who has a device; the text says why, as a clause."""


class Share:
    """A device, or a part of its memory, that is had as long as a process has its descriptor."""

    __slots__ = ("descriptor", "device", "mib", "note")

    def __init__(self, descriptor: int, device: Any, mib: int | None, note: str) -> None:
        self.descriptor = descriptor
        self.device = device
        self.mib = mib
        self.note = note

    def close(self) -> None:
        """Let go of this process's copy."""
        os.close(self.descriptor)

    def give_back(self) -> None:
        """Let go of it before any other process has it."""
        atomic.unlink_if_there(self.note)
        self.close()


Holder = namedtuple("Holder", "uid user run id store mib has_below")
"""Who has a part of a device: the run as people name it, and by its id; "": no note says. `mib` is
what it has. `has_below`: runs below that one ask for GPUs too."""

_Note = namedtuple("_Note", "path uid at parts said")


def take(device: Any, mib: int | None, said: Mapping[str, object]) -> Share | None:
    """Take a device, or so many MiB of it; None: another has it, or too much of it.

    Args:
        said: what the note says: `run`, `id`, `store`.

    Raises:
        SharesFlaw: its lock cannot be had by anyone, or not by this user.
    """
    folder = place()
    path = _path(folder, device)
    for _ in range(_TRIES):
        descriptor = _opened(path)
        try:
            parts = _lock(descriptor, device, mib)
            if parts and _is_there(descriptor, path):
                note = f"{path}.{parts[0][0]}.{os.geteuid()}"
                _write(note, {**said, "parts": parts})
                return Share(descriptor, device, mib, note)
            os.close(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if not parts:
            return None
    raise SharesFlaw(f"{path} is replaced again and again")


def holders(device: Any) -> list[Holder]:
    """Who has parts of a device now; one whose note is not there, or is not to be believed, too.

    Raises:
        SharesFlaw: as `take`.
    """
    path = _path(place(), device)
    descriptor = _opened(path)
    try:
        taken = dict(_taken(descriptor, 0, _size(device)))
    finally:
        os.close(descriptor)
    found: list[Holder] = []
    explained: set[int] = set()
    for note in _notes(path):
        start, length = note.parts[0]
        if taken.get(start) == start + length and start not in explained:
            found.append(_holder(note))
            explained.update(start for start, _ in note.parts)
    return [*found, *(_unknown(taken[start] - start) for start in taken if start not in explained)]


def mark(device: Any, run_id: str, store: str, *, has_below: bool) -> bool:
    """Note of a run of this user that has a part of a device whether runs below it ask for GPUs.

    Returns:
        Whether it was noted otherwise before.
    """
    for note in _notes(_path(place(), device)):
        mine = note.uid == os.geteuid() and (note.said.get("id"), note.said.get("store")) == (
            run_id,
            store,
        )
        if mine and bool(note.said.get("has_below")) != has_below:
            _write(note.path, {**note.said, "has_below": has_below})
            return True
    return False


# The lock


def _lock(descriptor: int, device: Any, mib: int | None) -> list[tuple[int, int]]:
    """Lock all of a file, or parts of it that come to so much; the parts, or none."""
    if mib is None:
        return [(0, _size(device))] if _set(descriptor, 0, _ALL) else []
    parts, left = [], mib
    for start, end in _gaps(descriptor, 0, _size(device)):
        part = min(left, end - start)
        if _set(descriptor, start, part):
            parts.append((start, part))
            left -= part
        if not left:
            return parts
    return []


def _set(descriptor: int, start: int, length: int) -> bool:
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _taken(descriptor: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that others have locked, each by its bounds; in no order."""
    if start >= end:
        return
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, end - start, 0)
    kind, _, begins, length, _ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
    if kind == fcntl.F_UNLCK:
        return
    stops = end if length == _ALL else begins + length
    yield max(start, begins), min(end, stops)
    yield from _taken(descriptor, start, begins)
    yield from _taken(descriptor, stops, end)


def _gaps(descriptor: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    for begins, stops in sorted(_taken(descriptor, start, end)):
        if begins > start:
            yield start, begins
        start = max(start, stops)
    if start < end:
        yield start, end


def _size(device: Any) -> int:
    return max(1, int(device.memory) >> 20)


def _opened(path: str) -> int:
    """The file of a device, made if need be."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(path, os.O_RDWR | atomic.PLAIN)
        except FileNotFoundError:
            _make(path)
            continue
        except OSError as error:
            raise _closed(path, error) from error
        try:
            atomic.accept_plain(descriptor, path, 0)
            # systemd clears up no file with such a lock.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return descriptor
        except OSError as error:
            os.close(descriptor)
            raise _closed(path, error) from error
        return descriptor
    raise SharesFlaw(f"{path} is removed again and again")


def _make(path: str) -> None:
    """Make a file that everyone may lock; it appears with these permissions, whatever the umask."""
    hidden = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SharesFlaw(f"{path} cannot be made: {error.strerror or error}") from error
    try:
        os.fchmod(descriptor, 0o666)
        os.link(hidden, path)
    except FileExistsError:
        return
    except OSError as error:
        raise SharesFlaw(f"{path} cannot be made: {error.strerror or error}") from error
    finally:
        os.close(descriptor)
        os.unlink(hidden)


def _closed(path: str, error: OSError) -> SharesFlaw:
    try:
        who = accounts.login_of(os.lstat(path).st_uid)
    except OSError:
        who = "another"
    return SharesFlaw(
        f"{path}, which all users lock, is {who}'s and cannot be opened ({error.strerror}): "
        "have it removed"
    )


def _is_there(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


# The folder and its notes


def place() -> str:
    """The folder of the locks.

    Raises:
        SharesFlaw: there is none that is fit.
    """
    given = environ.gpu_locks()
    for path in (given,) if given else SHARED:
        try:
            found = os.stat(path)
        except OSError:
            continue
        is_sticky = found.st_mode & _STICKY == _STICKY
        is_ours = not found.st_mode & _OTHERS_WRITE and bool(given)
        is_kept = stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid())
        if is_kept and (is_sticky or is_ours):
            return path
    fit = "a folder of root's that everyone may write in, with the sticky bit"
    raise SharesFlaw(f"{given or ' and '.join(SHARED)} should be {fit}, to note who has a GPU")


def _path(folder: str, device: Any) -> str:
    return f"{folder}/{_PREFIX}{device.uuid.replace('/', '_')}"


def _write(path: str, said: Mapping[str, object]) -> None:
    """Write a note. One that cannot be written keeps no run from a device."""
    hidden = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        atomic.write(hidden, json_write.dumps(said).encode())
        os.chmod(hidden, 0o644)
        os.rename(hidden, path)
    except OSError:
        atomic.unlink_if_there(hidden)


def _notes(path: str) -> list[_Note]:
    """The notes of a device, the latest first."""
    folder, name = os.path.split(path)
    found = []
    for one in os.listdir(folder):
        uid = one.rpartition(".")[2]
        if one.startswith(f"{name}.") and uid.isdecimal():
            note = _read(f"{folder}/{one}", int(uid))
            if note is not None:
                found.append(note)
    return sorted(found, key=lambda note: -int(note.at))


def _read(path: str, uid: int) -> _Note | None:
    """A note of this user; None: it is another's, or says nothing."""
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        seen = os.fstat(descriptor)
        said = facts.parse(os.read(descriptor, _MOST_BYTES)) if seen.st_uid == uid else None
        parts = [(int(start), int(length)) for start, length in (said or {}).get("parts") or ()]
    except (OSError, TypeError, ValueError):
        return None
    finally:
        os.close(descriptor)
    return _Note(path, uid, seen.st_mtime_ns, parts, said) if said and parts else None


def _holder(note: _Note) -> Holder:
    run, run_id, store = (str(note.said.get(key) or "") for key in ("run", "id", "store"))
    mib = sum(length for _, length in note.parts)
    user = accounts.login_of(note.uid)
    return Holder(note.uid, user, run, run_id, store, mib, bool(note.said.get("has_below")))


def _unknown(mib: int) -> Holder:
    return Holder(-1, "", "", "", "", mib, False)
