"""The limits that are in force for one attempt of a run: what was asked for, and what keeps it.

    memory   a control group; else a watch on the run's processes
    cpus     processors that it is bound to; and a control group, where there is one
    nice     its priority
    pids     a control group; else the watch

Only a run with limits loads this. What is in force is on record in started.json, and what became of
it in exited.json.
"""

from __future__ import annotations

import math
import os

from homerun.base import sizes
from homerun.system import inherited
from homerun.system.limits import groups, processors
from homerun.system.limits.scopes import NoGroup
from homerun.system.limits.tree_watch import EVERY_S, TreeWatch
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.system.process_tree import Process

GROUP, WATCH, AFFINITY, PRIORITY = "group", "watch", "affinity", "priority"
"""What keeps a limit."""

_WATCHED = ("memory", "pids")


class InForce:
    """What is in force for an attempt.

    Attributes:
        kept: by the name of each limit `value`, and `by` what it is kept; None: by nothing.
        flaws: what cannot be kept as it was asked for, a line each.
        group: the attempt's group; None: it has none.
        watch: what has to be looked at again and again; None: nothing.
        broken: the limit that the watch has found it over; "": none.
        text: what the script inherits for it (`system/inherited.py`).
    """

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.flaws: list[str] = []
        self.group: groups.ControlGroup | None = None
        self.watch: TreeWatch | None = None
        self.broken = ""
        self.text = ""
        self._bound: processors.Bound | None = None

    @property
    def memory(self) -> int | None:
        """The limit of memory in bytes."""
        limit: int | None = self.kept.get("memory", {}).get("value")
        return limit

    def fact(self) -> dict[str, Any]:
        """What started.json says of it."""
        where = {"group": self.group.folder} if self.group else {}
        flaws = {"flaws": self.flaws} if self.flaws else {}
        return {**self.kept, **where, **flaws}

    def take_in(self, pid: int) -> None:
        """Have a process kept that waits to become the script."""
        if self.group is None:
            return
        try:
            self.group.take_in(pid)
        except OSError as error:
            self.group.remove()
            self.group = None
            for one in self.kept.values():
                if one.get("by") == GROUP:
                    one["by"] = AFFINITY if "processors" in one else None
            self.fall_back(f"the script cannot be put into one: {error.strerror}")

    def look(self, found: list[Process]) -> bool:
        """Whether the processes are over a limit that is watched."""
        if self.watch is not None and not self.broken:
            self.broken = self.watch.look(found)
        return bool(self.broken)

    def watch_again(self) -> None:
        """Go on with what another process has watched."""
        names = [name for name, one in self.kept.items() if one.get("by") == WATCH]
        self.watch = self._watch_over(names) if names else None

    def _watch_over(self, names: list[str]) -> TreeWatch:
        values = [self.kept[name]["value"] if name in names else None for name in _WATCHED]
        return TreeWatch(*values)

    def peak(self) -> int | None:
        """The most memory that all processes had together, in bytes; None: it is not known."""
        if self.group is not None:
            return self.group.peak()
        return self.watch.peak or None if self.watch else None

    def told(self, *, is_out_of_memory: bool) -> dict[str, Any]:
        """What exited.json says of it."""
        peak = self.peak()
        found: dict[str, Any] = {} if peak is None else {"memory_peak": peak}
        refused = self.group.refused() if self.group and "pids" in self.kept else 0
        if refused:
            found["processes_refused"] = refused
        if self.broken == "pids" and self.watch is not None:
            found["over_limit"] = (
                f"the script was over its limit of {self.watch.pids} processes and threads: "
                f"it had {self.watch.most}"
            )
        elif is_out_of_memory and self.memory is not None:
            had = f": it had {sizes.shown(peak)}" if peak is not None else ""
            did = "was over" if self.broken else "was killed by the kernel at"
            limit = sizes.shown(self.memory)
            found["over_limit"] = f"the script {did} its memory limit of {limit}{had}"
        return found

    def release(self) -> None:
        """Let go of what it holds; the attempt is over."""
        if self.group is not None:
            self.group.remove()
        if self._bound is not None:
            self._bound.release()

    def fall_back(self, why: str) -> None:
        """Have watched what no group keeps."""
        asked = [name for name in _WATCHED if name in self.kept]
        unkept = [name for name in asked if self.kept[name].get("by") != GROUP]
        for name in unkept:
            self.kept[name]["by"] = WATCH if identity.has_proc() else None
        if unkept and identity.has_proc():
            self.watch = self._watch_over(unkept)
        line = _unkept(unkept, why)
        if line:
            self.flaws.append(line)


def put_in_force(
    asked: Mapping[str, Any], mark: str, attempt: int, submitters: str, *, is_dry: bool = False
) -> InForce:
    """Put limits in force, as far as that goes.

    Args:
        asked: the limits by name; None: none.
        mark: what names the run to processes.
        submitters: what the submitter's processes inherit; "": what this one does.
        is_dry: nothing is made; it is only to be known what will be kept.
    """
    made = InForce()
    made.kept = {name: {"value": value} for name, value in asked.items() if value is not None}
    known = inherited.known(submitters)
    if "nice" in made.kept:
        _be_nice(made, known)
    if "cpus" in made.kept:
        _bind(made, known, is_dry=is_dry)
    wanted = [name for name in made.kept if name in groups.CONTROLLERS]
    if not wanted:
        return made
    why, able = "", set()
    try:
        if is_dry:
            able = groups.foreseen(wanted)
        else:
            made.group, able = groups.make_group(mark, attempt, wanted)
    except NoGroup as error:
        why = str(error)
    for name in [name for name in wanted if name in able]:
        if made.group is None or made.group.limit(name, made.kept[name]["value"]):
            made.kept[name]["by"] = GROUP
    if made.group is not None and all(one.get("by") != GROUP for one in made.kept.values()):
        made.group.remove()
        made.group = None
    made.fall_back(why or "the group here has no such controllers")
    return made


def from_record(fact: Mapping[str, Any]) -> InForce:
    """What is in force for an attempt whose supervisor was killed.

    Args:
        fact: what started.json says of it.
    """
    made = InForce()
    made.kept = {name: dict(one) for name, one in fact.items() if isinstance(one, dict)}
    folder = fact.get("group")
    made.group = groups.ControlGroup(folder) if isinstance(folder, str) else None
    made.watch_again()
    return made


def _be_nice(made: InForce, known: Mapping[str, int]) -> None:
    """Set the priority; to raise it is refused to users, so that is told at once."""
    wanted = made.kept["nice"]["value"]
    has = known.get("nice", os.getpriority(os.PRIO_PROCESS, 0))
    if wanted < has and os.geteuid():
        made.kept["nice"]["by"] = None
        made.flaws.append(f"nice {wanted} is refused to users who have {has}; the run keeps that")
        return
    made.kept["nice"]["by"] = PRIORITY
    made.text += f" nice={wanted}"


def _bind(made: InForce, known: Mapping[str, int], *, is_dry: bool) -> None:
    """Bind it to some of the processors that it may have."""
    limit = made.kept["cpus"]
    if not hasattr(os, "sched_getaffinity"):
        limit["by"] = None
        made.flaws.append("cpus: this system cannot bind a process to processors")
        return
    bits = known.get("processors", 0)
    allowed = {n for n in range(bits.bit_length()) if bits >> n & 1} or os.sched_getaffinity(0)
    count = math.ceil(limit["value"])
    if count > len(allowed):
        made.flaws.append(f"cpus: there are only {len(allowed)} processors for it here")
    limit["by"] = AFFINITY
    if is_dry:
        return
    made._bound = processors.choose(count, allowed)
    numbers = made._bound.numbers
    limit["processors"] = numbers
    if made._bound.shared:
        made.flaws.append(
            f"cpus: {made._bound.shared} of its processors are those of another run too"
        )
    if len(numbers) < len(allowed):
        made.text += f" processors={sum(1 << number for number in numbers)}"


def _unkept(names: list[str], why: str) -> str:
    """What cannot be promised of limits without a group, as a line."""
    if not names:
        return ""
    words = " and ".join({"memory": "memory", "pids": "processes"}[name] for name in names)
    if not identity.has_proc():
        return f"{words} cannot be limited on this system: {why}"
    verb = "is" if names == ["memory"] else "are"
    return (
        f"{words} of the run {verb} looked at every {EVERY_S:g} s, and may go over the limit in "
        f"between: {why}"
    )
