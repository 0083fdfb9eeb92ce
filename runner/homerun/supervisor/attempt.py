"""What a supervisor knows of its run's script, and how it puts that on record."""

from __future__ import annotations

import os
import time

from homerun.system import linux, oom, signals
from homerun.targets.plan import LOCK_DESCRIPTOR, Plan
from runstore import layout
from runstore.fs import facts
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = "."
"""A supervisor lives in its run's folder."""

_RETRY_S = 1.0

_GONE = (2, 20)
"""ENOENT and ENOTDIR: the run's folder was removed, and with it any wish for a record."""


class Recorder:
    """One attempt of a run's script: what became of it, and the facts that say so.

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
        self.told: set[str] = set()
        self.kills_before = oom.kills()
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.home = attempts.folder(HERE, given.attempt)
        self.deadline: float | None = None

    def begin_next(self) -> None:
        """Be as at the beginning, for the next attempt."""
        self.plan.attempt += 1
        self.home = attempts.folder(HERE, self.plan.attempt)
        self.raw = self.stopped = None
        self.kills_before = oom.kills()
        self.cpu_user_s = self.cpu_system_s = 0.0
        self.peak_memory_kib = 0
        self.told.clear()

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
            "supervisor": self.own,
            **self.place,
            "store_id": self.plan.store_id,
            "alive_inode": os.fstat(LOCK_DESCRIPTOR).st_ino,
            "grace_s": self.plan.grace_s,
            "memory_kills": self.kills_before,
            "limit_s": self.deadline and round(self.deadline - self.started_at, 6),
            "slots": self.plan.slots,
            "clock_s": round(self.started_at, 6),
        }

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
            "elapsed_s": round(linux.clock() - self.started_at, 6),
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
        return (oom.kills() or 0) > self.kills_before

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
            home = self.home if name in layout.OF_ATTEMPT else HERE
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
