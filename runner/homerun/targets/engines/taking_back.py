"""Taking back the jobs of runs that end before they begin, those of many runs in one call."""

from __future__ import annotations

from contextvars import ContextVar

from homerun.targets import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from runstore.run.record import Record

_later: ContextVar[list[Record] | None] = ContextVar("later", default=None)


class InOneCall:
    """A `with` block: the jobs that are to be taken back in it are at its end, all of a target in
    one call of its engine. One within another is part of that.
    """

    def __enter__(self) -> None:
        self._own: list[Record] | None = None
        if _later.get() is None:
            self._own = []
            self._token = _later.set(self._own)

    def __exit__(self, *error: object) -> None:
        if self._own is not None:
            _later.reset(self._token)
            _take_back(self._own)


def take_back(record: Record) -> None:
    """Have a run's engine take back its job, if it has one, now or at the end of the block."""
    later = _later.get()
    if later is None:
        _take_back([record])
    else:
        later.append(record)


def _take_back(records: Sequence[Record]) -> None:
    alike: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        alike.setdefault((record.store.root, str(record.run.get("target"))), []).append(record)
    for some in alike.values():
        first = some[0]
        registry.target_of_run(first.store.root, first.run).take_back(some)
