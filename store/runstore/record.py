"""One run's folder: its facts, what is observed of it, and the status that follows.

Reading takes no lock and changes nothing. The order of reading is what keeps a status from being
wrong: first the observation, then the facts. A supervisor publishes the outcome before it lets go
of `alive`, so facts read after "nobody is alive" hold all that there will ever be.
"""

from __future__ import annotations

import os

from runstore import facts, identity, labels, layout, lock, properties, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runstore.store import Store


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


class Record:
    """A run in a store: its id, its folder, and the reading of both."""

    __slots__ = ("_run", "experiment_folder", "id", "store")

    def __init__(self, store: Store, experiment_folder: str, run_id: str) -> None:
        self.store = store
        self.experiment_folder = experiment_folder
        self.id = run_id
        self._run: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """The run's folder."""
        return f"{self.store.root}/{self.experiment_folder}/{self.id}"

    @property
    def run(self) -> dict[str, Any]:
        """What was asked for (run.json, which never changes); {} where it is damaged."""
        if self._run is None:
            self._run = self.fact(layout.RUN)
        return self._run or {}

    @property
    def experiment(self) -> str:
        """The name of the run's experiment."""
        return str(self.run.get("experiment") or self.store.experiment_name(self.experiment_folder))

    @property
    def created(self) -> str:
        """When the run was made, in UTC."""
        return str(self.run.get("time", ""))

    def exists(self) -> bool:
        """Whether the run's folder is still there."""
        return os.path.isdir(self.path)

    def fact(self, name: str) -> dict[str, Any] | None:
        """One fact, or None where it is absent or damaged."""
        return facts.read(self.path, name)

    def is_damaged(self, name: str) -> bool:
        """Whether a fact is there, but is no JSON object."""
        return facts.read_bytes(f"{self.path}/{name}") is not None and self.fact(name) is None

    def publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> bool:
        """Publish a fact of this run, signed. False: it was there already.

        Raises:
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self.store.for_writing()
        return facts.publish(self.path, name, facts.signed(record), sync=sync)

    def look(self) -> Look:
        """Observe the run, read its facts, in the order that cannot lie."""
        found: dict[str, dict[str, Any] | None] = {layout.RUN: self.run or None}
        held, seen = False, status.GONE
        if not status.is_final(self.fact(layout.ENDED)):
            try:
                held = self._is_held()
                seen = self._observe(held)
            except PermissionError:  # another user's run: nothing can be known of it
                seen = status.ELSEWHERE
        for name in layout.FACTS[1:]:
            found[name] = self.fact(name)
        for name in (layout.ENDED, layout.MARK):
            if not status.is_final(found[name]):
                found[name] = None
        return Look(found, seen, held)

    def labels(self) -> labels.Labels:
        """Its tags, display name and description."""
        return labels.read(self.path)

    def properties(self) -> dict[str, str]:
        """Its properties, by key."""
        return properties.read(self.path)

    def place(self) -> Mapping[str, Any]:
        """Where the run was started last, or, before that, submitted."""
        place = self.fact(layout.STARTED) or self.run.get("submitted_from")
        return place if isinstance(place, dict) else {}

    def _is_held(self) -> bool:
        """Whether somebody here answers for the run."""
        return lock.is_held(f"{self.path}/{layout.ALIVE}", self.store.lock_kind)

    def _observe(self, held: bool) -> str:
        """ALIVE, GONE, REBOOTED or ELSEWHERE.

        The lock was asked before started.json is read, which a supervisor publishes under it.
        """
        place = self.place()
        if not place:
            return status.ALIVE if held else status.GONE
        if not identity.same_place(place):
            return status.ELSEWHERE
        if not identity.same_boot(place):
            return status.REBOOTED
        if self._is_copy(place):
            return status.ELSEWHERE
        script = place.get("script")
        lives = held or (isinstance(script, dict) and identity.lives(script))
        return status.ALIVE if lives else status.GONE

    def _is_copy(self, place: Mapping[str, Any]) -> bool:
        """Whether this folder is a copy of the one that the run was started in."""
        try:
            inode = os.stat(f"{self.path}/{layout.ALIVE}").st_ino
        except FileNotFoundError:
            return "alive_inode" in place
        return place.get("store_id") != self.store.id or place.get("alive_inode") != inode
