"""Find the run that a word names.

    17, #17           its number, in the current experiment, else in the only one that has it
    digits/17         its number in an experiment
    digits_179…, 8ac7 its id; the beginning of it, or any four letters or more that only it has
    baseline          its display name
    @last             the run that was submitted last; @last~1 the one before it
    @last-failed      the last one that Failed
    @running          the last one that is Running
    @best             the best one by the goal that homerun.toml names
    last/digits       such a word, in an experiment

Child runs count by number, id and name, and for @best; they do not for the other words.
"""

from __future__ import annotations

from itertools import islice

from homerun.base.errors import UserError
from homerun.project import defaults, file, goals, run_words, trash_names
from homerun.views import listing
from runstore.errors import RunNotFound
from runstore.index.fields import METRICS
from runstore.index.query import THERE, Condition
from runstore.status import FAILED, RUNNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.run.record import Record
    from runstore.store import Store

WORDS = {"@last": None, "@last-failed": FAILED, "@running": RUNNING}
"""Each with the status that the run must have."""

BEST = "@best"

_MANUAL = "(homerun help troubleshooting where)"

_HEX = frozenset("0123456789abcdef_-")

_LOOKED_AT = 1000
"""How many of the newest ids are compared with an unknown one."""

_SHOWN = 5
_NOT_FAILED = "status != failed"


class WrongName(UserError):
    """A word that can name no run, or one that contradicts what else is said."""


class RunNames:
    """Finds runs by the words that name them.

    Args:
        store: the store.
        folder: the folder that tells the current experiment.
        experiment: the only one that the run may be of, if one was named.
    """

    def __init__(self, store: Store, folder: str, experiment: str | None = None) -> None:
        self.store = store
        self.folder = folder
        self.experiment = experiment

    def find(self, word: str) -> Record:
        """The run that a word names.

        Raises:
            UserError: it names none, or several; the message lists these, or similar ids.
        """
        place, slash, last = word.rpartition("/")
        number = run_words.as_number(last) if slash else None
        if number is not None:
            require_experiment(self.store, place)
            found = self._one(word, self.store.numbered(number, place))
        elif slash and _is_word(f"@{place.lstrip('@')}"):
            found = self._by_word(f"@{place.lstrip('@')}", last)
        elif word.startswith("@"):
            found = self._by_word(word, self.experiment)
        else:
            found = self._one(word, self._named(word))
        if self.experiment is not None and found.experiment != self.experiment:
            raise WrongName(
                f"run {found.id} belongs to experiment {found.experiment!r}, not "
                f"{self.experiment!r}"
            )
        return found

    def _by_word(self, word: str, experiment: str | None) -> Record:
        if not _is_word(word):
            known = ", ".join((*WORDS, BEST))
            raise WrongName(f"{word!r} is not a valid run: use {known} or @last~1")
        name, _, steps = word.partition("~")
        if experiment is not None:
            require_experiment(self.store, experiment)
        if name == BEST:
            found = self._best(experiment)
        else:
            wanted = listing.conditions(status=WORDS[name])
            found = listing.runs(self.store, experiment, wanted)
        for record in islice(found, int(steps or 0), None):
            return record
        raise UserError(f"there is no run {word!r}; homerun ls shows the runs {_MANUAL}")

    def _best(self, experiment: str | None) -> Iterator[Record]:
        said = file.nearest(self.folder)
        goal = goals.of_project(said)
        if goal is None:
            raise UserError(
                "which run is the best? say it once in homerun.toml, as minimize = "
                '["loss"], or ask with homerun best METRIC'
            )
        return best(self.store, experiment or self._current(), goal)

    def _named(self, word: str) -> list[Record]:
        """All runs that a word names; those of the first meaning that any has."""
        exact = self.store.get(word)
        if exact is not None:
            return [exact]
        number = run_words.as_number(word)
        if number is not None:
            current = self.experiment or self._current()
            own = self.store.numbered(number, current)
            # Else a number whose run is gone would name another run the second time.
            is_of_here = self.experiment is not None or number <= self.store.last_number(current)
            if own or is_of_here:
                return own
            return self.store.numbered(number) or self._parts(word, self.store.holding(word))
        holding = self.store.holding(word)
        begun = [record for record in holding if record.id.startswith(word)]
        if begun:
            return begun
        if not _HEX.issuperset(word):  # it cannot be the end of an id that homerun made
            called = self._called(word)
            if called:
                return called
        return self._parts(word, holding) or self._called(word)

    @staticmethod
    def _parts(word: str, holding: list[Record]) -> list[Record]:
        return [record for record in holding if run_words.is_part_of(word, record.id)]

    def _called(self, name: str) -> list[Record]:
        """The runs of a display name."""
        wanted = [Condition("name", "", "=", name)]
        return list(islice(listing.runs(self.store, None, wanted, include_children=True), _SHOWN))

    def _one(self, word: str, found: list[Record]) -> Record:
        """The only one of some runs; of several it is the one of the experiment."""
        if self.experiment is not None and len(found) > 1:
            found = [one for one in found if one.experiment == self.experiment]
        if found:
            return run_words.only_one(word, found)
        if trash_names.holds(self.store, self.folder, word):
            gone = f"there is no run {word!r}: it was deleted; homerun restore {word} takes it back"
            raise UserError(gone) from RunNotFound(word)
        near = " or ".join(_near(self.store, word))
        meant = f"did you mean {near}?" if near else f"homerun ls shows the runs {_MANUAL}"
        raise UserError(f"there is no run {word!r}; {meant}") from RunNotFound(word)

    def _current(self) -> str:
        return str(defaults.current_experiment(self.folder, file.nearest(self.folder)).value)


def best(
    store: Store, experiment: str, goal: goals.Goal, parent: str | None = None
) -> Iterator[Record]:
    """The runs of an experiment that logged the goal's metric, the best first; children too.

    A run that Failed is none of them, however far it came.

    Args:
        parent: the id of the run whose children alone are meant.
    """
    wanted = [Condition(METRICS, goal.metric, THERE), *listing.conditions(where=_NOT_FAILED)]
    if parent is not None:
        wanted.append(Condition("parent", "", "=", parent))
    return listing.runs(store, experiment, wanted, include_children=True, sort=goal.order)


def best_of(store: Store, experiment: str, metric: str, minimize: bool | None) -> Record | None:
    """The best run of an experiment by a metric; see `Experiment.best`."""
    is_most = None if minimize is None else not minimize
    goal = goals.of_metric(metric, file.nearest("."), is_most)
    return next(best(store, experiment, goal), None)


def require_experiment(store: Store, name: str) -> None:
    """Check that there is an experiment of that name, archived or not.

    Raises:
        UserError: there is none; the message names similar ones.
    """
    known = store.experiments()
    if name not in known:
        from difflib import get_close_matches

        near = " or ".join(get_close_matches(name, known, 2))
        meant = f"did you mean {near}?" if near else "homerun experiment list shows them"
        raise UserError(f"there is no experiment {name!r}; {meant}")


def _is_word(word: str) -> bool:
    """Whether it is `@last` or its like, perhaps with `~1`."""
    name, tilde, steps = word.partition("~")
    return name in (*WORDS, BEST) and (not tilde or (steps.isascii() and steps.isdecimal()))


def _near(store: Store, word: str) -> list[str]:
    from difflib import get_close_matches

    ids = [one.id for one in islice(store.runs(children=True), _LOOKED_AT)]
    return get_close_matches(word, ids, 2, 0.85)
