"""What is known of the file system that a folder lies on, as the kernel lists it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = frozenset(
    (
        *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"),
        *("gpfs", "lustre", "nfs", "nfs4", "orangefs", "smb3", "smbfs", "virtiofs", "wekafs"),
    )
)
"""Those that other machines may write to, and on which their locks may not be seen."""

_LITTLE = 1 << 30

_MOUNTS = "/proc/self/mountinfo"


def kind(path: str) -> str:
    """The kind of the file system of a folder, such as `ext4`; "" where it is not told."""
    real = os.path.realpath(path)
    best, found = -1, ""
    for mount, name in _mounts():
        below = mount.rstrip("/") + "/"
        if (f"{real}/").startswith(below) and len(below) >= best:
            best, found = len(below), name
    return found


def is_network(path: str) -> bool:
    """Whether other machines may share this folder."""
    return kind(path) in NETWORK


def room(path: str) -> tuple[int, int]:
    """The bytes of a folder's disk: those that this user may still fill, and all.

    Raises:
        OSError: the disk does not tell.
    """
    seen = os.statvfs(path)
    return seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize


def is_nearly_full(free: int, size: int) -> bool:
    """Whether a disk is soon full: less than 5 % is free (of a large disk 10 GiB), or 1 GiB."""
    return free < max(_LITTLE, min(size // 20, 10 * _LITTLE))


def _mounts() -> Iterator[tuple[str, str]]:
    """Each mount's place, and the kind of its file system."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        fields, dash, rest = line.partition(" - ")
        parts = fields.split(" ")
        if dash and len(parts) > 4:
            yield _unescaped(parts[4]), rest.split(" ")[0]


def _unescaped(text: str) -> str:
    """A path as it is: the kernel writes blanks and backslashes as octal numbers."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
