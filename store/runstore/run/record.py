"""One run's folder: what was asked for, its facts, labels and properties.

Reading takes no lock and changes nothing. `runstore.look` derives the status.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from runstore import layout, names, status
from runstore.errors import RunNotFound
from runstore.fs import atomic, facts
from runstore.run import attempts, cache, change_marks, identity, labels, params, properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runstore.root import Root
    from runstore.run.cache import Kept


_recent: Kept = {}


class Record:
    """A run in a store: its id, its folder, and the reading of both."""

    __slots__ = ("_run", "experiment_folder", "id", "store")

    def __init__(self, store: Root, experiment_folder: str, run_id: str) -> None:
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
            seen = os.lstat(f"{self.path}/{layout.RUN}")
        except FileNotFoundError:
            return None
        except OSError:
            return self.fact(layout.RUN)  # which says why it cannot be read
        stamp = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        found = cache.get(_recent, self.path, stamp)
        if found is None:
            found = self.fact(layout.RUN)
            if found is not None:
                cache.keep(_recent, self.path, stamp, found)
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
    def uuid(self) -> str:
        """What tells the run from every other one, of any store; "": it is of an earlier version.

        Raises:
            OSError: as `asked`.
        """
        found = self.asked().get("uuid")
        return str(found) if names.is_uuid(found) else ""

    @property
    def mark(self) -> str:
        """What names the run to processes: its uuid, and never the id, which people choose.

        Of a run of an earlier version, which has none, `@` and the id: no uuid looks so.

        Raises:
            OSError: as `asked`.
        """
        return self.uuid or f"@{self.id}"

    @property
    def is_interactive(self) -> bool:
        """Whether a process holds the run open, or is to begin it, without a supervisor.

        Raises:
            OSError: as `asked`.
        """
        return bool(self.asked().get("kind") == status.INTERACTIVE)

    @property
    def is_submitted(self) -> bool:
        """Whether the run is one of a script, under a supervisor.

        Raises:
            OSError: as `asked`.
        """
        return bool(self.asked().get("kind") == status.SUBMITTED)

    @property
    def is_batch(self) -> bool:
        """Whether the run is the parent of a batch, and nothing else."""
        return bool(self.run.get("batch"))

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
        return atomic.is_folder(self.path)

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
            data = atomic.read_bytes(f"{attempts.home(self.path, name)}/{name}")
        except PermissionError:
            return False
        return data is not None and facts.parse(data) is None

    def publish(self, name: str, record: dict[str, object], *, sync: bool = False) -> bool:
        """Publish a fact of this run, signed. False: it was there already.

        Raises:
            RunNotFound: its folder is gone.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self._for_writing()
        with change_marks.Mark(self.store.root, self.id):
            return facts.publish(self.path, name, facts.signed(record), sync=sync)

    def end(self, outcome: Mapping[str, object]) -> bool:
        """Publish how the run ended, so that a power cut does not undo it. False: it had ended.

        Raises:
            RunNotFound: its folder is gone.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        # Without a mark: an index reads a run that is not over at each query.
        self._for_writing()
        return facts.publish(self.path, layout.ENDED, facts.signed(dict(outcome)), sync=True)

    def _for_writing(self) -> None:
        self.store.for_writing()
        try:
            is_there = S_ISDIR(os.lstat(self.path).st_mode)  # and no link stands in its place
        except (FileNotFoundError, NotADirectoryError):
            is_there = False
        except OSError as error:
            raise atomic.unwritable(self.path, error) from error
        if not is_there:
            raise RunNotFound(self.id)

    def labels(self) -> labels.Labels:
        """Its tags, display name and description."""
        return labels.read(self.path, self.run)

    def properties(self) -> dict[str, str]:
        """Its properties, by key."""
        return properties.read(self.path, self.run)

    def params(self) -> dict[str, params.Value]:
        """Its parameters: those of its arguments, and those that were logged."""
        return params.merged(self.run, self.labels().params)

    def add_property(self, key: str, value: str) -> None:
        """Set a property; the value that it has already is fine.

        Raises:
            PropertyExists: it has another value.
            RunNotFound: its folder is gone.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self._for_writing()
        with change_marks.Mark(self.store.root, self.id):
            properties.add(self.path, key, value, self.run)

    def label(self, changes: list[tuple[str, str, object]]) -> None:
        """Change labels, each change (label, key, value).

        Raises:
            RunNotFound: its folder is gone.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        self._for_writing()
        with change_marks.Mark(self.store.root, self.id):
            labels.write(self.path, changes)

    def sync_metrics(self) -> None:
        """Make the metrics survive a power cut."""
        atomic.sync_files(f"{self.path}/{layout.METRICS}")

    def place(self) -> Mapping[str, Any]:
        """Where the run was started last, or, before that, submitted."""
        place = self.fact(layout.STARTED) or self.run.get("submitted_from")
        return place if isinstance(place, dict) else {}

    def is_original(self, place: Mapping[str, Any]) -> bool:
        """Whether a fact says of this very folder that it was written there, in whatever store.

        Raises:
            OSError: the disk does not tell.
        """
        if f"{identity.ALIVE}_inode" in place:
            lock = f"{self.path}/{layout.ALIVE}"
            return not identity.is_copied(place, self.path, lock)
        return bool(os.lstat(self.path).st_ino == place.get("folder_inode"))

    def is_copy(self, place: Mapping[str, Any], owner: str = "") -> bool:
        """Whether this folder is a copy of the one that the run was started in.

        Args:
            owner: the path of its owner's lock, where it is an interactive run.

        Raises:
            OSError: the disk does not tell.
        """
        if not self.store.has_id(place.get("store_id")):
            return True
        if place.get("mark", self.mark) != self.mark:
            return True  # the facts of one run beside the run.json of another
        if owner:
            return identity.is_copied(place, self.path, owner, identity.OWNER)
        return identity.is_copied(place, self.path, f"{self.path}/{layout.ALIVE}")
