"""Who waits for which GPUs: a note of each process that gives some, beside the locks of these.

    homerun-gpu-wants.<user>.<store>.<target>    what the run wants that is the next to get some

It counts as long as that process has it locked. Like all notes there it is believed to be of the
user who owns it, and only in what it says of what is wanted: the locks tell what that user has.
"""

from __future__ import annotations

import fcntl
import os
from collections import namedtuple

from homerun.system.gpus import shares
from homerun.system.gpus.shares import SharesFlaw
from runstore.fs import atomic, facts, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_PREFIX = "homerun-gpu-wants."
_MOST_BYTES = 1 << 16

Want = namedtuple("Want", "uid priority since count mib devices")
"""What a run waits for: so many of these devices, by name; `mib` is None for all of each."""


class WantNote:
    """The note of this process.

    Args:
        store, target: by their names, the queue that it gives GPUs to.
    """

    def __init__(self, store: str, target: str) -> None:
        self._name = f"{_PREFIX}{os.geteuid()}.{store}.{target}"
        self._descriptor: int | None = None
        self._path = ""

    def put(self, want: Want | None) -> None:
        """Say what is wanted; None: nothing. Where it cannot be said, others do not wait for it."""
        if want is None:
            self._withdraw()
            return
        try:
            if self._descriptor is None:
                self._open()
            assert self._descriptor is not None
            said = {**want._asdict(), "devices": sorted(want.devices)}
            data = json_write.dumps(said).encode()
            os.pwrite(self._descriptor, data, 0)
            os.ftruncate(self._descriptor, len(data))
        except (OSError, SharesFlaw):
            self._withdraw()

    def _open(self) -> None:
        self._path = f"{shares.place()}/{self._name}"
        descriptor = atomic.open_plain(self._path, os.O_RDWR | os.O_CREAT)
        try:
            os.fchmod(descriptor, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def _withdraw(self) -> None:
        if self._descriptor is not None:
            os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = None


def of_others(store: str, target: str) -> list[Want]:
    """What all others wait for who are served by another process than this queue is.

    Raises:
        SharesFlaw: it cannot be told.
    """
    folder = shares.place()
    own = f"{_PREFIX}{os.geteuid()}.{store}.{target}"
    names = [one for one in os.listdir(folder) if one.startswith(_PREFIX) and one != own]
    return [want for name in names for want in _read(f"{folder}/{name}")]


def _read(path: str) -> Iterator[Want]:
    uid = os.path.basename(path)[len(_PREFIX) :].partition(".")[0]
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except OSError:
        return
    try:
        if str(os.fstat(descriptor).st_uid) == uid and _is_locked(descriptor):
            said = facts.parse(os.read(descriptor, _MOST_BYTES))
            if said is not None:
                yield _want(int(uid), said)
    except (OSError, TypeError, ValueError):
        return  # it is being written, or is none
    finally:
        os.close(descriptor)


def _want(uid: int, said: dict[str, Any]) -> Want:
    mib = said.get("mib")
    return Want(
        uid,
        int(said.get("priority") or 0),
        float(said.get("since") or 0),
        int(said.get("count") or 0),
        None if mib is None else int(mib),
        frozenset(map(str, said.get("devices") or ())),
    )


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
