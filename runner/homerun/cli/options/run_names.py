"""Find the run that a word names: its id, a unique prefix of it, or one of the words below.

`@last` is the run that was submitted last, `@last~1` the one before it, `@last-failed` the last one
that Failed; of one experiment, if it is named. Child runs do not count.
"""

from __future__ import annotations

from itertools import islice

from homerun.base.errors import UserError
from homerun.cli.errors import UsageError
from homerun.views import listing
from runstore.errors import AmbiguousPrefix, RunNotFound
from runstore.status import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record
    from runstore.store import Store

WORDS = {"@last": None, "@last-failed": FAILED}
"""Each with the status that the run must have."""

_LOOKED_AT = 1000
"""How many of the newest ids are compared with an unknown one."""


def find_record(store: Store, word: str, experiment: str | None = None) -> Record:
    """The run that a word names.

    Raises:
        UserError, AmbiguousPrefix: no run, or several; the message names similar ids.
    """
    if word.startswith("@"):
        return _counted(store, word, experiment)
    try:
        found = store.find(word)
    except AmbiguousPrefix as error:
        found = _only_one(store, error, experiment)
    except RunNotFound as error:
        near = " or ".join(_near(store, word))
        meant = f"did you mean {near}?" if near else "homerun run list shows the ids"
        raise UserError(f"there is no run {word!r}; {meant}") from error
    if experiment is not None and found.experiment != experiment:
        raise UsageError(
            f"run {found.id} belongs to experiment {found.experiment!r}, not {experiment!r}"
        )
    return found


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


def _counted(store: Store, word: str, experiment: str | None) -> Record:
    name, tilde, steps = word.partition("~")
    if name not in WORDS or (tilde and not (steps.isascii() and steps.isdecimal())):
        raise UsageError(f"{word!r} is not a valid run: use @last, @last~1 or @last-failed")
    if experiment is not None:
        require_experiment(store, experiment)
    found = listing.runs(store, experiment, listing.conditions(status=WORDS[name]))
    for record in islice(found, int(steps or 0), None):
        return record
    raise UserError(f"there is no run {word!r}; homerun run list shows the runs")


def _only_one(store: Store, error: AmbiguousPrefix, experiment: str | None) -> Record:
    """Of several runs, the one of the experiment, or the only one that has no parent."""
    records = [store.find(run_id) for run_id in error.matches]
    if experiment is not None:
        records = [one for one in records if one.experiment == experiment]
    if len(records) > 1:
        records = [one for one in records if one.run.get("parent") is None]
    if len(records) == 1:
        return records[0]
    raise error


def _near(store: Store, word: str) -> list[str]:
    from difflib import get_close_matches

    ids = [one.id for one in islice(store.runs(children=True), _LOOKED_AT)]
    return get_close_matches(word, ids, 2, 0.85)
