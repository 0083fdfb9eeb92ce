"""What a test leaves behind: processes, threads, descriptors.

Each test runs with a mark of its own, in its environment and as the name of its process. What it
executes inherits the first, what it only forks keeps the second (/proc shows the environment of
the last exec), also past setsid and the death of its parents, so that it is found afterwards.
Children of pytest are found with and without a mark, and so is one that is dead but not reaped.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import NamedTuple

from helpers import process
from helpers.wait import holds_within

VARIABLE = "LEAK_CHECK_ID"
"""Not one of the product's own names: tests clear those."""

SETTLE_S = 5.0
"""What is about to end by itself, such as a supervisor that just told the outcome, may end."""


class Look(NamedTuple):
    """What there is, at one moment."""

    processes: dict[tuple[int, int], process.Process]
    threads: dict[int, threading.Thread]
    descriptors: dict[tuple[int, str], str]
    strangers: frozenset[tuple[int, int]]
    """Other processes, by identity: what is older than a mark does not have it."""

    def since(self, before: Look) -> Look:
        """Only what was not there before."""
        return Look(
            {k: v for k, v in self.processes.items() if k not in before.processes},
            {k: v for k, v in self.threads.items() if k not in before.threads},
            {k: v for k, v in self.descriptors.items() if k not in before.descriptors},
            self.strangers,
        )

    def __bool__(self) -> bool:
        return bool(self.processes or self.threads or self.descriptors)

    def __str__(self) -> str:
        lines = [str(p) + _unreaped(p) for p in self.processes.values()]
        lines += [f"thread {t.name!r} (daemon: {t.daemon})" for t in self.threads.values()]
        lines += [f"descriptor {text}" for text in self.descriptors.values()]
        return "\n".join(f"  {line}" for line in lines)


def set_mark(mark: str) -> str:
    """Mark this process and whatever it will start; its former name, for `clear_mark`."""
    os.environ[VARIABLE] = mark
    return process.rename_self(mark)


def clear_mark(former: str) -> None:
    """Take the mark away again."""
    os.environ.pop(VARIABLE, None)
    process.rename_self(former)


def look(mark: str, before: Look | None = None) -> Look:
    """Everything that belongs to this process, or to the test with this mark.

    Args:
        before: what there was when the mark was set; None: it was set just now.
    """
    stats = process.stats()
    known = {(one.pid, one.started) for one in stats} if before is None else before.strangers
    own = {one.pid for one in process.below(os.getpid(), stats)}
    own |= {
        one.pid
        for one in stats
        if one.pid != os.getpid() and (one.pid, one.started) not in known and _has(one, mark)
    }
    found = [one for one in map(process.look, own) if one is not None]
    return Look(
        {one.identity: one for one in found},
        {id(t): t for t in threading.enumerate()},
        _descriptors(),
        frozenset(known),
    )


def _has(one: process.Stat, mark: str) -> bool:
    """Whether a process has a test's mark: as its name, while it lives, or in its environment."""
    is_named = one.name == mark and one.state not in "ZX"
    return is_named or process.has_mark(one.pid, f"{VARIABLE}={mark}".encode())


def left_behind(before: Look, mark: str) -> Look:
    """What came since and stayed, also after a collection of garbage and a moment to end."""
    found = look(mark, before).since(before)
    if not found:
        return found
    gc.collect()
    holds_within(lambda: not look(mark, before).since(before), SETTLE_S)
    return look(mark, before).since(before)


def end(found: Look, before: Look, mark: str) -> None:
    """Kill what was found, and what it started meanwhile, so that the next test starts clean."""
    while found.processes:
        process.kill(found.processes.values())
        found = look(mark, before).since(before)


def _descriptors() -> dict[tuple[int, str], str]:
    """The open descriptors by number and target: a number reused for another file is a new one."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the one that listed the folder
        found[int(name), target] = f"{name} -> {target}"
    return found


def _unreaped(found: process.Process) -> str:
    return " [ended, never waited for]" if found.state == "Z" else ""
