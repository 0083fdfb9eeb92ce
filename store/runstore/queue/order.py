"""The order of a queue in which people moved runs: these start by a rank, not by their names.

    .queue/<target>/.moved-<ticket>    the rank of the entry that has this ticket

A rank is what a name begins with, a priority and a number, which may be a fraction here: between
two there is always another one. A damaged one, and that of no entry, count for nothing.
"""

from __future__ import annotations

import sys

from runstore import layout
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from typing import Union

    Rank = tuple[int, Union[int, Fraction]]

_UNKNOWN = sys.maxsize, 0


def in_order(folder: str, listed: Sequence[str]) -> list[str]:
    """The names of the entries in the order in which they start.

    Args:
        folder: the queue's.
        listed: all names in it.
    """
    names = sorted(name for name in listed if name[0] != ".")
    ranks = _ranks(folder, names, listed)
    return sorted(names, key=ranks.__getitem__) if ranks else names


def move(folder: str, listed: Sequence[str], name: str, before: str | None) -> None:
    """Have an entry start in front of another one, whose priority it gets.

    Args:
        before: the name of that other one; None: behind all of them.

    Raises:
        OSError: nothing was moved.
    """
    from fractions import Fraction

    names = [one for one in in_order(folder, listed) if one != name]
    ranks = _ranks(folder, names, listed) or {one: _own(one) for one in names}
    at = len(names) if before is None else names.index(before)
    above = ranks[names[at - 1]] if at else None
    below = ranks[names[at]] if at < len(names) else None
    if below is not None and above is not None and above[0] == below[0]:
        rank = below[0], Fraction(above[1] + below[1]) / 2
    elif below is not None:
        rank = below[0], Fraction(below[1] - 1)
    elif above is not None:
        rank = above[0], Fraction(above[1] + 1)
    else:
        return
    _forget_old(folder, listed)
    atomic.replace_bytes(_path(folder, name), f"{rank[0]} {rank[1]}\n".encode())


def is_of_none(name: str, listed: Sequence[str]) -> bool:
    """Whether a name is that of the rank of an entry that is gone."""
    if not name.startswith(layout.QUEUE_MOVED):
        return False
    return name[len(layout.QUEUE_MOVED) :] not in {_ticket(one) for one in listed}


def _ranks(folder: str, names: Sequence[str], listed: Sequence[str]) -> dict[str, Rank]:
    """The rank of each entry; {}: none was moved."""
    if not any(name.startswith(layout.QUEUE_MOVED) for name in listed):
        return {}
    moved = {name for name in listed if name.startswith(layout.QUEUE_MOVED)}
    found = {}
    for name in names:
        is_moved = f"{layout.QUEUE_MOVED}{_ticket(name)}" in moved
        found[name] = (_read(_path(folder, name)) if is_moved else None) or _own(name)
    return found


def _read(path: str) -> Rank | None:
    from fractions import Fraction

    try:
        priority, number = (atomic.read_bytes(path) or b"").decode("ascii").split()
        return int(priority), Fraction(number)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _own(name: str) -> Rank:
    """The rank that an entry has by its name."""
    priority, _, rest = name.partition(".")
    try:
        return int(priority), int(rest.partition(".")[0])
    except ValueError:
        return _UNKNOWN


def _forget_old(folder: str, listed: Sequence[str]) -> None:
    for name in listed:
        if is_of_none(name, listed):
            atomic.unlink_if_there(f"{folder}/{name}")


def _path(folder: str, name: str) -> str:
    return f"{folder}/{layout.QUEUE_MOVED}{_ticket(name)}"


def _ticket(name: str) -> str:
    return name.split(".", 2)[1] if name[0] != "." and name.count(".") > 1 else ""
