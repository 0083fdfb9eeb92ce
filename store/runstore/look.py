"""One look at a run: its facts, what is observed of it, and the status that follows.

The order of reading is what keeps a status from being wrong: first the observation, then the
facts. A supervisor publishes the outcome before it lets go of `alive`, so facts read after "nobody
is alive" hold all that there will ever be.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from runstore import layout, observation, status
from runstore.errors import RunNotFound
from runstore.fs import facts
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.record import Record


class Look:
    """What one look at a run showed: its facts, what was observed, and the status."""

    __slots__ = ("facts", "is_held", "seen")

    def __init__(self, found: dict[str, dict[str, Any] | None], seen: str, is_held: bool) -> None:
        self.facts = found
        self.seen = seen
        self.is_held = is_held

    @property
    def status(self) -> str:
        """The status, as `runstore.status` derives it."""
        return status.derive(self.facts, self.seen)

    @property
    def is_over(self) -> bool:
        """Whether nothing of the run is left to happen."""
        return self.status in status.TERMINAL

    @property
    def is_lost(self) -> bool:
        """Whether the run ended without anybody having put its outcome on record yet."""
        return status.is_lost(self.facts, self.seen)

    @property
    def is_orphan(self) -> bool:
        """Whether the script lives, and nobody answers for it."""
        return self.seen == status.ALIVE and not self.is_held

    @property
    def outcome(self) -> dict[str, Any] | None:
        """How the run ended, or None while it has not."""
        ended = self.facts[layout.ENDED]
        if ended is not None:
            return ended
        return status.outcome(self.facts, self.seen) if self.is_over else None

    def fact(self, name: str) -> dict[str, Any]:
        """A fact's fields; {} where the fact is absent."""
        return self.facts.get(name) or {}


def at(record: Record) -> Look:
    """Observe a run, then read its facts.

    Raises:
        RunNotFound: its folder is gone.
        OSError: the disk does not tell.
    """
    held, seen = False, status.GONE
    found: dict[str, dict[str, Any] | None] = {}
    try:
        _check_exists(record)
        found[layout.RUN] = record.asked() or None
        if not status.is_final(facts.read_own(record.path, layout.ENDED)):
            held, seen = observation.of(record)
        for name in layout.FACTS[1:]:
            found[name] = facts.read_own(_home(record, name, seen), name)
    except PermissionError:  # another user's run: nothing can be known of it
        held, seen = False, status.ELSEWHERE
        found = {name: record.fact(name) for name in layout.FACTS}
    for name in (layout.ENDED, layout.MARK):
        if not status.is_final(found[name]):
            found[name] = None
    if seen == status.GONE and found[layout.ENDED] is None:
        found[status.WITHIN], found[status.BELOW] = observation.of_others(record)
    return Look(found, seen, held)


def _check_exists(record: Record) -> None:
    try:
        is_there = S_ISDIR(os.stat(record.path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_there = False
    if not is_there:
        raise RunNotFound(record.id)  # removed, or the store was moved


def _home(record: Record, name: str, seen: str) -> str:
    """Where the fact lies that counts: while the next attempt is waited for, there."""
    if name in layout.OF_ATTEMPT and seen in (status.ALIVE, status.IN_QUEUE):
        return attempts.folder(record.path, attempts.latest(record.path))
    return attempts.home(record.path, name)
