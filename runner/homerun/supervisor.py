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
    7. let a fork of itself start the next run that waits for its slots, if there is one
    8. start the hooks, remove the unchanged copies from work/, and leave

As long as it lives the lock is held, so nobody takes the run for lost. It loads little and polls
nothing while the script runs. `docs/supervision.md` tells the whole protocol.
"""

from __future__ import annotations

import os
import select
import sys
import time

from homerun import environ, linux, memory, plan, signals, tree
from homerun.gate import Gate
from homerun.ladder import Ladder
from homerun.plan import Plan
from homerun.signals import Wakeups
from runstore import attempts, encode, facts, identity, layout, status

LOCK_DESCRIPTOR = 3
PLAN_DESCRIPTOR = 4
SCRIPT_DESCRIPTOR = 5
"""A pidfd of the script, for an adopter."""
SLOT_DESCRIPTOR = 6
"""The first of the slots' locks; the others follow."""

_HERE = "."
_LEFTOVER_GRACE_S = 2.0
_RETRY_S = 1.0
_LONGEST_NAP_S = 86400.0
"""A poll counts in a C int of milliseconds; a longer sleep is several."""

_GONE = (2, 20)
"""ENOENT and ENOTDIR: the run's folder was removed, and with it any wish for a record."""


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
    while given is not None:
        supervisor = _of(given)
        supervisor.supervise()
        given = supervisor.successor()
    supervisor.tidy()
    os._exit(0)


def _of(given: Plan) -> Supervisor:
    if given.argv:
        return Supervisor(given)
    from homerun.adopter import Adopter

    return Adopter(given)


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


class Supervisor:
    """One run's process, and what is known of it so far."""

    def __init__(self, given: Plan) -> None:
        self.plan = given
        wanted = (signals.TERM, signals.INT, signals.CHLD, signals.USR1)
        self.wakeups = Wakeups(wanted, ignored=(signals.HUP,))
        self.poll = select.poll()
        self.poll.register(self.wakeups.read_end, select.POLLIN)
        self.started_at = 0.0
        self.script = 0
        self.over = False
        self.raw: int | None = None
        self.source: str | None = "supervisor"
        self.stopped: str | None = None
        self.stop_wanted = False
        self.wish = status.CANCEL
        self.unprepared = ""
        self.holds: int | None = None  # the lock of its environment
        self.helper = 0  # the process that asks the script's interpreter
        self.outcome = ""
        self.is_reported = False
        self.told: set[str] = set()
        self.kills_before = memory.kills()
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.home = attempts.folder(_HERE, given.attempt)
        self.deadline: float | None = None

    def supervise(self) -> None:
        """The whole life, in the order that the module's text gives."""
        if not linux.become_subreaper():
            self.log("no child subreaper here: daemons of the script may escape")
        if self.plan.recipe and not self.prepare():
            self.leave_queue()
            self.conclude(None, began=False)
            return
        while not self.is_over_after_attempt():
            self.prepare_next()

    def is_over_after_attempt(self) -> bool:
        """Start the script and see it end. False: it is to be started again."""
        env = environ.for_attempt(self.plan.env, self.plan.attempt, layout.WORK)
        log = attempts.std_log(self.plan.attempt)
        gate = Gate(self.plan.argv, env, self.plan.cwd, log, self.wakeups)
        self.script = gate.pid
        self.started_at = clock()
        if self.plan.limit_s is not None and self.deadline is None:
            self.deadline = self.started_at + self.plan.limit_s
        self.publish(layout.STARTED, self.started_fact())
        self.leave_queue()
        stop = facts.read_bytes(f"{_HERE}/{layout.STOP}")
        if stop is None:
            self.log(f"started: {self.plan.shown} (script {self.script})")
            gate.open()
            self.note_interpreter()
        else:
            self.log("stopped before it began; nothing of the script ran")
            gate.close()
            self.stopped = self.stop_kind()
        self.wait()
        self.end_tree()
        failure = gate.failure() if stop is None else None
        return self.conclude(failure, began=stop is None)

    def note_interpreter(self) -> None:
        """Put on record what the script runs with; it does not wait for that."""
        if self.plan.python and self.plan.attempt == 1:
            from homerun import interpreter

            self.helper = interpreter.note(self.plan.python, self.plan.run_id, self.plan.env)

    def prepare_next(self) -> None:
        """Be as at the beginning, for the next attempt."""
        self.plan.attempt += 1
        self.home = attempts.folder(_HERE, self.plan.attempt)
        self.raw = self.stopped = None
        self.kills_before = memory.kills()
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.is_reported = False
        self.told.clear()

    def prepare(self) -> bool:
        """See that the script's environment is there. False: the run ends without the script."""
        from homerun import preparing

        self.started_at = clock()
        return preparing.environment(self)

    def forget_script(self) -> None:
        """What was in the script's place is over, and was not the script."""
        self.script, self.over, self.raw = 0, False, None
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0

    def started_fact(self) -> dict[str, object]:
        """Who the script and the supervisor are, and which folder they belong to."""
        return {
            "attempt": self.plan.attempt,
            "script": identity.process(self.script),
            "supervisor": identity.process(os.getpid()),
            **identity.here(),
            "store_id": self.plan.store_id,
            "alive_inode": os.fstat(LOCK_DESCRIPTOR).st_ino,
            "grace_s": self.plan.grace_s,
            "memory_kills": self.kills_before,
            "limit_s": self.deadline and round(self.deadline - self.started_at, 6),
            "slots": self.plan.slots,
            "clock_s": round(self.started_at, 6),
        }

    def wait(self) -> None:
        """Sleep until the script is over or has to be stopped."""
        while not self.over and not self.stop_wanted:
            self.doze_in_time(None)

    def doze_in_time(self, until: float | None) -> None:
        """Sleep until something happens, or that moment comes, or the time limit is over."""
        moments = [moment for moment in (until, self.deadline) if moment is not None]
        if self.doze(min(moments) - clock() if moments else None):
            return
        if self.deadline is not None and clock() >= self.deadline:
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
        fact = facts.read(_HERE, layout.STOP) or {}
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

    def end_tree(self) -> None:
        """End what lives below: all of it on a stop, else what the script left behind."""
        if self.stop_wanted:
            self.sweep(self.plan.ladder, "stopping")
        elif self.plan.on_exit != "leave":
            self.sweep([(signals.TERM, _LEFTOVER_GRACE_S)], "left behind")

    def sweep(self, rungs: list[tuple[int, float]], why: str) -> None:
        """Signal the tree, rung by rung (and CONT, for what is stopped); then KILL.

        It is over when no child is left (ECHILD), or when two looks in a row found nothing and
        nothing was reaped between them: one empty look misses a chain of forks.
        """
        asked: set[tuple[int, int, int]] = set()
        ladder = Ladder(rungs, clock())
        empty_looks = 0
        while self.has_children():
            began = clock()
            found = self.look()
            if found:
                empty_looks = 0
                self.signal(found, asked, why, ladder.number(began))
                self.report_unkillable(found, ladder.late(began))
            else:
                empty_looks += 1
                if empty_looks >= 2 and self.over:
                    return
            self.nap(ladder.pause(began, clock(), hurry=not found))
            if self.reap():
                empty_looks = 0

    def look(self) -> list[tree.Process]:
        """What lives below, as one look sees it."""
        return tree.below(os.getpid(), self.plan.run_id)

    def has_children(self) -> bool:
        """Whether any child is left, reaped or not; without one, nothing lives below."""
        self.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def signal(
        self,
        found: list[tree.Process],
        asked: set[tuple[int, int, int]],
        why: str,
        number: int,
    ) -> None:
        """One round: KILL to all, or another signal to those that have not had it yet."""
        if number == signals.KILL:
            sent = tree.send(found, self.plan.run_id, number)
        else:
            new = [p for p in found if (p.pid, p.ticks, number) not in asked]
            sent = tree.send(new, self.plan.run_id, number, signals.CONT)
            asked.update((p.pid, p.ticks, number) for p in sent)
        if sent and self.stop_wanted and not self.over and self.stopped is None:
            self.stopped = self.stop_kind()
        if sent:
            pids = " ".join(str(process.pid) for process in sent[:20])
            self.log(f"{why}: {signals.name(number)[3:]} to {pids}")

    def report_unkillable(self, found: list[tree.Process], late: float) -> None:
        """Name, once, the processes that KILL does not end: no signal reaches them (state D)."""
        if late > 0 and not self.is_reported:
            self.is_reported = True
            pids = " ".join(f"{process.pid}({process.state.decode()})" for process in found)
            self.log(f"still there after KILL: {pids}")

    def conclude(self, failure: str | None, *, began: bool) -> bool:
        """Publish how it ended. False: the script is to be started again, and the time has come."""
        exited = self.exited_fact(failure, began=began)
        failed = None if facts.read_bytes(f"{_HERE}/{layout.FAILED}") is None else {"failed": True}
        outcome = status.outcome({layout.EXITED: exited, layout.FAILED: failed})
        if self.plan.max_retries:
            from homerun.resting import rest

            if rest(self, outcome, exited):
                return False
        has_waited = self.stop_wanted and not self.over  # it was stopped between two attempts
        if has_waited:
            self.stopped = self.stop_kind()
            outcome = status.never_started(self.stopped)
        if self.stopped == status.CANCEL:
            self.cancel_children()
        if not has_waited:
            self.publish(layout.EXITED, exited)
        facts.sync_files(layout.METRICS)
        self.publish(layout.ENDED, outcome, sync=True)
        self.forget_plan()
        self.log(f"ended: {_told(outcome)}")
        self.outcome = str(outcome["status"])
        return True

    def forget_plan(self) -> None:
        """Remove what was kept for a start after a restart of the machine."""
        if self.plan.kept:
            try:
                os.unlink(self.plan.kept)
            except OSError:
                return  # `store check` finds it

    def leave_queue(self) -> None:
        """Remove the run's place in the queue: what it was started with is in no file any more."""
        if self.plan.entry:
            try:
                os.unlink(self.plan.entry)
            except OSError:
                return  # removed already, or the store was moved: whoever looks next removes it

    def yield_slots(self) -> None:
        """Give the slots up: this run has submitted others, which may have to wait for them."""
        os.closerange(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + self.plan.slots)
        self.plan.slots = 0
        self.log("gave its slots to the runs that it submitted")
        from homerun import succession

        succession.start_waiting(self.plan.target)

    def successor(self) -> Plan | None:
        """In a fork of this process, what it is to supervise next; None here, and if there is none.

        The fork has all modules loaded already: a new interpreter would take ten times as long.
        """
        if self.holds is not None:
            os.close(self.holds)  # or each successor would have one more
            self.holds = None
        if not self.plan.slots and not os.path.isdir(f"{_HERE}/../../{layout.QUEUE}"):
            return None
        from homerun import succession

        return succession.fork(self.plan, self.wakeups)

    def tidy(self) -> None:
        """What is left to do for a run that is over."""
        self.start_hooks(self.outcome)
        self.clear_work()

    def exited_fact(self, failure: str | None, *, began: bool) -> dict[str, object]:
        """How the script's process ended, as its parent saw it."""
        raw = self.raw if began else None
        killed = raw is not None and os.WIFSIGNALED(raw)
        return {
            "wait_status": raw,
            "exit_code": None if raw is None or killed or failure else os.WEXITSTATUS(raw),
            "signal": signals.name(os.WTERMSIG(raw)) if raw is not None and killed else None,
            "cannot_start": failure,
            **({"environment": self.unprepared} if self.unprepared else {}),
            "stopped": self.stopped,
            "out_of_memory": self.is_out_of_memory(raw),
            "source": self.source,
            "elapsed_s": round(clock() - self.started_at, 6),
            "cpu_user_s": round(self.cpu_user_s, 6),
            "cpu_system_s": round(self.cpu_system_s, 6),
            "peak_memory_kib": self.peak_memory_kib,
        }

    def is_out_of_memory(self, raw: int | None) -> bool:
        """Whether the script died by KILL while the kernel counted a kill for want of memory."""
        if raw is None or self.stopped or self.kills_before is None:
            return False
        if not os.WIFSIGNALED(raw) or os.WTERMSIG(raw) != signals.KILL:
            return False
        return (memory.kills() or 0) > self.kills_before

    def start_hooks(self, ended: str) -> None:
        """Start what the workspace's settings wish for the end of such a run."""
        if os.path.exists(f"{_HERE}/../../{layout.SETTINGS}"):
            from homerun import hooks

            for line in hooks.start(_HERE, ended, self.plan.env):
                self.log(line)

    def cancel_children(self) -> None:
        """A cancel reaches the runs below, each through a stop fact of its own. Nothing of this
        run is left to make more of them.
        """
        if os.path.isdir(layout.CHILDREN):
            from homerun import wishes

            wishes.cancel_children(_HERE)

    def clear_work(self) -> None:
        """Remove the copies that the script left as they were; not under living processes."""
        if self.plan.on_exit == "leave":
            return
        try:
            started_ns = os.stat(layout.STARTED).st_ctime_ns
            os.stat(layout.COPIES)
        except OSError:
            return
        from homerun import clearing

        clearing.clear(layout.WORK, layout.COPIES, started_ns)

    def publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> None:
        """Publish a fact, and go on trying where the disk is full or read-only for now.

        Giving up would lose the exit status; until it is published the run is rightly shown as
        not yet ended.
        """
        while not self.try_to_publish(name, record, sync=sync):
            time.sleep(_RETRY_S)

    def try_to_publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> bool:
        """Publish a fact. False: it cannot be done now; that is said once for each fact."""
        try:
            home = self.home if name in layout.OF_ATTEMPT else _HERE
            facts.publish(home, name, facts.signed(record, self.plan.user), sync=sync)
        except Exception as error:  # noqa: BLE001 - the outcome must not get lost
            if isinstance(error, OSError) and error.errno in _GONE:
                return True
            if name not in self.told:
                self.told.add(name)
                self.log(f"{name} cannot be published yet: {error}")
            return False
        return True

    def log(self, line: str) -> None:
        """A line for people in supervisor.log, which is this process's standard error."""
        try:
            os.write(2, f"{facts.now()} {line}\n".encode("utf-8", "replace"))
        except OSError:
            return  # a full disk: the facts matter, the line does not


def _told(outcome: dict[str, object]) -> str:
    """An outcome in words."""
    detail = outcome["signal"] or (
        None if outcome["exit_code"] is None else f"exit code {outcome['exit_code']}"
    )
    words = [outcome["status"], outcome["cause"], detail]
    return ", ".join(encode.text(str(word)).strip('"') for word in words if word is not None)


def clock() -> float:
    """Seconds that no setting of the clock changes, and that go on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
