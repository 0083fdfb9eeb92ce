"""Delete runs; list, restore and empty the trash that they lie in."""

from __future__ import annotations

import time

from homerun.base.times import zulu
from homerun.runs import index_work, reconcile
from homerun.targets import registry
from runstore import layout, look, status
from runstore.errors import RunNotFound
from runstore.fs import atomic, clock, facts, tree
from runstore.index.query import Condition, Query
from runstore.index.search import search
from runstore.run import children, deleted, labels
from runstore.upkeep import trash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from runstore.run.record import Record
    from runstore.store import Store

_SUPERVISOR_S = 5.0
_PAUSE_S = 0.01


class Trash:
    """The deleted runs of a store.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[dict[str, Any]]:
        """The deleted runs, the one that was deleted last first: id, number, status, …"""
        rows = [_row(record) for record in deleted.entries(self._store)]
        return sorted(rows, key=lambda row: str(row["deleted_utc"]), reverse=True)

    def restore(self, run_id: str) -> Sequence[str]:
        """Take a run back, with those below it that were deleted with it; their ids.

        Args:
            run_id: its id, or a beginning that only one run in the trash has.

        Raises:
            NotInTrash, AmbiguousPrefix: the trash has no such one run.
            RunExists: the store has another run of that id.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        return trash.restore(deleted.find(self._store, run_id))

    def empty(self, older_than_days: float = 0.0) -> dict[str, Any]:
        """Remove for good what was deleted so many days ago: `run_ids` and `freed_bytes`.

        Raises:
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        if not self._store.exists():
            return {"run_ids": [], "freed_bytes": 0}
        self._store.for_writing()
        gone, freed = trash.empty(self._store, older_than_days * 86400.0)
        return {"run_ids": gone, "freed_bytes": freed}


def chosen(records: Iterable[Record]) -> list[Record]:
    """Runs to be deleted without those that go with another one of them anyway; each may go.

    Raises:
        InvalidTransition: one of them, or a run below it, is not over.
    """
    wanted: dict[str, Record] = {}
    below = set()
    for record in records:
        try:
            _wait_for_supervisor(record)
            family = trash.family_of(record, reconcile.bring_up_to_date)
        except RunNotFound:
            continue  # another process has just deleted it
        wanted[record.id] = record
        below |= {one.id for one in family if one.id != record.id}
    return [record for record in wanted.values() if record.id not in below]


def fitting(records: Iterable[Record]) -> tuple[list[Record], list[Record]]:
    """Of some runs those that can be deleted without any other, and those that hold others.

    A run goes with all below it, so one that has any run below it that is not meant has to stay.
    """
    meant = {record.id: record for record in records}
    alone: list[Record] = []
    holding: list[Record] = []
    for record in meant.values():
        is_whole = all(one.id in meant for one in children.below(record, recursive=True))
        (alone if is_whole else holding).append(record)
    return alone, holding


def families(records: Iterable[Record]) -> list[Record]:
    """The runs that go with these, themselves among them.

    Raises:
        InvalidTransition: one of them is not over.
    """
    found: dict[str, Record] = {}
    for record in records:
        try:
            found.update((one.id, one) for one in trash.family_of(record, look.at))
        except RunNotFound:
            continue
    return list(found.values())


def delete_experiment(store: Store, name: str) -> None:
    """Move all runs of an experiment to the trash, and archive it.

    Raises:
        InvalidTransition: one of them is not over; nothing was deleted.
        FormatTooNew, ReadOnlyStore: the store may not be written.
    """
    delete(store, list(store.runs(name, children=False)))
    store.label_experiment(name, [(labels.ARCHIVED, "", True)])


def delete(
    store: Store,
    records: Iterable[Record],
    *,
    purge: bool = False,
    tell: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Delete runs with all below them: `run_ids`, and `freed_bytes` where they are gone for good.

    One that another process deletes at the same time is fine.

    Args:
        purge: remove them for good; else they go to the trash.
        tell: told how many were deleted, after each.

    Raises:
        InvalidTransition: one of them is not over; nothing was deleted.
        FormatTooNew, ReadOnlyStore: the store may not be written.
    """
    wanted = chosen(records)
    _reconcile_all(store)
    gone: list[str] = []
    freed = 0
    for record in wanted:
        try:
            family = [one.id for one in trash.family_of(record, look.at)]
            if purge:
                freed += trash.purge(record, look.at)
                gone += family
            else:
                gone += trash.delete(record, look.at, sync=len(wanted) == 1)
        except RunNotFound:
            continue  # another process has deleted it
        if tell is not None:
            tell(len(gone))
    if gone and not purge and len(wanted) > 1:
        atomic.sync_file_system(store.root)
    return {"run_ids": gone, "freed_bytes": freed if purge else 0}


def _wait_for_supervisor(record: Record) -> None:
    """A run is over a little before its supervisor is: it clears the working copy."""
    deadline = time.monotonic() + _SUPERVISOR_S
    target = registry.target_of_run(record.store.root, record.run)
    while look.at(record).is_over and target.is_alive(record):
        if time.monotonic() > deadline:
            return  # the deletion raises that it goes on
        time.sleep(_PAUSE_S)


def _reconcile_all(store: Store) -> None:
    """Publish the outcome of every run that is lost: how one ended that a script held open is
    known from that script's outcome, which may be deleted now.
    """
    query = Query([Condition("status", "", "=", status.RUNNING)], children=True)
    for _ in search(store, query, reconcile.bring_up_to_date, lambda: index_work.start(store)):
        continue  # the index has looked at all that were not over


def _row(record: Record) -> dict[str, Any]:
    said = facts.read(record.path, layout.DELETED) or {}
    seen = look.at(record)
    return {
        "run_id": record.id,
        "run_number": record.run.get("number"),
        "display_name": record.labels().display_name,
        "experiment_name": record.experiment,
        "status": seen.status,
        "created_utc": zulu(record.created),
        "deleted_utc": zulu(clock.stamp(deleted.deleted_at(record))),
        "deleted_by": said.get("user"),
        "deleted_with": said.get(deleted.WITH),
        "parent_run_id": record.run.get("parent"),
        "size_bytes": tree.usage(record.path),
        "directory": record.path,
    }
