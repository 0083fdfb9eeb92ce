"""One run's folder: its facts, what is observed of it, and the status that follows.

Reading takes no lock and changes nothing. The order of reading is what keeps a status from being
wrong: first the observation, then the facts. A supervisor publishes the outcome before it lets go
of `alive`, so facts read after "nobody is alive" hold all that there will ever be.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from runstore import (
    attempts,
    facts,
    identity,
    labels,
    layout,
    lock,
    marks,
    names,
    properties,
    recent,
    status,
)
from runstore.errors import RunNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from runstore.recent import Kept
    from runstore.store import Store


_recent: Kept = {}


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
            self._run = self._recall()
        return self._run or {}

    def _recall(self) -> dict[str, Any] | None:
        """run.json, as this process has read it a moment ago or as it is read now."""
        try:
            seen = os.stat(f"{self.path}/{layout.RUN}")
        except FileNotFoundError:
            return None
        except OSError:
            return self.fact(layout.RUN)  # which says why it cannot be read
        stamp = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        found = recent.get(_recent, self.path, stamp)
        if found is None:
            found = self.fact(layout.RUN)
            if found is not None:
                recent.keep(_recent, self.path, stamp, found)
        return found

    def asked(self) -> dict[str, Any]:
        """`run`, for who decides by it: what may not be read is no damage.

        Raises:
            OSError: run.json may not or cannot be read.
        """
        if self._run is None:
            self._run = facts.read_own(self.path, layout.RUN)
        return self._run or {}

    @property
    def experiment(self) -> str:
        """The name of the run's experiment."""
        try:
            name = self.run.get("experiment")
        except OSError:
            name = None  # it cannot be read now; the folder tells as well
        return str(name or self.store.experiment_name(self.experiment_folder))

    @property
    def created(self) -> str:
        """When the run was made, in UTC."""
        return str(self.run.get("time", ""))

    def exists(self) -> bool:
        """Whether the run's folder is still there, and may be seen.

        Raises:
            OSError: the disk does not tell.
        """
        return facts.is_folder(self.path)

    def fact(self, name: str) -> dict[str, Any] | None:
        """One fact, or None where it is absent or damaged; of the attempt that started last."""
        try:
            home = attempts.home(self.path, name)
        except OSError:
            home = self.path
        return facts.read(home, name)

    def is_damaged(self, name: str) -> bool:
        """Whether a fact is there and may be read, but is no JSON object."""
        try:
            data = facts.read_bytes(f"{attempts.home(self.path, name)}/{name}")
        except PermissionError:
            return False
        return data is not None and facts.parse(data) is None

    def publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> bool:
        """Publish a fact of this run, signed. False: it was there already.

        Raises:
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self.store.for_writing()
        with marks.Mark(self.store.root, self.id):
            return facts.publish(self.path, name, facts.signed(record), sync=sync)

    def look(self) -> Look:
        """Observe the run, read its facts, in the order that cannot lie.

        Raises:
            RunNotFound: its folder is gone.
            OSError: the disk does not tell.
        """
        held, seen = False, status.GONE
        found: dict[str, dict[str, Any] | None] = {}
        try:
            self._must_exist()
            found[layout.RUN] = self.asked() or None
            if not status.is_final(facts.read_own(self.path, layout.ENDED)):
                held, seen = self._observe()
            for name in layout.FACTS[1:]:
                found[name] = facts.read_own(self._home(name, seen), name)
        except PermissionError:  # another user's run: nothing can be known of it
            held, seen = False, status.ELSEWHERE
            found = {name: self.fact(name) for name in layout.FACTS}
        for name in (layout.ENDED, layout.MARK):
            if not status.is_final(found[name]):
                found[name] = None
        if seen == status.GONE and found[layout.ENDED] is None:
            batch = self._batch()
            found[status.WITHIN] = None if batch else self._around()
            found[status.BELOW] = self._ended_below(batch) if batch else None
        return Look(found, seen, held)

    def _home(self, name: str, seen: str) -> str:
        """Where the fact lies that counts: while the next attempt is waited for, there."""
        if name in layout.OF_ATTEMPT and seen in (status.ALIVE, status.IN_QUEUE):
            return attempts.folder(self.path, attempts.latest(self.path))
        return attempts.home(self.path, name)

    def labels(self) -> labels.Labels:
        """Its tags, display name and description."""
        return labels.read(self.path, self.run)

    def properties(self) -> dict[str, str]:
        """Its properties, by key."""
        return properties.read(self.path, self.run)

    def add_property(self, key: str, value: str) -> None:
        """Set a property; the value that it has already is fine.

        Raises:
            PropertyExists: it has another value.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self.store.for_writing()
        with marks.Mark(self.store.root, self.id):
            properties.add(self.path, key, value, self.run)

    def label(self, changes: list[tuple[str, str, object]]) -> None:
        """Change labels, each change (label, key, value).

        Raises:
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self.store.for_writing()
        with marks.Mark(self.store.root, self.id):
            labels.write(self.path, changes)

    def parent(self) -> Record | None:
        """The run that this one is a child of."""
        parent = self.run.get("parent")
        return self._neighbour(parent) if parent else None

    def sync_metrics(self) -> None:
        """Make the metrics survive a power cut."""
        facts.sync_files(f"{self.path}/{layout.METRICS}")

    def place(self) -> Mapping[str, Any]:
        """Where the run was started last, or, before that, submitted."""
        place = self.fact(layout.STARTED) or self.run.get("submitted_from")
        return place if isinstance(place, dict) else {}

    def _must_exist(self) -> None:
        try:
            is_there = S_ISDIR(os.stat(self.path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            is_there = False
        if not is_there:
            raise RunNotFound(self.id)  # removed, or the store was moved

    def _neighbour(self, run_id: object) -> Record | None:
        """Another run of the store; nearly always one of the same experiment."""
        near = Record(self.store, self.experiment_folder, str(run_id))
        return near if near.exists() else self.store.get(str(run_id))

    def _deleted(self, run_id: object) -> Record | None:
        """A run in the trash, where its outcome can still be read."""
        from runstore import trash

        return next(trash.entries(self.store, run_id=str(run_id)), None)

    def _observe(self) -> tuple[bool, str]:
        """Whether somebody answers for the run, and what that makes of it.

        The lock is asked before started.json is read, which a supervisor publishes under it, and
        once more when the script turns out to be gone: an adopter may have come in between.
        """
        if self.run.get("kind") == status.INTERACTIVE:
            return self._observe_interactive()
        held, seen = self._is_held(), status.GONE
        if not held:
            seen = self._observe_submitted(held)
            held = seen == status.GONE and self._is_held()
        return held, self._observe_submitted(held) if held else seen

    def _is_held(self) -> bool:
        return lock.is_held(f"{self.path}/{layout.ALIVE}", self.store.lock_kind)

    def _observe_submitted(self, held: bool) -> str:
        home = attempts.home(self.path, layout.STARTED)
        place = facts.read_own(home, layout.STARTED) or self.asked().get("submitted_from")
        if not isinstance(place, dict):
            return status.ALIVE if held else status.GONE
        if not self._is_copy(place) and (entry := self.queue_entry()) and not self.has_begun():
            if held:
                return status.ALIVE  # it is being started, perhaps after a restart of the machine
            if os.path.exists(entry):
                return status.IN_QUEUE  # on whatever host: nothing of it is alive or lost
        if not identity.same_place(place):
            return status.ELSEWHERE
        if not identity.same_boot(place):
            is_kept = not self._is_copy(place) and self.is_kept()
            return status.IN_QUEUE if is_kept else status.REBOOTED
        if self._is_copy(place):
            return status.ELSEWHERE
        script = place.get("script")
        lives = held or (isinstance(script, dict) and identity.lives(script))
        return status.ALIVE if lives else status.GONE

    def may_start_here(self) -> bool:
        """Whether a run that waits can be started from here without being started twice.

        Not in a copy of its store, nor on another host, where nobody may see its locks; in another
        PID namespace of the same kernel they hold.
        """
        place = self.asked().get("submitted_from")
        if not isinstance(place, dict) or self._is_copy(place):
            return False
        boot = identity.boot_id()
        return bool(boot and place.get("boot_id") == boot) or identity.same_place(place)

    def queue_entry(self) -> str | None:
        """The path of the run's place in a queue, there as long as it waits; None: it never did."""
        queued = facts.read(self._latest(), layout.QUEUED)
        if queued is None or "entry" not in queued:
            return None
        target, name = str(queued.get("target")), str(queued.get("entry"))
        if "/" in target + name or target[:1] in ("", "."):
            return None
        return f"{self.store.root}/{layout.QUEUE}/{target}/{name}"

    def is_kept(self) -> bool:
        """Whether a run that went with its machine is to be started again: who looks at it next,
        and may write, puts it into its queue.

        Raises:
            OSError: the disk does not tell.
        """
        run = self.asked()
        is_wanted = status.HOST_RESTARTED in (run.get("retry_on") or ())
        if not is_wanted or attempts.latest(self.path) > (run.get("max_retries") or 0):
            return False
        if any(self.fact(name) for name in (layout.STOP, layout.FAILED, layout.EXITED)):
            return False
        return os.path.exists(self.kept_plan())

    def kept_plan(self) -> str:
        """The path of what the run is started with after a restart of the machine."""
        name = f"{layout.QUEUE_KEPT}{self.id}"
        return f"{self.store.root}/{layout.QUEUE}/{self.run.get('target')}/{name}"

    def has_begun(self) -> bool:
        """Whether the last attempt has started.

        Raises:
            OSError: the disk does not tell.
        """
        return bool(facts.read_bytes(f"{self._latest()}/{layout.STARTED}"))

    def _latest(self) -> str:
        return attempts.folder(self.path, attempts.latest(self.path))

    def _observe_interactive(self) -> tuple[bool, str]:
        started = facts.read_own(self.path, layout.STARTED)
        if started is None:
            above = self._maker()
            is_over = above is None or above.look().is_over
            return False, status.GONE if is_over else status.WAITING
        owner = f"{self.store.root}/{layout.OWNERS}/{_safe(started.get('owner'))}"
        held = lock.is_held(owner, self.store.lock_kind)
        if not identity.same_place(started):
            return held, status.ELSEWHERE
        batch = self._batch()
        if not batch and not identity.same_boot(started):
            return held, status.REBOOTED
        if started.get("store_id") != self.store.id or not _is_inode(owner, started):
            return held, status.ELSEWHERE
        if batch:  # what waits in a queue outlives its submitter, and the machine's restart
            return held, status.ALIVE if self._goes_on_below(batch, held) else status.GONE
        around = self._script_around(started)
        goes_on = held or (around is not None and not around.look().is_over)
        return held, status.ALIVE if goes_on else status.GONE

    def _maker(self) -> Record | None:
        """The parent of a row, made before it in the same experiment; damaged records can say
        anything else, and must not send a reader in a circle.
        """
        above = self.parent()
        first, second = (above.run.get("number"), self.run.get("number")) if above else (0, 0)
        is_older = isinstance(first, int) and isinstance(second, int) and first < second
        return above if is_older else None

    def _script_around(self, started: Mapping[str, Any]) -> Record | None:
        """The submitted run in whose script an interactive run was begun."""
        within = started.get("within")
        around = (self._neighbour(within) or self._deleted(within)) if within else None
        is_script = around is not None and around.run.get("kind") == status.SUBMITTED
        return around if is_script else None

    def _around(self) -> dict[str, Any] | None:
        """The outcome of the script that an interactive run was begun in."""
        around = self._script_around(self.fact(layout.STARTED) or {})
        return None if around is None else {"status": around.look().status}

    def _batch(self) -> int:
        """How many runs were to be submitted below this one, whose end is theirs; 0: it is none."""
        count = self.run.get("batch")
        return count if isinstance(count, int) else 0

    def _goes_on_below(self, count: int, held: bool) -> bool:
        """Whether any run of this batch is not over, or its owner is still submitting some."""
        runs = list(self._submitted_below())
        if held and len(runs) < count:
            return True
        unfinished = (run for run in runs if facts.read_bytes(f"{run.path}/{layout.ENDED}") is None)
        return any(not look.is_over for look in _looks(unfinished))

    def _ended_below(self, count: int) -> dict[str, Any]:
        """How the runs of this batch ended, and when the last of them did."""
        looks = list(_looks(self._submitted_below()))
        times = [str((look.outcome or {}).get("time") or "") for look in looks]
        return {
            "is_whole": len(looks) >= count,
            "statuses": [look.status for look in looks],
            "time": max(times, default=""),
        }

    def _submitted_below(self) -> Iterator[Record]:
        """The submitted runs below this one. They have no batch: nobody is sent in a circle."""
        from runstore import family

        for child in family.unsorted(self):
            if child.run.get("kind") == status.SUBMITTED:
                yield child

    def _is_copy(self, place: Mapping[str, Any]) -> bool:
        """Whether this folder is a copy of the one that the run was started in."""
        try:
            inode = os.stat(f"{self.path}/{layout.ALIVE}").st_ino
        except FileNotFoundError:
            return "alive_inode" in place
        return place.get("store_id") != self.store.id or place.get("alive_inode") != inode


def _looks(records: Iterable[Record]) -> Iterator[Look]:
    """A look at each run that is still there."""
    for record in records:
        try:
            yield record.look()
        except RunNotFound:
            continue


def _safe(owner: object) -> str:
    """An owner's id as a file name; what is none names no file."""
    return owner if isinstance(owner, str) and names.is_run_id(owner) else "-"


def _is_inode(owner: str, started: Mapping[str, Any]) -> bool:
    """Whether an owner's lock is the very file on record; one that was cleared away passes."""
    try:
        return bool(os.stat(owner).st_ino == started.get("owner_inode"))
    except FileNotFoundError:
        return True
