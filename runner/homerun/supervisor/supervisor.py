"""The supervisor: one small process that owns one run's script from its start to its outcome.

It is started with the run's `alive` lock on descriptor 3 and its plan on descriptor 4, lives in
the run's folder (so that a store can be renamed under it), and takes its orders by SIGTERM and
stop.json only. In order:

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

As long as it lives the lock is held, so nobody takes the run for lost. It loads little and polls
nothing while the script runs. `docs/supervision.md` tells the whole protocol.
"""

from __future__ import annotations

import os
import select
import sys

from homerun.base import environ
from homerun.supervisor.attempt import HERE, Recorder
from homerun.supervisor.gate import Gate
from homerun.system import linux, signals
from homerun.system.signals import Wakeups
from homerun.targets import plan
from homerun.targets.plan import (
    LOCK_DESCRIPTOR,
    PLAN_DESCRIPTOR,
    SCRIPT_DESCRIPTOR,
    SLOT_DESCRIPTOR,
    Plan,
)
from runstore import layout, status
from runstore.fs import facts
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.system import process_tree

_LONGEST_NAP_S = 86400.0
"""A poll counts in a C int of milliseconds; a longer sleep is several."""


def main() -> None:
    """Supervise the run whose lock, plan and log were inherited; leaves by `os._exit`."""
    os.set_inheritable(LOCK_DESCRIPTOR, False)  # or the script would hold the lock too
    given: Plan | None = plan.read(PLAN_DESCRIPTOR)
    assert given is not None
    for number in range(given.slots):
        os.set_inheritable(SLOT_DESCRIPTOR + number, False)
    close_strangers(SLOT_DESCRIPTOR + given.slots)
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir(sys.argv[1])
    if given.argv or given.script_is_open is None:
        os.closerange(SCRIPT_DESCRIPTOR, SCRIPT_DESCRIPTOR + 1)
    else:
        os.set_inheritable(SCRIPT_DESCRIPTOR, False)
    place = identity.here()
    while given is not None:
        supervisor = _of(given, place)
        supervisor.supervise()
        given = supervisor.leave()
    os._exit(0)


def _of(given: Plan, place: Mapping[str, object]) -> Supervisor:
    if given.argv:
        return Supervisor(given, place)
    from homerun.supervisor.adopter import Adopter

    return Adopter(given, place)


def close_strangers(first: int) -> None:
    """Close what the submitter let slip into this process: notebooks and test runners do.

    Args:
        first: the descriptor behind the last of our own.
    """
    for name in os.listdir("/dev/fd"):
        if int(name) >= first:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of this very listing


class Supervisor(Recorder):
    """The process that starts a run's script, waits for it, and sees it ended."""

    def __init__(self, given: Plan, place: Mapping[str, object]) -> None:
        super().__init__(given, place)
        wanted = (signals.TERM, signals.INT, signals.CHLD, signals.USR1)
        self.wakeups = Wakeups(wanted, ignored=(signals.HUP,))
        self.poll = select.poll()
        self.poll.register(self.wakeups.read_end, select.POLLIN)
        self.stop_wanted = False
        self.wish = status.CANCEL
        self.holds: int | None = None  # the lock of its environment
        self.helper = 0  # the process that asks the script's interpreter
        self.outcome = ""

    def supervise(self) -> None:
        """The whole life, in the order that the module's text gives."""
        if not linux.become_subreaper():
            self.log("no child subreaper here: daemons of the script may escape")
        if self.plan.recipe and not self.prepare():
            from homerun.supervisor import outcome

            self.leave_queue()
            outcome.reach(self, None, began=False)
            return
        while not self.is_over_after_attempt():
            self.begin_next()

    def is_over_after_attempt(self) -> bool:
        """Start the script and see it end. False: it is to be started again."""
        env = environ.for_attempt(self.plan.env, self.plan.attempt, layout.WORK)
        log = attempts.std_log(self.plan.attempt)
        gate = Gate(self.plan.argv, env, self.plan.cwd, log, self.wakeups)
        self.script = gate.pid
        self.started_at = linux.clock()
        if self.plan.limit_s is not None and self.deadline is None:
            self.deadline = self.started_at + self.plan.limit_s
        self.publish(layout.STARTED, self.started_fact())
        self.leave_queue()
        stop = facts.read_bytes(f"{HERE}/{layout.STOP}")
        if stop is None:
            self.log(f"started: {self.plan.shown} (script {self.script})")
            gate.open()
        else:
            self.log("stopped before it began; nothing of the script ran")
            gate.close()
            self.stopped = self.stop_kind()
        from homerun.supervisor import (  # while the script starts: that takes no time then
            outcome,
            sweep,
        )

        __import__("resource")  # which os.wait4 needs

        if stop is None:
            self.note_interpreter()
        self.wait()
        sweep.end_tree(self)
        failure = gate.failure() if stop is None else None
        return outcome.reach(self, failure, began=stop is None)

    def note_interpreter(self) -> None:
        """Put on record what the script runs with; it does not wait for that."""
        if self.plan.python and self.plan.attempt == 1:
            from homerun.environments import interpreter

            self.helper = interpreter.note(self.plan.python, self.plan.run_id, self.plan.env)

    def leave_queue(self) -> None:
        """Remove the run's place in the queue: what it was started with is in no file any more."""
        if self.plan.entry:
            try:
                os.unlink(self.plan.entry)
            except OSError:
                return  # removed already, or the store was moved: whoever looks next removes it

    def prepare(self) -> bool:
        """See that the script's environment is there. False: the run ends without the script."""
        from homerun.environments import recipe

        self.started_at = linux.clock()
        self.holds = recipe.use(self.plan.recipe.partition("\n")[0])
        if self.holds is not None:
            return True  # it is there, as nearly always
        from homerun.supervisor import environment

        return environment.environment(self)

    def wait(self) -> None:
        """Sleep until the script is over or has to be stopped."""
        while not self.over and not self.stop_wanted:
            self.doze_in_time(None)

    def doze_in_time(self, until: float | None) -> None:
        """Sleep until something happens, or that moment comes, or the time limit is over."""
        moments = [moment for moment in (until, self.deadline) if moment is not None]
        if self.doze(min(moments) - linux.clock() if moments else None):
            return
        if self.deadline is not None and linux.clock() >= self.deadline:
            self.want_stop(status.TIMEOUT, f"the time limit of {self.plan.limit_s:g} s is over")

    def doze(self, seconds: float | None) -> bool:
        """Sleep until something happens or the time is over; reap what ended. True: it happened.

        The reaping goes first: a script that was over when the wish to stop it came has its own
        outcome.
        """
        came = self.nap(seconds)
        self.reap()
        if (signals.TERM in came or signals.INT in came) and not self.stop_wanted:
            self.want_stop(status.CANCEL, "a signal asked for it")
        if signals.USR1 in came and self.plan.slots:
            self.yield_slots()
        return bool(came)

    def nap(self, seconds: float | None) -> bytes:
        """Sleep until a signal comes or the time is over; the signals that came, a byte each."""
        limited = None if seconds is None else min(max(0.0, seconds), _LONGEST_NAP_S) * 1000
        self.poll.poll(limited)
        return self.wakeups.take()

    def want_stop(self, kind: str, why: str) -> None:
        """Note the wish to stop. stop.json is the wish of whoever was first, perhaps not this.

        A full disk does not keep the script from being stopped: it may be what fills it.
        """
        if self.over:
            return
        self.stop_wanted = True
        self.wish = kind
        self.try_to_publish(layout.STOP, {"kind": kind, "why": why})

    def stop_kind(self) -> str:
        """Whose wish stop.json is; where it says nothing, the wish that came here counts."""
        fact = facts.read(HERE, layout.STOP) or {}
        kind = fact.get("kind")
        return kind if kind in status.STOP_KINDS else self.wish

    def reap(self) -> bool:
        """Collect every child that ended: the script, and what was re-parented to us."""
        reaped = False
        while True:
            try:
                pid, raw, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return reaped
            if pid == 0:
                return reaped
            reaped = True
            if pid == self.helper:
                continue  # what it used is not the script's
            self.cpu_user_s += usage.ru_utime
            self.cpu_system_s += usage.ru_stime
            self.peak_memory_kib = max(self.peak_memory_kib, usage.ru_maxrss)
            if pid == self.script:
                self.raw, self.over = raw, True

    def look(self) -> list[process_tree.Process]:
        """What lives below, as one look sees it."""
        from homerun.system import process_tree

        return process_tree.below(os.getpid(), self.plan.run_id)

    def has_children(self) -> bool:
        """Whether any child is left, reaped or not; without one, nothing lives below."""
        self.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def yield_slots(self) -> None:
        """Give the slots up: this run has submitted others, which may have to wait for them."""
        os.closerange(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + self.plan.slots)
        self.plan.slots = 0
        self.log("gave its slots to the runs that it submitted")
        from homerun.supervisor import successor

        successor.start_waiting(self.plan.target)

    def leave(self) -> Plan | None:
        """Do what is left to do. In a fork of this process: what it is to supervise next."""
        from homerun.supervisor import outcome

        is_first = outcome.is_little_left()  # what is done after the fork costs twice
        if is_first:
            outcome.tidy(self)
        given = self.successor()
        if given is None and not is_first:
            outcome.tidy(self)
        return given

    def successor(self) -> Plan | None:
        """In a fork of this process, what it is to supervise next; None here, and if there is none.

        The fork has all modules loaded already: a new interpreter would take ten times as long.
        """
        if self.holds is not None:
            os.close(self.holds)  # or each successor would have one more
            self.holds = None
        if not self.plan.slots and not os.path.isdir(f"{HERE}/../../{layout.QUEUE}"):
            return None
        from homerun.supervisor import successor

        return successor.fork(self.plan, self.wakeups)
