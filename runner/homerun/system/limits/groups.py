"""A control group (of version 2) of a run's own, which bounds its memory, processor time and tasks.

    base                        a group that this user may fill, whose groups have the controllers
    ├── homerun-run-<mark>.<n>  the script of attempt n of a run, with its limits
    └── homerun-supervisors     supervisors that would be in the way, or in another run's group

A group with processes of its own can give no controllers to those below it, except the outermost
one. So a base is above the supervisor's own group, or systemd makes one for it (`scopes.py`).
"""

from __future__ import annotations

import os
import time

from homerun.system.limits import oom, own_group, scopes
from homerun.system.limits.scopes import NoGroup
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CONTROLLERS = {"memory": "memory", "cpus": "cpu", "pids": "pids"}
"""The limits that a group can keep, each with the controller that does it."""

OF_RUN = "homerun-run-"
"""How the name of a run's group begins, and that of a scope."""
_SUPERVISORS = "homerun-supervisors"
_PERIOD_US = 100_000
_NEW_S = 60.0


class ControlGroup:
    """The group of one attempt.

    Args:
        folder: where it is.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @property
    def kills(self) -> oom.Kills | None:
        """The kernel's count of kills in the group that counts its memory: it, or one above it."""
        folder, found = self.folder, None
        while found is None and folder.count("/") > 1:
            found = oom.of_group(folder)
            folder = os.path.dirname(folder)
        return found

    def limit(self, name: str, value: float) -> bool:
        """Set a limit. False: the kernel does not take it."""
        try:
            if name == "memory":
                self._set("memory.max", f"{value:.0f}")
                self._try("memory.swap.max", "0")
                self._try("memory.oom.group", "1")
            elif name == "cpus":
                self._set("cpu.max", f"{max(1000, value * _PERIOD_US):.0f} {_PERIOD_US}")
            else:
                self._set("pids.max", f"{value:.0f}")
        except OSError:
            return False
        return True

    def take_in(self, pid: int) -> None:
        """Put a process into it, and with it all that it will start.

        Raises:
            OSError: it cannot be.
        """
        self._set("cgroup.procs", str(pid))

    def peak(self) -> int | None:
        """The most memory that it has had, in bytes; None: this kernel does not tell."""
        told = atomic.read_or_empty(f"{self.folder}/memory.peak").strip()
        return int(told) if told.isdigit() else None

    def refused(self) -> int:
        """How many processes and threads it was refused."""
        for line in atomic.read_or_empty(f"{self.folder}/pids.events").splitlines():
            if line.startswith(b"max "):
                return int(line[4:])
        return 0

    def remove(self) -> None:
        """Remove it, unless something lives in it."""
        try:
            os.rmdir(self.folder)
        except OSError:
            return

    def _set(self, name: str, value: str) -> None:
        oom.write_to(f"{self.folder}/{name}", value)

    def _try(self, name: str, value: str) -> None:
        try:
            self._set(name, value)
        except OSError:
            return  # a kernel without it, or without swap


def make_group(mark: str, attempt: int, wanted: Collection[str]) -> tuple[ControlGroup, set[str]]:
    """The group of an attempt, and which of the wanted limits it can keep.

    Raises:
        NoGroup: none of them, or there can be no group.
    """
    place = own_group.of_second()
    if place is not None and scopes.are_needed() and not _is_delegated(place.folder):
        scopes.enter_scope(f"{OF_RUN}{mark}.{attempt}.scope")
        place = own_group.of_second()
        if place is not None:
            _step_aside(place.folder)
    folder, able = _base(place, wanted)
    for controller in able - _words(f"{folder}/cgroup.subtree_control"):
        try:
            oom.write_to(f"{folder}/cgroup.subtree_control", f"+{controller}")
        except OSError as error:
            raise NoGroup(f"{controller} cannot be limited in {folder}: {error.strerror}") from None
    _remove_left(folder)
    path = f"{folder}/{OF_RUN}{mark}.{attempt}"
    try:
        os.mkdir(path)
    except FileExistsError:
        pass  # an attempt that was given up has left it
    except OSError as error:
        raise NoGroup(f"none can be made in {folder}: {error.strerror}") from None
    return ControlGroup(path), {name for name in wanted if CONTROLLERS[name] in able}


def _remove_left(folder: str) -> None:
    """Remove the groups of runs whose supervisors were killed; a new one may be filled yet."""
    for name in atomic.names_in(folder):
        path = f"{folder}/{name}"
        try:
            if name.startswith(OF_RUN) and time.time() - os.stat(path).st_ctime > _NEW_S:
                os.rmdir(path)
        except OSError:
            continue  # something lives in it


def foreseen(wanted: Collection[str]) -> set[str]:
    """Which of the wanted limits a group will keep, as far as can be told without making one.

    Raises:
        NoGroup: none.
    """
    place = own_group.of_second()
    if place is not None and scopes.are_needed() and not _is_delegated(place.folder):
        scopes.check_manager()
        return set(wanted)
    _, able = _base(place, wanted)
    return {name for name in wanted if CONTROLLERS[name] in able}


def leave_others(folder: str) -> None:
    """Leave the group of another run, in which this process was started: for one beside it."""
    parent, name = os.path.split(folder)
    if name.startswith(OF_RUN) and not name.endswith(".scope"):
        _enter(f"{parent}/{_SUPERVISORS}")


def _step_aside(folder: str) -> None:
    """Leave a group that is to have groups below it."""
    if os.path.basename(folder).endswith(".scope"):
        _enter(f"{folder}/{_SUPERVISORS}")


def _enter(folder: str) -> None:
    try:
        os.mkdir(folder)
    except FileExistsError:
        pass
    except OSError:
        return
    try:
        ControlGroup(folder).take_in(os.getpid())
    except OSError:
        return


def _base(place: own_group.Membership | None, wanted: Collection[str]) -> tuple[str, set[str]]:
    """A group that groups with limits can be made in, and the controllers that they can have.

    Raises:
        NoGroup: there is none.
    """
    if place is None:
        raise NoGroup("this system has no control groups of version 2")
    needed = {CONTROLLERS[name] for name in wanted}
    best: tuple[str, set[str]] = ("", set())
    is_any_ours = False
    for folder in _upwards(place):
        if not _is_ours(folder):
            continue
        is_any_ours = True
        able = _able(folder, needed)
        if len(able) > len(best[1]):
            best = folder, able
    if not best[1]:
        raise NoGroup(
            f"no group here has the controllers ({', '.join(sorted(needed))})"
            if is_any_ours
            else "no control group is delegated to this user"
        )
    return best


def _able(folder: str, needed: set[str]) -> set[str]:
    """Those controllers that groups below a group have, or can be given."""
    there = needed & _words(f"{folder}/cgroup.controllers")
    given = there & _words(f"{folder}/cgroup.subtree_control")
    if given == there:
        return there
    is_outermost = not os.path.exists(f"{folder}/cgroup.events")
    is_empty = not atomic.read_or_empty(f"{folder}/cgroup.procs").strip()
    return there if is_outermost or is_empty else given


def _upwards(place: own_group.Membership) -> Iterator[str]:
    """The own group and those above it, as far as they can be seen."""
    folder = place.folder
    yield folder
    while folder != place.top and folder.startswith(place.top):
        folder = os.path.dirname(folder)
        yield folder


def _is_ours(folder: str) -> bool:
    """Whether this user may make groups in a group, and move processes into them."""
    if not os.access(folder, os.W_OK) or not os.access(f"{folder}/cgroup.procs", os.W_OK):
        return False
    return not scopes.are_needed() or _is_delegated(folder)


def _is_delegated(folder: str) -> bool:
    """Whether systemd has left a group, or one above it, to what is in it."""
    while folder.count("/") > 1:
        if os.path.basename(folder).startswith((OF_RUN, _SUPERVISORS)):
            return True
        try:
            if os.getxattr(folder, "user.delegate") == b"1":
                return True
        except OSError:
            pass  # an earlier systemd does not say
        folder = os.path.dirname(folder)
    return False


def _words(path: str) -> set[str]:
    return set(atomic.read_or_empty(path).decode("ascii", "replace").split())
