"""The program that supervises a run; `targets/launch.py` starts it.

It is started with the run's `alive` lock on descriptor 3 and its plan on descriptor 4, or early,
and gets both once its run is made (the diagram is in `targets/launch.py`). It lives in the run's
folder, so that a store can be renamed under it, and is controlled by SIGTERM and stop.json only.
In order:

    1. keep the lock to itself, become the reaper of all below it, wake up on signals
    2. have the script's environment made, if it wants packages; fork the script's process, which
       waits at the gate
    3. publish started.json; look for stop.json; open the gate
    4. sleep until the script ends, a stop is asked for, or the time is up
    5. end what is left of the tree (a stop: all of it; otherwise what the script left behind)
    6. publish exited.json, sync the metrics, publish ended.json
       or, where the script failed in a way that is retried, wait, and begin again at 2
    7. start the hooks and remove the unchanged copies from work/; if they are many, after 8
    8. let a fork of itself go on with the next run that waits for its slots, if there is one

    9. where it is within another run, stay the parent of what its own was to leave running

This module does the first half of 1, and 7 to 9; `supervisor.py` does the rest, or `adopter.py`
for a script that is alive already. As long as the process lives the lock is held, so the run is
not taken for lost. It loads little and polls nothing while the script runs. `docs/supervision.md`
tells the whole protocol.
"""

from __future__ import annotations

import gc
import os
import sys

from homerun.base import bundle
from homerun.supervisor.attempt import HERE
from homerun.supervisor.patience import StoreGone
from homerun.supervisor.supervisor import Supervisor
from homerun.system import children
from homerun.targets import plan
from homerun.targets.plan import (
    LEAVE,
    LOCK_DESCRIPTOR,
    MOST_IN_MESSAGE,
    PLAN_DESCRIPTOR,
    SCRIPT_DESCRIPTOR,
    SLOT_DESCRIPTOR,
)
from runstore import layout, status
from runstore.fs import atomic
from runstore.run import identity

_LOG = 2
"""supervisor.log: `targets/launch.py` opens it, or `successor.py`."""
_LONGEST_PATH = 8192

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.supervisor.attempt import Attempt
    from homerun.targets.plan import Plan


def main() -> None:
    """Supervise the run whose lock, plan and log were inherited; leaves by `os._exit`."""
    folder = sys.argv[1] if len(sys.argv) > 1 else _receive()
    os.set_inheritable(LOCK_DESCRIPTOR, False)  # or the script would hold the lock too
    gc.disable()  # what it loads and makes is little, and forks copy each page that a search wrote
    given: Plan | None = plan.read(PLAN_DESCRIPTOR)
    assert given is not None
    first_free = given.gpu_locks.stop
    for number in range(SLOT_DESCRIPTOR, first_free):
        os.set_inheritable(number, False)
    # Notebooks and test runners leave some of theirs.
    children.close_all_but((), first_free)
    if os.getpid() not in (os.getsid(0), os.getpgrp()):  # an engine may have made it a leader
        os.setsid()
    os.chdir(folder)
    atomic.let_group_read(_LOG, ".")
    if given.setting("has_pidfd"):
        os.set_inheritable(SCRIPT_DESCRIPTOR, False)
    else:
        os.closerange(SCRIPT_DESCRIPTOR, SCRIPT_DESCRIPTOR + 1)
    place = identity.here()
    while given is not None:
        attempt = _attempt(given, place)
        try:
            attempt.supervise()
        except StoreGone as error:
            attempt.log(f"given up, since the disk does not answer: {error.__cause__}")
            os._exit(1)
        attempt.free_gpus()
        given = _clean_up_and_fork(attempt)
    if attempt.plan.setting("on_exit") == LEAVE:
        from homerun.supervisor import sweep  # loaded already, while the script started

        attempt.try_once(
            "what it left may end with another", lambda: sweep.stay_above_left(attempt)
        )
    bundle.keep_code()
    os._exit(0 if attempt.final_status == status.COMPLETED or attempt.beats is None else 1)


def _receive() -> str:
    """Wait for the run of this supervisor, which was started early, and take what is its.

    The descriptors come in the order log, `alive`, plan, slots, GPUs. They are copied above all
    places first, so that none overwrites one that is still to be moved.

    Returns:
        The run's folder. Where its submitter ends, or needs no supervisor, this process leaves.
    """
    import _socket
    import fcntl

    end = _socket.socket(fileno=LOCK_DESCRIPTOR)
    folder, came, _, _ = end.recvmsg(_LONGEST_PATH, _socket.CMSG_SPACE(4 * MOST_IN_MESSAGE))
    if not folder.endswith(b"\0") or not came:
        os._exit(0)
    end.detach()
    packed = came[0][2]
    descriptors = [
        int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4)
    ]
    above = SLOT_DESCRIPTOR + len(descriptors)
    copies = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, above) for one in descriptors]
    slots = range(SLOT_DESCRIPTOR, above)
    for copy, place in zip(copies, (_LOG, LOCK_DESCRIPTOR, PLAN_DESCRIPTOR, *slots)):
        os.dup2(copy, place, inheritable=place == _LOG)
    return os.fsdecode(folder[:-1])


def _attempt(given: Plan, place: Mapping[str, object]) -> Attempt:
    """A supervisor, or, where the plan has no command, an adopter of the living script."""
    if given.argv:
        return Supervisor(given, place)
    from homerun.supervisor.adopter import Adopter  # seldom needed

    return Adopter(given, place)


def _clean_up_and_fork(attempt: Attempt) -> Plan | None:
    """Start the hooks, clean the working copy, and fork for the next run.

    Returns:
        In the fork: the plan of the next run. None in this process, and if no run waits.
    """
    from homerun.supervisor import outcome  # loaded already, while the script started

    if attempt.stopped == status.SHUTDOWN:
        if attempt.final_status:
            outcome.tidy(attempt)
        return None  # what waits is started after the restart
    is_first = outcome.is_little_left()  # what is done after the fork costs twice
    if is_first:
        outcome.tidy(attempt)
    given = _fork_next(attempt)
    if given is None and not is_first:
        outcome.tidy(attempt)
    return given


def _fork_next(attempt: Attempt) -> Plan | None:
    """In a fork of this process, the plan of the next run; None here, and if there is none.

    The fork has all modules loaded already: a new interpreter would take ten times as long.
    """
    if attempt.environment_lock is not None:
        os.close(attempt.environment_lock)  # or each successor would have one more
        attempt.environment_lock = None
    if not attempt.plan.slots and not os.path.isdir(f"{HERE}/../../{layout.QUEUE}"):
        return None
    from homerun.supervisor import successor  # loaded only where runs wait

    return successor.fork_next(attempt.plan, attempt.wakeups)
