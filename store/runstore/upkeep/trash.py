"""The trash: deleted runs, which can be had back until they are removed for good.

    .trash/<folder of the experiment>/<run id>/     the run's folder, as it was
    .trash/<folder of the experiment>/.gone-<hex>/  what is being removed for good; also beside runs

One rename takes a run from its experiment to the trash, and another one back, so a process that is
killed leaves it in one of both, whole. Its line in the ledger stays (numbers are never given
twice), and its id stays taken as long as it lies in the trash. A run is deleted with all below it,
those below first; what a killed deletion has left undone, the same deletion does when it is asked
for again.
"""

from __future__ import annotations

import errno
import os
from time import time

from runstore import layout as lay
from runstore import look as looks
from runstore import names, status
from runstore.errors import (
    InvalidTransition,
    NotInTrash,
    RunExists,
    RunNotFound,
    StoreError,
)
from runstore.fs import atomic, facts, lock, safe_path, tree
from runstore.run import change_marks, deleted, ledger, snapshot_claims
from runstore.run import children as family
from runstore.run.record import Record
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runstore.look import Look
    from runstore.root import Root
    from runstore.store import Store

    Looker = Callable[[Record], Look]

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def family_of(record: Record, look: Looker = looks.at) -> list[Record]:
    """A run and all below it, those below first; each of them may be deleted.

    Raises:
        InvalidTransition: one of them, or the batch that they belong to, is not over.
        RunNotFound: it is not there any more.
    """
    found, seen, pending = [], {record.id}, [record]
    while pending:
        one = pending.pop()
        _must_be_over(one, look)
        found.append(one)
        for child in family.unsorted(one):
            # A link alone proves nothing: a damaged one must not take a stranger along.
            if child.id not in seen and child.asked().get("parent") == one.id:
                seen.add(child.id)
                pending.append(child)
    above = store_of(record).parent_of(record)
    if above is not None and above.asked().get("batch"):
        seen_above = look(above)
        if not seen_above.is_over:  # a batch ends as the runs below it did
            is_now = f"the batch {above.id} that it belongs to is {seen_above.status}"
            wish = f"be deleted as long as {is_now}; cancel that first"
            raise InvalidTransition(record.id, look(record).status, wish)
    return found[::-1]


def delete(record: Record, look: Looker = looks.at, *, sync: bool = True) -> list[str]:
    """Move a run, and all below it, to the trash; their ids, the run's own at the end.

    Args:
        sync: let it survive a power cut; False: who deletes many does so once, for all of them.

    Raises:
        InvalidTransition, RunNotFound, FormatTooNew, ReadOnlyStore: nothing was moved.
        RunExists: the trash holds another run of that id.
    """
    store = record.store.for_writing()
    above = store_of(record).parent_of(record)
    moved = []
    for one in family_of(record, look):
        target = f"{_bin(store, one.experiment_folder)}/{one.id}"
        _move(one, target)
        try:
            facts.publish(target, lay.DELETED, facts.signed({deleted.WITH: record.id}))
        except (OSError, StoreError):
            pass  # the disk is full, or it was restored already: it can be done without
        moved.append(one.id)
        if sync:
            atomic.sync_folder(os.path.dirname(target))
    _unlink_child(above, record)
    return moved


def purge(record: Record, look: Looker = looks.at) -> int:
    """Remove a run and all below it for good; the bytes that this freed. One of the trash goes
    alone.

    Raises:
        InvalidTransition, RunNotFound, FormatTooNew, ReadOnlyStore: nothing was removed.
        OSError: a file cannot be removed; no run is left half.
    """
    store = record.store.for_writing()
    is_trashed = record.experiment_folder.startswith(f"{lay.TRASH}/")
    above = None if is_trashed else store_of(record).parent_of(record)
    freed = 0
    for one in [record] if is_trashed else family_of(record, look):
        # Beside it: nothing has to be made for that on a disk that is full.
        gone = f"{os.path.dirname(one.path)}/{lay.GONE}{os.urandom(8).hex()}"
        _move(one, gone)
        freed += forget(store, one.id) + tree.remove(store.root, gone)
    _unlink_child(above, record)
    return freed


def restore(record: Record) -> list[str]:
    """Take a run back out of the trash, with those that were deleted with it; their ids.

    Args:
        record: one that `find` or `entries` gave.

    Raises:
        RunExists: the store has another run of that id.
        NotInTrash: it is not there any more.
        FormatTooNew, ReadOnlyStore: the store may not be written.
    """
    record.store.for_writing()
    done = [_restore(one) for one in _deleted_with(record)]
    return [*done, _restore(record)]


def empty(store: Store, older_than_s: float = 0.0) -> tuple[list[str], int]:
    """Remove for good what was deleted longer ago than that; the ids, and the bytes freed.

    Raises:
        FormatTooNew, ReadOnlyStore, OSError: not all of it could be removed.
    """
    gone, freed = [], sweep(store)
    for record in list(deleted.entries(store)):
        if time() - deleted.deleted_at(record) >= older_than_s:
            try:
                freed += purge(record)
            except RunNotFound:
                continue  # another process has taken it, in one way or the other
            gone.append(record.id)
    return gone, freed


def sweep(store: Store) -> int:
    """Finish the removals whose processes were killed; the bytes that this freed."""
    return sum(tree.remove(store.root, path) for path in half_removed(store))


def half_removed(store: Store) -> Iterator[str]:
    """The folders of runs that were being removed for good when the process was killed, or
    that are just being removed.
    """
    bin_ = f"{store.root}/{lay.TRASH}"
    homes = [f"{bin_}/{name}" for name in deleted.folders(bin_)]
    homes += [f"{store.root}/{name}" for name in store.experiment_folders()]
    for home in homes:
        for name in deleted.folders(home):
            if tree.is_going(name):
                yield f"{home}/{name}"


def forget(store: Root, run_id: str) -> int:
    """Remove what else is kept of a run that is gone for good: its claim of its id, its caches."""
    safe_path.unlink(store.root, f"{store.root}/{lay.IDS}/{run_id}")
    return tree.remove(store.root, f"{store.root}/{lay.INDEX}/{lay.SERIES}/{run_id}")


def _bin(store: Root, folder: str) -> str:
    """The folder of an experiment's runs in the trash, made if need be."""
    path = store.root
    for name in (lay.TRASH, folder):
        path = f"{path}/{name}"
        try:
            atomic.make_folder(path)
        except OSError as error:
            raise atomic.unwritable(store.root, error) from error
    return path


def _must_be_over(record: Record, look: Looker) -> None:
    seen = look(record)
    if not seen.is_over:
        wish = f"be deleted; cancel it first: homerun run cancel -r {record.id}"
        if seen.seen == status.ELSEWHERE:
            host = record.place().get("host", "another host")
            wish = f"be deleted from here: it belongs to {host}; delete it there"
        raise InvalidTransition(record.id, seen.status, wish)
    if lock.is_held(f"{record.path}/{lay.ALIVE}", record.store.lock_kind):
        wish = "be deleted yet: its supervisor is still at work on it; try again"
        raise InvalidTransition(record.id, seen.status, wish)


def _move(record: Record, target: str) -> None:
    """The one step of a deletion. The index is told, as of any other change."""
    with change_marks.Mark(record.store.root, record.id):
        try:
            safe_path.rename(record.store.root, record.path, target)
        except FileNotFoundError:
            raise RunNotFound(record.id) from None
        except OSError as error:
            if error.errno in _TAKEN:
                raise RunExists(
                    record.id, "in the trash; homerun store trash empty removes it"
                ) from error
            raise atomic.unwritable(record.store.root, error) from error


def _restore(record: Record) -> str:
    """Take one run back. Its snapshot is claimed: a collector that looks for its users just now
    may have been in the trash before, and in the experiment before that.
    """
    store = store_of(record)
    if store.get(record.id) is not None:
        raise RunExists(record.id)
    held = snapshot_claims.claim_of(record)
    try:
        home, is_new = _home(record)
        back = Record(store, home, record.id)
        _link(back, record.run.get("parent"))
        safe_path.unlink(store.root, f"{record.path}/{lay.DELETED}")
        with change_marks.Mark(store.root, record.id):
            try:
                safe_path.rename(store.root, record.path, back.path)
            except FileNotFoundError:
                raise NotInTrash(record.id) from None
            except OSError as error:
                if error.errno in _TAKEN:
                    raise RunExists(record.id) from error
                raise atomic.unwritable(store.root, error) from error
        atomic.sync_folder(os.path.dirname(back.path))
        if is_new:
            second = f"{back.created[:19]}Z"
            path = f"{store.root}/{home}/{lay.LEDGER}"
            ledger.add(path, back.id, second, child=bool(back.run.get("parent")))
    finally:
        for descriptor in held:
            lock.release(descriptor)
    return record.id


def _link(back: Record, parent: object) -> None:
    """Link a run to its parent, wherever that lies: as seen from the parent's own place."""
    if not isinstance(parent, str) or not names.is_run_id(parent):
        return
    store = store_of(back)
    above = store.get(parent) or next(deleted.entries(store, run_id=parent), None)
    if above is None:
        return
    folder = f"{above.path}/{lay.CHILDREN}"
    home = above.experiment_folder.rpartition("/")[2]
    place = f"{store.root}/{home}/{parent}/{lay.CHILDREN}"
    atomic.make_folder(folder)
    safe_path.unlink(store.root, f"{folder}/{back.id}")
    os.symlink(os.path.relpath(back.path, place), f"{folder}/{back.id}")


def _home(record: Record) -> tuple[str, bool]:
    """The folder of a trashed run's experiment, made if it is gone; and whether it was."""
    folder = record.experiment_folder.partition("/")[2]
    if atomic.is_folder(f"{record.store.root}/{folder}"):
        return folder, False
    return store_of(record).make_experiment(record.experiment), True


def _deleted_with(record: Record) -> Iterable[Record]:
    """What lies in the trash because this run was deleted, those below first."""
    others = [one for one in deleted.entries(record.store) if one.id != record.id]
    found, pending = [], [record.id]
    while pending:
        above = pending.pop()
        for one in others:
            if one.run.get("parent") != above:
                continue
            said = facts.read(one.path, lay.DELETED)
            if said is None or said.get(deleted.WITH) == record.id:
                found.append(one)
                pending.append(one.id)
    return found[::-1]


def _unlink_child(above: Record | None, record: Record) -> None:
    if above is not None:
        safe_path.unlink(record.store.root, f"{above.path}/{lay.CHILDREN}/{record.id}")
