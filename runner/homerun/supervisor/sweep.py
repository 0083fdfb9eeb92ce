"""Ending what lives below a supervisor: the tree of a script that is to stop, or what one left.

It is over when no child is left (ECHILD), or when two looks in a row found nothing and nothing was
reaped between them: one empty look misses a chain of forks. Once the script is over it does not
wait for what KILL does not end: another user's process by now (set-uid), or one that the kernel
holds (state D). That is named in the record.
"""

from __future__ import annotations

import os

from homerun.system import children, linux, process_tree, signals
from homerun.targets.ladder import ROUNDS_OF_KILL_S, Ladder
from homerun.targets.plan import LEAVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.supervisor.attempt import Attempt

_LEFTOVER_GRACE_S = 2.0
_LOOKS_AT_LEAD_S = 0.2


def end_tree(of: Attempt) -> None:
    """End what lives below: all of it on a stop, else what the script left behind."""
    if of.plan.setting("ranks"):
        _end_ranks(of)
    if of.stop_wanted:
        sweep(of, of.plan.ladder, "stopping")
    elif of.limits is not None and of.limits.broken:
        sweep_leftovers(of, f"over its limit ({of.limits.broken})")
    elif of.plan.setting("on_exit") != LEAVE:
        sweep_leftovers(of, "left behind")


def _end_ranks(of: Attempt) -> None:
    """Have the lead end the processes on all nodes if the run is to stop; return once it is gone,
    and `srun` with it. Neither is signalled by the sweep, which finds nothing then.
    """
    from homerun.supervisor.nodes import orders  # few runs have several nodes

    mark = orders.lead_mark(of.plan)
    until = linux.clock() + of.plan.grace_s + orders.PATIENCE_S
    if of.stop_wanted and not of.reaped_script():
        of.log("stopping: the processes on all nodes are told")
        of.signal_script(signals.TERM)
        of.stopped = of.stopped or of.stop_kind_here
    while (found := _of_lead(of, mark)) or not of.over:
        if linux.clock() >= until:
            of.log_once("lead", "KILL to what starts the processes, which does not end")
            process_tree.send(found, mark, signals.KILL)
            of.signal_script(signals.KILL)
        if linux.clock() >= until + ROUNDS_OF_KILL_S:
            return
        of.nap(_LOOKS_AT_LEAD_S)
        of.reap()


def _of_lead(of: Attempt, mark: str) -> list[process_tree.Process]:
    return of.insist("processes cannot be seen", lambda: process_tree.below(os.getpid(), mark))


def stay_above_left(of: Attempt) -> None:
    """Stay the parent of what `on_exit="leave"` has left, where another run's supervisor is above.

    That one would be its next parent, and end it with its own run: it leaves alone what is below a
    supervisor of another run, and what names another run in its environment, which a daemon may
    have cleaned. Nothing is held meanwhile. What is on record still names this process: a stop
    that came too late, and word of a free slot, are not to end it.
    """
    if not of.has_children() or not process_tree.is_below_another(of.plan.mark):
        return
    of.log("stays the parent of what it left running, since it is within another run")
    of.wakeups.undo_in_child()
    signals.ignore(signals.TERM, signals.USR1, signals.USR2)
    os.chdir("/")
    children.close_all_but((), 2)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def sweep_leftovers(of: Attempt, why: str) -> None:
    """End what lives below a run that no stop request ends."""
    sweep(of, [(signals.TERM, _LEFTOVER_GRACE_S)], why)


def sweep(of: Attempt, rungs: list[tuple[int, float]], why: str) -> None:
    """Signal the tree, rung by rung (and CONT, for what is stopped); then KILL."""
    asked: set[tuple[int, int, int]] = set()
    killed: dict[tuple[int, int], float] = {}
    ladder = Ladder(rungs, linux.clock())
    is_told = False
    empty_looks = 0
    while of.has_children():
        began = linux.clock()
        found = of.look()
        if found:
            empty_looks = 0
            number = ladder.number(began)
            _signal(of, found, asked, why, number)
            if number == signals.KILL and _outlive(found, killed, began):
                left = [process_tree.described(process) for process in found]
                if not is_told:
                    is_told = True
                    of.log(f"still there after KILL: {', '.join(left)}")
                if of.over:
                    of.left = left
                    return
        else:
            empty_looks += 1
            if empty_looks >= 2 and of.over:
                return
        of.nap(ladder.pause(began, linux.clock(), hurry=not found))
        if of.reap():
            empty_looks = 0


def _signal(
    of: Attempt,
    found: list[process_tree.Process],
    asked: set[tuple[int, int, int]],
    why: str,
    number: int,
) -> None:
    """One round: KILL to all, or another signal to those that have not had it yet."""
    if number == signals.KILL:
        sent = _send(of, found, number)
    else:
        new = [p for p in found if (p.pid, p.ticks, number) not in asked]
        sent = _send(of, new, number, signals.CONT)
        asked.update((p.pid, p.ticks, number) for p in sent)
    if sent and of.stop_wanted and not of.over and of.stopped is None:
        of.stopped = of.stop_kind_here  # what stop.json says is read when all are ended
    if sent:
        pids = " ".join(str(process.pid) for process in sent[:20])
        of.log(f"{why}: {signals.name(number)[3:]} to {pids}")


def _send(
    of: Attempt, processes: list[process_tree.Process], *numbers: int
) -> list[process_tree.Process]:
    return of.insist(
        "processes cannot be signalled",
        lambda: process_tree.send(processes, of.plan.mark, *numbers),
    )


def _outlive(
    found: list[process_tree.Process], killed: dict[tuple[int, int], float], now: float
) -> bool:
    """Whether all of them have had KILL for so long that it does not end them.

    Args:
        killed: since when each has had it.
    """
    since = [killed.setdefault((p.pid, p.ticks), now) for p in found]
    return now - max(since) > ROUNDS_OF_KILL_S
