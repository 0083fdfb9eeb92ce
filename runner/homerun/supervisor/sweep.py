"""Ending what lives below a supervisor: the tree of a script that is to stop, or what one left.

It is over when no child is left (ECHILD), or when two looks in a row found nothing and nothing was
reaped between them: one empty look misses a chain of forks.
"""

from __future__ import annotations

from homerun.supervisor.ladder import Ladder
from homerun.system import linux, process_tree, signals
from homerun.targets.plan import LEAVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.supervisor.attempt import Attempt

_LEFTOVER_GRACE_S = 2.0


def end_tree(of: Attempt) -> None:
    """End what lives below: all of it on a stop, else what the script left behind."""
    if of.stop_wanted:
        sweep(of, of.plan.ladder, "stopping")
    elif of.plan.setting("on_exit") != LEAVE:
        sweep_leftovers(of, "left behind")


def sweep_leftovers(of: Attempt, why: str) -> None:
    """End what lives below a run that no stop request ends."""
    sweep(of, [(signals.TERM, _LEFTOVER_GRACE_S)], why)


def sweep(of: Attempt, rungs: list[tuple[int, float]], why: str) -> None:
    """Signal the tree, rung by rung (and CONT, for what is stopped); then KILL."""
    asked: set[tuple[int, int, int]] = set()
    ladder = Ladder(rungs, linux.clock())
    is_told = False
    empty_looks = 0
    while of.has_children():
        began = linux.clock()
        found = of.look()
        if found:
            empty_looks = 0
            _signal(of, found, asked, why, ladder.number(began))
            if ladder.late(began) > 0 and not is_told:
                is_told = True
                _tell_unkillable(of, found)
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
        of.stopped = of.stop_kind()
    if sent:
        pids = " ".join(str(process.pid) for process in sent[:20])
        of.log(f"{why}: {signals.name(number)[3:]} to {pids}")


def _send(
    of: Attempt, processes: list[process_tree.Process], *numbers: int
) -> list[process_tree.Process]:
    return of.insist(
        "processes cannot be signalled",
        lambda: process_tree.send(processes, of.plan.run_id, *numbers),
    )


def _tell_unkillable(of: Attempt, found: list[process_tree.Process]) -> None:
    """Name the processes that KILL does not end: no signal reaches them (state D)."""
    pids = " ".join(f"{process.pid}({process.state.decode()})" for process in found)
    of.log(f"still there after KILL: {pids}")
