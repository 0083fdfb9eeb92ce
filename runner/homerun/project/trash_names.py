"""Find the deleted run that a word names.

The words are those of `homerun.project.run_names`, of what lies in the trash; `@last` is the run
that was deleted last.
"""

from __future__ import annotations

from homerun.project import defaults, file, run_words
from runstore.errors import NotInTrash
from runstore.fs import facts
from runstore.layout import DELETED
from runstore.run import deleted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record
    from runstore.store import Store

LAST = "@last"


class TrashNames:
    """Finds deleted runs by the words that name them; the trash is read once.

    Args:
        store: the store.
        folder: the folder that tells the current experiment.
    """

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._folder = folder
        self.records = list(deleted.entries(store))

    def find(self, word: str) -> Record:
        """The deleted run that a word names.

        Raises:
            UserError: it names several; the message lists them.
            NotInTrash: it names none.
        """
        found = self.named(word)
        if not found:
            raise NotInTrash(word)
        return run_words.only_one(word, found)

    def deleted_last(self) -> list[Record]:
        """The runs that were deleted themselves, not with another one; the last one first."""
        return sorted(filter(_is_asked, self.records), key=deleted.deleted_at, reverse=True)

    def named(self, word: str) -> list[Record]:
        """All that a word names; those of the first meaning that any has."""
        if word == LAST:
            return self.deleted_last()[:1]
        exact = [one for one in self.records if one.id == word]
        if exact:
            return exact
        place, slash, last = word.rpartition("/")
        number = run_words.as_number(last if slash else word)
        parts = [one for one in self.records if run_words.is_part_of(word, one.id)]
        if number is not None:
            return self._numbered(number, place if slash else None) or parts
        begun = [one for one in self.records if word and one.id.startswith(word)]
        called = [one for one in self.records if one.labels().display_name == word]
        return begun or called or parts

    def _numbered(self, number: int, experiment: str | None) -> list[Record]:
        found = [one for one in self.records if one.run.get("number") == number]
        if experiment is not None:
            return [one for one in found if one.experiment == experiment]
        current = defaults.current_experiment(self._folder, file.nearest(self._folder)).value
        return [one for one in found if one.experiment == current] or found


def holds(store: Store, folder: str, word: str) -> bool:
    """Whether a word names a run that was deleted."""
    return bool(TrashNames(store, folder).named(word))


def _is_asked(record: Record) -> bool:
    """Whether a run lies in the trash because it was deleted itself, not with another one."""
    said = facts.read(record.path, DELETED)
    return said is None or said.get(deleted.WITH) in (None, record.id)
