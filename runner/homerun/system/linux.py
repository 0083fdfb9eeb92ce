"""The calls that only Linux has, behind functions that say what is lost without them.

`ctypes` would cost a supervisor half of its start, so its C module is used where it is there.
"""

from __future__ import annotations

import os
import select
import sys
import time

from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_IN_MODIFY = 0x2
_IN_CREATE = 0x100
_IN_MOVED_TO = 0x80
_IN_DELETE = 0x200
_SYSTEMD = "/run/systemd/system"
"""There where systemd runs the machine."""
_SYSTEMCTL = "/usr/bin/systemctl"
_LAST_PHASE = b"systemd-shutdown"[:15]
_ANSWER_MS = 2000
_EVENT = 16
"""The bytes of an event before its name; the last four of them count those of the name."""


def become_subreaper() -> bool:
    """Become the parent of every descendant whose own parent dies.

    Returns:
        False: this system has no such thing; daemons that the script makes can then escape.
    """
    return _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def clock() -> float:
    """Seconds that no setting of the clock changes, and that go on while the machine sleeps.

    Elsewhere they stand still while it does.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def is_going_down() -> bool:
    """Whether the machine is being shut down or restarted; False where systemd does not say so."""
    if atomic.read_or_empty("/proc/1/comm").strip() == _LAST_PHASE:
        return True
    if not os.path.isdir(_SYSTEMD):
        return False
    from homerun.system import spawn

    answer, told = os.pipe()
    actions: list[tuple[int | str, ...]] = [*spawn.NOTHING_OPEN, (os.POSIX_SPAWN_DUP2, told, 1)]
    try:
        pid = spawn.start(_SYSTEMCTL, ["systemctl", "is-system-running"], {}, actions)
    except OSError:
        os.close(answer)
        return False
    finally:
        os.close(told)
    poll = select.poll()
    poll.register(answer, select.POLLIN)
    said = os.read(answer, 64) if poll.poll(_ANSWER_MS) else b""
    os.close(answer)
    os.kill(pid, 9)  # not reaped yet: the pid is its own
    os.waitpid(pid, 0)
    return said.strip() == b"stopping"


def event_counter() -> int | None:
    """A descriptor that the kernel can be told to raise, and that then wakes a poll; None: no."""
    found = _call("eventfd", 0, os.O_CLOEXEC | os.O_NONBLOCK)
    return found if found is not None and found >= 0 else None


def watch_folder(path: str, *, also_gone: bool = False) -> int | None:
    """A descriptor that becomes readable when a file appears in the folder; None: poll instead.

    Args:
        also_gone: and when one is removed.
    """
    descriptor = _call("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor is None or descriptor < 0:
        return None
    mask = _IN_CREATE | _IN_MOVED_TO | (_IN_DELETE if also_gone else 0)
    if _call("inotify_add_watch", descriptor, os.fsencode(path), mask) == -1:
        os.close(descriptor)
        return None
    return descriptor


def watch_writes(descriptor: int, path: str) -> int | None:
    """Let a descriptor of `watch_folder` tell of writes to files in another folder as well.

    Returns:
        The number of that watch; None: there is no such folder, or no room for a watch.
    """
    mask = _IN_CREATE | _IN_MOVED_TO | _IN_MODIFY
    number = _call("inotify_add_watch", descriptor, os.fsencode(path), mask)
    return number if number is not None and number >= 0 else None


def watches_woken(descriptor: int) -> set[int]:
    """Take what a descriptor of `watch_folder` tells: the numbers of the watches; -1: too much.

    All writes since the last call count once.
    """
    found, at = set(), 0
    data = os.read(descriptor, 1 << 16)
    while at < len(data):
        found.add(int.from_bytes(data[at : at + 4], sys.byteorder, signed=True))
        at += _EVENT + int.from_bytes(data[at + 12 : at + 16], sys.byteorder)
    return found


def _call(function: str, *arguments: int | bytes) -> int | None:
    """Call a function of the C library with ints and bytes; None where it cannot be called."""
    try:
        import _ctypes as c
    except ImportError:
        return None
    loader: Any = c
    try:
        address = loader.dlsym(loader.dlopen(None, os.RTLD_NOW), function)
        return int(loader.call_function(address, arguments))
    except (AttributeError, OSError):
        return None
