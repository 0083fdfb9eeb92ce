"""Making a run: its folder is built under a hidden name and appears whole, by a rename.

The order is: experiment, ledger line, hidden folder, `alive`, the caller's files, run.json, the
claim of a given id, the link from its parent, the rename. Killed at any point, the maker leaves
either nothing that is listed (a ledger line without a folder, a hidden folder whose `alive` is
free: `check` removes it) or a whole run whose `alive` is free: it is lost, and reads as that.
"""

from __future__ import annotations

import errno
import os
import time

from runstore import layout, names
from runstore.errors import RunExists
from runstore.fs import atomic, facts, json_write, lock
from runstore.run import identity, ledger
from runstore.run.record import Record
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


class Draft:
    """A run that is being made. `path` is its folder until `publish`.

    Args:
        uuid: its own, where that is known already and was given to no other; None: a new one.

    Raises:
        RunExists: the store has a run of that id.
        InvalidName, FormatTooNew, ReadOnlyStore: it cannot be made.
    """

    def __init__(
        self,
        store: Store,
        experiment: str,
        run_id: str | None = None,
        *,
        parent: Record | None = None,
        uuid: str | None = None,
    ) -> None:
        folder = store.make_experiment(experiment)
        self._given = run_id is not None
        self.id = names.new_run_id(experiment) if run_id is None else names.check_run_id(run_id)
        if self._given:
            check_free(store, self.id)
        self.uuid = uuid or names.new_uuid()
        self.record = Record(store, folder, self.id)
        self.experiment = experiment
        home = f"{store.root}/{folder}"
        try:
            self.number = ledger.add(
                f"{home}/{layout.LEDGER}", self.id, _second(), child=parent is not None
            )
            self.path = f"{home}/{layout.NEW}{self.id}-{os.urandom(4).hex()}"
            atomic.make_new_folder(self.path)
        except OSError as error:
            raise atomic.unwritable(store.root, error) from error
        self.alive: int | None = None
        self._parent = parent
        self._claimed = False

    def take_alive(self) -> int:
        """Make and take the run's lock; a process that inherits it answers for the run."""
        self.alive = lock.take(f"{self.path}/{layout.ALIVE}", self.record.store.lock_kind)
        if self.alive is None:
            raise RunExists(self.id)  # no other process knows this folder's name
        return self.alive

    def publish(self, asked: dict[str, object], *, sync: bool = True) -> Record:
        """Write run.json with what was asked, and let the run appear.

        Args:
            sync: let it survive a power cut; False: who makes many does so once, for all of them.

        Raises:
            RunExists: another process made a run of this id in the meantime.
        """
        place = {**identity.here(), "store_id": self.record.store.id}
        if self.alive is not None:
            place.update(identity.of_folder(self.path, self.alive))
        run = {
            "id": self.id,
            "uuid": self.uuid,
            "number": self.number,
            "experiment": self.experiment,
            "parent": self._parent.id if self._parent else None,
            **asked,
            "submitted_from": place,
        }
        facts.publish(self.path, layout.RUN, facts.signed(run), sync=sync)
        if self._given:
            self._claim()
        if self._parent is not None:
            link(self._parent, self.record)
        try:
            os.rename(self.path, self.record.path)
        except OSError as error:
            if error.errno in _TAKEN:
                raise RunExists(self.id) from error
            raise
        self.path = self.record.path
        if sync:
            atomic.sync_folder(os.path.dirname(self.path))
        return self.record

    def discard(self) -> None:
        """Remove what was built, after a failure; the lock and a claimed id are let go."""
        if self._claimed and self.path != self.record.path:
            atomic.unlink_if_there(f"{self.record.store.root}/{layout.IDS}/{self.id}")
        if self.alive is not None:
            lock.release(self.alive)
            self.alive = None
        if self.path != self.record.path:
            import shutil

            shutil.rmtree(self.path, ignore_errors=True)

    def _claim(self) -> None:
        """Claim the given id for the whole store, by a link to this run's run.json.

        A claim whose run never appeared (its maker was killed) is taken over after a minute.
        """
        folder = atomic.make_folders(self.record.store.root, layout.IDS)
        claim = f"{folder}/{self.id}"
        for last in (False, True):
            try:
                os.link(f"{self.path}/{layout.RUN}", claim)
                self._claimed = True
                return
            except FileExistsError:
                if last or not self._is_stale(claim):
                    raise RunExists(self.id) from None
                atomic.unlink_if_there(claim)

    def _is_stale(self, claim: str) -> bool:
        try:
            age = time.time() - os.lstat(claim).st_ctime
        except FileNotFoundError:
            return True
        return age > 60 and not _is_known(store_of(self.record), self.id)


def check_free(store: Store, run_id: str) -> None:
    """Raise RunExists where the store has a run of that id, or its trash does."""
    if not _is_known(store, run_id):
        return
    if store.get(run_id) is None:
        raise RunExists(run_id, "in the trash; restore it, empty the trash, or choose another id")
    raise RunExists(run_id)


def _is_known(store: Store, run_id: str) -> bool:
    """Whether a run has this id; it may be on its way to the trash, or out of it."""
    from runstore.run import deleted

    return (
        deleted.holds(store, run_id)
        or store.get(run_id) is not None
        or deleted.holds(store, run_id)
    )


def write_rows(parent: Record, asked: list[dict[str, object]]) -> list[Record]:
    """Make many children of a run at once, none of which has begun.

    It costs little more than their files: one ledger write for all, and one sync of the file
    system at the end instead of two for each. Killed on the way, the maker leaves those that are
    made.

    Raises:
        FormatTooNew, ReadOnlyStore: none was made.
        RunExists: another maker hit on the same id in the same second.
    """
    store, home = parent.store.for_writing(), os.path.dirname(parent.path)
    ids = names.new_run_ids(parent.experiment, len(asked))
    if not ids:
        return []
    try:
        first = ledger.add_many(f"{home}/{layout.LEDGER}", ids, _second(), child=True)
        atomic.make_folder(f"{parent.path}/{layout.CHILDREN}")
    except OSError as error:
        raise atomic.unwritable(store.root, error) from error
    common = {
        "experiment": parent.experiment,
        "parent": parent.id,
        "submitted_from": {**identity.here(), "store_id": store.id},
    }
    rows = []
    for number, (run_id, wanted) in enumerate(zip(ids, asked), first):
        run = {"id": run_id, "uuid": names.new_uuid(), "number": number, **common, **wanted}
        rows.append(_write_row(Record(store, parent.experiment_folder, run_id), parent, run))
    atomic.sync_file_system(home)
    return rows


def _write_row(row: Record, parent: Record, run: dict[str, object]) -> Record:
    hidden = f"{os.path.dirname(row.path)}/{layout.NEW}{row.id}"
    try:
        atomic.make_new_folder(hidden)
        atomic.write(f"{hidden}/{layout.RUN}", json_write.pretty(facts.signed(run)).encode())
        os.symlink(f"../../{row.id}", f"{parent.path}/{layout.CHILDREN}/{row.id}")
        os.rename(hidden, row.path)
    except OSError as error:
        if error.errno in _TAKEN:
            raise RunExists(row.id) from error
        raise
    return row


def _second() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def link(parent: Record, child: Record) -> None:
    """Link a child into its parent's folder; relative, so that the store can be moved."""
    folder = f"{parent.path}/{layout.CHILDREN}"
    atomic.make_folder(folder)
    atomic.unlink_if_there(f"{folder}/{child.id}")  # of a maker of this id that was killed
    os.symlink(os.path.relpath(child.path, folder), f"{folder}/{child.id}")
