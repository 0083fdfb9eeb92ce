"""What TensorBoard calls runs: the paths that it shows them under."""

from __future__ import annotations

from runstore.run import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.run.record import Record

_LONGEST = 60


class Family:
    """Some runs of a store with all below them, each with its title.

    A title is the experiment and the number, and the display name that the run had when it was
    seen first. Called again, it also gives the runs that are new by then.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._titles: dict[str, str] = {}

    def __call__(self) -> Iterator[tuple[str, Record]]:
        """Each run once, with its title."""
        found = {one.id: one for top in self._records for one in (top, *_below(top))}
        for run_id, record in found.items():
            if run_id not in self._titles:
                self._titles[run_id] = _title(record)
            yield self._titles[run_id], record


def _below(record: Record) -> list[Record]:
    if not children.may_have(record):
        return []
    return [*children.below(record, recursive=True)]


def _title(record: Record) -> str:
    number, name = record.run.get("number"), record.labels().display_name
    words = [str(number or record.id), *([_plain(name)] if name else [])]
    return f"{record.experiment}/{' '.join(words)}"


def _plain(name: str) -> str:
    """A name as a part of a path that any program takes, at most 60 characters of it."""
    return "".join(c if c.isprintable() and c != "/" else "_" for c in name)[:_LONGEST].strip()
