"""Launching a supervisor on this machine: the one place where one is started.

A supervisor has its descriptors by number:

    0, 1        /dev/null
    2           supervisor.log of the run
    3           the run's lock `alive`, locked
    4           its plan, in a file without a name
    5           an adopter only: a pidfd of the script
    6 … 5+n     the locks of the n slots that it holds
    from 6+n    those of the GPUs that it has, which its script inherits too

It inherits them. In this process the same files have any numbers, which may be some of these. So
each is first copied to a number above all these, and the spawn then copies it from there to its
place:

    here        13 alive      5 plan       3 slot          (any numbers)
                 │            │            │
    copied       7            8            9               F_DUPFD_CLOEXEC, from 6+n on
                 │            │            │
    there        3            4            6               POSIX_SPAWN_DUP2; the rest closes at exec

To load Python and our modules takes it longer than it takes to make a run. So one may start
*early*, before its run is there: it inherits one end of a pair of sockets as 3, and waits. What is
its own comes through that in one message, and it puts each in its place (`receive` in
`supervisor/main.py`). While the message is on its way the kernel holds the lock. Where the process
that started it ends, or needs it no more, the other end is closed, and it leaves.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
from homerun.targets.plan import (
    LOCK_DESCRIPTOR,
    MOST_IN_MESSAGE,
    PLAN_DESCRIPTOR,
    SCRIPT_DESCRIPTOR,
    SLOT_DESCRIPTOR,
    Plan,
)
from runstore import layout, names
from runstore.fs import lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM = "supervisor.main"

_LOG_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
_early: dict[str, _Early] = {}
"""Supervisors that wait for their run, by the mark of it."""
_unclaimed: list[str] = []
"""The marks of those that no submit has taken yet."""


class _Early:
    """A supervisor that waits for its run, which this process is making.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, mark: str) -> None:
        import _socket

        self._maker = os.getpid()
        with lock.no_fork():  # a stray child with this end would keep it waiting
            here, there = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
            self._end = lock.copied(here.fileno(), LOCK_DESCRIPTOR + 1)
            inherited = lock.copied(there.fileno(), LOCK_DESCRIPTOR + 1)
            try:
                move = (os.POSIX_SPAWN_DUP2, inherited, LOCK_DESCRIPTOR)
                self.pid = _start(mark, [*_own_errors(), move])
            except BaseException:
                lock.release(self._end)
                raise
            finally:
                lock.release(inherited)
                here.close()
                there.close()
        children.started(self.pid)

    @property
    def is_here(self) -> bool:
        """Whether this process has started it, and is no fork of the one that has."""
        return self._maker == os.getpid()

    def take_over(self, run_folder: str, given: Plan, locks: Sequence[int]) -> bool:
        """Give it its run. False: it is gone, or cannot have so many locks.

        Args:
            locks: the run's, and those of its slots and GPUs.
        """
        if 2 + len(locks) > MOST_IN_MESSAGE:
            self.dismiss()
            return False
        opened: list[int] = []
        try:
            opened.append(os.open(f"{run_folder}/{layout.SUPERVISOR_LOG}", _LOG_FLAGS, 0o600))
            opened.append(children.nameless_file(given.encode()))
            log, plan = opened
            self._send(os.fsencode(run_folder) + b"\0", (log, locks[0], plan, *locks[1:]))
        except OSError:
            return False  # if it is not gone, but the disk is full, that is met again
        finally:
            self.dismiss()
            for descriptor in opened:
                os.close(descriptor)
        return True

    def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        import _socket

        end = _socket.socket(fileno=self._end)
        packed = b"".join(one.to_bytes(4, sys.byteorder) for one in descriptors)
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)
        try:
            end.sendmsg([data], [rights], getattr(_socket, "MSG_NOSIGNAL", 0))
        finally:
            end.detach()

    def dismiss(self) -> None:
        """Need it no more: it leaves, unless it has its run."""
        lock.release(self._end)


def begin_early() -> None:
    """Start the supervisor of the run that this process submits next; nothing fails."""
    mark = names.new_uuid()
    try:
        _early[mark] = _Early(mark)
    except (OSError, ImportError):
        return  # it is started in its turn, which tells why it cannot be
    _unclaimed.append(mark)


def claim_early(*, is_wanted: bool) -> str | None:
    """The mark of a run whose supervisor is on its way, and that is still to be made.

    Args:
        is_wanted: the run starts at once. False: one that was begun for it is let go.

    Returns:
        None: there is none. Else the caller calls `dismiss_early` in the end, whatever came.
    """
    if is_wanted and not _unclaimed:
        begin_early()
    try:
        mark = _unclaimed.pop()
    except IndexError:  # another thread was faster
        return None
    if is_wanted and mark in _early and _early[mark].is_here:
        return mark
    dismiss_early(mark)
    return None


def dismiss_early(mark: str | None) -> None:
    """Need the early supervisor of this mark no more, unless it has got its run."""
    early = _early.pop(mark, None) if mark else None
    if early is not None and early.is_here:
        early.dismiss()


def supervisor(
    run_folder: str,
    given: Plan,
    alive: int,
    script: int | None = None,
    slots: Sequence[int] = (),
    gpus: Sequence[int] = (),
) -> int:
    """Start the supervisor of a run; it inherits the lock `alive`. Its pid is returned.

    Args:
        script: for an adopter: a pidfd of the script, opened while it lived.
        slots: the locks of its slots, which it inherits too.
        gpus: those of its GPUs.

    Raises:
        OSError: no process can be started.
    """
    children.reap()
    given.slots = len(slots)
    if gpus:
        given.settings = {**given.settings, "gpu_locks": len(gpus)}
    early = _early.pop(given.mark, None)
    if early is not None and early.take_over(run_folder, given, (alive, *slots, *gpus)):
        return early.pid
    places = {alive: LOCK_DESCRIPTOR}
    if script is not None:
        places[script] = SCRIPT_DESCRIPTOR
    held_too = (*slots, *gpus)
    places.update({held: SLOT_DESCRIPTOR + number for number, held in enumerate(held_too)})
    above = SLOT_DESCRIPTOR + len(held_too)
    copies: list[int] = []
    with lock.no_fork():  # a copy of the lock in a stray child would outlive the run
        nameless = children.nameless_file(given.encode())
        try:
            places[nameless] = PLAN_DESCRIPTOR
            moves: list[tuple[int | str, ...]] = []
            for source, place in places.items():
                copies.append(lock.copied(source, above))
                moves.append((os.POSIX_SPAWN_DUP2, copies[-1], place))
            path = f"{run_folder}/{layout.SUPERVISOR_LOG}"
            log = (os.POSIX_SPAWN_OPEN, 2, path, _LOG_FLAGS, 0o600)
            pid = _start(given.mark, [log, *moves], run_folder)
        finally:
            for copy in copies:
                lock.release(copy)
            os.close(nameless)
    children.started(pid)
    return pid


def _start(mark: str, moves: list[tuple[int | str, ...]], *folder: str) -> int:
    argv = children.python(_PROGRAM, *folder)
    env = environ.for_supervisor(mark)
    return spawn.start(sys.executable, argv, env, [*spawn.NOTHING_OPEN[:2], *moves])


def _own_errors() -> list[tuple[int | str, ...]]:
    """Have an early supervisor tell of a failure where this process does, until it has a log."""
    try:
        os.fstat(2)
    except OSError:
        return [(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
    return []
