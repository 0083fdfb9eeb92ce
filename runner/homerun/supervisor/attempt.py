"""One attempt to run a script: its state, the facts that say so, and how its supervisor waits.

`Recorder` holds the state and publishes it. `Attempt` adds the waiting and the look at what lives
below. The supervisor and the adopter are attempts; the sweep, the outcome, the backoff and the
environment take one.
"""

from __future__ import annotations

import errno
import os
import select
import time

from homerun.supervisor import log_line, patience
from homerun.system import children, linux, signals
from homerun.system.limits import oom
from homerun.system.signals import Wakeups
from homerun.targets.plan import LOCK_DESCRIPTOR, SLOT_DESCRIPTOR, Plan
from runstore import layout, status
from runstore.fs import atomic, facts
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Callable

    from homerun.supervisor.patience import Result
    from homerun.system import process_tree
    from homerun.system.limits.in_force import InForce
    from homerun.targets.engines.beats import Beats

HERE = "."
"""A supervisor lives in its run's folder."""

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
"""The run's folder was removed, so no fact of it is wanted any more."""

_SAMPLED_FROM_S = 5.0
"""A run that is over by then costs no sampler; its record says what its processes used in all."""

_RULES_SEEN_TO_S = 60.0
"""How often a run with rules makes sure that something looks at them."""

_LOOKS_AT_DYING, _DYING_S = 5, 0.01
_MOST_WAKES = 100

_LONGEST_NAP_S = 86400.0
"""A poll counts in a C int of milliseconds; a longer sleep is several."""


class Recorder:
    """What is known of one attempt, and the facts that say so.

    Args:
        place: what `identity.here` says; asked once by a supervisor and those that follow it.
    """

    def __init__(self, given: Plan, place: Mapping[str, object]) -> None:
        self.plan = given
        self.place = place
        self.own = identity.process(os.getpid())
        self.started_at = 0.0
        self.script = 0
        self.over = False
        self.raw: int | None = None
        self.source: str | None = "supervisor"
        self.stopped: str | None = None
        self.unprepared = ""
        self.logged: set[str] = set()
        self.left: list[str] = []
        self.limits: InForce | None = None
        self.kills = oom.of_own_group()
        self.kills_before = self.kills.count() if self.kills else None
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.home = attempts.folder(HERE, given.attempt)
        self.deadline: float | None = None
        self.gpu_locks = given.gpu_locks
        self.node_lost = ""

    def reset_for_next_attempt(self) -> None:
        """Reset the state of one attempt; the next begins."""
        self.plan.attempt += 1
        self.home = attempts.folder(HERE, self.plan.attempt)
        self.raw = self.stopped = None
        self.kills_before = self.kills.count() if self.kills else None
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.logged.clear()
        self.left = []
        self.node_lost = ""

    def reset_after_builder(self) -> None:
        """Forget the builder, which was in the script's place and is over."""
        self.script, self.over, self.raw = 0, False, None
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0

    def started_fact(self) -> dict[str, object]:
        """Who the script and the supervisor are, and which folder they belong to."""
        return {
            "attempt": self.plan.attempt,
            "script": identity.process(self.script),
            "supervisor": self.own,
            **self.place,
            "store_id": self.plan.store_id,
            "mark": self.plan.mark,
            **identity.of_folder(HERE, LOCK_DESCRIPTOR),
            "grace_s": self.plan.grace_s,
            "memory_kills": self.kills_before,
            "memory_kills_in": self.kills.path if self.kills else None,
            "limit_s": self.deadline and round(self.deadline - self.started_at, 6),
            "slots": self.plan.slots,
            **({"limits": self.limits.fact()} if self.limits else {}),
            **self.gpus_given(),
            "clock_s": round(self.started_at, 6),
        }

    def gpus_given(self) -> dict[str, object]:
        """The GPUs that the script has, for its record."""
        given = self.plan.setting("gpus_given")
        if not given:
            return {}
        from homerun.targets.gpus import rows  # few runs have any

        return {"gpus": rows.read(given)}

    def exited_fact(self, failure: str | None, *, began: bool) -> dict[str, object]:
        """How the script's process ended, as its parent saw it."""
        raw = self.raw if began else None
        killed = raw is not None and os.WIFSIGNALED(raw)
        is_over = self.is_out_of_memory(raw)
        return {
            "wait_status": raw,
            "exit_code": None if raw is None or killed or failure else os.WEXITSTATUS(raw),
            "signal": signals.name(os.WTERMSIG(raw)) if raw is not None and killed else None,
            "cannot_start": failure,
            **({"environment": self.unprepared} if self.unprepared else {}),
            "stopped": self.stopped,
            **({"left": self.left} if self.left else {}),
            "out_of_memory": is_over,
            **(self.limits.told(is_out_of_memory=is_over) if self.limits else {}),
            "source": self.source,
            "elapsed_s": round(linux.clock() - self.started_at, 6),
            "cpu_user_s": round(self.cpu_user_s, 6),
            "cpu_system_s": round(self.cpu_system_s, 6),
            "peak_memory_kib": self.peak_memory_kib,
            **self.told_of_ranks(),
        }

    def told_of_ranks(self) -> dict[str, object]:
        """What the record says of the end of a run on several nodes; {}: of any other."""
        if not self.plan.setting("ranks"):
            return {}
        from homerun.supervisor.nodes import orders

        return orders.for_record(self.home, self.node_lost)

    def is_out_of_memory(self, raw: int | None) -> bool:
        """Whether the script died by KILL when the kernel counted a kill for want of memory, or
        was ended here since it was over its limit.
        """
        if raw is None or self.stopped:
            return False
        if self.limits is not None and self.limits.broken:
            return self.limits.broken == "memory"
        if self.kills is None or self.kills_before is None:
            return False
        if not os.WIFSIGNALED(raw) or os.WTERMSIG(raw) != signals.KILL:
            return False
        return (self.kills.count() or 0) > self.kills_before

    def publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> None:
        """Publish a fact, and go on trying where the disk is full or read-only for now.

        Giving up would lose the exit status; until it is published the run is rightly shown as
        not yet ended.

        Raises:
            StoreGone: the disk does not answer any more.
        """
        home = self.home if name in layout.OF_ATTEMPT else HERE

        def act() -> None:
            try:
                facts.publish(home, name, facts.signed(record, self.plan.user), sync=sync)
            except OSError as error:
                if error.errno not in _GONE:
                    raise

        self.insist(f"{name} cannot be published yet", act)

    def insist(self, trouble: str, act: Callable[[], Result]) -> Result:
        """What the outcome hangs on: tried until it goes; what keeps it back is logged once.

        Raises:
            StoreGone: the disk does not answer any more.
        """
        return patience.insist(act, lambda error: self.log_once(trouble, f"{trouble}: {error}"))

    def try_once(self, trouble: str, act: Callable[[], object]) -> None:
        """What the outcome does not hang on: tried once, and logged where that fails."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the outcome must not get lost
            self.log(f"{trouble}: {error}")

    def has(self, name: str) -> bool:
        """Whether a fact of the run is there, whatever it says."""
        return self.insist(f"{name} cannot be seen", lambda: atomic.is_at(f"{HERE}/{name}"))

    def log(self, line: str) -> None:
        """A line for people in supervisor.log, which is this process's standard error."""
        log_line.write(line)

    def log_once(self, subject: str, line: str) -> None:
        """A line that is logged once for each subject and attempt."""
        if subject not in self.logged:
            self.logged.add(subject)
            self.log(line)


class Attempt(Recorder):
    """An attempt whose supervisor this process is: it waits, and sees what lives below it."""

    beats: Beats | None = None

    def __init__(self, given: Plan, place: Mapping[str, object]) -> None:
        super().__init__(given, place)
        of_engine = (signals.XCPU,) if given.setting("beats") else ()
        wanted = (signals.TERM, signals.INT, signals.CHLD, signals.USR1, signals.USR2, *of_engine)
        self.wakeups = Wakeups(wanted, ignored=(signals.HUP,))
        self.poll = select.poll()
        self.poll.register(self.wakeups.read_end, select.POLLIN)
        self.listen_to_kills()
        self.told_to_end = self.stop_wanted = self.is_time_up = self.is_woken = False
        self.stop_kind_here = status.CANCEL
        self.environment_lock: int | None = None
        self.is_sampled = False
        self.rules_followed: set[str] = set()
        self.helpers: set[int] = set()  # processes of ours: what they use is not the script's
        self.final_status = ""
        if given.setting("beats"):
            from homerun.targets.engines.beats import Beats  # only where others cannot see its lock

            self.beats = Beats()

    def supervise(self) -> None:
        """See the script to its end, and publish the outcome."""
        raise NotImplementedError

    def wait(self) -> None:
        """Sleep until the script is over or has to be stopped; have it sampled if it takes long."""
        begins = self.samples_from()
        watch = self.limits.watch if self.limits else None
        while not self.over and not self.stop_wanted:
            self.doze_in_time(begins, watch.due if watch else None)
            if begins is not None and linux.clock() >= begins and not self.over:
                begins = linux.clock() + _RULES_SEEN_TO_S if self.plan.has_rules else None
                self.try_once("nothing samples what it uses", self.have_sampled)
            if watch and linux.clock() >= watch.due and self.is_over_limit():
                return

    def samples_from(self) -> float | None:
        """When it is time to sample what the run uses; None: it is not wanted."""
        if self.plan.has_rules:
            return self.started_at
        if self.plan.setting("ranks"):
            return None  # nothing of it is below this process
        if not os.path.exists(f"{HERE}/../../{layout.SETTINGS}"):
            return self.started_at + _SAMPLED_FROM_S
        from runstore.metrics import samples

        seconds = samples.interval_s(f"{HERE}/../..")
        return self.started_at + min(_SAMPLED_FROM_S, seconds) if seconds else None

    def is_over_limit(self) -> bool:
        """Whether the script lives, and its processes are over a limit that no group keeps."""
        found = self.look()
        return self.limits is not None and not self.reaped_script() and self.limits.look(found)

    def reaped_script(self) -> bool:
        """Whether the script is over by now."""
        self.reap()
        return self.over

    def signal_script(self, number: int) -> None:
        """Signal the script alone, unless it is over."""
        if not self.reaped_script():
            os.kill(self.script, number)  # a child that is not reaped yet: no other has its pid

    def have_sampled(self) -> None:
        """Enter the run where the store's sampler looks for it; start that if there is none."""
        from homerun.metrics.usage import roll  # no short run needs it

        self.is_sampled = True
        has_rules = self.plan.has_rules
        started = roll.add_run(self.plan.mark, self.place, has_rules=has_rules)
        if started:
            self.helpers.add(started)
        if has_rules:
            self.follow_rules()

    def follow_rules(self) -> None:
        """Do this process's part once a rule has fired: log it, notify, begin the next attempt."""
        from homerun.metrics.rules import rule as rules  # few runs have any

        for fact in rules.fired(HERE):
            name = f"{fact.get('rule')}-{fact.get('attempt')}"
            if name in self.rules_followed:
                continue
            self.rules_followed.add(name)
            action = fact.get("action")
            self.log(f"rule {fact.get('rule')} ({action}): {fact.get('words')}")
            is_now = fact.get("attempt") == self.plan.attempt and self.script
            if action == rules.NOTIFY:
                self.notify("rule", rules.fact_of(fact))
            if action == rules.RETRY and is_now and not self.has(layout.STOP):
                self.want_stop(status.RETRY, "a rule asks for another attempt")

    def notify(self, *event: str) -> None:
        """Notify the run's user, by a process of its own."""
        from homerun.supervisor import hooks  # most runs tell of nothing

        self.helpers.add(hooks.notify(HERE, self.plan.mark, self.plan.env, *event))

    def doze_in_time(self, *until: float | None) -> None:
        """Sleep until something happens, or one of the moments comes, or the time limit is over."""
        moments = [moment for moment in (*until, self.deadline) if moment is not None]
        if self.doze(min(moments) - linux.clock() if moments else None):
            return
        if self.deadline is not None and linux.clock() >= self.deadline:
            self.want_stop(status.TIMEOUT, f"the time limit of {self.plan.limit_s:g} s is over")

    def doze(self, seconds: float | None) -> bool:
        """Sleep until something happens or the time is over; reap what ended. True: it happened.

        The reaping goes first: a script that was over when the stop request came has its own
        outcome, and no attempt follows.
        """
        came = self.nap(seconds)
        self.reap()
        if (self.told_to_end or self.is_time_up) and not self.stop_wanted and not self.over:
            if self.is_time_up:
                self.want_stop(status.TIMEOUT, "its engine is about to end the job: its time is up")
            elif self.is_shut_down():
                self.want_stop(status.SHUTDOWN, "the machine is going down")
            elif self.has_lost_node():
                self.want_stop(status.LOST, self.node_lost)
            else:
                self.want_stop(status.CANCEL, "a signal asked for it")
        if signals.USR1 in came and self.plan.slots:
            self.yield_slots()
        if signals.USR2 in came and self.plan.has_rules:
            self.try_once("what a rule asks for cannot be done", self.follow_rules)
        return bool(came)

    def nap(self, seconds: float | None) -> bytes:
        """Sleep until a signal comes or the time is over; the signals that came, a byte each.

        That the run is to end is noted, whatever this process is at.
        """
        if self.beats is None:
            return self.nap_through(seconds)
        until = None if seconds is None else linux.clock() + max(0.0, seconds)
        while True:
            left = None if until is None else until - linux.clock()
            came = self.nap_through(self.beats.rest(left))
            if self.beats.look():
                self.told_to_end = True
            is_due = until is not None and linux.clock() >= until
            if came or self.is_woken or self.told_to_end or is_due:
                return came

    def nap_through(self, seconds: float | None) -> bytes:
        """As `nap`, in one piece."""
        limited = None if seconds is None else min(max(0.0, seconds), _LONGEST_NAP_S) * 1000
        woken_by = [descriptor for descriptor, _ in self.poll.poll(limited)]
        self.is_woken = bool(woken_by)  # an adopter waits for more than signals
        if self.memory in woken_by:
            self.look_at_memory()
        came = self.wakeups.take()
        self.told_to_end = self.told_to_end or signals.TERM in came or signals.INT in came
        self.is_time_up = self.is_time_up or signals.XCPU in came
        return came

    def release_limits(self) -> None:
        """Let go of what kept the limits of an attempt that is over."""
        if self.limits is not None:
            self.limits.release()
            self.limits = None
            self.count_kills_in(oom.of_own_group())

    def count_kills_in(self, kills: oom.Kills | None) -> None:
        """Have the kernel's kills counted in another group than this process's own."""
        self.listen_no_more()
        self.kills = kills
        self.kills_before = kills.count() if kills else None
        self.listen_to_kills()

    def listen_to_kills(self) -> None:
        """Be woken when the kernel counts a kill."""
        self.memory_wakes = 0
        self.memory: int | None = self.kills.watch() if self.kills else None
        if self.kills and self.memory is not None:
            self.poll.register(self.memory, self.kills.wakes_on)

    def look_at_memory(self) -> None:
        """Leave what the kernel killed in this control group out of count, if not the script.

        The kernel counts first, and signals then. A group at its limit tells of each time that it
        waits for memory; that is not listened to for long.
        """
        assert self.memory is not None
        assert self.kills is not None
        kills = self.kills.told(self.memory, self.kills_before or 0)
        self.memory_wakes += 1
        if kills is not None and kills > (self.kills_before or 0) and not self.over:
            self.memory_wakes = 0
            if not self.is_dying():
                self.kills_before = kills
        elif self.memory_wakes > _MOST_WAKES:
            self.listen_no_more()

    def listen_no_more(self) -> None:
        """Be woken by the kernel's count no more."""
        if self.memory is not None:
            self.poll.unregister(self.memory)
            os.close(self.memory)
            self.memory = None

    def is_dying(self) -> bool:
        """Whether the script is about to end by KILL, or has done so; given a moment to begin."""
        for _ in range(_LOOKS_AT_DYING):
            if oom.is_dying(self.script):
                return True
            time.sleep(_DYING_S)
        return False

    def want_stop(self, kind: str, why: str) -> None:
        """Stop the script, and publish that as the stop request unless there is one already.

        A full disk does not keep the script from being stopped: it may be what fills it.
        """
        if self.over:
            return
        self.stop_wanted = True
        self.stop_kind_here = kind
        if kind in (status.SHUTDOWN, status.RETRY, status.LOST):
            self.log(f"stopping: {why}")
            return  # it is no stop request
        stop = facts.signed({"kind": kind, "why": why}, self.plan.user)
        self.try_once(
            f"{layout.STOP} cannot be published", lambda: facts.publish(HERE, layout.STOP, stop)
        )

    def is_shut_down(self) -> bool:
        """Whether what ends now goes with the machine; a stop request says what it is itself.

        A signal by hand looks the same, so the system is asked. A disk that does not answer keeps
        no script from being stopped.
        """
        try:
            if atomic.is_at(f"{HERE}/{layout.STOP}"):
                return False
        except OSError:
            pass
        is_taken_away = self.beats is not None and bool(self.plan.kept)
        return is_taken_away or linux.is_going_down()  # an engine starts the run again elsewhere

    def has_lost_node(self) -> bool:
        """Whether what ends a run on several nodes now is that one of them is lost."""
        if not self.plan.setting("ranks") or self.has(layout.STOP):
            return False
        from homerun.targets.slurm import own_job

        self.node_lost = own_job.lost(self.plan.env)
        return bool(self.node_lost)

    def stop_kind(self) -> str:
        """The kind of stop that stop.json names, else the kind that was asked for here."""
        fact = self.insist(
            f"{layout.STOP} cannot be read", lambda: facts.read(HERE, layout.STOP) or {}
        )
        kind = fact.get("kind")
        return kind if kind in status.STOP_KINDS else self.stop_kind_here

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
            # A pid is free again once its process is reaped, and another child may get it.
            if pid in self.helpers or children.forget(pid):
                self.helpers.discard(pid)
                continue
            self.cpu_user_s += usage.ru_utime
            self.cpu_system_s += usage.ru_stime
            self.peak_memory_kib = max(self.peak_memory_kib, usage.ru_maxrss)
            if pid == self.script and not self.over:
                self.raw, self.over = raw, True

    def look(self) -> list[process_tree.Process]:
        """What lives below, as one look sees it."""
        from homerun.system import process_tree  # loaded while the script starts

        try:
            return self.insist(
                "processes cannot be seen",
                lambda: process_tree.below(os.getpid(), self.plan.mark),
            )
        except ImportError as error:
            self.log_once("look", f"processes cannot be seen without /proc or psutil: {error}")
            return []

    def has_children(self) -> bool:
        """Whether any child is left, reaped or not; without one, nothing lives below."""
        self.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def free_gpus(self) -> None:
        """Give the GPUs up: nothing of the run is left."""
        if self.gpu_locks:  # Python takes an empty range at 0 for all descriptors that are open
            os.closerange(self.gpu_locks.start, self.gpu_locks.stop)
            self.gpu_locks = range(0)

    def yield_slots(self) -> None:
        """Give the slots up: this run has submitted others, which may have to wait for them."""
        os.closerange(SLOT_DESCRIPTOR, SLOT_DESCRIPTOR + self.plan.slots)
        self.plan.slots = 0
        self.log("gave its slots to the runs that it submitted")
        from homerun.supervisor import successor  # loaded only where runs wait

        successor.start_waiting(self.plan.target)
