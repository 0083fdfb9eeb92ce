"""The sampler: the one process of a store that samples what its live runs use of this machine.

It looks at their rules, too. It ends when no run is on the roll any more; the next run starts
another one. No outcome needs it.
"""

from __future__ import annotations

import os
import select
import sys
import time
from functools import partial

from homerun.metrics.rules import rule as rules
from homerun.metrics.rules import watch
from homerun.metrics.rules.watch import RunRules
from homerun.metrics.usage import roll
from homerun.metrics.usage.energy import EnergyMeter
from homerun.metrics.usage.gpu_use import GpuMeter
from homerun.metrics.usage.meter import Meter
from homerun.system import linux
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import atomic, facts, lock
from runstore.metrics import samples
from runstore.metrics.samples import QUANTITIES, SampleLog
from runstore.root import Root
from runstore.run import attempts, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Sample the runs on a roll until it is empty."""
    root, folder = sys.argv[1:3]
    os.chdir(root)  # a store that is renamed meanwhile stays ours
    roll_here = os.path.relpath(folder, root)
    while roll.runs(roll_here):
        held = lock.join(f"{roll_here}/{layout.SAMPLER_LOCK}", alone=True)
        if held is None:
            return  # another one does it
        try:
            left = Sampler(roll_here).run()
        finally:
            lock.release(held)  # who enters a run from now on starts another one
        if left and left == roll.runs(roll_here):
            return  # those that go on want no samples


class Sampler:
    """Samples the runs on one roll, in the store whose folder is the current one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock_kind = Root(os.getcwd()).lock_kind
        self._meter = Meter(is_thorough=True)
        self._gpus = GpuMeter(partial(self._last_of, "gpu_joules"))
        self._energy = EnergyMeter(partial(self._last_of, "cpu_joules"))
        self._logs: dict[str, SampleLog] = {}
        self._paths: dict[str, str] = {}
        self._rules: dict[str, RunRules | None] = {}
        self._latest: dict[str, dict[str, float | None]] = {}
        self._watch = linux.watch_folder(folder, also_gone=True)
        self._poll = select.poll()
        if self._watch is not None:
            self._poll.register(self._watch, select.POLLIN)

    def run(self) -> dict[str, str]:
        """Look at the runs until none is left that wants it; what is on the roll then."""
        next_sample = 0.0
        while True:
            began = time.monotonic()
            interval_s = samples.interval_s(".")
            found = roll.runs(self._folder)
            live = self._live(found)
            self._meet(live)
            if not live or not (interval_s or self._has_rules()):
                return found
            if interval_s and began >= next_sample:
                next_sample = began + interval_s
                self._sample(live)
            elif not interval_s:
                self._latest.clear()
            self._look_at_rules()
            due = next_sample if interval_s else began + samples.EVERY_S
            if self._has_rules():
                due = min(due, began + samples.EVERY_S)
            while (left := due - time.monotonic()) > 0 and self._doze(left):
                if not roll.runs(self._folder):
                    return {}

    def _has_rules(self) -> bool:
        return any(one is not None for one in self._rules.values())

    def _meet(self, live: dict[str, dict[str, Any]]) -> None:
        """Read the rules of the runs, and of the attempts, that are new; forget those of others."""
        for path in [one for one in self._rules if one not in live]:
            del self._rules[path]
            self._latest.pop(path, None)
        for path, started in live.items():
            known = self._rules.get(path)
            if path in self._rules and (known is None or known.attempt == started.get("attempt")):
                continue
            try:
                self._rules[path] = _rules_of(path, started)
            except OSError:
                continue  # the run is gone, or the next look tells

    def _look_at_rules(self) -> None:
        for path, one in self._rules.items():
            if one is not None:
                try:
                    one.look(self._latest.get(path))
                except (OSError, StoreError):
                    continue  # a full disk, or the run is gone: the next look tries again

    def _live(self, on_roll: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Of each run that goes on what was recorded of its start; the others leave the roll."""
        found = {}
        for run_id, experiment in on_roll.items():
            path = f"{experiment}/{run_id}"
            started = self._started(path)
            if started is not None:
                found[path] = started
            else:
                atomic.unlink_if_there(f"{self._folder}/{run_id}")
                self._logs.pop(path, None)
        return found

    def _started(self, path: str) -> dict[str, Any] | None:
        """What was recorded of the start of a run's attempt; None: it is over, or gone."""
        try:
            if facts.read(path, layout.ENDED) is not None:
                return None
            home = attempts.folder(path, attempts.begun(path))
            started = facts.read(home, layout.STARTED) or {}
            is_held = lock.is_held(f"{path}/{layout.ALIVE}", self._lock_kind)
        except OSError:
            return None
        # Between two supervisors, or two attempts, only one of both holds.
        return started if is_held or identity.lives(started.get("script") or {}) else None

    def _sample(self, live: dict[str, dict[str, Any]]) -> None:
        by_mark = {str(started.get("mark")): path for path, started in live.items()}
        self._paths = by_mark
        started = {str(one.get("mark")): one for one in live.values()}
        usages = self._meter.read(started)
        self._gpus.add_to(usages, started)
        self._energy.add_to(usages)
        for mark, usage in usages.items():
            path = by_mark[mark]
            values = {name: getattr(usage, name) for name in QUANTITIES}
            self._latest[path] = values
            try:
                self._logs.setdefault(path, SampleLog(path)).add(values)
            except OSError:
                continue  # a full disk, or the run is gone: it costs this sample

    def _last_of(self, quantity: str, mark: str) -> float:
        """What a run has used by the samples of a sampler that was killed."""
        try:
            found = samples.read(self._paths[mark]).get(f"{samples.PREFIX}{quantity}")
        except OSError:
            return 0.0
        return max(map(float, found.values), default=0.0) if found else 0.0

    def _doze(self, seconds: float) -> bool:
        """Sleep; True: the roll was changed meanwhile."""
        if not self._poll.poll(seconds * 1000):
            return False
        assert self._watch is not None
        try:
            os.read(self._watch, 1 << 16)
        except BlockingIOError:
            pass
        return True


def _rules_of(path: str, started: dict[str, Any]) -> RunRules | None:
    """The rules of an attempt of a run; None: it has none, is a copy, or runs at another place, as
    where a store is shared and a run was taken up elsewhere: its pids are strangers' here.
    """
    run = facts.read_own(path, layout.RUN) or {}
    is_here = not started or identity.same_place(started)
    is_watched = rules.has_any(run) and is_here
    return RunRules(path, run, started) if is_watched and watch.is_no_copy(path, started) else None
