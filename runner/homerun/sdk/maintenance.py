"""Maintenance of a store: delete many runs, collect garbage, count."""

from __future__ import annotations

from homerun.runs import trash
from runstore.fs import tree
from runstore.upkeep import garbage, statistics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
        without being named) and `size_bytes`.

        Raises:
            InvalidTransition: one of them is not over.
        """
        named = [run._record for run in runs]
        all_ = trash.families(trash.chosen(named))
        names = {record.id for record in named}
        return {
            "run_ids": [record.id for record in all_],
            "below": [record.id for record in all_ if record.id not in names],
            "size_bytes": sum(tree.usage(record.path) for record in all_),
        }

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
