"""Which control groups this process is in, and where their files are.

A group's path in /proc/self/cgroup is that of the whole system, of the container, or of a part of
either; what of it can be seen, and where, only the table of mounts tells.
"""

from __future__ import annotations

import os

from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = b"memory"
_VERSION_1, _VERSION_2 = b"cgroup", b"cgroup2"
USUAL = {True: "/sys/fs/cgroup/memory", False: "/sys/fs/cgroup"}
"""Where nearly every system has them, those of version 1 and of version 2: looked at first, since
the table of mounts can be long.
"""
_OF_EVERY_GROUP = "cgroup.procs"


class Membership:
    """The folder of a group, and that of the outermost group that can be seen from here."""

    __slots__ = ("folder", "is_first", "top")

    def __init__(self, folder: str, top: str, *, is_first: bool) -> None:
        self.folder = folder
        self.top = top
        self.is_first = is_first
        """Whether it is one of version 1."""


def of_memory() -> Membership | None:
    """The group that counts this process's memory; None: there is none, or it cannot be seen."""
    groups = _groups()
    return _seen(groups, is_first=True) if MEMORY in groups else _seen(groups, is_first=False)


def of_second() -> Membership | None:
    """The group of version 2 that this process is in; None: there is none."""
    return _seen(_groups(), is_first=False)


def _groups() -> dict[bytes, bytes]:
    """The paths of the groups by controller; b"" is the group of version 2."""
    found = {}
    for line in atomic.read_or_empty("/proc/self/cgroup").splitlines():
        number, _, rest = line.partition(b":")
        controllers, _, path = rest.partition(b":")
        for one in controllers.split(b","):
            if one or number == b"0":
                found[one] = path
    return found


def _seen(groups: dict[bytes, bytes], *, is_first: bool) -> Membership | None:
    path = groups.get(MEMORY if is_first else b"")
    if path is None:
        return None
    usual = f"{USUAL[is_first]}{os.fsdecode(path).rstrip('/')}"
    if os.path.exists(f"{usual}/{_OF_EVERY_GROUP}"):
        return Membership(usual, USUAL[is_first], is_first=is_first)
    for root, mount in _mounts(is_first=is_first):
        within = path if root == b"/" else path[len(root) :]
        if root == b"/" or path == root or path.startswith(root + b"/"):
            folder = os.fsdecode(mount + within.rstrip(b"/"))
            return Membership(folder, os.fsdecode(mount), is_first=is_first)
    return None


def _mounts(*, is_first: bool) -> Iterator[tuple[bytes, bytes]]:
    """Of what each mount shows the root, and where it is."""
    for line in atomic.read_or_empty("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(b" - ")
        fields, kind = before.split(), after.split()
        if len(kind) < 3 or kind[0] != (_VERSION_1 if is_first else _VERSION_2):
            continue
        if not is_first or MEMORY in kind[2].split(b","):
            yield _plain(fields[3]), _plain(fields[4])


def _plain(path: bytes) -> bytes:
    """A path of the table, where four signs are written as their numbers."""
    for sign in (b" ", b"\t", b"\n", b"\\"):
        path = path.replace(b"\\%03o" % ord(sign), sign)
    return path
