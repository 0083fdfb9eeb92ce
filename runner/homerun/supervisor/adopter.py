"""The adopter: supervises a run whose own supervisor was killed while the script lives.

The process that notices it takes `alive`, which is the election, and starts an adopter with that
lock and with a pidfd that was opened while the script lived. The adopter is not the script's
parent: it waits on the pidfd, learns the exit status from the kernel where that tells it, and
finds what the script left behind by the run's mark in the environment, as far as that goes. Where
there are no pidfds it looks at the script once a second. No fact names an adopter, so it cannot be
signalled and watches the run's folder for stop.json itself.
"""

from __future__ import annotations

import os
import select

from homerun.supervisor import outcome, sweep
from homerun.supervisor.attempt import Attempt
from homerun.system import linux, process_tree, signals
from homerun.system.exit_status import Stranger
from homerun.system.limits import oom
from homerun.targets.plan import SCRIPT_DESCRIPTOR, Plan
from runstore import layout
from runstore.fs import facts
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


_LOOK_S = 1.0
"""Seconds between two looks for what cannot be waited for here: stop.json, the script's end."""


class Adopter(Attempt):
    """A supervisor of a script that is not its child."""

    def __init__(self, given: Plan, place: Mapping[str, object]) -> None:
        super().__init__(given, place)
        self.started = facts.read(self.home, layout.STARTED) or {}
        self.script = int(self.started["script"]["pid"])
        self.over = given.script_is_open is None
        pidfd = SCRIPT_DESCRIPTOR if given.setting("has_pidfd") else None
        ticks = int(self.started["script"].get("start_ticks", 0))
        self.stranger = Stranger(self.script, pidfd, bool(given.script_is_open), ticks)
        if pidfd is not None:
            self.poll.register(pidfd, select.POLLIN)
        self.source = None
        self.count_kills_of_script()
        self.watch = linux.watch_folder(".")
        if self.watch is not None:
            self.poll.register(self.watch, select.POLLIN)

    def count_kills_of_script(self) -> None:
        """Have the kernel's kills counted in the script's group: this process may be in another."""
        kills, path = self.started.get("memory_kills"), self.started.get("memory_kills_in")
        self.count_kills_in(oom.Kills(path) if isinstance(path, str) else None)
        if self.over or oom.is_dying(self.script):
            self.kills_before = kills if isinstance(kills, int) else None
        limits = self.started.get("limits")
        if isinstance(limits, dict):
            from homerun.system.limits import in_force  # few runs have any

            self.limits = in_force.from_record(limits)

    def supervise(self) -> None:
        """Wait for the script, end what it left, and publish the outcome."""
        self.started_at = self.began()
        if self.plan.limit_s is not None:
            self.deadline = self.started_at + self.plan.limit_s
        self.log(f"adopted: script {self.script}{' is gone' if self.over else ''}")
        self.look_for_stop()
        self.wait()
        sweep.end_tree(self)
        outcome.publish(self, None, began=True)

    def began(self) -> float:
        """When the script was started, by this process's clock.

        The one on record is the supervisor's, which may have lived in another time namespace; the
        kernel tells the script's start by the clock of the one who asks.
        """
        seen = None if self.over else identity.read_stat(self.script)
        has_proc = self.insist("/proc cannot be seen", identity.has_proc)
        if seen is None or not has_proc or self.stranger.has_ended():
            return linux.clock()
        return seen[1] / os.sysconf("SC_CLK_TCK")

    def nap(self, seconds: float | None) -> bytes:
        """As of any attempt, and look for stop.json."""
        if self.watch is None or self.stranger.pidfd is None:
            seconds = _LOOK_S if seconds is None else min(seconds, _LOOK_S)
        came = super().nap(seconds)
        if self.watch is not None:
            try:
                came += b"\0" * bool(os.read(self.watch, 1 << 16))
            except BlockingIOError:
                pass
        self.look_for_stop()
        return came

    def look_for_stop(self) -> None:
        """Treat an existing stop.json as a stop request."""
        if not self.over and self.has(layout.STOP):
            self.stop_wanted = True

    def reap(self) -> bool:
        """Notice the script's end and its status; collect what was re-parented to us."""
        was_over = self.over
        reaped = super().reap()
        if was_over or not (self.over or self.stranger.has_ended()):
            return reaped
        if self.stranger.pidfd is not None:
            self.poll.unregister(self.stranger.pidfd)
        if self.over:
            self.source = "supervisor"  # in an engine's job it became the script's parent
            return True
        self.over = True
        found = self.insist("how the script ended cannot be seen", self.stranger.status)
        if found is not None:
            self.raw, self.source = found
        return True

    def signal_script(self, number: int) -> None:
        """As of any attempt; where there are no pidfds it is left to a look at all processes."""
        if self.stranger.pidfd is not None and not self.reaped_script():
            signals.send(self.script, self.stranger.pidfd, number)

    def has_children(self) -> bool:
        """True: of processes that are not our children only the looks tell."""
        self.reap()
        return True

    def look(self) -> list[process_tree.Process]:
        """What carries the run's mark in its environment, and the script with all below it."""
        found = process_tree.processes_of_run(self.plan.mark, None if self.over else self.script)
        if self.over:
            return found
        if self.stranger.has_ended():
            self.reap()  # during this look its pid may have been another's
            return self.look()
        for process in found:
            if process.pid == self.script:
                process.pidfd = self.stranger.pidfd
        return found

    def exited_fact(self, failure: str | None, *, began: bool) -> dict[str, object]:
        """As of any attempt, without what only a parent is told."""
        untold = ("elapsed_s", "cpu_user_s", "cpu_system_s", "peak_memory_kib")
        exited = super().exited_fact(failure, began=began)
        return {key: value for key, value in exited.items() if key not in untold}
