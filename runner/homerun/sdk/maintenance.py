"""Maintenance of a store: delete many runs, collect garbage, count, share."""

from __future__ import annotations

import grp
import os

from homerun.base.errors import UserError
from homerun.runs import trash
from runstore import look
from runstore.fs import tree
from runstore.upkeep import garbage, sharing, statistics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from homerun import Run
    from runstore.store import Store


class Keeping:
    """The maintenance of a store.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def to_delete(self, runs: Iterable[Run]) -> dict[str, Any]:
        """What a deletion of these runs would take: `run_ids`, `below` (those that go with them
        without being named), `by_status` (how many of each) and `size_bytes`.

        Raises:
            InvalidTransition: one of them is not over.
        """
        named = [run._record for run in runs]
        all_ = trash.families(trash.chosen(named))
        names = {record.id for record in named}
        statuses = [look.at(record).status for record in all_]
        return {
            "run_ids": [record.id for record in all_],
            "below": [record.id for record in all_ if record.id not in names],
            "by_status": {one: statuses.count(one) for one in dict.fromkeys(statuses)},
            "size_bytes": sum(tree.usage(record.path) for record in all_),
        }

    def fitting(self, runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
        """Of some runs those that a deletion takes without any other, and those that hold others.

        A run goes with all below it, so one with a run below it that is not among these has to
        stay.
        """
        alone, _ = trash.fitting([run._record for run in runs])
        ids = {record.id for record in alone}
        return [one for one in runs if one.id in ids], [one for one in runs if one.id not in ids]

    def delete(
        self,
        runs: Iterable[Run],
        *,
        purge: bool = False,
        tell: Callable[[int], object] | None = None,
    ) -> dict[str, Any]:
        """Delete runs; see `homerun.runs.trash.delete`."""
        return trash.delete(self._store, [run._record for run in runs], purge=purge, tell=tell)

    def collect(
        self,
        *,
        dry_run: bool = False,
        trash_days: float | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> dict[str, Any]:
        """Remove what nothing needs any more: `items`, `freed_bytes`; `kept` and `failed`
        say what stays out of caution, or could not be removed.

        Args:
            dry_run: only say what would be removed.
            trash_days: what was deleted so many days ago goes for good; None: 30.
            progress: told how many runs were looked at, now and then.

        Raises:
            FormatTooNew, ReadOnlyStore, LockTimeout: nothing was removed.
        """
        days = garbage.TRASH_DAYS if trash_days is None else trash_days
        found = garbage.collect(self._store, dry_run=dry_run, trash_days=days, progress=progress)
        return {
            "dry_run": dry_run,
            "items": [
                {"what": one.what, "path": one.path, "size_bytes": one.size} for one in found.items
            ],
            "freed_bytes": found.size,
            "kept": found.kept,
            "failed": found.failed,
        }

    def count_runs(self) -> int:
        """About how many runs there are, without a look at any of them."""
        return statistics.count(self._store)

    def statistics(
        self, largest: int = 10, progress: Callable[[int], object] | None = None
    ) -> dict[str, Any]:
        """Runs by status and experiment, bytes by part, and the largest runs.

        Args:
            largest: how many of those.
            progress: told how many runs were looked at, now and then.
        """
        return statistics.gather(self._store, largest, progress or (lambda _: None))

    def disk_use(
        self,
        experiment: str | None = None,
        largest: int = 10,
        progress: Callable[[int], object] | None = None,
    ) -> dict[str, Any]:
        """What takes room on the disk: `experiments` and the largest `runs`, each with its bytes;
        `parts` are those beside the runs: snapshots, trash, index and the rest. A file with several
        names counts once.

        Args:
            experiment: of this one only, without the parts beside.
            largest: how many runs.
            progress: told how many runs were looked at, now and then.
        """
        return statistics.disk_use(self._store, experiment, largest, progress or (lambda _: None))

    def share(self, group: str) -> dict[str, Any]:
        """Let a group read the store, now and later; see `shared`.

        Args:
            group: its name or number.

        Raises:
            UserError: there is no such group, or this user is not in it.
            StoreError: the store is another user's, or its file system hands no group down.
            OSError: something of it can't be shared; the rest is.
        """
        return self._told(sharing.share(self._there(), _number_of(group)))

    def unshare(self) -> dict[str, Any]:
        """Let no group read the store any more; see `shared`.

        Raises:
            StoreError: the store is another user's.
        """
        return self._told(sharing.unshare(self._there()))

    def shared(self) -> dict[str, Any]:
        """Whom the store is shared with: `group` (None: its owner reads it alone), `closed_above`
        (folders that the group may not pass), `hidden_files` (of the record) and `private_files`
        (of scripts): how many the group can't read.
        """
        return self._told(sharing.look(self._there()))

    def _there(self) -> Store:
        if not self._store.exists():
            raise UserError(f"there is no store in {self._store.root}; name its folder: -p DIR")
        return self._store

    def _told(self, found: sharing.Shared) -> dict[str, Any]:
        return {
            "directory": self._store.root,
            "group": None if found.group is None else _name_of(found.group),
            "closed_above": found.closed,
            "hidden_files": found.hidden,
            "private_files": found.kept,
        }


def _number_of(group: str) -> int:
    """A group by its name or number.

    Raises:
        UserError: there is none, or this user can't give files to it.
    """
    try:
        number = int(group) if group.isascii() and group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise UserError(f"there is no group {group!r} here: `id -Gn` lists yours") from None
    if os.geteuid() != 0 and number not in (os.getegid(), *os.getgroups()):
        told = f"you are not in the group {group!r}, so you cannot share with it"
        raise UserError(f"{told}: `id -Gn` lists yours (a new one counts from the next login on)")
    return number


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
