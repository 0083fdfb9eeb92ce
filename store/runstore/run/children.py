"""Parents and children: the runs below a run, by the links in its folder."""

from __future__ import annotations

import errno
import os

from runstore import layout
from runstore.fs import atomic
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LINK = (errno.EINVAL, errno.ENOENT)
"""Something else of that name, or nothing any more."""


def may_have(record: Record) -> bool:
    """Whether a run has, or had, runs below it: a look for one folder."""
    return atomic.is_folder(f"{record.path}/{layout.CHILDREN}")


def below(parent: Record, *, recursive: bool = False) -> Iterator[Record]:
    """A run's children, or all its descendants, the newest first.

    The cost is that of the children alone, however many runs there are beside them. A link that
    leads nowhere (its run was removed, or its maker was killed) is skipped.

    Raises:
        OSError: the run's own children cannot be listed.
    """
    yield from sorted(unsorted(parent, recursive=recursive), key=_made, reverse=True)


def unsorted(parent: Record, *, recursive: bool = False) -> list[Record]:
    """A run's children, or all its descendants, in any order: nothing of them is read.

    Raises:
        OSError: the run's own children cannot be listed.
    """
    found = _linked(parent.path, is_wanted=True)
    left = list(found.values()) if recursive else []
    while left:
        for run_id, path in _linked(left.pop()).items():
            if run_id not in found:
                found[run_id] = path
                left.append(path)
    found.pop(parent.id, None)  # it is below itself where links lead in a circle
    return [_record(parent, path) for path in found.values()]


def _record(parent: Record, path: str) -> Record:
    folder, run_id = os.path.split(path)
    return Record(parent.store, os.path.basename(folder), run_id)


def _made(record: Record) -> tuple[str, int]:
    try:
        number = record.run.get("number")
        return record.created, number if isinstance(number, int) else 0
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return "", 0  # it cannot be read now; who looks at it is told


def _linked(run_folder: str, *, is_wanted: bool = False) -> dict[str, str]:
    """The folders of a run's children, by id.

    Args:
        is_wanted: this very run's are asked for: that they cannot be read is no detail.
    """
    folder = f"{run_folder}/{layout.CHILDREN}"
    try:
        names = atomic.names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        if is_wanted or error.errno in atomic.OUR_OWN:
            raise
        return {}
    found = {}
    for name in names:
        try:
            path = os.path.normpath(os.path.join(folder, os.readlink(f"{folder}/{name}")))
        except OSError as error:
            if is_wanted and error.errno not in _NO_LINK:
                raise
            continue
        if _may_exist(path):
            found[name] = path
    return found


def _may_exist(path: str) -> bool:
    try:
        return atomic.is_folder(path)
    except OSError:
        return True  # a bad disk makes no child disappear
