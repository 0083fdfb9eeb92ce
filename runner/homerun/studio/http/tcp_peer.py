"""Which user of this machine is at the other end of a TCP connection, where the kernel tells it.

Linux lists every TCP socket of the network namespace with its user in `/proc/net/tcp` and `tcp6`.
"""

from __future__ import annotations

import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Address = tuple[str, int]

GONE = -1
"""No user: the other end has been closed already."""

_LISTENS = b"0A"
_UID, _INODE = 7, 9


def user(ours: Address, theirs: Address, tables: str = "/proc/net") -> int | None:
    """The user whose socket has the address `theirs`, connected to ours.

    Args:
        ours: where this process listens and was connected to.

    Returns:
        The uid; GONE; or None where the kernel does not tell, as it does not list our own socket.
    """
    is_listed = False
    for table, here, there, anywhere in _ends(ours, theirs):
        try:
            with open(f"{tables}/{table}", "rb") as file:
                data = file.read()
        except OSError:
            continue
        is_listed = is_listed or b" %s %s %s " % (here, anywhere, _LISTENS) in data
        found = data.find(b" %s %s " % (there, here))
        if found >= 0:
            start = data.rfind(b"\n", 0, found) + 1
            fields = data[start : data.find(b"\n", found)].split()
            return int(fields[_UID]) if fields[_INODE] != b"0" else GONE  # closed: its user is 0
    return GONE if is_listed else None


def _ends(ours: Address, theirs: Address) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """The tables to look into, and how each writes our end, theirs, and none."""
    if ":" not in ours[0]:
        yield "tcp", _v4(ours), _v4(theirs), b"00000000:0000"
        # A socket of IPv6 may be connected to an address of IPv4.
        ours, theirs = (f"::ffff:{ours[0]}", ours[1]), (f"::ffff:{theirs[0]}", theirs[1])
    yield "tcp6", _v6(ours), _v6(theirs), b"%s:0000" % (b"0" * 32)


def _v4(address: Address) -> bytes:
    (word,) = struct.unpack("=I", socket.inet_pton(socket.AF_INET, address[0]))
    return b"%08X:%04X" % (word, address[1])


def _v6(address: Address) -> bytes:
    packed = socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0])
    return b"%08X%08X%08X%08X:%04X" % (*struct.unpack("=4I", packed), address[1])
