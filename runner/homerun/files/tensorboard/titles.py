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
        self._taken: set[str] = set()

    def __call__(self) -> Iterator[tuple[str, Record]]:
        """Each run once, with its title."""
        found = {one.id: one for top in self._records for one in (top, *_below(top))}
        for run_id, record in found.items():
            if run_id not in self._titles:
                title = _title(record)
                # Of runs that were copied in two may have one number.
                self._titles[run_id] = f"{title} {run_id}" if title in self._taken else title
                self._taken.add(title)
            yield self._titles[run_id], record


def _below(record: Record) -> list[Record]:
    if not children.may_have(record):
        return []
    return [*children.below(record, recursive=True)]


def _title(record: Record) -> str:
    number, name = record.run.get("number"), record.labels().display_name
    words = [str(number or record.id), *([name] if name else [])]
    return f"{_plain(record.experiment)}/{_plain(' '.join(words))}"


def _plain(text: str) -> str:
    """A text as a part of a path that any program takes, and that leads nowhere else: a record of
    another user may say anything. At most 60 characters of it.
    """
    kept = "".join(c if c.isprintable() and c != "/" else "_" for c in text)[:_LONGEST].strip()
    return f"_{kept[1:]}" if kept[:1] in ("", ".") else kept
