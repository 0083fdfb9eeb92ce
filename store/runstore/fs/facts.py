"""Facts: small JSON files that appear whole or not at all, once, and never change.

Readers see nothing or all of a fact. Of any number of writers of one name exactly one wins; the
others learn that they lost and read what the winner wrote. A file that is empty or no JSON object
counts as absent for readers, yet it is never overwritten: `check` moves it aside.
"""

from __future__ import annotations

import errno
import os

from runstore.fs import atomic, clock, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_user_names: dict[int, str] = {}


def user_name() -> str:
    """The login name of this process's user, or its number where it has none."""
    number = os.getuid()
    if number not in _user_names:
        import pwd

        try:
            _user_names[number] = pwd.getpwuid(number).pw_name
        except KeyError:
            _user_names[number] = str(number)
    return _user_names[number]


def signed(record: dict[str, object], user: str | None = None) -> dict[str, object]:
    """The record with the time, unless it has its own, and with who writes it: user, host and
    process id.
    """
    return {
        **record,
        "time": record.get("time") or clock.now(),
        "user": user or user_name(),
        "host": os.uname().nodename,
        "pid": os.getpid(),
    }


def publish(folder: str, name: str, record: dict[str, object], *, sync: bool = False) -> bool:
    """Make a fact appear.

    Args:
        folder: where; "." is allowed for a process that lives in the run's folder.
        sync: whether the fact survives a power cut once this returns.

    Returns:
        True: it is ours; False: another was first, and nothing changed.

    Raises:
        ReadOnlyStore: the folder cannot be written, or its file system has no hard links.
        OSError: anything else, such as a full disk.
    """
    return atomic.publish_bytes(folder, name, json_write.pretty(record).encode(), sync=sync)


def read(folder: str, name: str, most: int = atomic.MOST_BYTES) -> dict[str, Any] | None:
    """A fact, or None where it is absent, damaged, or another user's and not ours to read.

    Args:
        most: one of more bytes is damaged.
    """
    try:
        return read_own(folder, name, most)
    except PermissionError:
        return None


def read_own(folder: str, name: str, most: int = atomic.MOST_BYTES) -> dict[str, Any] | None:
    """A fact, or None where it is absent or damaged; `most` as for `read`.

    Raises:
        OSError: it may not or cannot be read (too many open files): that says nothing of it.
    """
    try:
        data = atomic.read_bytes(f"{folder}/{name}", most)
    except OSError as error:
        if error.errno in atomic.NO_FILE:
            return None
        raise
    return None if data is None else parse(data)


def read_elsewhere(path: str) -> dict[str, Any] | None:
    """The JSON object in a user's file that lies in no store, which a link may lead to; None where
    there is none, or none that can be read.
    """
    try:
        data = atomic.read_bytes(path, follow=True)
    except OSError as error:
        if error.errno in (*atomic.NO_FILE, errno.EACCES, errno.EPERM):
            return None
        raise
    return None if data is None else parse(data)


def parse(data: bytes) -> dict[str, Any] | None:
    """The JSON object in these bytes, or None where there is no such thing."""
    from runstore.fs import json_read  # a supervisor that starts no other run does without it

    try:
        record = json_read.loads(data)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
